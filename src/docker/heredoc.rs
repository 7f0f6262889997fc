//! Here-documents of RUN, COPY and ADD.

use super::lines::Line;
use crate::source::Span;

/// A here-document and the lines it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes removed.
    pub name: String,
    /// `<<-`: leading tabs are stripped.
    pub strips_tabs: bool,
    /// Whether variables are expanded: the terminator was not quoted.
    pub expands: bool,
    /// The body, up to and not including the terminator line.
    pub body: Span,
}

/// A `<<NAME` word found in an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    name: String,
    strips_tabs: bool,
    expands: bool,
}

/// The here-document markers of an instruction's logical text, in order.
pub fn markers(logical: &str, escape: char) -> Vec<Marker> {
    if !logical.contains("<<") {
        return Vec::new();
    }
    shell_words(logical, escape).iter().filter_map(|word| marker(word)).collect()
}

fn marker(word: &str) -> Option<Marker> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name = unquote(rest)?;
    Some(Marker { expands: name == rest, name, strips_tabs })
}

/// `word` without its quotes; `None` when a quote stays open.
fn unquote(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => loop {
                match chars.next()? {
                    end if end == c => break,
                    inner => out.push(inner),
                }
            },
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// `line` cut at blanks outside quotes, quotes kept.
fn shell_words(line: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        word.push(c);
        if c == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads the bodies of `markers` from `lines[from..]`: the here-documents and the index of the next line.
///
/// # Errors
/// The name of the first here-document that is not terminated.
pub fn read(
    text: &str,
    lines: &[Line],
    from: usize,
    markers: Vec<Marker>,
) -> Result<(Vec<Heredoc>, usize), String> {
    let mut heredocs = Vec::with_capacity(markers.len());
    let mut index = from;
    for Marker { name, strips_tabs, expands } in markers {
        let start = lines.get(index).map_or(text.len(), |line| line.span.start);
        loop {
            let Some(line) = lines.get(index) else { return Err(name) };
            index += 1;
            let content = line.span.of(text);
            let content = if strips_tabs { content.trim_start_matches('\t') } else { content };
            if content == name {
                let body = Span::new(start, line.span.start);
                heredocs.push(Heredoc { name, strips_tabs, expands, body });
                break;
            }
        }
    }
    Ok((heredocs, index))
}
