//! The tables as one project sees them: what its alpinist.yaml says goes before what they hold.

use std::collections::BTreeMap;

use super::{
    AlpineBranch, apk,
    apk::PackageKind,
    apt::{self, AptFact, ImageFamily},
    releases::Releases,
    tags::{self, AlpineTag, WhyNot},
    wheels::{self, Verdict, Wanted},
};

/// What is known for one project.
///
/// Names of packages live as long as the program, as those of the tables do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Debian packages, by name.
    pub packages: BTreeMap<String, OwnPackage>,
    /// Python packages, by name in PyPI's normal form.
    pub wheels: BTreeMap<String, OwnWheel>,
    /// What a package index answered, by name in PyPI's normal form.
    pub index: BTreeMap<String, Answer>,
    /// Base images, by the reference as FROM names it, or by the name without tag.
    pub images: BTreeMap<String, OwnImage>,
}

/// What became of asking a package index for a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It lists these files.
    Releases(Releases),
    /// It does not have the package.
    Absent,
    /// It did not answer.
    NotReached,
}

/// What a project says of a Debian package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPackage {
    /// These Alpine packages take its place.
    Apk(Vec<&'static str>),
    /// Alpine needs nothing for it.
    NotNeeded,
    /// It has no place on Alpine.
    Decline,
}

/// What a project says of a Python package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnWheel {
    /// It installs from a wheel built for musl.
    Wheel,
    /// It installs without compiling anything.
    Pure,
    /// It needs glibc.
    Stay,
    /// It compiles.
    Builds {
        /// Alpine packages needed to compile.
        build: Vec<&'static str>,
        /// Alpine packages needed to run.
        runtime: Vec<&'static str>,
    },
}

/// The image on Alpine that takes the place of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnImage {
    /// The image without tag.
    pub image: String,
    /// The tag.
    pub tag: String,
    /// The branch it is built on, where its tag says so.
    pub branch: Option<AlpineBranch>,
}

const SOURCE: &str = "taken from alpinist.yaml";

impl Knowledge {
    /// What takes the place of the Debian package `name`; see [`apt::lookup`].
    pub fn apt(&self, name: &str, branch: AlpineBranch, family: ImageFamily) -> AptFact {
        match self.packages.get(name.split(':').next().unwrap_or(name)) {
            None => apt::lookup(name, branch, family),
            Some(OwnPackage::NotNeeded) => AptFact::NotNeeded { why: SOURCE },
            Some(OwnPackage::Decline) => {
                AptFact::NoEquivalent { why: "alpinist.yaml declines it".to_owned() }
            }
            Some(OwnPackage::Apk(names)) => {
                let facts: Vec<_> = names.iter().filter_map(|name| apk::lookup(name)).collect();
                let kind = facts.first().map_or(PackageKind::Both, |fact| fact.kind);
                let runtime = facts.into_iter().flat_map(|fact| fact.runtime).collect();
                AptFact::Mapped { kind, apk: names.clone(), runtime, note: SOURCE }
            }
        }
    }

    /// As [`Knowledge::wheel`], where a lock file shows that the version has no wheel for musl.
    pub fn without_wheel(&self, name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
        match self.wheels.contains_key(name) {
            true => self.wheel(name, wanted, python),
            false => wheels::without_wheel(name, wanted, python),
        }
    }

    /// How the wanted version of the Python package `name` installs on musl; see [`wheels::verdict`].
    pub fn wheel(&self, name: &str, wanted: Wanted<'_>, python: (u8, u8)) -> Verdict {
        match self.wheels.get(name) {
            None => match wheels::verdict(name, wanted, python) {
                Verdict::Unknown { what } => self.by_index(name, what, (wanted, python)),
                verdict => verdict,
            },
            Some(OwnWheel::Wheel) => Verdict::MuslWheel { runtime: Vec::new() },
            Some(OwnWheel::Pure) => Verdict::Pure { runtime: Vec::new(), note: SOURCE },
            Some(OwnWheel::Stay) => {
                Verdict::StayOnDebian { why: format!("alpinist.yaml keeps {name} on Debian.") }
            }
            Some(OwnWheel::Builds { build, runtime }) => Verdict::Builds {
                build: build.clone(),
                runtime: runtime.clone(),
                is_heavy: false,
                why: format!("As alpinist.yaml says, {name} is compiled."),
            },
        }
    }

