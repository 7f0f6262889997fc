//! JSON as Go's `encoding/json` reads it: one pass, without a tree and without recursion.
//!
//! `serde_json` refuses what Go takes: lone surrogates, a number that just fits a double, more than 128 levels.

use std::str::Chars;

/// How deep arrays and objects may stand inside each other.
const DEEPEST: usize = 10_000;

/// Whether `text` is one JSON value.
pub(super) fn is_value(text: &str) -> bool {
    read(text).is_some()
}

fn read(text: &str) -> Option<()> {
    let bytes = text.as_bytes();
    let mut closings = Vec::new();
    let mut at = after_space(bytes, 0);
    loop {
        let inside = after_space(bytes, at + 1);
        at = match closing(*bytes.get(at)?) {
            Some(_) if closings.len() == DEEPEST => return None,
            Some(closing) if bytes.get(inside) == Some(&closing) => inside + 1,
            Some(closing) => {
                closings.push(closing);
                at = member(text, inside, closing)?;
                continue;
            }
            None => scalar_end(text, at)?,
        };
        at = after_space(bytes, at);
        while closings.pop_if(|closing| bytes.get(at) == Some(closing)).is_some() {
            at = after_space(bytes, at + 1);
        }
        let Some(closing) = closings.last() else { return (at == bytes.len()).then_some(()) };
        if *bytes.get(at)? != b',' {
            return None;
        }
        at = member(text, after_space(bytes, at + 1), *closing)?;
    }
}

fn closing(opening: u8) -> Option<u8> {
    match opening {
        b'[' => Some(b']'),
        b'{' => Some(b'}'),
        _ => None,
    }
}

/// Where the value of the member at `at` starts: after the name in an object.
fn member(text: &str, at: usize, closing: u8) -> Option<usize> {
    if closing == b']' {
        return Some(at);
    }
    let bytes = text.as_bytes();
    let (_, end) = string(text, at)?;
    let colon = after_space(bytes, end);
    (bytes.get(colon) == Some(&b':')).then(|| after_space(bytes, colon + 1))
}

fn scalar_end(text: &str, at: usize) -> Option<usize> {
    if text.as_bytes()[at] == b'"' {
        return string(text, at).map(|(_, end)| end);
    }
    let rest = text.get(at..)?;
    let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
    Some(at + word.map_or_else(|| number_length(rest), |word| Some(word.len()))?)
}

/// The length of the number that `text` starts with; none when it is too great for a double.
fn number_length(text: &str) -> Option<usize> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let mut rest = unsigned.strip_prefix('0').or_else(|| after_digits(unsigned))?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = after_digits(fraction)?;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        rest = after_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?;
    }
    let length = text.len() - rest.len();
    text[..length].parse().is_ok_and(f64::is_finite).then_some(length)
}

/// What stands after one digit or more.
fn after_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// The offset of the first byte at `from` or after it that is no white space.
pub(super) fn after_space(bytes: &[u8], from: usize) -> usize {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    from + bytes.get(from..).map_or(0, |rest| rest.iter().take_while(is_space).count())
}

/// The string whose quote stands at `at`, and the offset after it.
pub(super) fn string(text: &str, at: usize) -> Option<(String, usize)> {
    let end = string_end(text.as_bytes(), at)?;
    Some((decoded(&text[at + 1..end - 1])?, end))
}

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
    fn values_are_those_of_the_grammar() {
        for text in
            ["0", "-0.5e+3", "1E5", "[]", "[ [ ] , {} ]", r#"{"a":[1],"a" : {"b":null}}"#, "\t\"\" ", "true"]
        {
            assert!(is_value(text), "{text}");
        }
        for text in ["", " ", "01", "1.", ".5", "-", "1e", "+1", "nul", "truefalse", "[1,]", "[,1]", "[1 2]"]
        {
            assert!(!is_value(text), "{text}");
        }
        for text in
            ["[}", "{]", "[]]", "{1:2}", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, "\u{a0}1", "é", "[\"\\\"]"]
        {
            assert!(!is_value(text), "{text}");
        }
    }

    #[test]
    fn numbers_fit_a_double() {
        assert!(is_value("1.7976931348623158e308") && is_value("1e-400"));
        assert!(!is_value("1.7976931348623159e308") && !is_value("-1e400"));
    }

    #[test]
    fn levels_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_value(&nested(10_000)) && !is_value(&nested(10_001)));
        assert!(!is_value(&nested(1_000_000)) && !is_value(&"[{\"\":".repeat(1_000_000)));
    }
}
