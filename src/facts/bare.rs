//! Commands that start a shell or an interpreter and give it nothing to do.

use super::programs::is_shell;
use crate::workspace::path;

/// What such a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// A shell.
    Shell,
    /// An interpreter, such as `python`.
    Interpreter,
    /// A program that tells its version or its options.
    Tells,
}

/// Interpreters that read what to do where they are started alone.
const INTERPRETERS: [&str; 6] = ["fish", "ipython", "irb", "node", "python", "python3"];

/// Words that give a program nothing to do.
const IDLE: [&str; 8] = ["--help", "--login", "--version", "-V", "-h", "-i", "-l", "-v"];

/// Whether `words`, which may begin with an init, do nothing by themselves: the program, and what it is.
pub fn bare(words: &[String]) -> Option<(&str, Bare)> {
    let is_init = |word: &&String| matches!(path::name(word), "--" | "dumb-init" | "tini");
    let mut own = words.iter().skip_while(is_init);
    let first = own.next()?;
    let (name, mut rest) = (path::name(first), own.peekable());
    let has_options = rest.peek().is_some();
    if !rest.all(|word| IDLE.contains(&word.as_str())) {
        return None;
    }
    let kind = match name {
        _ if is_shell(name) => Bare::Shell,
        _ if INTERPRETERS.contains(&name) => Bare::Interpreter,
        _ if has_options => Bare::Tells,
        _ => return None,
    };
    Some((first, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_do() {
        let kind = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            bare(&words).map(|(_, kind)| kind)
        };
        assert_eq!(kind("/usr/bin/tini -- /bin/bash -l"), Some(Bare::Shell));
        assert_eq!(kind("python3"), Some(Bare::Interpreter));
        assert_eq!(kind("poetry --version"), Some(Bare::Tells));
        for line in ["python app.py", "gunicorn", "sh -c x", "bash start.sh"] {
            assert_eq!(kind(line), None, "{line}");
        }
    }
}
