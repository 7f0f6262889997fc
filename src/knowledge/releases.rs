//! What a package index lists for a Python package, and how it installs on musl by that.
//!
//! Only the names of files are looked at: <https://packaging.python.org/en/latest/specifications/simple-repository-api/>
//! for the answer, and the specifications of binary and source distributions for the names.

mod file;

use std::{collections::BTreeMap, str::FromStr};

use file::Kind;
use pep440_rs::{Version, VersionSpecifiers};
use serde::{Deserialize, Serialize};

use super::wheels::{Verdict, Wanted};
use crate::manifest::wheel_name::Processor;

/// The files of a package, as the index names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Releases {
    /// The files of all versions.
    pub files: Vec<File>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct File {
    /// Its name, which tells version, Python and platform.
    pub filename: String,
    /// The Python versions that it is for.
    #[serde(rename = "requires-python", default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// Whether it was withdrawn: `true`, or a reason.
    #[serde(default, skip_serializing_if = "Yanked::is_no")]
    pub yanked: Yanked,
}

/// Whether a file was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Yanked {
    /// Yes or no.
    Flag(bool),
    /// Yes, and why.
    Reason(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl Yanked {
    fn is_no(&self) -> bool {
        *self == Self::Flag(false)
    }
}

/// What the files of one version offer to one Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offer {
    is_pure: bool,
    on_x86_64: bool,
    on_aarch64: bool,
    has_glibc_wheel: bool,
    has_source: bool,
}

impl Releases {
    /// How the wanted version of `name` installs on musl, on both amd64 and arm64.
    pub fn verdict(&self, name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
        let Some((version, offer)) = self.choice(name, wanted, python) else {
            let (major, minor) = python;
            let what = format!("the index has no version for Python {major}.{minor} that is asked for");
            return Verdict::Unknown { what };
        };
        let unknown = |what: &str| Verdict::Unknown { what: format!("{version} {what}") };
        match offer {
            Offer { is_pure: true, .. } => Verdict::Pure { runtime: Vec::new(), note: "" },
            Offer { on_x86_64: true, on_aarch64: true, .. } => Verdict::MuslWheel { runtime: Vec::new() },
            Offer { on_x86_64: true, .. } => unknown("has a wheel for musl on amd64, and none on arm64"),
            Offer { on_aarch64: true, .. } => unknown("has a wheel for musl on arm64, and none on amd64"),
            Offer { has_source: true, has_glibc_wheel: true, .. } => {
                unknown("has wheels for glibc only; whether its source compiles on musl is not known")
            }
            Offer { has_source: true, .. } => {
                unknown("is published as source only; whether that compiles on musl is not known")
            }
            _ => Verdict::StayOnDebian {
                why: format!("The package index has {version} for glibc only, and without its source."),
            },
        }
    }

    /// The newest version that is asked for, and what it offers.
    fn choice(&self, name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Option<(Version, Offer)> {
        let mut offers: BTreeMap<Version, Offer> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.yanked.is_no() && file.is_for(python)) {
            let Some((version, kind)) = file::read(&file.filename, name) else { continue };
            let offer = offers.entry(version).or_default();
            match kind {
                Kind::Source => offer.has_source = true,
                Kind::Wheel(wheel) if !wheel.fits_python(python) => {}
                Kind::Wheel(wheel) => {
                    offer.is_pure |= wheel.is_pure();
                    offer.on_x86_64 |= wheel.fits_musl(python, Processor::X86);
                    offer.on_aarch64 |= wheel.fits_musl(python, Processor::Arm);
                    offer.has_glibc_wheel |= wheel.needs_glibc();
                }
            }
        }
        offers.retain(|_, offer| *offer != Offer::default());
        let is_asked = |version: &Version| match wanted {
            Wanted::Newest => true,
            Wanted::Exactly(exact) => version == exact,
            Wanted::Within(specifiers) => specifiers.contains(version),
        };
        let asked: Vec<_> = offers.into_iter().filter(|(version, _)| is_asked(version)).collect();
        let stable = asked.iter().rev().find(|(version, _)| version.is_stable());
        stable.or(asked.last()).cloned()
    }
}

