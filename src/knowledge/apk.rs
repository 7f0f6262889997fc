//! Alpine packages: what each is for, and what runs the programs built with it.

use super::{AlpineBranch, table::Table};

const PACKAGES: Table = Table::new(include_str!("../../knowledge/apk-packages.tsv"));
const NAMES: Table = Table::new(include_str!("../../knowledge/apk-names.tsv"));

/// What a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// A compiler or build tool: not needed to run.
    Build,
    /// Headers and link libraries: needed to compile, replaced by runtime packages to run.
    DevHeaders,
    /// A library or data needed to run.
    Runtime,
    /// A program that a build or a running container may call.
    Tool,
    /// Needed in both places.
    Both,
}

impl PackageKind {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "build" => Some(Self::Build),
            "dev-headers" => Some(Self::DevHeaders),
            "runtime" => Some(Self::Runtime),
            "tool" => Some(Self::Tool),
            "both" => Some(Self::Both),
            _ => None,
        }
    }
}

/// What is known of an Alpine package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApkFact {
    /// What the package is for.
    pub kind: PackageKind,
    /// Packages that run what was built with this one; empty when there are none or none is known.
    pub runtime: Vec<&'static str>,
    /// Whether the answer comes from the table; otherwise only the `-dev` ending is known.
    pub is_listed: bool,
}

/// What the package `name` is for. An unlisted name that ends in `-dev` holds headers.
pub fn lookup(name: &str) -> Option<ApkFact> {
    if let Some(row) = PACKAGES.row(name) {
        let kind = PackageKind::parse(row.cell(1))?;
        return Some(ApkFact { kind, runtime: row.words(2), is_listed: true });
    }
    let headers = ApkFact { kind: PackageKind::DevHeaders, runtime: Vec::new(), is_listed: false };
    name.ends_with("-dev").then_some(headers)
}

/// Whether `name` holds a program that is called by its name, as the `tool` rows do, and browsers.
pub fn is_program(name: &str) -> bool {
    name.starts_with("chromium") || lookup(name).is_some_and(|fact| fact.kind == PackageKind::Tool)
}

/// Packages that `name` depends on, for the compilers that stand for several.
///
/// Source: the `depends` of main/build-base and main/gcc in Alpine's package recipes.
pub fn brings(name: &str) -> &'static [&'static str] {
    match name {
        "build-base" => {
            &["binutils", "file", "fortify-headers", "g++", "gcc", "libc-dev", "make", "musl-dev", "patch"]
        }
        "g++" => &["gcc", "libc-dev", "musl-dev", "libstdc++-dev"],
        _ => &[],
    }
}

/// The listed name equal to `name`, if `branch` is known to hold it.
pub fn published(name: &str, branch: AlpineBranch) -> Option<&'static str> {
    let row = NAMES.row(name)?;
    let branch = branch.to_string();
    row.cell(1).split(' ').any(|held| held == branch).then(|| row.cell(0))
}

/// Whether `branch` is known not to hold the package `name`; of old branches nothing is known.
pub fn is_absent(name: &str, branch: AlpineBranch) -> bool {
    published(name, branch).is_none() && published("libpq", branch).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(name: &str) -> (PackageKind, Vec<&'static str>) {
        let fact = lookup(name).expect(name);
        (fact.kind, fact.runtime)
    }

    #[test]
    fn splits_build_packages_from_the_rest() {
        for name in ["gcc", "musl-dev", "make", "cmake", "rust", "cargo"] {
            assert_eq!(fact(name), (PackageKind::Build, vec![]), "{name}");
        }
        assert_eq!(fact("g++"), (PackageKind::Build, vec!["libstdc++", "libgcc"]));
        assert_eq!(fact("libpq-dev"), (PackageKind::DevHeaders, vec!["libpq"]));
        assert_eq!(fact("postgresql-dev"), (PackageKind::DevHeaders, vec!["libpq"]));
        assert_eq!(fact("libffi-dev"), (PackageKind::DevHeaders, vec!["libffi"]));
        assert_eq!(fact("some-unheard-of-dev"), (PackageKind::DevHeaders, vec![]));
        for name in ["git", "curl", "bash"] {
            assert_eq!(fact(name).0, PackageKind::Tool, "{name}");
        }
        assert_eq!(lookup("some-unheard-of"), None);
    }

    #[test]
    fn knows_which_branch_holds_a_name() {
        assert_eq!(published("libpq", AlpineBranch::new(3, 24)), Some("libpq"));
        assert_eq!(published("font-ubuntu", AlpineBranch::new(3, 24)), None);
        assert!(is_absent("gosu", AlpineBranch::new(3, 19)));
        assert!(!is_absent("gosu", AlpineBranch::new(3, 24)));
        assert!(!is_absent("gosu", AlpineBranch::new(3, 12)));
    }
}
