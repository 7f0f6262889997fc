//! What a scalar means without quotes, and how to write one so that it keeps its meaning.

use crate::compose::node::{Scalar, Style};

/// The type that YAML gives to a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`, and what YAML 1.1 reads as one of them.
    Bool,
    /// An integer or a float.
    Number,
    /// Anything else.
    Text,
}

/// The type of `text` when it is written without quotes, in YAML 1.1 or 1.2.
pub fn plain_type(text: &str) -> Type {
    match text.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => Type::Null,
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => Type::Bool,
        ".inf" | "-.inf" | "+.inf" | ".nan" => Type::Number,
        lower => {
            let digits = lower.strip_prefix(['-', '+']).unwrap_or(lower);
            if is_number(digits) { Type::Number } else { Type::Text }
        }
    }
}

/// The type of a scalar as compose reads it; only `true` and `false` are switches there.
pub(crate) fn read_type(scalar: &Scalar) -> Type {
    match scalar.style {
        Style::Absent => Type::Null,
        Style::Plain => match plain_type(&scalar.value) {
            Type::Bool if parse_bool(&scalar.value).is_none() => Type::Text,
            other => other,
        },
        _ => Type::Text,
    }
}

/// A switch as compose reads it.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Whether `text` holds a variable of compose: `$NAME` or `${…}`, while `$$` is a plain `$`.
pub fn is_interpolated(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '$' {
            continue;
        }
        match chars.peek() {
            Some('$') => drop(chars.next()),
            Some(next) if *next == '{' || *next == '_' || next.is_ascii_alphabetic() => return true,
            _ => {}
        }
    }
    false
}

/// `text` with the default of each of its variables; none where one has no default.
pub fn with_defaults(text: &str) -> Option<String> {
    let Some((before, rest)) = text.split_once('$') else { return Some(text.to_owned()) };
    if let Some(rest) = rest.strip_prefix('$') {
        return Some(format!("{before}${}", with_defaults(rest)?));
    }
    let (inner, rest) = rest.strip_prefix('{')?.split_once('}')?;
    let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-'))?;
    let is_plain = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) && !default.contains('$');
    is_plain.then_some(())?;
    Some(format!("{before}{default}{}", with_defaults(rest)?))
}

/// The parts of `text` between `separator`, which does not count within `${…}` and `[…]`.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, char) in text.char_indices() {
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ if char == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + char.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `value` as YAML text that is read as a text: without quotes where that is safe, else in `"`.
pub fn quoted_if_needed(value: &str) -> String {
    if is_plain_safe(value) && plain_type(value) == Type::Text {
        value.to_owned()
    } else {
        double_quoted(value)
    }
}

/// `value` in `"`, with escapes.
pub fn double_quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for char in value.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_unprintable(char) => out.push_str(&format!("\\U{:08x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

/// `value` written as `old` is: with its quotes, or without where the type stays the same.
pub(crate) fn written_like(value: &str, old: &Scalar) -> String {
    match old.style {
        Style::Single if !value.chars().any(is_unprintable) => format!("'{}'", value.replace('\'', "''")),
        Style::Plain if is_plain_safe(value) && plain_type(value) == plain_type(&old.value) => {
            value.to_owned()
        }
        Style::Absent if is_plain_safe(value) => value.to_owned(),
        _ => double_quoted(value),
    }
}

/// Whether `value` can stand without quotes in a block or in braces.
fn is_plain_safe(value: &str) -> bool {
    let bare = value.trim_matches([' ', '\t']) == value && !value.is_empty();
    let starts = value.starts_with(|c| "-?:,[]{}#&*!|>'\"%@`=".contains(c)) && !is_negative(value);
    let inside =
        value.contains(": ") || value.contains(" #") || value.ends_with(':') || value.starts_with("...");
    bare && !starts && !inside && !value.chars().any(|c| is_unprintable(c) || ",[]{}".contains(c))
}

fn is_negative(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn is_unprintable(char: char) -> bool {
    char.is_control() || matches!(char, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// Decimal, hexadecimal, octal and base 60, as YAML 1.1 and 1.2 know them; dates count too.
fn is_number(digits: &str) -> bool {
    let Some(first) = digits.chars().next() else { return false };
    if !first.is_ascii_digit() && first != '.' || !digits.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let based = digits.starts_with("0x") || digits.starts_with("0o") || digits.starts_with("0b");
    if based {
        return digits[2..].chars().all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    let sexagesimal = digits.contains(':') && digits.chars().all(|c| c.is_ascii_digit() || ":._".contains(c));
    let date = digits.len() >= 8 && digits.as_bytes().get(4) == Some(&b'-');
    let plain = digits.replace('_', "");
    sexagesimal || date || plain.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_plain_text() {
        for text in ["1", "-1", "0.4", ".5", "1e3", "0x1f", "0o17", "1_000", "22:22", "2026-01-01"] {
            assert_eq!(plain_type(text), Type::Number, "{text}");
        }
        for text in ["512M", "a", "1.2.3", "-", ".", "./api", "e3", "8080:80/tcp", "node"] {
            assert_eq!(plain_type(text), Type::Text, "{text}");
        }
        assert_eq!(plain_type("no"), Type::Bool);
        assert_eq!(plain_type(""), Type::Null);
    }

    #[test]
    fn variables_are_seen() {
        for text in ["$A", "${A:-1}", "x$_", "$$$A"] {
            assert!(is_interpolated(text), "{text}");
        }
        for text in ["", "$", "$$A", "5$", "$1", "a$$"] {
            assert!(!is_interpolated(text), "{text}");
        }
    }

    #[test]
    fn separators_within_variables_do_not_count() {
        assert_eq!(split("${P:-80}:80", ':'), ["${P:-80}", "80"]);
        assert_eq!(split("[::1]:80:80", ':'), ["[::1]", "80", "80"]);
        assert_eq!(split("a}:b", ':'), ["a}", "b"]);
    }

    #[test]
    fn quotes_where_needed() {
        assert_eq!(quoted_if_needed("./api"), "./api");
        assert_eq!(quoted_if_needed("no"), "\"no\"");
        assert_eq!(quoted_if_needed("a: b"), "\"a: b\"");
        assert_eq!(quoted_if_needed("22:22"), "\"22:22\"");
        assert_eq!(quoted_if_needed("a\"\n"), "\"a\\\"\\n\"");
    }

    #[test]
    fn variables_have_defaults() {
        let read = |text| super::with_defaults(text);
        assert_eq!(read("./a").as_deref(), Some("./a"));
        assert_eq!(read("${A:-.}/b").as_deref(), Some("./b"));
        assert_eq!(read("x${A-y}${B:-z}").as_deref(), Some("xyz"));
        assert_eq!(read("a$$b").as_deref(), Some("a$b"));
        for text in ["${A}", "$A/b", "${A:?is-gone}", "${A:-${B}}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