impl File {
    fn is_for(&self, (major, minor): (u8, u8)) -> bool {
        let python = Version::new([u64::from(major), u64::from(minor)]);
        let required =
            self.requires_python.as_deref().and_then(|text| VersionSpecifiers::from_str(text).ok());
        required.is_none_or(|required| required.contains(&python))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(files: &[&str]) -> Releases {
        let file = |name: &&str| File {
            filename: (*name).to_owned(),
            requires_python: None,
            yanked: Yanked::default(),
        };
        Releases { files: files.iter().map(file).collect() }
    }

    fn newest(files: &[&str]) -> Verdict {
        releases(files).verdict("ledger-lib", Wanted::Newest, (3, 12))
    }

    fn why(verdict: Verdict) -> String {
        match verdict {
            Verdict::Unknown { what: why } | Verdict::StayOnDebian { why } => why,
            other => panic!("{other:?}"),
        }
    }

    const BOTH: [&str; 2] = [
        "ledger_lib-1.0-cp312-cp312-musllinux_1_2_x86_64.whl",
        "ledger_lib-1.0-cp39-abi3-musllinux_1_1_aarch64.whl",
    ];

    #[test]
    fn wheels_on_both_architectures_are_asked_for() {
        assert!(matches!(newest(&BOTH), Verdict::MuslWheel { .. }));
        assert!(why(newest(&BOTH[..1])).ends_with("has a wheel for musl on amd64, and none on arm64"));
        assert!(why(newest(&BOTH[1..])).ends_with("has a wheel for musl on arm64, and none on amd64"));
    }

    #[test]
    fn a_wheel_for_any_platform_is_enough() {
        assert!(matches!(newest(&["ledger_lib-1.0-py3-none-any.whl"]), Verdict::Pure { .. }));
        assert!(matches!(newest(&["Ledger.Lib-1.0-py2.py3-none-any.whl"]), Verdict::Pure { .. }));
    }

    #[test]
    fn source_alone_says_nothing_of_musl() {
        assert!(why(newest(&["ledger-lib-1.0.tar.gz"])).contains("source only"));
        let glibc = "ledger_lib-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
        assert!(why(newest(&["ledger_lib-1.0.tar.gz", glibc])).contains("glibc only; whether"));
        assert!(matches!(newest(&[glibc]), Verdict::StayOnDebian { .. }));
    }

    #[test]
    fn the_pin_decides_on_the_version() {
        let files = [
            "ledger_lib-1.0-py3-none-any.whl",
            "ledger_lib-2.0.tar.gz",
            "ledger_lib-3.0rc1-py3-none-any.whl",
        ];
        let all = releases(&files);
        let within =
            |text: &str| all.verdict("ledger-lib", Wanted::Within(&text.parse().expect(text)), (3, 12));
        assert!(matches!(within("<2"), Verdict::Pure { .. }));
        assert!(why(within(">=1")).starts_with("2.0 "));
        assert!(matches!(within("==3.0rc1"), Verdict::Pure { .. }));
        assert!(why(within("==9")).contains("no version"));
        assert!(why(all.verdict("ledger-lib", Wanted::Newest, (3, 12))).starts_with("2.0 "));
    }

    #[test]
    fn withdrawn_files_and_other_pythons_do_not_count() {
        let mut all = releases(&["ledger_lib-1.0.tar.gz", "ledger_lib-2.0-py3-none-any.whl"]);
        all.files[1].yanked = Yanked::Reason("broken".to_owned());
        assert!(why(all.verdict("ledger-lib", Wanted::Newest, (3, 12))).starts_with("1.0 "));
        all.files[1].yanked = Yanked::Flag(false);
        all.files[1].requires_python = Some(">=3.13".to_owned());
        assert!(why(all.verdict("ledger-lib", Wanted::Newest, (3, 12))).starts_with("1.0 "));
        assert!(matches!(all.verdict("ledger-lib", Wanted::Newest, (3, 13)), Verdict::Pure { .. }));
    }

    #[test]
    fn an_answer_of_an_index_is_read() {
        let text = r#"{"meta":{"api-version":"1.1"},"name":"x","files":[
            {"filename":"x-1.tar.gz","url":"u","hashes":{},"requires-python":">=3","yanked":false},
            {"filename":"x-2.tar.gz","url":"u","hashes":{},"requires-python":null,"yanked":"bad"}]}"#;
        let releases: Releases = serde_json::from_str(text).expect("valid");
        assert_eq!(releases.files[0].requires_python.as_deref(), Some(">=3"));
        assert_eq!(releases.files[1].yanked, Yanked::Reason("bad".to_owned()));
    }
}
