//! Physical lines, and the logical text that BuildKit joins from them.
//!
//! Rules: <https://docs.docker.com/reference/dockerfile/#format>. A line whose last character but for blanks
//! is the escape character goes on; comment lines and blank lines inside a continuation are skipped.

use super::bytes;
use crate::source::Span;

/// One physical line: its text without the line ending, and where the next line starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line without `\r\n`.
    pub span: Span,
    /// Offset of the next line, or the end of the text.
    pub next: usize,
}

impl Line {
    /// Whether BuildKit's scanner gives up on this line of `text`: it holds more than 65,535 bytes, with those of a
    /// byte order mark.
    pub fn is_too_long(&self, text: &str) -> bool {
        let start = text[..self.span.start()].strip_suffix(MARK).map_or(self.span.start(), str::len);
        let ending = usize::from(text.as_bytes()[self.next - 1] == b'\n');
        let longest = LONGEST + ending;
        self.next - start > longest && bytes::length(&text[start..self.next]) > longest
    }
}

/// `bufio.MaxScanTokenSize - 1` of Go.
const LONGEST: usize = 65_535;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The physical lines of `text`; a byte order mark belongs to no line.
pub fn split(text: &str) -> Vec<Line> {
    let mut lines = Vec::with_capacity(text.len() / 32 + 1);
    let mut start = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
    while start < text.len() {
        let next = text[start..].find('\n').map_or(text.len(), |at| start + at + 1);
        let line = &text[start..next];
        let body = line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r');
        lines.push(Line { span: Span::new(start, start + body.len()), next });
        start = next;
    }
    lines
}

/// Whether `line` is a comment: `#` after blanks.
pub fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The offset of the escape character that continues `line`, if one does.
pub fn continuation(line: &str, escape: char) -> Option<usize> {
    let body = line.trim_end_matches([' ', '\t']);
    let before = body.strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before.len())
}

/// The text of an instruction as BuildKit sees it, and where each piece of it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logical {
    /// Joined text: no continuation characters, no comment lines, no line breaks.
    pub text: String,
    /// Where it starts in the file.
    start: usize,
    /// Further pieces as (offset in `text`, offset in the file), ascending; most instructions stand on one line.
    further: Vec<(usize, usize)>,
}

impl Logical {
    /// Appends a piece of source text.
    pub fn push(&mut self, piece: &str, source_offset: usize) {
        match (piece.is_empty(), self.text.is_empty()) {
            (true, _) => return,
            (false, true) => self.start = source_offset,
            (false, false) => self.further.push((self.text.len(), source_offset)),
        }
        self.text.push_str(piece);
    }

    /// The text at `span`, with its places.
    pub fn part(mut self, span: Span) -> Logical {
        self.start = self.source_offset(span.start());
        let first = self.further.partition_point(|piece| piece.0 <= span.start());
        let last = self.further.partition_point(|piece| piece.0 < span.end()).max(first);
        self.further.truncate(last);
        self.further.drain(..first);
        for (logical, _) in &mut self.further {
            *logical -= span.start();
        }
        self.text.truncate(span.end());
        self.text.drain(..span.start());
        self
    }

    /// The file offset of the byte at `offset`.
    pub fn source_offset(&self, offset: usize) -> usize {
        match self.further.partition_point(|piece| piece.0 <= offset) {
            0 => self.start + offset,
            pieces => {
                let (logical, source) = self.further[pieces - 1];
                source + (offset - logical)
            }
        }
    }

    /// The file span of the logical bytes `start..end`; it may hold line breaks and comment lines.
    pub fn source_span(&self, span: Span) -> Span {
        if span.is_empty() {
            return Span::at(self.source_offset(span.start()));
        }
        Span::new(self.source_offset(span.start()), self.source_offset(span.end() - 1) + 1)
    }

    /// Whether the logical bytes of `span` stand in one piece in the file.
    pub fn is_contiguous(&self, span: Span) -> bool {
        self.source_span(span).len() == span.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuation_needs_a_single_escape_at_the_end() {
        assert_eq!(continuation("RUN a \\", '\\'), Some(6));
        assert_eq!(continuation("RUN a \\  \t", '\\'), Some(6));
        assert_eq!(continuation("RUN a \\\\", '\\'), None);
        assert_eq!(continuation("\\", '\\'), Some(0));
        assert_eq!(continuation("RUN a `", '`'), Some(6));
    }

    #[test]
    fn logical_offsets_map_back() {
        let mut logical = Logical::default();
        logical.push("ab ", 10);
        logical.push("cd", 20);
        assert_eq!(logical.source_span(Span::new(0, 2)), Span::new(10, 12));
        assert_eq!(logical.source_span(Span::new(3, 5)), Span::new(20, 22));
        assert!(!logical.is_contiguous(Span::new(1, 4)));
        let tail = logical.clone().part(Span::new(1, 5));
        assert_eq!(tail.text, "b cd");
        assert_eq!(tail.source_span(Span::new(0, 1)), Span::new(11, 12));
        assert_eq!(tail.source_span(Span::new(2, 4)), Span::new(20, 22));
        assert_eq!(logical.part(Span::new(0, 3)).source_span(Span::new(0, 3)), Span::new(10, 13));
    }
}