    /// The verdict for a package of which the tables know only `what` they do not know.
    fn by_index(&self, name: &str, what: String, (wanted, python): (Wanted<'_>, (u8, u8))) -> Verdict {
        let what = match self.index.get(name) {
            Some(Answer::Releases(releases)) => return releases.verdict(name, wanted, python),
            Some(Answer::Absent) => "known neither to the tables nor to the package index".to_owned(),
            Some(Answer::NotReached) => {
                format!("{what}, and the package index was not reached")
            }
            None => what,
        };
        Verdict::Unknown { what }
    }

    /// The Alpine tag that takes the place of `image:tag`; see [`tags::alpine_tag`].
    ///
    /// # Errors
    /// When none is known.
    pub fn alpine_tag(
        &self,
        image: &str,
        tag: Option<&str>,
        wanted: Option<AlpineBranch>,
    ) -> Result<AlpineTag, WhyNot> {
        let full = tag.map_or(image.to_owned(), |tag| format!("{image}:{tag}"));
        let Some(own) = self.images.get(&full).or_else(|| self.images.get(image)) else {
            return tags::alpine_tag(image, tag.unwrap_or("latest"), wanted);
        };
        let newest = || AlpineBranch::supported().first().copied();
        let branch = own.branch.or(wanted).or_else(newest).unwrap_or(AlpineBranch::new(3, 24));
        let (image, tag) = (own.image.clone(), own.tag.clone());
        Ok(AlpineTag { image, tag, branch, note: format!("the base image is {SOURCE}"), instead_of: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: AlpineBranch = AlpineBranch::new(3, 24);

    #[test]
    fn the_project_goes_before_the_tables() {
        let mut known = Knowledge::default();
        known.packages.insert("curl".to_owned(), OwnPackage::NotNeeded);
        known.packages.insert("libfoo".to_owned(), OwnPackage::Apk(vec!["foo"]));
        let apt = |name| known.apt(name, NEWEST, ImageFamily::Other);
        assert!(matches!(apt("curl"), AptFact::NotNeeded { .. }));
        assert!(matches!(apt("libfoo:amd64"), AptFact::Mapped { apk, .. } if apk == ["foo"]));
        assert_eq!(apt("git"), apt::lookup("git", NEWEST, ImageFamily::Other));
        known.wheels.insert("torch".to_owned(), OwnWheel::Wheel);
        let wheel = |name| known.wheel(name, Wanted::Newest, (3, 12));
        assert!(matches!(wheel("torch"), Verdict::MuslWheel { .. }));
        assert!(matches!(wheel("tensorflow"), Verdict::StayOnDebian { .. }));
    }

    #[test]
    fn an_image_is_named_with_or_without_tag() {
        let mut known = Knowledge::default();
        let own = |tag: &str, branch| OwnImage { image: "corp/py".to_owned(), tag: tag.to_owned(), branch };
        known.images.insert("corp/py".to_owned(), own("alpine", None));
        known
            .images
            .insert("corp/py:3.12".to_owned(), own("3.12-alpine3.22", Some(AlpineBranch::new(3, 22))));
        let found = |tag| known.alpine_tag("corp/py", tag, None).map(|found| (found.tag, found.branch));
        assert_eq!(found(Some("3.12")), Ok(("3.12-alpine3.22".to_owned(), AlpineBranch::new(3, 22))));
        assert_eq!(found(Some("3.11")), Ok(("alpine".to_owned(), NEWEST)));
        assert_eq!(found(None), Ok(("alpine".to_owned(), NEWEST)));
        assert!(known.alpine_tag("corp/other", None, None).is_err());
    }
}
