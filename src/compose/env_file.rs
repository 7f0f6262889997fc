//! The files that `env_file` names.

use crate::compose::variable::Variable;

/// The variables of an environment file; one without a value comes from the environment of compose.
pub fn read(text: &str) -> Vec<Variable> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Variable> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = match line.split_once(['=', ':']) {
        Some((name, value)) => (name.trim_end(), Some(value_of(value.trim()))),
        None => (line, None),
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
    is_name.then(|| Variable { name: name.to_owned(), value })
}

/// The value without its quotes, or without the comment after it.
fn value_of(text: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.to_owned();
        }
    }
    let end = text.find(" #").unwrap_or(text.len());
    text[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_variables() {
        let text = "# a\n\nA=1\nexport B = \"x # y\" # z\nC='$D'\r\nE=a b # c\nF\nG=\n=x\nyaml: 2\n";
        let got: Vec<(String, Option<String>)> =
            read(text).into_iter().map(|variable| (variable.name, variable.value)).collect();
        let all = [
            ("A", Some("1")),
            ("B", Some("x # y")),
            ("C", Some("$D")),
            ("E", Some("a b")),
            ("F", None),
            ("G", Some("")),
            ("yaml", Some("2")),
        ];
        assert_eq!(got, all.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))));
    }
}
