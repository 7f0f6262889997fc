//! Debian packages and their Alpine counterparts.

use regex_lite::Regex;

use super::{
    AlpineBranch,
    apk::{self, PackageKind},
    table::{Row, Table},
};

const PACKAGES: Table = Table::new(include_str!("../../knowledge/apt-packages.tsv"));
const PATTERNS: Table = Table::new(include_str!("../../knowledge/apt-patterns.tsv"));

/// What a base image brings along in place of distribution packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageFamily {
    /// `python:…`: an interpreter in /usr/local.
    Python,
    /// `node:…`: node and npm in /usr/local.
    Node,
    /// `ruby:…`: ruby and bundler in /usr/local.
    Ruby,
    /// `php:…`: php with its own way to add extensions.
    Php,
    /// Anything else.
    #[default]
    Other,
}

impl ImageFamily {
    /// The family of an image name without tag; `library/` and `docker.io/` are ignored.
    pub fn of(image: &str) -> Self {
        match crate::docker::image::official_name(image) {
            Some("python") => Self::Python,
            Some("node") => Self::Node,
            Some("ruby") => Self::Ruby,
            Some("php") => Self::Php,
            _ => Self::Other,
        }
    }
}

/// What takes the place of a Debian package on Alpine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AptFact {
    /// These packages do.
    Mapped {
        /// What the package is for.
        kind: PackageKind,
        /// The packages to install in its place.
        apk: Vec<&'static str>,
        /// For headers and compilers: the packages that a final stage needs instead.
        runtime: Vec<&'static str>,
        /// A caveat, or empty.
        note: &'static str,
    },
    /// Nothing does, and nothing needs to.
    NotNeeded {
        /// Why it can be dropped.
        why: &'static str,
    },
    /// Nothing does, and something would have to.
    NoEquivalent {
        /// Why there is none.
        why: String,
    },
    /// The tables do not know the package.
    Unknown,
}

/// What takes the place of the Debian package `name` on `branch` in an image of `family`.
///
/// `name` has no version pin; an architecture suffix such as `:amd64` is understood.
pub fn lookup(name: &str, branch: AlpineBranch, family: ImageFamily) -> AptFact {
    if let Some(fact) = of_family(name, family) {
        return fact;
    }
    if let Some(row) = PACKAGES.row(name) {
        return exact(&row, branch);
    }
    by_pattern(name, branch, family)
}

fn exact(row: &Row, branch: AlpineBranch) -> AptFact {
    let note = row.cell(6);
    let Some(kind) = PackageKind::parse(row.cell(1)) else {
        return unmapped(row.cell(1), note, row.cell(0));
    };
    let (apk, runtime) = (row.words(2), row.words(3));
    match absent(apk.iter().chain(&runtime), branch) {
        Some(missing) => AptFact::NoEquivalent { why: format!("Alpine {branch} has no package {missing}.") },
        None => AptFact::Mapped { kind, apk, runtime, note },
    }
}

fn unmapped(kind: &str, note: &'static str, name: &str) -> AptFact {
    match kind {
        "none" if note.is_empty() => AptFact::NotNeeded { why: "Alpine needs no such package." },
        "none" => AptFact::NotNeeded { why: note },
        _ if note.is_empty() => {
            AptFact::NoEquivalent { why: format!("Alpine has no counterpart of {name}.") }
        }
        _ => AptFact::NoEquivalent { why: format!("Alpine has no counterpart of {name}: {note}.") },
    }
}

/// Whether the tables tell of packages of `branch`: of its names, or of branches before and after it.
pub fn covers(branch: AlpineBranch) -> bool {
    const OLDEST: AlpineBranch = AlpineBranch::new(3, 19);
    branch_is_listed(branch) || branch >= OLDEST
}

/// The branches whose package names the tables list.
fn branch_is_listed(branch: AlpineBranch) -> bool {
    apk::published("musl", branch).is_some() || apk::published("libpq", branch).is_some()
}

fn absent<'n>(
    names: impl IntoIterator<Item = &'n &'static str>,
    branch: AlpineBranch,
) -> Option<&'static str> {
    if !branch_is_listed(branch) {
        return None;
    }
    names.into_iter().copied().find(|name| apk::published(name, branch).is_none())
}

fn by_pattern(name: &str, branch: AlpineBranch, family: ImageFamily) -> AptFact {
    for row in PATTERNS.rows() {
        if !name.starts_with(row.cell(1)) {
            continue;
        }
        let Some(found) = Regex::new(row.cell(2)).ok().and_then(|rule| rule.captures(name)) else {
            continue;
        };
        let group = |at| found.get(at).map_or("", |part: regex_lite::Match<'_>| part.as_str());
        let kind = match (row.cell(3), PackageKind::parse(row.cell(3))) {
            ("strip", _) => return lookup(group(1), branch, family),
            (_, Some(kind)) => kind,
            (other, None) => return unmapped(other, row.cell(5), name),
        };
        let wanted = row.words(4).into_iter().map(|name| {
            (1..=3).fold(name.to_owned(), |text, at| text.replace(&format!("\\{at}"), group(at)))
        });
        let apk: Option<Vec<_>> = wanted.map(|name| apk::published(&name, branch)).collect();
        return apk.map_or(AptFact::Unknown, |apk| {
            let runtime = twins(kind, &apk);
            AptFact::Mapped { kind, apk, runtime, note: row.cell(5) }
        });
    }
    AptFact::Unknown
}

fn twins(kind: PackageKind, apk: &[&str]) -> Vec<&'static str> {
    match kind {
        PackageKind::Build | PackageKind::DevHeaders => {
            apk.iter().filter_map(|name| apk::lookup(name)).flat_map(|fact| fact.runtime).collect()
        }
        _ => Vec::new(),
    }
}

