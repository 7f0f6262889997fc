//! Here-documents of RUN, COPY and ADD.

use super::{
    bytes,
    lexer::{self, Keep, Malformed},
    lines::Line,
};
use crate::source::Span;

/// A here-document and the lines it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes removed.
    pub name: String,
    /// `<<-`: leading tabs are stripped.
    pub strips_tabs: bool,
    /// Whether variables are expanded: the terminator has no quotes; a backslash is none.
    pub expands: bool,
    /// The body, up to and not including the terminator line.
    pub body: Span,
}

/// A `<<NAME` word found in an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    name: String,
    strips_tabs: bool,
    expands: bool,
}

/// The here-document markers of an instruction's logical text, in order.
///
/// A line that BuildKit's lexer cannot read has none.
///
/// # Errors
/// When a marker's own word is malformed.
pub(super) fn markers(logical: &str) -> Result<Vec<Marker>, Malformed> {
    let words = lexer::words(logical, Keep::All).unwrap_or_default();
    words.iter().filter_map(|word| marker(word).transpose()).collect()
}

/// Whether `word` opens a here-document.
pub(super) fn is_marker(word: &str) -> bool {
    matches!(marker(word), Ok(Some(_)))
}

fn marker(word: &str) -> Result<Option<Marker>, Malformed> {
    let Some(rest) = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<") else {
        return Ok(None);
    };
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let Ok([name]) = <[String; 1]>::try_from(lexer::words(rest, Keep::Text)?) else { return Ok(None) };
    let quotes =
        |words: &[String]| words.iter().flat_map(|w| w.chars()).filter(|c| matches!(c, '\'' | '"')).count();
    let written = lexer::words(rest, Keep::Quotes)?;
    let expands = quotes(&written) == quotes(std::slice::from_ref(&name));
    Ok(Some(Marker { name, strips_tabs, expands }))
}

/// Reads the bodies of `markers` from `lines[from..]`: the here-documents and the index of the next line.
///
/// # Errors
/// The name of the first here-document that is not terminated.
pub(super) fn read(
    text: &str,
    lines: &[Line],
    from: usize,
    markers: Vec<Marker>,
) -> Result<(Vec<Heredoc>, usize), String> {
    let mut heredocs = Vec::with_capacity(markers.len());
    let mut index = from;
    for Marker { name, strips_tabs, expands } in markers {
        let start = lines.get(index).map_or(text.len(), |line| line.span.start());
        // BuildKit puts U+FFFD for a byte that is no text into the name, and compares that with bytes.
        let can_end = !name.contains(bytes::is_mark);
        loop {
            let Some(line) = lines.get(index) else { return Err(name) };
            index += 1;
            let content = line.span.of(text);
            let content = if strips_tabs { content.trim_start_matches('\t') } else { content };
            if content == name && can_end {
                let body = Span::new(start, line.span.start());
                heredocs.push(Heredoc { name, strips_tabs, expands, body });
                break;
            }
        }
    }
    Ok((heredocs, index))
}
