//! Scripts that install a program and are fetched from the network, by a part of their address.

use super::table::Table;

const INSTALLERS: Table = Table::new(include_str!("../../knowledge/installers.tsv"));

/// How such a script fares on Alpine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installer {
    /// Whether it works there.
    pub works: bool,
    /// Why, as a clause.
    pub what: &'static str,
}

/// What is known of the script at `address`.
pub fn at(address: &str) -> Option<Installer> {
    let row = INSTALLERS.rows().find(|row| address.contains(row.cell(0)))?;
    Some(Installer { works: row.cell(1) == "works", what: row.cell(2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_known_by_their_address() {
        assert!(at("https://install.python-poetry.org").is_some_and(|script| script.works));
        assert!(at("https://deb.nodesource.com/setup_20.x").is_some_and(|script| !script.works));
        assert_eq!(at("https://example.org/install.sh"), None);
    }
}
