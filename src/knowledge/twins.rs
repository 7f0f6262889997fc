//! Debian's own runtime twins: the library packages that run what a `-dev` package built.

use super::table::Table;

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
}
