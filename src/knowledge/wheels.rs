//! Python packages: which install on musl from a wheel, which compile, which cannot move.

use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use super::table::{Row, Table};

const WHEELS: Table = Table::new(include_str!("../../knowledge/wheels.tsv"));
/// Further packages, known from lock files alone; the same columns.
const LOCK_WHEELS: Table = Table::new(include_str!("../../knowledge/lock-wheels.tsv"));

fn row_of(name: &str) -> Option<Row> {
    WHEELS.row(name).or_else(|| LOCK_WHEELS.row(name))
}

/// How a package installs on musl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// From a wheel built for musl.
    MuslWheel {
        /// Alpine packages that the wheel needs all the same.
        runtime: Vec<&'static str>,
    },
    /// Without compiling anything.
    Pure {
        /// Alpine packages that it calls at run time.
        runtime: Vec<&'static str>,
        /// A caveat, or empty.
        note: &'static str,
    },
    /// By compiling.
    Builds {
        /// Alpine packages needed to compile.
        build: Vec<&'static str>,
        /// Alpine packages needed to run.
        runtime: Vec<&'static str>,
        /// Whether compiling takes long (C++ or Rust of some size).
        is_heavy: bool,
        /// Why it compiles, or a caveat.
        why: String,
    },
    /// Not at all: it needs glibc.
    StayOnDebian {
        /// Why.
        why: String,
    },
    /// The tables do not say.
    Unknown {
        /// What is not known, as a clause about the package, without its name and a full stop.
        what: String,
    },
}

/// Of a package that has no row.
const NOT_IN_TABLES: &str = "not in the tables of packages";

/// Which versions of a package a project asks for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'v> {
    /// Whatever is newest.
    Newest,
    /// This version, as in a lock file.
    Exactly(&'v Version),
    /// The newest that these specifiers allow.
    Within(&'v VersionSpecifiers),
}

/// What the table says about a package, for every version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelFact {
    /// The name in PyPI's normal form.
    pub name: &'static str,
    /// The first version seen with a wheel for musl, or empty.
    pub first_musl: &'static str,
    /// The newest version seen without a wheel for musl, or empty.
    pub last_manylinux_only: &'static str,
    /// Python tags of the newest version's musl wheels on x86_64.
    pub x86_64_tags: Vec<&'static str>,
    /// Python tags of the newest version's musl wheels on aarch64.
    pub aarch64_tags: Vec<&'static str>,
    /// A caveat, or empty.
    pub note: &'static str,
}

impl WheelFact {
    /// Whether musl wheels were seen for amd64 and none for arm64.
    pub fn lacks_arm64(&self) -> bool {
        !self.x86_64_tags.is_empty() && self.aarch64_tags.is_empty()
    }
}

/// What the table says about `name`, which is in PyPI's normal form.
pub fn lookup(name: &str) -> Option<WheelFact> {
    let row = row_of(name)?;
    Some(WheelFact {
        name: row.cell(0),
        first_musl: row.cell(2),
        last_manylinux_only: row.cell(3),
        x86_64_tags: row.words(10),
        aarch64_tags: row.words(11),
        note: row.cell(12),
    })
}

/// How the wanted version of `name` (in PyPI's normal form) installs on musl for Python `python`.
pub fn verdict(name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
    let Some(row) = row_of(name) else {
        return Verdict::Unknown { what: NOT_IN_TABLES.to_owned() };
    };
    let note = row.cell(12);
    let builds = |is_heavy| Verdict::Builds {
        build: row.words(5),
        runtime: row.words(6),
        is_heavy,
        why: sentence(
            &format!("No wheel of {name} is known for musl"),
            note.strip_prefix("or ").unwrap_or(note),
        ),
    };
    match row.cell(1) {
        "pure" | "pure-slow" | "sdist-pure?" | "no-compiler" | "other-os" => {
            Verdict::Pure { runtime: non_build(row.words(if row.cell(6).is_empty() { 5 } else { 6 })), note }
        }
        "build-optional" if row.cell(5).is_empty() => Verdict::Pure { runtime: row.words(6), note },
        "build" | "build-optional" => builds(false),
        "heavy-build" => builds(true),
        "do-not-move" => Verdict::StayOnDebian {
            why: sentence(
                &format!("{name} has no wheel for musl and is not built from source in practice"),
                note,
            ),
        },
        "musl-wheel" => with_wheel(&row, wanted, python),
        _ => Verdict::Unknown { what: "what it needs to compile on musl is not known".to_owned() },
    }
}

