//! Programs of the build context: what is copied by name, and what an image starts.

use super::{
    build_context::{self, Lookup, context_path, is_pattern, is_whole_context},
    commands::{commands_of, shell_words},
    contract::join_path,
    scripts::{self, is_script},
};
use crate::{
    docker::{Instruction, Keyword, Word},
    shell::Script,
    workspace::{Entry, path},
};

/// Programs that start what their arguments name, and how many of their operands come before it.
const STARTERS: [(&str, usize); 9] = [
    ("tini", 0),
    ("dumb-init", 0),
    ("exec", 0),
    ("env", 0),
    ("nohup", 0),
    ("time", 0),
    ("gosu", 1),
    ("su-exec", 1),
    ("sudo", 0),
];

/// Endings of compiled programs; with another one, a name tells that an interpreter reads the file.
const COMPILED: [&str; 5] = ["bin", "out", "elf", "run", "appimage"];

/// The files that a step copies from the folder `context` by their names, each with its word.
pub fn copied_by_name<'s>(step: &'s Instruction, context: &str, lookup: &Lookup) -> Vec<(&'s Word, String)> {
    let Some((sources, _)) = build_context::local_copy(step) else { return Vec::new() };
    let single = sources.iter().filter(|source| !is_pattern(&source.text) && !is_whole_context(&source.text));
    let files = single.map(|source| (source, context_path(context, &source.text)));
    files.filter(|(_, file)| lookup(file) != Some(Entry::Folder)).collect()
}

/// The programs that a RUN, CMD, ENTRYPOINT or HEALTHCHECK starts, as it names them.
pub fn started_by(step: &Instruction, text: &str) -> Vec<String> {
    let commands = match step.keyword {
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => commands_of(step),
        Keyword::Run => words_of(Script::of(step, text)),
        _ => Vec::new(),
    };
    commands.iter().flat_map(|words| started(words)).collect()
}

/// Whether a word starts a shell.
pub fn is_shell(word: &str) -> bool {
    matches!(path::name(word), "ash" | "bash" | "dash" | "sh" | "zsh")
}

/// The programs that a command starts: its own, or those of the line that it gives to a shell.
pub fn started(words: &[String]) -> Vec<String> {
    let Some((program, rest)) = program_of(words) else { return Vec::new() };
    let is_shell = is_shell(program);
    let line = rest.iter().skip_while(|word| !word.starts_with('-') || !word.ends_with('c')).nth(1);
    match line.filter(|_| is_shell) {
        Some(line) => shell_words(line)
            .iter()
            .filter_map(|words| program_of(words))
            .map(|(program, _)| program.clone())
            .collect(),
        None => vec![program.clone()],
    }
}

/// Whether the words of a CMD are arguments of the program that this ENTRYPOINT starts.
pub fn takes_arguments(entrypoint: &Instruction) -> bool {
    let is_program = |words: &Vec<String>| program_of(words).is_some_and(|(program, _)| !is_script(program));
    commands_of(entrypoint).iter().any(is_program)
}

/// The paths in the image where a program of this name may stand.
pub fn places(name: &str, workdir: &str) -> Vec<String> {
    match name.contains('/') {
        true => vec![join_path(workdir, name)],
        false => scripts::on_path(name).collect(),
    }
}

/// Whether a name tells that an interpreter reads the file.
pub fn is_interpreted(name: &str) -> bool {
    let ending = path::name(name).rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_word = |ending: &String| !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphabetic());
    ending.filter(is_word).is_some_and(|ending| !COMPILED.contains(&ending.as_str()))
}

fn words_of(script: &Script) -> Vec<Vec<String>> {
    let words = |command: &crate::shell::Command| -> Vec<String> {
        command.words.iter().map(|word| word.text().to_owned()).collect()
    };
    script.commands.iter().map(words).collect()
}

/// The program that a command comes down to, and the words after it.
pub fn program_of(words: &[String]) -> Option<(&String, &[String])> {
    let mut rest = words;
    loop {
        let (first, after) = rest.split_first()?;
        let starter = STARTERS.iter().find(|(name, _)| *name == path::name(first));
        rest = match starter {
            Some((_, operands)) => after.get(*operands..)?,
            None if first.starts_with('-') || first.contains('=') => after,
            None => return Some((first, after)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(line: &[&str]) -> Vec<String> {
        started(&line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn looks_through_what_starts_others() {
        assert_eq!(programs(&["tini", "--", "./server", "-v"]), ["./server"]);
        assert_eq!(programs(&["gosu", "app", "env", "A=b", "server"]), ["server"]);
        assert_eq!(programs(&["sh", "-ec", "cd /x && exec ./server"]), ["cd", "./server"]);
        assert_eq!(programs(&["tini", "--"]), [""; 0]);
    }

    #[test]
    fn names_tell_what_is_interpreted() {
        assert!(is_interpreted("./manage.py") && is_interpreted("app.jar"));
        assert!(!is_interpreted("./server") && !is_interpreted("tool-1.2") && !is_interpreted("a.out"));
    }
}
