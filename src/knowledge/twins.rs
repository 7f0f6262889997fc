//! Debian's own runtime twins: the library packages that run what a `-dev` package built.

use super::table::Table;
use crate::docker::image::official_name;

const TWINS: Table = Table::new(include_str!("../../knowledge/debian-twins.tsv"));

/// A release of Debian whose packages the table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Debian 11.
    Bullseye,
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Suite {
    /// The suite with this code name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "bullseye" => Some(Self::Bullseye),
            "bookworm" => Some(Self::Bookworm),
            "trixie" => Some(Self::Trixie),
            _ => None,
        }
    }

    /// The suite that a tag such as `3.11-slim-bookworm` names; a tag without one names none.
    pub fn of_tag(tag: &str) -> Option<Self> {
        tag.split('-').find_map(Self::parse)
    }

    /// The suites that an official image with this tag may stand on.
    ///
    /// A tag without a suite stands on that of its last build, and those of Python and Node say which one it is.
    pub fn possible(image: &str, tag: &str) -> Vec<Self> {
        if let Some(suite) = Self::of_tag(tag) {
            return vec![suite];
        }
        let words = tag.split(['-', '.']).take_while(|word| !matches!(*word, "" | "slim" | "latest"));
        let version: Option<Vec<u32>> = words.map(|word| word.parse().ok()).collect();
        match (official_name(image), version.as_deref()) {
            // docker-library/official-images: Python moved to trixie in August 2025, and 3.8 was no longer built.
            (Some("python"), Some([] | [3])) => vec![Self::Trixie],
            (Some("python"), Some([3, minor])) if *minor > 8 => vec![Self::Trixie],
            (Some("python"), Some([3, 7 | 8])) => vec![Self::Bookworm],
            (Some("node"), Some([])) => vec![Self::Bookworm, Self::Trixie],
            (Some("node"), Some([major])) if *major > 17 => vec![Self::Bookworm, Self::Trixie],
            _ => vec![Self::Bullseye, Self::Bookworm, Self::Trixie],
        }
    }
}

/// As [`lookup`], where the suite may be any of these: `None` also where they differ.
pub fn lookup_in(name: &str, suites: &[Suite]) -> Option<Vec<&'static str>> {
    let first = lookup(name, *suites.first()?)?;
    suites.iter().all(|suite| lookup(name, *suite).as_ref() == Some(&first)).then_some(first)
}

/// The packages that take the place of the `-dev` package `name` in a final stage on `suite`.
///
/// `None` when nothing is known; an empty list when the package holds headers only.
pub fn lookup(name: &str, suite: Suite) -> Option<Vec<&'static str>> {
    let column = match suite {
        Suite::Bullseye => 1,
        Suite::Bookworm => 2,
        Suite::Trixie => 3,
    };
    let twins = TWINS.row(name)?.words(column);
    match twins[..] {
        [] => None,
        ["-"] => Some(Vec::new()),
        _ => Some(twins),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_libraries_of_each_suite() {
        assert_eq!(lookup("libpq-dev", Suite::Bookworm), Some(vec!["libpq5"]));
        assert_eq!(lookup("libssl-dev", Suite::Trixie), Some(vec!["libssl3t64"]));
        assert_eq!(lookup("libffi-dev", Suite::Bullseye), Some(vec!["libffi7"]));
        assert_eq!(lookup("default-libmysqlclient-dev", Suite::Bookworm), Some(vec!["libmariadb3"]));
        assert_eq!(lookup("libc6-dev", Suite::Bookworm), Some(vec![]));
        assert_eq!(lookup("never-heard-of-dev", Suite::Trixie), None);
        assert_eq!(Suite::of_tag("3.11-slim-bookworm"), Some(Suite::Bookworm));
        assert_eq!(Suite::of_tag("3.11-slim"), None);
    }

    #[test]
    fn a_tag_without_a_suite_may_stand_on_several() {
        let of = |image, tag| lookup_in("libgdal-dev", &Suite::possible(image, tag));
        assert_eq!(of("python", "3.12-slim"), Some(vec!["libgdal36"]));
        assert_eq!(of("python", "3.12.1-slim"), None);
        assert_eq!(of("python", "3.8-slim"), of("python", "3.12.1-slim-bookworm"));
        assert_eq!(of("node", "20-slim"), None);
        assert_eq!(lookup_in("libpq-dev", &Suite::possible("python", "3.10.1")), Some(vec!["libpq5"]));
    }
}
