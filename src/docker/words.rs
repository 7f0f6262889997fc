//! How BuildKit cuts an instruction's text: flags, blank-separated words, quoted words, JSON arrays.

use crate::source::Span;

/// Blanks between words; narrower than Unicode's white space.
pub fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
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
    for (at, c) in text.char_indices() {
        match (is_blank(c), start) {
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
pub fn builder_flags(text: &str) -> (Vec<RawFlag>, usize) {
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if !text[at..].starts_with("--") {
            return (flags, at);
        }
        let (word, end) = flag_word(text, at);
        if word == "--" {
            return (flags, end);
        }
        flags.push(RawFlag { span: Span::new(at, end), text: word });
        at = end;
    }
}

fn flag_word(text: &str, start: usize) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text[start..].char_indices();
    while let Some((offset, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => return (word, start + offset),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => word.extend(chars.next().map(|(_, next)| next)),
            _ => word.push(c),
        }
    }
    (word, text.len())
}

/// The words of ENV, LABEL and ARG: blanks inside quotes do not separate, quotes are kept.
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
            _ if c == escape && quote != Some('\'') => drop(chars.next()),
            _ => {}
        }
    }
    words.extend(start.map(|from| Span::new(from, text.len())));
    words
}

/// What the text of an instruction is, read as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// An array of strings, each with its span, quotes included.
    Strings(Vec<(Span, String)>),
    /// An array that holds something else: BuildKit refuses it.
    Mixed,
    /// Not JSON: shell form.
    Not,
}

/// Reads `text` as the exec form.
pub fn json(text: &str) -> Json {
    if !text.starts_with('[') {
        return Json::Not;
    }
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return Json::Not };
    let mut strings = Vec::with_capacity(values.len());
    let mut at = 1;
    for value in values {
        let serde_json::Value::String(string) = value else { return Json::Mixed };
        let Some(span) = json_string(text, at) else { return Json::Not };
        at = span.end;
        strings.push((span, string));
    }
    Json::Strings(strings)
}

fn json_string(text: &str, from: usize) -> Option<Span> {
    let start = from + text[from..].find('"')?;
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(Span::new(start, offset + 1)),
            _ => {}
        }
    }
    None
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
        let (flags, rest) = builder_flags(text);
        assert_eq!(
            flags.iter().map(|flag| flag.text.as_str()).collect::<Vec<_>>(),
            ["--from=x", "--chown=a b"]
        );
        assert_eq!(&text[rest..], "src dst");
        assert_eq!(builder_flags("-- a").1, 2);
    }

    #[test]
    fn exec_form_needs_strings_and_nothing_after() {
        assert_eq!(json(r#"["a"] # b"#), Json::Not);
        assert_eq!(json("['a']"), Json::Not);
        assert_eq!(json("[1]"), Json::Mixed);
        assert_eq!(json("[]"), Json::Strings(vec![]));
        let Json::Strings(strings) = json(r#"[ "a\"b", "c" ]"#) else { panic!("exec form") };
        assert_eq!(strings[0], (Span::new(2, 8), "a\"b".to_owned()));
    }
}
