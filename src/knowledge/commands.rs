//! Commands that start others: how far their own words go, and what comes after.

use super::table::{Row, Table};

const COMMANDS: Table = Table::new(include_str!("../../knowledge/commands.tsv"));

/// What a command does with the words behind its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It changes the user, and gives its `-c` to that user's shell.
    Changes,
    /// It runs the code of a file, of `-m` or of `-c`.
    Interpreter,
    /// It runs scripts of a manifest.
    Manager,
    /// It runs a script, or the text behind `-c`.
    Shell,
    /// It starts the rest as another user.
    Switches,
    /// It starts the rest.
    Wraps,
}

/// One command that starts others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// What it does.
    pub kind: Kind,
    /// How many words name it: `env` one, `poetry run` two.
    pub words: usize,
    /// Its options that take the word behind them.
    pub values: Vec<&'static str>,
    /// How many operands stand before what it starts.
    pub operands: usize,
}

/// The command that a line begins with, where it starts others; `name` is without folder and version.
pub fn starter(name: &str, verb: Option<&str>) -> Option<Starter> {
    let of_verb = || COMMANDS.row(&format!("{name} {}", verb?)).map(|row| read(&row, 2));
    of_verb().or_else(|| COMMANDS.row(name).map(|row| read(&row, 1)))
}

/// Whether a program of this name is a shell.
pub fn is_shell(name: &str) -> bool {
    starter(name, None).is_some_and(|starter| starter.kind == Kind::Shell)
}

fn read(row: &Row, words: usize) -> Starter {
    let kind = match row.cell(1) {
        "changes" => Kind::Changes,
        "interpreter" => Kind::Interpreter,
        "manager" => Kind::Manager,
        "shell" => Kind::Shell,
        "switches" => Kind::Switches,
        _ => Kind::Wraps,
    };
    Starter { kind, words, values: row.words(2), operands: row.cell(3).parse().unwrap_or(0) }
}

impl Starter {
    /// The words behind its own, its options, its operands and its variables.
    pub fn rest<'w>(&self, line: &'w [String]) -> &'w [String] {
        let mut at = self.words.min(line.len());
        let mut operands = self.operands;
        while let Some(word) = line.get(at) {
            at += 1;
            match word.as_str() {
                "--" if operands == 0 => return &line[at..],
                "--" => {}
                option if option.starts_with('-') && option.len() > 1 => {
                    at += usize::from(self.values.contains(&option));
                }
                pair if is_assignment(pair) => {}
                _ if operands > 0 => operands -= 1,
                _ => return &line[at - 1..],
            }
        }
        &[]
    }
}

/// Whether a word is `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_what_is_started() {
        let rest = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let starter = starter(&words[0], words.get(1).map(String::as_str)).expect("it starts others");
            starter.rest(&words).join(" ")
        };
        for (line, started) in [
            ("tini -g -- python x.py", "python x.py"),
            ("env A=b -u C python x.py", "python x.py"),
            ("gosu app:app python x.py", "python x.py"),
            ("stdbuf -oL python x.py", "python x.py"),
            ("nice -n 5 python x.py", "python x.py"),
            ("uv run --no-sync --env-file .env uvicorn a:b", "uvicorn a:b"),
            ("timeout -s INT 5 sleep 9", "sleep 9"),
            ("sudo -u app -E node x", "node x"),
        ] {
            assert_eq!(rest(line), started, "{line}");
        }
    }
}
