//! Commands of a RUN that the builder reads as something else once they stand alone or come first.
//!
//! A pass that takes out the commands around one must not turn it into a flag of RUN, an exec form or a
//! here-document.

use super::{Command, Script};
use crate::docker::exec_form::{self, Json};

/// Why the commands of `script` must stay where they are; `text` is the file that holds it.
pub(super) fn danger(script: &Script, text: &str) -> Option<&'static str> {
    let of_item = |index: usize| {
        let item = script.items[index].span.of(text);
        if item.starts_with("--") {
            return Some("a command in it starts like a flag of RUN");
        }
        let has_words = || script.command_of(index).is_some_and(|command| !command.words.is_empty());
        // The first command stands there already, and a program of its own tells that the document is its input.
        if item.starts_with("<<") && (index > 0 || !has_words()) {
            return Some("a command in it starts with a here-document");
        }
        let command = script.command_of(index).filter(|_| item.starts_with('['))?;
        is_exec_form(command).then_some("a command in it reads as an exec form")
    };
    (0..script.items.len()).find_map(of_item)
}

/// Whether `command`, all of RUN, would be a list of strings: `[ "$NAME" ]`.
fn is_exec_form(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
    exec_form::json(&words.join(" ")) != Json::Not
}

#[cfg(test)]
mod tests {
    use crate::{docker, shell::Script};

    fn unreadable(run: &str) -> Option<String> {
        let text = format!("FROM a\nRUN {run}\n");
        let file = docker::parse(&text).unwrap();
        Script::of(&file.instructions[1], &text).unreadable.clone()
    }

    #[test]
    fn a_command_that_would_read_as_a_flag_stays() {
        assert_eq!(
            unreadable("apt-get update && \\\n    --no-install-recommends gcc").unwrap(),
            "a command in it starts like a flag of RUN"
        );
        assert_eq!(unreadable("apt-get update && a --no-install-recommends"), None);
    }

    #[test]
    fn a_test_that_would_read_as_an_exec_form_stays() {
        let what = "a command in it reads as an exec form";
        assert_eq!(unreadable("apt-get update && [ \"$A\" ]").unwrap(), what);
        assert_eq!(unreadable("[ \"$A\" \\\n ] && apt-get update").unwrap(), what);
        assert_eq!(unreadable("apt-get update && [ \"$A\" = b ]"), None);
        assert_eq!(unreadable("apt-get update && [ -n \"$A\" ]"), None);
    }

    #[test]
    fn a_here_document_that_would_come_first_stays() {
        assert!(unreadable("apt-get update && <<EOF cat\na\nEOF").is_some());
    }
}
