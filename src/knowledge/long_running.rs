//! Programs that run until they are stopped, and those that start the programs of a language.

use super::table::Table;

const LONG_RUNNING: Table = Table::new(include_str!("../../knowledge/long-running.tsv"));

/// Whether a program of this name, without folder and version, runs until it is stopped.
pub fn is_known(name: &str) -> bool {
    LONG_RUNNING.row(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')).is_some()
        || LONG_RUNNING.row(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_carry_a_version() {
        assert!(is_known("python3.12") && is_known("php-fpm") && is_known("node"));
        assert!(!is_known("jq") && !is_known("bash") && !is_known(""));
    }
}