/// The verdict for a version of which a lock file shows that it has no musl wheel for this Python.
pub fn without_wheel(name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
    match (row_of(name), verdict(name, wanted, python)) {
        (Some(row), Verdict::MuslWheel { .. }) => before_wheels(&row).unwrap_or_else(|| Verdict::Unknown {
            what: "the lock names no wheel for musl, and what it needs to compile is not known".to_owned(),
        }),
        (_, verdict) => verdict,
    }
}

/// Alpine packages that an installed `name` calls at run time.
pub fn runtime_of(name: &str) -> Vec<&'static str> {
    match verdict(name, Wanted::Newest, (3, 12)) {
        Verdict::MuslWheel { runtime } | Verdict::Pure { runtime, .. } => runtime,
        _ => Vec::new(),
    }
}

fn sentence(text: &str, note: &str) -> String {
    if note.is_empty() { format!("{text}.") } else { format!("{text}: {note}.") }
}

fn non_build(names: Vec<&'static str>) -> Vec<&'static str> {
    names.into_iter().filter(|name| !name.ends_with("-dev")).collect()
}

/// The verdict for a package whose newer versions have musl wheels.
fn with_wheel(row: &Row, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
    let wheel = Verdict::MuslWheel { runtime: row.words(6) };
    match reach(row, wanted) {
        Reach::HasWheel => wheel,
        Reach::TooOld => of_older(row),
        Reach::Newest => match python_fit(row, python) {
            PythonFit::Fits => wheel,
            PythonFit::TooOld => of_older(row),
            PythonFit::NotSeen => Verdict::Unknown {
                what: format!(
                    "no wheel for musl was seen for Python {}.{}, and no version is pinned",
                    python.0, python.1
                ),
            },
        },
    }
}

enum Reach {
    Newest,
    HasWheel,
    TooOld,
}

/// Whether the newest version that `wanted` allows has a wheel.
fn reach(row: &Row, wanted: Wanted<'_>) -> Reach {
    let has_wheel = |version: &Version| {
        let first = Version::from_str(row.cell(2)).ok();
        let last_without = Version::from_str(row.cell(3)).ok();
        first.is_none_or(|first| *version >= first) && last_without.is_none_or(|last| *version > last)
    };
    match wanted {
        Wanted::Newest => Reach::Newest,
        Wanted::Exactly(version) if has_wheel(version) => Reach::HasWheel,
        Wanted::Exactly(_) => Reach::TooOld,
        Wanted::Within(specifiers) => match specifiers.iter().filter_map(upper_bound).min_by(Bound::order) {
            None => Reach::Newest,
            Some(Bound { version, is_open: false }) if has_wheel(&version) => Reach::HasWheel,
            Some(Bound { version, is_open: true }) if holds_version_below(row, &version) => Reach::HasWheel,
            Some(_) => Reach::TooOld,
        },
    }
}

/// Whether the first version with a wheel lies below the open bound.
fn holds_version_below(row: &Row, bound: &Version) -> bool {
    [row.cell(2), row.cell(3)]
        .into_iter()
        .filter_map(|text| Version::from_str(text).ok())
        .all(|version| version < *bound)
}

/// The highest version that a specifier allows; open when it does not allow the bound itself.
struct Bound {
    version: Version,
    is_open: bool,
}

impl Bound {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.version.cmp(&other.version).then(other.is_open.cmp(&self.is_open))
    }
}

