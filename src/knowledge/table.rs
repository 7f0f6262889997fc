//! Sorted tab-separated text and binary search in it.

use std::cmp::Ordering;

/// A table: a header line, then lines sorted bytewise by their first cell.
pub(super) struct Table {
    text: &'static str,
}

/// One line of a table.
#[derive(Clone, Copy)]
pub(super) struct Row {
    line: &'static str,
}

impl Table {
    /// A table over `text`.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text }
    }

    /// The row whose first cell is `key`.
    pub(super) fn row(&self, key: &str) -> Option<Row> {
        let row = self.rows_from(key).next()?;
        (row.cell(0) == key).then_some(row)
    }

    /// All rows in their order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + use<> {
        lines(self.text, self.body())
    }

    /// The rows whose first cell is `key` or comes after it.
    pub(super) fn rows_from(&self, key: &str) -> impl Iterator<Item = Row> + use<> {
        let (mut low, mut high) = (self.body(), self.text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.text[..middle].rfind('\n').map_or(0, |at| at + 1).max(low);
            let end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at + 1);
            let row = Row { line: &self.text[start..end] };
            match row.cell(0).as_bytes().cmp(key.as_bytes()) {
                Ordering::Less => low = end,
                Ordering::Equal | Ordering::Greater => high = start,
            }
        }
        lines(self.text, low)
    }

    /// The rows whose first cell starts with `prefix`.
    pub(super) fn rows_with_prefix(&self, prefix: &str) -> impl Iterator<Item = Row> + use<> {
        let prefix = prefix.to_owned();
        self.rows_from(&prefix).take_while(move |row| row.cell(0).starts_with(&prefix))
    }

    /// The first cells of the rows that have `word` among the words of column `at`.
    pub(super) fn keys_with(
        &self,
        at: usize,
        word: &'static str,
    ) -> impl Iterator<Item = &'static str> + use<> {
        let has_word = move |row: &Row| row.cell(at).split_whitespace().any(|cell| cell == word);
        self.rows().filter(has_word).map(|row| row.cell(0))
    }

    fn body(&self) -> usize {
        self.text.find('\n').map_or(self.text.len(), |at| at + 1)
    }
}

fn lines(text: &'static str, from: usize) -> impl Iterator<Item = Row> {
    text[from..].lines().map(|line| Row { line })
}

impl Row {
    /// The cell in column `at`, empty when the line is shorter.
    pub(super) fn cell(&self, at: usize) -> &'static str {
        self.line.trim_end_matches('\n').split('\t').nth(at).unwrap_or("")
    }

    /// The words of the cell in column `at`.
    pub(super) fn words(&self, at: usize) -> Vec<&'static str> {
        self.cell(at).split_whitespace().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_row_and_no_other() {
        const TABLE: Table = Table::new("k\tv\nA\t0\na\t1\nab\t2 3\nb\t4\n");
        for (key, value) in [("A", "0"), ("a", "1"), ("ab", "2 3"), ("b", "4")] {
            assert_eq!(TABLE.row(key).map(|row| row.cell(1)), Some(value));
        }
        for key in ["", "0", "aa", "c", "k"] {
            assert!(TABLE.row(key).is_none(), "{key}");
        }
        assert_eq!(TABLE.rows_with_prefix("a").count(), 2);
        assert_eq!(TABLE.rows().count(), 4);
    }
}
