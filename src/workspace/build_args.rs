//! Build arguments that makefiles, scripts and workflows pass: other values than the defaults of a Dockerfile.

/// A value that a line gives to a build argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildArgument {
    /// The file and the line, as `Makefile:5`.
    pub origin: String,
    /// The name of the argument.
    pub name: String,
    /// The value; a variable of the file stands for what the file gives it, where it does.
    pub value: String,
}

/// The build arguments that the file `path` passes.
pub(super) fn read(path: &str, text: &str) -> Vec<BuildArgument> {
    let mut found = Vec::new();
    // How far the line `build-args:` is indented, while the lines below it belong to it.
    let mut block: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let (indent, rest) = (line.len() - line.trim_start().len(), line.trim());
        if rest.starts_with('#') {
            continue;
        }
        let is_in_block = block.is_some_and(|above| indent > above) || (block.is_some() && rest.is_empty());
        block = block.filter(|_| is_in_block);
        let key = rest.trim_start_matches("- ").strip_prefix("build-args:").map(str::trim);
        if key.is_some() {
            block = Some(indent);
        }
        let listed = key.filter(|value| !value.starts_with(['|', '>'])).or(is_in_block.then_some(rest));
        let pairs = listed.map(|pair| pair.trim_start_matches("- ")).into_iter().chain(flags(rest));
        for (name, value) in pairs.filter_map(pair) {
            found.extend(values(text, value).into_iter().map(|value| BuildArgument {
                origin: format!("{path}:{}", index + 1),
                name: name.to_owned(),
                value,
            }));
        }
    }
    found
}

/// What follows `--build-arg` in a line.
fn flags(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split("--build-arg").skip(1);
    parts.map(|part| {
        let part = part.trim_start_matches(['=', ' ', '"', '\'', ',']);
        let mut depth = 0;
        let ends = |c: char| {
            match c {
                '(' | '{' => depth += 1,
                ')' | '}' => depth -= 1,
                _ => {}
            }
            depth <= 0 && (c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '|' | '\\'))
        };
        part.find(ends).map_or(part, |end| &part[..end])
    })
}

/// `NAME=value` as its two sides.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.trim_matches(['"', '\'']).split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim().trim_matches(['"', '\'']);
    (is_name && !value.is_empty()).then_some((name, value))
}

/// What a value stands for: a variable for each value that the text gives it, or for itself.
fn values(text: &str, value: &str) -> Vec<String> {
    let Some(name) = variable(value) else { return vec![value.to_owned()] };
    let found: Vec<String> =
        text.lines().enumerate().flat_map(|(at, line)| given(text, (at, line), name)).collect();
    if found.is_empty() { vec![value.to_owned()] } else { found }
}

/// The name of the variable that a value is, as shells, make and workflows write it.
fn variable(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('$')?;
    let inner = inner.trim_matches(['(', ')', '{', '}']).trim();
    let name = inner.rsplit_once('.').map_or(inner, |(_, name)| name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    is_name.then_some(name)
}

/// The values that a line gives `name`: by `=`, after a colon, in a list, or in the list below it.
fn given(text: &str, (at, line): (usize, &str), name: &str) -> Vec<String> {
    let plain = |value: &str| {
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty() && !value.contains(['$', ' ', '|'])).then(|| value.to_owned())
    };
    let rest = line.trim_start().trim_start_matches("- ").trim_start_matches("export ");
    let Some(rest) = rest.strip_prefix(name) else { return Vec::new() };
    let rest = rest.trim_start();
    if let Some(value) = ["?=", ":=", "="].iter().find_map(|sign| rest.strip_prefix(sign)) {
        return plain(value).into_iter().collect();
    }
    let Some(value) = rest.strip_prefix(':') else { return Vec::new() };
    match value.trim() {
        "" => {
            let below = text.lines().skip(at + 1).map(str::trim_start);
            below.map_while(|line| line.strip_prefix("- ")).filter_map(plain).collect()
        }
        value => value.trim_matches(['[', ']']).split(',').filter_map(plain).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String, String)> {
        read("x", text).into_iter().map(|found| (found.origin, found.name, found.value)).collect()
    }

    fn one(line: &str, name: &str, value: &str) -> (String, String, String) {
        (line.to_owned(), name.to_owned(), value.to_owned())
    }

    #[test]
    fn flags_pass_arguments() {
        let text = "V ?= 3.9\nb:\n\tdocker build --build-arg V=$(V) --build-arg=\"B=1\" \\\n\t  --build-arg C=${C:-x} .\n";
        let all = [one("x:3", "V", "3.9"), one("x:3", "B", "1"), one("x:4", "C", "${C:-x}")];
        assert_eq!(found(text), all);
        assert_eq!(found("# docker build --build-arg V=1 .\ndocker build --build-arg V .\n"), []);
    }

    #[test]
    fn workflows_pass_arguments() {
        let text = "matrix:\n  python: [\"3.8\", '3.12']\nwith:\n  build-args: |\n    A=1\n    V=${{ matrix.python }}\n  tags: T=2\n";
        assert_eq!(found(text), [one("x:5", "A", "1"), one("x:6", "V", "3.8"), one("x:6", "V", "3.12")]);
        let text = "python:\n  - 3.8\n  - 3.9\nbuild-args: V=${{ matrix.python }}\n";
        assert_eq!(found(text), [one("x:4", "V", "3.8"), one("x:4", "V", "3.9")]);
    }
}
