//! Shells and settings that take the environment's programs off PATH again.

use crate::{facts::programs::is_shell, workspace::path};

/// Folders that hold an interpreter, or may.
const INTERPRETERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// The PATH before, as shells, compose files and supervisord name it.
const BEFORE: [&str; 4] = ["$PATH", "${PATH}", "$$PATH", "%(ENV_PATH)s"];

/// Whether a value of PATH leaves the programs of the PATH before in front of other interpreters.
pub(super) fn keeps_path(value: &str) -> bool {
    let folders = value.trim_matches(['"', '\'']).split(':').map(|folder| folder.trim_end_matches('/'));
    for folder in folders {
        let is_environment = ["conda", "pyenv", "venv"].iter().any(|name| folder.contains(name));
        if BEFORE.contains(&folder) {
            return true;
        }
        if INTERPRETERS.contains(&folder) || is_environment {
            return false;
        }
    }
    false
}

/// The first value that a text gives PATH and that hides the PATH before.
pub(super) fn lost_path(text: &str) -> Option<&str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let values = lines.flat_map(|line| {
        line.match_indices("PATH=").filter_map(|(at, found)| {
            let is_own = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let value = line[at + found.len()..].trim_start_matches(['"', '\'', '\\']);
            let end = value.find(|c: char| c.is_whitespace() || "\"';,\\".contains(c)).unwrap_or(value.len());
            is_own.then_some(&value[..end])
        })
    });
    values.into_iter().find(|value| !keeps_path(value))
}

/// The words that start a shell or a program with an environment of its own.
pub(super) fn new_environment(words: &[&str]) -> Option<String> {
    let starts = |at: usize| {
        let rest = &words[at + 1..];
        let found = match path::name(words[at]) {
            "su" | "runuser" => {
                rest.iter().take(3).take_while(|word| **word != "-c").position(|word| is_login(word))
            }
            name if is_shell(name) => shell_options(rest).position(is_login_option),
            "env" => rest.first().filter(|word| matches!(**word, "-i" | "-")).map(|_| 0),
            "sudo" => {
                rest.first().filter(|word| matches!(**word, "-u" | "-H" | "-E" | "-i" | "-n")).map(|_| 0)
            }
            _ => None,
        };
        found.map(|end| words[at..=at + 1 + end].join(" "))
    };
    (0..words.len()).find_map(starts)
}

fn is_login(word: &str) -> bool {
    matches!(word, "-" | "-l" | "--login")
}

/// The options of a shell up to its command.
fn shell_options<'w>(words: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    let mut is_over = false;
    words.iter().copied().take_while(move |word| {
        let is_before = !is_over;
        let is_value = !word.starts_with('-') && *word != "pipefail";
        is_over |= is_value || (!word.starts_with("--") && word.ends_with('c'));
        is_before && !is_value
    })
}

fn is_login_option(word: &str) -> bool {
    word == "--login" || (word.starts_with('-') && !word.starts_with("--") && word.contains('l'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_interpreters_hide_the_environment() {
        for value in ["/home/app/.local/bin:$PATH", "\"${PATH}:/usr/bin\"", "%(ENV_PATH)s", "$$PATH"] {
            assert!(keeps_path(value), "{value}");
        }
        for value in ["/usr/local/bin:$PATH", "/x:/y", "", "/root/.pyenv/shims:$PATH"] {
            assert!(!keeps_path(value), "{value}");
        }
        assert_eq!(lost_path("export PYTHONPATH=/app\n# PATH=/x\nexport PATH=\"/x:$PATH\""), None);
        assert_eq!(lost_path("a; PATH='/x' b"), Some("/x"));
    }

    #[test]
    fn login_shells_set_path_anew() {
        let found = |line: &str| new_environment(&line.split(' ').collect::<Vec<_>>());
        for line in
            ["su - app -c x", "su app -l", "bash -lc x", "bash -o pipefail -lc x", "env -i x", "sudo -u a x"]
        {
            assert!(found(line).is_some(), "{line}");
        }
        for line in ["su app -c ls -l", "bash -c ls -l", "sh x.sh -l", "usermod -aG sudo app", "env A b"] {
            assert_eq!(found(line), None, "{line}");
        }
        assert_eq!(found("exec bash -o pipefail -lc x").as_deref(), Some("bash -o pipefail -lc"));
    }
}
