//! `$NAME` and `${NAME:-default}` in values of a compose file, as compose fills them in.

use std::collections::BTreeMap;

/// The values of variables by name.
pub type Variables = BTreeMap<String, String>;

/// `text` with its variables filled in; one that has no value is empty, and `$$` is a dollar.
pub fn filled(text: &str, variables: &Variables) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result += &rest[..at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(end) = rest.strip_prefix('{').and_then(closing) {
            result += &braced(&rest[1..=end], variables);
            rest = &rest[end + 2..];
        } else {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            match length {
                0 => result.push('$'),
                _ => result += variables.get(&rest[..length]).map_or("", String::as_str),
            }
            rest = &rest[length..];
        }
    }
    result + rest
}

/// The offset of the brace that closes the one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// What stands between braces: a name, and what to do when it has no value.
fn braced(text: &str, variables: &Variables) -> String {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let value = variables.get(name);
    let (rest, value) = match rest.strip_prefix(':') {
        Some(rest) => (rest, value.filter(|value| !value.is_empty())),
        None => (rest, value),
    };
    let other = |text: &str| filled(text, variables);
    match (rest.chars().next(), value) {
        (Some('+'), Some(_)) => other(&rest[1..]),
        (Some('-'), None) => other(&rest[1..]),
        (Some('+'), None) => String::new(),
        (_, value) => value.cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_as_compose_does() {
        let variables = Variables::from([("A".into(), "1".into()), ("E".into(), String::new())]);
        for (text, expected) in [
            ("$A-${A}", "1-1"),
            ("$$A", "$A"),
            ("${X:-d}${X-e}${E:-f}${E-g}", "def"),
            ("${A:+y}${X:+n}", "y"),
            ("${X:-${A}}", "1"),
            ("${X:?must be set}", ""),
            ("5$", "5$"),
            ("${open", "${open"),
        ] {
            assert_eq!(filled(text, &variables), expected, "{text}");
        }
    }
}