fn upper_bound(specifier: &VersionSpecifier) -> Option<Bound> {
    let version = specifier.version();
    let next = |digits: usize| {
        let mut release: Vec<u64> = version.release().iter().copied().take(digits).collect();
        if let Some(last) = release.last_mut() {
            *last += 1;
        }
        Version::new(release)
    };
    match specifier.operator() {
        Operator::Equal | Operator::ExactEqual | Operator::LessThanEqual => {
            Some(Bound { version: version.clone(), is_open: false })
        }
        Operator::LessThan => Some(Bound { version: version.clone(), is_open: true }),
        Operator::EqualStar => Some(Bound { version: next(version.release().len()), is_open: true }),
        Operator::TildeEqual => {
            Some(Bound { version: next(version.release().len().saturating_sub(1).max(1)), is_open: true })
        }
        _ => None,
    }
}

enum PythonFit {
    Fits,
    TooOld,
    NotSeen,
}

/// Whether pip, choosing freely, ends at a version with a musl wheel for this Python.
///
/// pip takes the newest version that supports the interpreter. For an old interpreter that is
/// an old version: where the first version with a wheel wants a newer Python, there is none.
fn python_fit(row: &Row, python: (u8, u8)) -> PythonFit {
    let least = parse_python(row.cell(4));
    if least.is_some_and(|least| python < least) {
        return PythonFit::TooOld;
    }
    let tags = row.words(10);
    let is_before_oldest =
        tags.iter().filter_map(|tag| tag_python(tag)).min().is_some_and(|oldest| python < oldest);
    if tags.iter().any(|tag| tag_serves(tag, python))
        || (is_before_oldest && python >= least.unwrap_or((3, 9)))
    {
        PythonFit::Fits
    } else {
        PythonFit::NotSeen
    }
}

fn parse_python(text: &str) -> Option<(u8, u8)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The CPython version in a tag such as `cp311` or `cp39-abi3`.
fn tag_python(tag: &str) -> Option<(u8, u8)> {
    let digits = tag.strip_prefix("cp")?.split('-').next()?;
    Some((digits.get(..1)?.parse().ok()?, digits.get(1..)?.parse().ok()?))
}

fn tag_serves(tag: &str, python: (u8, u8)) -> bool {
    match tag_python(tag) {
        Some(built) if tag.ends_with("-abi3") => python >= built,
        Some(built) => python == built,
        None => tag.starts_with("py3") || tag.starts_with("py2.py3"),
    }
}

/// Fortran and Rust come with much code to compile.
fn needs_large_compiler(build: &[&str]) -> bool {
    build.iter().any(|package| matches!(*package, "gfortran" | "cargo" | "rust"))
}

/// The verdict for a version of which no musl wheel was seen.
fn of_older(row: &Row) -> Verdict {
    before_wheels(row).unwrap_or_else(|| Verdict::Unknown {
        what: format!("{}, and what that needs to compile is not known", what_was_seen(row)),
    })
}

/// The verdict for a version from before the first musl wheel, where the table has one.
fn before_wheels(row: &Row) -> Option<Verdict> {
    let note = row.cell(12);
    let why = sentence(&format!("{} {}", row.cell(0), what_was_seen(row)), note);
    match row.cell(7) {
        "pure" => Some(Verdict::Pure { runtime: row.words(6), note }),
        "stay" => Some(Verdict::StayOnDebian { why }),
        kind @ ("build" | "heavy") => {
            let (build, runtime) = (row.words(8), row.words(9));
            let is_heavy = kind == "heavy" || needs_large_compiler(&build);
            Some(Verdict::Builds { build, runtime, is_heavy, why })
        }
        _ => None,
    }
}

