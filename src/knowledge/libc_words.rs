//! What the two C libraries call the same error.

use super::table::Table;

const WORDS: Table = Table::new(include_str!("../../knowledge/libc-words.tsv"));

/// `line` with glibc's names of errors in place of musl's.
pub fn same_for_both(line: &str) -> String {
    WORDS.rows().fold(line.to_owned(), |line, row| match line.contains(row.cell(1)) {
        true => line.replace(row.cell(1), row.cell(0)),
        false => line,
    })
}
