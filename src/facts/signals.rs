//! Whether what starts a service hands signals on to it: a shell does so only with `exec`.

use super::{Context, ImageView, programs, runtime, start_scripts};
use crate::{
    docker::{Instruction, Keyword},
    shell::Script,
    workspace::path,
};

/// The shell in the start of an image that keeps signals to itself, in a few words.
pub fn kept_by(cx: &Context, image: &ImageView) -> Option<String> {
    let steps = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|word| runtime::last(image, word));
    let line = steps.into_iter().find_map(|step| {
        let text = shell_line(step)?;
        (!has_exec(&text)).then(|| format!("The shell in line {}", image.line(step)))
    });
    line.or_else(|| {
        let known = start_scripts::known(cx, image);
        let (name, text) = known.into_iter().next()?;
        (is_for_shell(&name, text) && !has_exec(text)).then_some(name)
    })
}

/// Whether a shell reads a script: by its first line, or by its name where that says nothing.
fn is_for_shell(name: &str, text: &str) -> bool {
    let first = text.lines().next().and_then(|line| line.strip_prefix("#!"));
    match first {
        Some(line) => line.split_whitespace().any(|word| programs::is_shell(path::name(word))),
        None => !path::name(name).contains('.') || name.ends_with("sh"),
    }
}

/// The line that a shell reads when the instruction starts one.
fn shell_line(step: &Instruction) -> Option<String> {
    let Some(words) = &step.json else {
        // Shells become the one command that a line holds.
        let is_one = Script::parse_str(&step.body.text).items.len() == 1;
        return (!is_one).then(|| step.body.text.clone());
    };
    let shell = words.iter().position(|word| programs::is_shell(&word.text))?;
    let option = words.get(shell + 1).filter(|word| word.text.starts_with('-') && word.text.ends_with('c'));
    option.and_then(|_| words.get(shell + 2)).map(|word| word.text.clone())
}

/// Whether a line of the text starts a command with `exec`.
fn has_exec(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split(['&', ';', '|', '(', '{'])).any(|part| {
        let mut words = part.split_whitespace().map(|word| word.trim_start_matches('"'));
        matches!(words.find(|word| !matches!(*word, "then" | "else" | "do")), Some("exec"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_starts_a_command() {
        for text in ["exec a", "#!/bin/sh\nset -e\n  exec \"$@\"\n", "a && exec b", "if a; then exec b; fi"] {
            assert!(has_exec(text), "{text}");
        }
        for text in ["a", "# exec a\nb", "docker exec a", "a && b exec"] {
            assert!(!has_exec(text), "{text}");
        }
    }
}
