//! What decides a need for memory beside the number of processes: heavy packages and programs, and what comments tell.

use super::table::Table;

const HEAVY: Table = Table::new(include_str!("../../knowledge/heavy-imports.tsv"));
const LARGE: Table = Table::new(include_str!("../../knowledge/large-programs.tsv"));
const SIGNS: Table = Table::new(include_str!("../../knowledge/memory-signs.tsv"));

/// A Python package whose need is decided by its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heavy {
    /// The MiB that its import takes; none where that was not measured.
    pub import: Option<u64>,
    /// What it holds, as `models in memory`.
    pub holds: &'static str,
}

impl Heavy {
    /// Whether it holds models that are so large that loading them takes long; those of a measured import are small.
    pub fn holds_large_models(&self) -> bool {
        self.import.is_none() && self.holds == "models in memory"
    }
}

/// Where a large program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// A package of the distribution, by a part of its name.
    System,
    /// A package of npm.
    Npm,
}

/// What is known of the package called `name`, in PyPI's normal form; none for one that is not heavy.
pub fn package(name: &str) -> Option<Heavy> {
    HEAVY.row(name).map(|row| Heavy { import: row.cell(1).parse().ok(), holds: row.cell(2) })
}

/// Whether the package called `name` brings a large program, and if so whether its need has no bound at all.
pub fn is_unbounded(name: &str, ecosystem: Ecosystem) -> Option<bool> {
    let mut rows = LARGE.rows();
    let row = rows.find(|row| match ecosystem {
        Ecosystem::System => row.cell(1) == "system" && name.contains(row.cell(0)),
        Ecosystem::Npm => row.cell(1) == "npm" && name == row.cell(0),
    })?;
    Some(row.cell(2) == "breaks")
}

/// Whether a comment, in lower case, tells that less memory was not enough.
pub fn tells_of_too_little(comment: &str) -> bool {
    SIGNS.rows().any(|row| comment.contains(row.cell(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_packages_are_known_by_name() {
        assert_eq!(package("torch"), Some(Heavy { import: None, holds: "models in memory" }));
        assert_eq!(package("numpy").and_then(|heavy| heavy.import), Some(25));
        assert_eq!(package("flask"), None);
    }

    #[test]
    fn large_programs_are_known_by_name() {
        assert_eq!(is_unbounded("openjdk-17-jre-headless", Ecosystem::System), Some(true));
        assert_eq!(is_unbounded("sharp", Ecosystem::Npm), Some(false));
        assert_eq!(is_unbounded("curl", Ecosystem::System), None);
    }
}
