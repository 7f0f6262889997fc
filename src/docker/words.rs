//! How BuildKit cuts an instruction's text: flags, blank-separated words, quoted words.

use super::bytes;
use crate::source::Span;

/// Blanks between words; narrower than Unicode's white space.
pub fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Blanks where BuildKit reads byte by byte: it takes two bytes that are no text for Latin-1 ones.
pub(super) fn is_blank_byte(c: char) -> bool {
    is_blank(c) || c == bytes::BLANK
}

/// The span of `text` without white space at its ends.
pub fn trimmed(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    Span::new(start, start.max(text.trim_end().len()))
}

/// The words of `text` between blanks, as spans.
pub fn blank_separated(text: &str) -> Vec<Span> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().enumerate() {
        match (is_blank(byte.into()), start) {
            (true, Some(from)) => {
                words.push(Span::new(from, at));
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.map(|from| Span::new(from, text.len())));
    words
}

/// A builder flag as written, and its text without quotes and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFlag {
    /// Where it stands.
    pub span: Span,
    /// `--name=value` with quotes removed.
    pub text: String,
}

/// The `--flag` words at the start of `text`, and the offset where the rest begins.
pub fn builder_flags(text: &str, escape: char) -> (Vec<RawFlag>, usize) {
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches(is_blank_byte).len();
        if !text[at..].starts_with("--") {
            return (flags, at);
        }
        let (word, end) = flag_word(text, at, escape);
        if word == "--" {
            return (flags, end);
        }
        flags.push(RawFlag { span: Span::new(at, end), text: word });
        at = end;
    }
}

fn flag_word(text: &str, start: usize, escape: char) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text[start..].char_indices();
    while let Some((offset, c)) = chars.next() {
        match (quote, c) {
            (None, c) if is_blank_byte(c) => return (word, start + offset),
            (None, c) if holds_blank_byte(c) => {
                word.push(c);
                return (word, start + offset + c.len_utf8());
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, c) if c == escape => {
                let Some((offset, next)) = chars.next() else { break };
                word.push(next);
                if quote.is_none() && holds_blank_byte(next) {
                    return (word, start + offset + next.len_utf8());
                }
            }
            _ => word.push(c),
        }
    }
    (word, text.len())
}

/// BuildKit reads flags byte by byte, and takes a byte of a wider character for a Latin-1 blank.
///
/// The flag keeps that character as it is written: BuildKit leaves a torn piece of it there. An escape character
/// before it holds for its first byte alone.
fn holds_blank_byte(c: char) -> bool {
    !c.is_ascii()
        && !bytes::is_mark(c)
        && c.encode_utf8(&mut [0; 4]).bytes().any(|byte| matches!(byte, 0x85 | 0xa0))
}

/// The words of ENV, LABEL and ARG: blanks inside quotes do not separate, quotes are kept.
///
/// An escape character at the very end belongs to no word.
pub fn quoted(text: &str, escape: char) -> Vec<Span> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|from| Span::new(from, at)));
            continue;
        }
        start.get_or_insert(at);
        match quote {
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ if c == escape && quote != Some('\'') && chars.next().is_none() => {
                words.extend(start.filter(|from| *from < at).map(|from| Span::new(from, at)));
                return words;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| Span::new(from, text.len())));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'t>(text: &'t str, spans: &[Span]) -> Vec<&'t str> {
        spans.iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn quoted_words_keep_their_quotes() {
        let text = r#"A="b c" D=e\ f G='h "i'"#;
        assert_eq!(texts(text, &quoted(text, '\\')), [r#"A="b c""#, r"D=e\ f", r#"G='h "i'"#]);
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let text = "--from=x --chown=\"a b\" src dst";
        let (flags, rest) = builder_flags(text, '\\');
        assert_eq!(
            flags.iter().map(|flag| flag.text.as_str()).collect::<Vec<_>>(),
            ["--from=x", "--chown=a b"]
        );
        assert_eq!(&text[rest..], "src dst");
        assert_eq!(builder_flags("-- a", '\\').1, 2);
    }
}
