//! Where a new entry or item goes, and how it is joined to what is there.

use crate::{
    compose::{
        edit::Edits,
        layout::{Habits, after_comments, column, is_first_on_line, line_end, line_ending},
        locate::Found,
        node::{Mapping, Sequence, Tree},
        write::{NewValue, flow_entry},
    },
    source::Span,
};

/// A text to insert into. Nothing is returned where no safe place is known.
pub(crate) struct Insertion<'t> {
    pub(crate) text: &'t str,
    pub(crate) tree: &'t Tree,
    pub(crate) habits: Habits,
}

impl Insertion<'_> {
    /// An entry at the end of a mapping.
    pub(crate) fn entry(
        &self,
        parent: Found,
        mapping: &Mapping,
        (key, value): (&str, &NewValue),
    ) -> Option<Edits> {
        let span = self.tree.node(parent.node).span;
        let last = mapping.entries.last().map(|entry| self.tree.entry_span(*entry));
        if mapping.flow {
            return self.before_close(span, last, &flow_entry(key, value));
        }
        let columns = column(self.text, span.start());
        Some(self.after_line(last?.end(), columns, &value.block_lines(key, columns, self.habits)))
    }

    /// An item at the end of a list.
    pub(crate) fn item(&self, parent: Found, sequence: &Sequence, item: &str) -> Option<Edits> {
        let span = self.tree.node(parent.node).span;
        let last = sequence
            .items
            .last()
            .map(|item| Span::new(self.tree.node(*item).span.start(), self.tree.end(*item)));
        if sequence.flow {
            return self.before_close(span, last, item);
        }
        let columns = column(self.text, span.start());
        Some(self.after_line(last?.end(), columns, &[format!("{}- {item}", " ".repeat(columns))]))
    }

    /// Lines below a key that has no value yet; `lines` is given the column of the key.
    pub(crate) fn below_key(
        &self,
        value: Found,
        lines: impl Fn(usize, Habits) -> Vec<String>,
    ) -> Option<Edits> {
        let entry = value.entry.filter(|_| !value.in_flow)?;
        let columns = column(self.text, self.tree.node(entry.key).span.start());
        let end = self.tree.entry_span(entry).end();
        Some(self.after_line(end, columns + 1, &lines(columns, self.habits)))
    }

    /// Lines after the line that holds `end` and after the comments below it that are `columns` deep.
    fn after_line(&self, end: usize, columns: usize, lines: &[String]) -> Edits {
        let ending = line_ending(self.text, end);
        // A block scalar that keeps its line endings reaches into the next line.
        if self.text[..end].ends_with('\n') {
            return vec![(Span::at(end), lines.iter().flat_map(|line| [line.as_str(), ending]).collect())];
        }
        let at = after_comments(self.text, end, columns);
        vec![(Span::at(at), lines.iter().flat_map(|line| [ending, line.as_str()]).collect())]
    }

    /// `new` before the closing brace or bracket of `span`.
    fn before_close(&self, span: Span, last: Option<Span>, new: &str) -> Option<Edits> {
        let is_close = |close: &usize| matches!(self.text.as_bytes().get(*close), Some(b'}' | b']'));
        let close = span.end().checked_sub(1).filter(is_close)?;
        let Some(last) = last else {
            let inner = Span::new(span.start() + 1, close);
            return inner.of(self.text).trim().is_empty().then(|| vec![(inner, new.to_owned())]);
        };
        // An explicit key without a value is said to end behind the bracket.
        let tail = (last.end() <= close).then(|| Span::new(last.end(), close).of(self.text))?;
        let has_comma = tail.trim_start().starts_with(',');
        let comma_end = last.end() + if has_comma { tail.len() - tail.trim_start().len() + 1 } else { 0 };
        let comma = if has_comma { "" } else { "," };
        let own_line = is_first_on_line(self.text, last.start()) && line_end(self.text, last.end()) < close;
        if !own_line {
            return Some(vec![(Span::at(comma_end), format!("{comma} {new}"))]);
        }
        let end = line_end(self.text, comma_end);
        let indent = " ".repeat(column(self.text, last.start()));
        let line = format!("{}{indent}{new}", line_ending(self.text, comma_end));
        let trailing = if has_comma { "," } else { "" };
        if end == comma_end {
            return Some(vec![(Span::at(end), format!("{comma}{line}{trailing}"))]);
        }
        let mut edits = vec![(Span::at(end), format!("{line}{trailing}"))];
        if !has_comma {
            edits.insert(0, (Span::at(comma_end), comma.to_owned()));
        }
        Some(edits)
    }
}
