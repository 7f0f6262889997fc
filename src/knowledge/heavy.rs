//! Python packages whose need for memory is decided by their data, and not by the number of processes.

use super::table::Table;

const HEAVY: Table = Table::new(include_str!("../../knowledge/heavy-imports.tsv"));

/// What the package called `name`, in PyPI's normal form, holds in memory; `None` for one that is not heavy.
pub fn holds(name: &str) -> Option<&'static str> {
    HEAVY.row(name).map(|row| row.cell(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_packages_are_known_by_name() {
        assert_eq!(holds("torch"), Some("models in memory"));
        assert_eq!(holds("flask"), None);
    }
}
