//! Alpine's release branches, and which of them are supported.

use std::{fmt, str::FromStr};

use super::table::{Row, Table};

const RELEASES: Table = Table::new(include_str!("../../knowledge/alpine-releases.tsv"));

/// A release branch of Alpine, such as 3.24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlpineBranch {
    /// The first number.
    pub major: u8,
    /// The second number.
    pub minor: u8,
}

/// The text is not a branch of the form `3.24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Alpine branch has the form 3.24")]
pub struct NotABranch;

impl AlpineBranch {
    /// The branch `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// The day its support ends, as `2028-06-01`, if the table knows the branch.
    pub fn end_of_life(self) -> Option<&'static str> {
        self.row().map(|row| row.cell(2))
    }

    /// Whether it was supported on the day the table was made.
    pub fn is_supported(self) -> bool {
        self.row().is_some_and(|row| is_supported(&row))
    }

    /// The version of Alpine's own python3 package, as `3.12.10`.
    pub fn python3(self) -> Option<&'static str> {
        self.row().map(|row| row.cell(4))
    }

    /// The day on which the answers of this module hold.
    pub fn as_of() -> &'static str {
        RELEASES.rows().next().map_or("", |row| row.cell(3))
    }

    /// The supported branches, newest first.
    pub fn supported() -> Vec<Self> {
        let mut all: Vec<Self> =
            RELEASES.rows().filter(is_supported).filter_map(|row| row.cell(0).parse().ok()).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all
    }

    fn row(self) -> Option<Row> {
        RELEASES.row(&self.to_string())
    }
}

fn is_supported(row: &Row) -> bool {
    row.cell(3) < row.cell(2)
}

impl fmt::Display for AlpineBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for AlpineBranch {
    type Err = NotABranch;

    fn from_str(text: &str) -> Result<Self, NotABranch> {
        let (major, minor) = text.split_once('.').ok_or(NotABranch)?;
        let number = |part: &str| part.parse().map_err(|_| NotABranch);
        Ok(Self::new(number(major)?, number(minor)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_branches_are_supported() {
        let newest = AlpineBranch::supported();
        assert_eq!(newest, [AlpineBranch::new(3, 24), AlpineBranch::new(3, 23), AlpineBranch::new(3, 22)]);
        assert!(!AlpineBranch::new(3, 19).is_supported());
        assert_eq!(AlpineBranch::new(3, 19).end_of_life(), Some("2025-11-01"));
        assert_eq!("3.9".parse(), Ok(AlpineBranch::new(3, 9)));
        assert_eq!("edge".parse::<AlpineBranch>(), Err(NotABranch));
    }
}
