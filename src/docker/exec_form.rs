//! The exec form: a JSON array of strings, each with its place.

use super::json::{self, after_space};
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
        None if json::is_value(text) => Json::Mixed,
        None => Json::Not,
    }
}

fn string_array(text: &str) -> Option<Vec<(Span, String)>> {
    let bytes = text.as_bytes();
    let mut strings = Vec::new();
    let mut at = after_space(bytes, 1);
    if *bytes.get(at)? != b']' {
        loop {
            let (string, end) = json::string(text, at)?;
            strings.push((Span::new(at, end), string));
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
