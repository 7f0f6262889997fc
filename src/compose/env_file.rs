//! The files that `env_file` names.

use crate::{compose::variable::Variable, workspace::path};

/// The path of such a file that a compose file in `folder` names; none where it lies outside of the project.
pub fn place(folder: &str, name: &str) -> Option<String> {
    let is_elsewhere = name.starts_with(['/', '~']) || name.contains('$') || name.contains("://");
    Some(path::join(folder, name)).filter(|path| !is_elsewhere && !path.starts_with(".."))
}

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
    fn places_are_those_of_the_project() {
        assert_eq!(place("deploy", "../.env").as_deref(), Some(".env"));
        for name in ["/etc/app.env", "~/app.env", "${ENV}.env", "../../app.env"] {
            assert_eq!(place("deploy", name), None, "{name}");
        }
    }

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
