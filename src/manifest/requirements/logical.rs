//! Logical lines: continuations joined, comments gone, as pip's own reader does it.

use crate::source::Span;

/// A line with its continuations.
pub(super) struct LogicalLine {
    /// What pip sees.
    pub(super) text: String,
    /// Where it stands, without comment and outer spaces.
    pub(super) span: Span,
}

/// The logical lines of `text` that are not empty.
pub(super) fn lines(text: &str) -> impl Iterator<Item = LogicalLine> {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    std::iter::from_fn(move || {
        while at < text.len() {
            let (line, next) = logical_line(text, at);
            at = next;
            if line.is_some() {
                return line;
            }
        }
        None
    })
}

/// The logical line that starts at `start`, if it says anything, and where the next one starts.
fn logical_line(text: &str, start: usize) -> (Option<LogicalLine>, usize) {
    let mut joined = String::new();
    let mut at = start;
    let mut content = None;
    loop {
        let end = text[at..].find('\n').map_or(text.len(), |offset| at + offset + 1);
        let line = text[at..end].trim_end_matches(['\n', '\r']);
        let is_comment = line.trim_start().starts_with('#');
        let part = if is_comment { "" } else { without_comment(line) };
        let continues = line.ends_with('\\') && !is_comment;
        let own = if continues && part.len() == line.len() { part.trim_end_matches('\\') } else { part };
        if !own.trim().is_empty() {
            let first = at + (own.len() - own.trim_start().len());
            let last = at + own.trim_end().len();
            content =
                Some(content.map_or(Span::new(first, last), |span: Span| Span::new(span.start(), last)));
        }
        joined.push_str(own);
        at = end;
        // A comment after a space swallows what follows on the joined line.
        let is_cut = part.len() < line.len();
        if !continues || at >= text.len() || is_cut {
            at = if is_cut && continues { past_continuation(text, at) } else { at };
            break;
        }
    }
    let line = content.map(|span| LogicalLine { text: joined.trim().to_owned(), span });
    (line, at)
}

/// The end of the continued lines from `at` on: they belong to a comment.
fn past_continuation(text: &str, mut at: usize) -> usize {
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |offset| at + offset + 1);
        let line = text[at..end].trim_end_matches(['\n', '\r']);
        at = end;
        if !line.ends_with('\\') || line.trim_start().starts_with('#') {
            break;
        }
    }
    at
}

/// The line up to a `#` at its start or after a space.
fn without_comment(line: &str) -> &str {
    let mut before_is_space = true;
    for (at, c) in line.char_indices() {
        if c == '#' && before_is_space {
            return &line[..at];
        }
        before_is_space = c.is_whitespace();
    }
    line
}
