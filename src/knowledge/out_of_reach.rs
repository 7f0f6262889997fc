//! Words of a build that failed for want of something outside of the project.

use super::table::Table;

const WORDS: Table = Table::new(include_str!("../../knowledge/out-of-reach.tsv"));

/// What was out of reach, by the last of `lines` that says so.
pub fn named_in(lines: &[String]) -> Option<&'static str> {
    lines.iter().rev().find_map(|line| {
        let line = line.to_ascii_lowercase();
        WORDS.rows().find(|row| line.contains(&row.cell(0).to_ascii_lowercase())).map(|row| row.cell(1))
    })
}