/// The answers that the base image changes.
fn of_family(name: &str, family: ImageFamily) -> Option<AptFact> {
    match family {
        ImageFamily::Python => in_python(name),
        ImageFamily::Node => match name {
            "nodejs" | "nodejs-legacy" | "npm" | "libnode-dev" => {
                not_needed("The image brings its own node and npm.")
            }
            "yarn" | "yarnpkg" => declined("Alpine's yarn package brings a second node."),
            _ => None,
        },
        ImageFamily::Ruby => match name {
            "ruby" | "ruby-dev" | "ruby-full" | "bundler" | "ruby-bundler" => {
                not_needed("The image brings its own ruby and bundler.")
            }
            _ => None,
        },
        ImageFamily::Php if name.starts_with("php") => {
            declined("Alpine's php packages belong to another interpreter than the image's.")
        }
        ImageFamily::Php | ImageFamily::Other => None,
    }
}

fn in_python(name: &str) -> Option<AptFact> {
    const OWN: [&str; 13] = [
        "all",
        "all-dev",
        "all-venv",
        "dev",
        "distutils",
        "full",
        "minimal",
        "pip",
        "pip-whl",
        "setuptools",
        "stdlib",
        "venv",
        "wheel",
    ];
    if name.starts_with("libpython3") {
        return not_needed("The image brings its own Python.");
    }
    let rest = name.strip_prefix("python")?;
    let rest = rest.strip_prefix('3').unwrap_or(rest);
    let rest = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let is_own = rest.is_empty() || rest.strip_prefix('-').is_some_and(|part| OWN.contains(&part));
    if name.starts_with("python2") {
        return declined("Alpine has no Python 2.");
    }
    if is_own {
        return not_needed("The image brings its own Python.");
    }
    rest.starts_with('-').then(|| AptFact::NoEquivalent {
        why: "A python3 package of Alpine belongs to another interpreter than the image's.".to_owned(),
    })
}

fn not_needed(why: &'static str) -> Option<AptFact> {
    Some(AptFact::NotNeeded { why })
}

fn declined(why: &str) -> Option<AptFact> {
    Some(AptFact::NoEquivalent { why: why.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: AlpineBranch = AlpineBranch::new(3, 24);

    fn mapped(name: &str) -> (PackageKind, Vec<&'static str>, Vec<&'static str>) {
        match lookup(name, NEWEST, ImageFamily::Other) {
            AptFact::Mapped { kind, apk, runtime, .. } => (kind, apk, runtime),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn maps_well_known_packages() {
        assert_eq!(mapped("build-essential").1, ["build-base"]);
        assert_eq!(mapped("libpq-dev"), (PackageKind::DevHeaders, vec!["libpq-dev"], vec!["libpq"]));
        assert_eq!(mapped("gcc").1, ["gcc", "musl-dev"]);
        assert_eq!(mapped("libc6-dev"), (PackageKind::Build, vec!["musl-dev"], vec![]));
        assert_eq!(mapped("curl"), (PackageKind::Tool, vec!["curl"], vec![]));
        assert_eq!(mapped("default-libmysqlclient-dev").0, PackageKind::DevHeaders);
    }

    #[test]
    fn maps_versioned_names_by_pattern() {
        assert_eq!(mapped("libicu76").1, ["icu-libs"]);
        assert_eq!(mapped("libssl3t64").1, ["libssl3", "libcrypto3"]);
        assert_eq!(mapped("openjdk-17-jre-headless").1, ["openjdk17-jre-headless"]);
        assert_eq!(mapped("postgresql-client-17").1, ["postgresql17-client"]);
        assert_eq!(mapped("tesseract-ocr-deu").1, ["tesseract-ocr-data-deu"]);
        assert_eq!(mapped("curl:amd64").1, ["curl"]);
        assert_eq!(lookup("postgresql-client-9", NEWEST, ImageFamily::Other), AptFact::Unknown);
        assert_eq!(lookup("never-heard-of", NEWEST, ImageFamily::Other), AptFact::Unknown);
    }

    #[test]
    fn says_what_has_no_counterpart() {
        assert!(matches!(lookup("apt-utils", NEWEST, ImageFamily::Other), AptFact::NotNeeded { .. }));
        assert!(matches!(lookup("libsystemd-dev", NEWEST, ImageFamily::Other), AptFact::NoEquivalent { .. }));
        let gone = lookup("libsoup2.4-1", NEWEST, ImageFamily::Other);
        assert!(!matches!(gone, AptFact::Mapped { .. }), "{gone:?}");
    }

    #[test]
    fn leaves_out_what_the_image_brings() {
        for name in
            ["python3", "python3-dev", "python3-pip", "python3.11-venv", "python-dev", "libpython3.11"]
        {
            let fact = lookup(name, NEWEST, ImageFamily::Python);
            assert!(matches!(fact, AptFact::NotNeeded { .. }), "{name}: {fact:?}");
        }
        let other = lookup("python3-numpy", NEWEST, ImageFamily::Python);
        assert!(matches!(other, AptFact::NoEquivalent { .. }), "{other:?}");
        assert!(matches!(lookup("npm", NEWEST, ImageFamily::Node), AptFact::NotNeeded { .. }));
        assert_eq!(mapped("npm").1, ["npm"]);
        assert_eq!(ImageFamily::of("docker.io/library/python"), ImageFamily::Python);
    }
}
