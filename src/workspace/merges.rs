//! Lists of compose files that are read together, as scripts, documents and settings name them.

use super::path::{join, name, parent};

/// Compose files that something in the project has compose read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The files, in their order.
    pub files: Vec<String>,
    /// Where the list stands, such as `Makefile:3`.
    pub place: String,
}

/// A list as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    line: usize,
    words: Vec<String>,
}

impl Listed {
    /// The list in the file `by`, of those of `composes` that it names; none where it names fewer than two.
    pub(super) fn resolved(&self, by: &str, composes: &[&str]) -> Option<Merge> {
        let files: Vec<String> = self.words.iter().filter_map(|word| named(word, by, composes)).collect();
        (files.len() > 1).then(|| Merge { files, place: format!("{by}:{}", self.line) })
    }
}

/// The compose file that `word` means in the file `by`.
fn named(word: &str, by: &str, composes: &[&str]) -> Option<String> {
    let word = match word.strip_prefix('$') {
        Some(variable) => variable.split_once('/')?.1,
        None => word,
    };
    let is_known = |path: &String| composes.contains(&path.as_str());
    let near = [join(parent(by), word), join("", word)].into_iter().find(is_known);
    near.or_else(|| {
        let mut ends = composes.iter().filter(|path| name(path) == name(word));
        let only = (*ends.next()?).to_owned();
        ends.next().is_none().then_some(only)
    })
}

/// The lists of two files or more in `text`: after `-f` and `--file`, and in `COMPOSE_FILE`.
pub(super) fn lists(text: &str) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut whole = String::new();
    let mut first = 1;
    for (index, line) in text.lines().enumerate() {
        if whole.is_empty() {
            first = index + 1;
        }
        whole.push_str(line.trim_end_matches('\\'));
        if line.ends_with('\\') {
            whole.push(' ');
            continue;
        }
        if whole.contains(".y") {
            let commands = whole.split(['&', ';', '|', '#']).map(options);
            let words = commands.chain([variable(&whole)]).filter(|words| words.len() > 1);
            found.extend(words.map(|words| Listed { line: first, words }));
        }
        whole.clear();
    }
    found
}

/// The YAML files after `-f` and `--file`.
fn options(command: &str) -> Vec<String> {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '[' | ']' | '(' | ')');
    let mut words = command.split(is_gap).filter(|word| !word.is_empty());
    let mut files = Vec::new();
    while let Some(word) = words.next() {
        let value = match word {
            "-f" | "--file" => words.next(),
            _ => word.strip_prefix("--file=").or_else(|| word.strip_prefix("-f=")),
        };
        files.extend(value.filter(|value| is_yaml(value)).map(str::to_owned));
    }
    files
}

/// The files of `COMPOSE_FILE`, which a colon or a semicolon parts.
fn variable(line: &str) -> Vec<String> {
    let Some((before, value)) = line.split_once("COMPOSE_FILE") else { return Vec::new() };
    if before.contains('#') || !value.trim_start().starts_with(['=', ':']) {
        return Vec::new();
    }
    let value = value.trim_start().trim_start_matches(['=', ':']).trim();
    let value = value.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
    value.split([':', ';']).filter(|word| is_yaml(word)).map(str::to_owned).collect()
}

fn is_yaml(word: &str) -> bool {
    word.ends_with(".yml") || word.ends_with(".yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        lists(text).into_iter().map(|list| (list.line, list.words.join(" "))).collect()
    }

    #[test]
    fn lists_stand_in_options_and_in_a_variable() {
        for text in [
            "docker compose -f a.yml -f b.yaml up",
            "COMPOSE := docker-compose --file=a.yml --file b.yaml",
            "\"up\": \"docker compose -f a.yml -f b.yaml up\",",
            "docker compose -f a.yml \\\n  -f b.yaml up",
            "COMPOSE_FILE=a.yml:b.yaml",
            "  COMPOSE_FILE: 'a.yml;b.yaml'",
        ] {
            assert_eq!(found(text), [(1, "a.yml b.yaml".to_owned())], "{text}");
        }
    }

    #[test]
    fn one_file_is_no_list() {
        for text in ["docker compose -f a.yml up && docker compose -f b.yml up", "# COMPOSE_FILE=a.yml:b.yml"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn names_are_seen_from_the_file_and_from_the_top() {
        let composes = ["deploy/compose.yaml", "deploy/compose.prod.yaml", "compose.yaml"];
        let merge = |by: &str, words: [&str; 2]| {
            let words = words.map(str::to_owned).to_vec();
            Listed { line: 3, words }.resolved(by, &composes).map(|merge| merge.files.join(" "))
        };
        assert_eq!(
            merge("deploy/up.sh", ["compose.yaml", "compose.prod.yaml"]).as_deref(),
            Some("deploy/compose.yaml deploy/compose.prod.yaml")
        );
        assert_eq!(
            merge("Makefile", ["compose.yaml", "$DIR/compose.prod.yaml"]).as_deref(),
            Some("compose.yaml deploy/compose.prod.yaml")
        );
        assert_eq!(merge("Makefile", ["a.yaml", "compose.yaml"]), None);
    }
}