/// Which versions have a musl wheel; a newer one may have been seen without, for want of one for its Python.
fn what_was_seen(row: &Row) -> String {
    let (first, last) = (row.cell(2), row.cell(3));
    let version = |text: &str| Version::from_str(text).ok();
    match version(first).zip(version(last)) {
        Some((lowest, highest)) if highest > lowest => format!(
            "was seen with wheels for musl in {first} and without in {last}; the wanted version may have none"
        ),
        _ => format!("has wheels for musl from {first} on, the wanted version has none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(name: &str, version: &str) -> Verdict {
        verdict(name, Wanted::Exactly(&version.parse().expect(version)), (3, 11))
    }

    fn within(name: &str, specifiers: &str) -> Verdict {
        verdict(name, Wanted::Within(&specifiers.parse().expect(specifiers)), (3, 11))
    }

    fn newest(name: &str) -> Verdict {
        verdict(name, Wanted::Newest, (3, 11))
    }

    #[test]
    fn no_row_refuses_for_want_of_knowledge_or_contradicts_itself() {
        let rows = WHEELS.rows().chain(LOCK_WHEELS.rows()).filter(|row| row.cell(1) == "musl-wheel");
        for row in rows {
            let name = row.cell(0);
            let known = ["build", "heavy", "pure", "stay", "unknown"];
            assert!(known.contains(&row.cell(7)), "{name} says nothing of older versions");
            for version in [row.cell(2), row.cell(3), "0.0.1"].iter().filter(|text| !text.is_empty()) {
                let is_refused = matches!(pinned(name, version), Verdict::StayOnDebian { .. });
                assert!(!is_refused || row.cell(7) == "stay", "{name} {version}");
            }
        }
        let Verdict::Unknown { what } = pinned("numexpr", "2.8.4") else { panic!("numexpr") };
        assert!(what.contains("2.8.1 and without in 2.11.0"), "{what}");
    }

    fn is_wheel(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::MuslWheel { .. })
    }

    #[test]
    fn builds_what_has_no_wheel() {
        let Verdict::Builds { build, runtime, .. } = newest("psycopg2") else { panic!("psycopg2") };
        assert_eq!((build, runtime), (vec!["gcc", "musl-dev", "libpq-dev"], vec!["libpq"]));
        assert!(matches!(newest("lz4"), Verdict::Builds { is_heavy: false, .. }));
        assert!(matches!(newest("torch"), Verdict::StayOnDebian { .. }));
        assert!(matches!(newest("requests"), Verdict::Pure { .. }));
        assert!(matches!(newest("never-heard-of"), Verdict::Unknown { .. }));
    }

    #[test]
    fn compares_versions_with_the_first_wheel() {
        assert!(is_wheel(&newest("numpy")));
        assert!(is_wheel(&pinned("numpy", "1.25.0")));
        assert!(matches!(pinned("numpy", "1.21"), Verdict::Builds { .. }));
        assert!(matches!(pinned("yarl", "1.6"), Verdict::Unknown { .. }));
        assert!(matches!(pinned("charset-normalizer", "2.1.0"), Verdict::Pure { .. }));
        assert!(matches!(pinned("tomli", "2.0.1"), Verdict::Pure { .. }));
        assert!(matches!(pinned("pyarrow", "15.0.0"), Verdict::StayOnDebian { .. }));
        assert!(matches!(pinned("pyyaml", "5.4"), Verdict::Pure { .. }));
        assert!(!is_wheel(&pinned("orjson", "3.8.1")), "seen without one although 3.6.7 has one");
    }

    #[test]
    fn reads_specifiers_as_pip_does() {
        assert!(is_wheel(&within("numpy", ">=1.20")));
        assert!(is_wheel(&within("numpy", ">=1.20,<2")));
        assert!(is_wheel(&within("numpy", "==1.26.*")));
        assert!(is_wheel(&within("numpy", "~=1.21")));
        assert!(!is_wheel(&within("numpy", "~=1.21.0")));
        assert!(!is_wheel(&within("numpy", "<1.25")));
        assert!(!is_wheel(&within("numpy", "==1.24.*")));
        assert!(!is_wheel(&within("numpy", ">=1.20,<=1.24.4")));
    }

    #[test]
    fn minds_the_interpreter() {
        assert!(!is_wheel(&verdict("numpy", Wanted::Newest, (3, 8))));
        assert!(is_wheel(&verdict("numpy", Wanted::Newest, (3, 9))));
        assert!(is_wheel(&verdict("cryptography", Wanted::Newest, (3, 13))));
        assert!(!is_wheel(&verdict("httptools", Wanted::Newest, (3, 16))));
    }
}
