//! The exec form: a JSON array of strings, each with its place.

use std::str::Chars;

use crate::source::Span;

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
    match string_array(text) {
        Some(strings) => Json::Strings(strings),
        None if serde_json::from_str::<Vec<serde_json::Value>>(text).is_ok() => Json::Mixed,
        None => Json::Not,
    }
}

fn string_array(text: &str) -> Option<Vec<(Span, String)>> {
    let bytes = text.as_bytes();
    let mut strings = Vec::new();
    let mut at = after_space(bytes, 1);
    if *bytes.get(at)? != b']' {
        loop {
            let end = string_end(bytes, at)?;
            strings.push((Span::new(at, end), decoded(&text[at + 1..end - 1])?));
            at = after_space(bytes, end);
            match bytes.get(at)? {
                b',' => at = after_space(bytes, at + 1),
                b']' => break,
                _ => return None,
            }
        }
    }
    (after_space(bytes, at + 1) == bytes.len()).then_some(strings)
}

fn after_space(bytes: &[u8], from: usize) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    from + bytes[from..].iter().take_while(|byte| is_space(byte)).count()
}

/// The offset after the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    if *bytes.get(start)? != b'"' {
        return None;
    }
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The text of a JSON string; a lone surrogate becomes U+FFFD, as in Go.
fn decoded(inner: &str) -> Option<String> {
    if !inner.bytes().any(|byte| byte == b'\\' || byte < b' ') {
        return Some(inner.to_owned());
    }
    let mut units = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => units.push(escaped_unit(&mut chars)?),
            c if c < ' ' => return None,
            c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    Some(String::from_utf16_lossy(&units))
}

fn escaped_unit(chars: &mut Chars) -> Option<u16> {
    Some(match chars.next()? {
        c @ ('"' | '\\' | '/') => c as u16,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'u' => {
            let mut unit = 0;
            for _ in 0..4 {
                unit = unit * 16 + chars.next()?.to_digit(16)? as u16;
            }
            unit
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_form_needs_strings_and_nothing_after() {
        assert_eq!(json(r#"["a"] # b"#), Json::Not);
        assert_eq!(json("['a']"), Json::Not);
        assert_eq!(json("[1]"), Json::Mixed);
        assert_eq!(json("[]"), Json::Strings(vec![]));
        let Json::Strings(strings) = json(r#"[ "a\"b", "c" ]"#) else { panic!("exec form") };
        assert_eq!(strings[0], (Span::new(2, 8), "a\"b".to_owned()));
    }

    #[test]
    fn strings_decode_as_in_go() {
        let Json::Strings(strings) = json(r#"["\u00e9\t","\ud83d\ude00","\ud83d x"]"#) else {
            panic!("exec form")
        };
        let texts: Vec<&str> = strings.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["é\t", "😀", "\u{fffd} x"]);
        for text in [r#"["a",]"#, r#"["a" "b"]"#, r#"["\x"]"#, "[\"a\tb\"]", r#"["a"#, "[1e999]", "["] {
            assert_eq!(json(text), Json::Not, "{text}");
        }
        assert_eq!(json(r#"["a", null]"#), Json::Mixed);
    }
}
