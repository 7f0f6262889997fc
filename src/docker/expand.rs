//! Words as BuildKit hands them on: quotes and escapes removed, variables replaced.

/// What a variable is: `None` where its value is not known.
pub type Values<'v> = dyn Fn(&str) -> Option<String> + 'v;

/// The word with quotes removed and variables replaced; `None` where a variable is not known or a quote not closed.
pub fn word(text: &str, escape: char, values: &Values) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => out.push(c),
            (_, '$') => {
                let (value, after) = variable(rest, escape, values)?;
                out.push_str(&value);
                rest = after;
            }
            (_, c) if c == escape => {
                let Some(next) = rest.chars().next() else { break };
                rest = &rest[next.len_utf8()..];
                if quote.is_some() && !matches!(next, '"' | '$') && next != escape {
                    out.push(escape);
                }
                out.push(next);
            }
            (_, c) => out.push(c),
        }
    }
    quote.is_none().then_some(out)
}

/// The value of the variable after a `$`, and what follows it.
fn variable<'t>(text: &'t str, escape: char, values: &Values) -> Option<(String, &'t str)> {
    let Some(braced) = text.strip_prefix('{') else {
        let length = name_length(text);
        return match length {
            0 => None,
            _ => Some((values(&text[..length])?, &text[length..])),
        };
    };
    let name = &braced[..name_length(braced)];
    let rest = &braced[name.len()..];
    if name.is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix('}') {
        return Some((values(name)?, after));
    }
    let end = closing(rest)?;
    let (operator, after) = (&rest[..end], &rest[end + 1..]);
    let value = values(name)?;
    let other = |text| word(text, escape, values);
    let result = match (operator.strip_prefix(":-"), operator.strip_prefix(":+")) {
        (Some(default), _) if value.is_empty() => other(default)?,
        (Some(_), _) => value,
        (_, Some(_)) if value.is_empty() => String::new(),
        (_, Some(alternative)) => other(alternative)?,
        _ => return None,
    };
    Some((result, after))
}

fn name_length(text: &str) -> usize {
    let is_name =
        |(at, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit());
    text.char_indices().take_while(|pair| is_name(*pair)).map(|(_, c)| c.len_utf8()).sum()
}

/// The place of the brace that closes what is open before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Option<String> {
        word(text, '\\', &|name| match name {
            "A" => Some("a b".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn replaces_what_is_known() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(expanded("x/$A/${A}y"), some("x/a b/a by"));
        assert_eq!(expanded("${EMPTY:-d/$A}|${A:-d}|${A:+z}|${EMPTY:+z}"), some("d/a b|a b|z|"));
        assert_eq!(expanded("'$A' \"$A\" \\$A"), some("$A a b $A"));
        assert_eq!(expanded("\"a\\b\" a\\ b"), some("a\\b a b"));
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        for text in ["$B", "${B:-x}", "${A#x}", "$", "${", "${A", "$1", "${A:-{}", "\"a", "'"] {
            assert_eq!(expanded(text), None, "{text}");
        }
    }
}
