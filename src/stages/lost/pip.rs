//! Programs that install packages when they run, with the pip of their interpreter.

use crate::{facts::python, workspace::path};

/// Programs that start pip, and the word after them that makes them do so.
const CALLERS: [(&str, &str); 5] = [
    ("az", "extension"),
    ("az", "upgrade"),
    ("mim", "install"),
    ("opentelemetry-bootstrap", "install"),
    ("spacy", "download"),
];

const VERBS: [&str; 10] =
    ["install", "uninstall", "download", "wheel", "list", "freeze", "show", "check", "cache", "config"];

/// The first of the words that is pip or starts it.
pub(in crate::stages) fn caller<'w>(words: &[&'w str]) -> Option<&'w str> {
    let calls = |at: &usize| {
        let (name, rest) = (path::name(words[*at]), &words[at + 1..]);
        // What takes the base image's own pip away leaves the environment alone.
        let mut operands = rest.iter().skip(1).filter(|word| !word.starts_with('-'));
        let takes_away = rest.first() == Some(&"uninstall")
            && operands.next().is_some_and(|name| matches!(*name, "pip" | "setuptools" | "wheel"));
        if takes_away && matches!(name, "pip" | "pip3") {
            return false;
        }
        let is_module = *at > 0 && words[at - 1] == "-m";
        let has_verb = rest.first().is_some_and(|next| next.starts_with('-') || VERBS.contains(next));
        let is_pip = python::is_pip(name) && (is_module || has_verb);
        let is_caller = |(caller, verb): &(&str, &str)| {
            *caller == name && rest.iter().take(3).any(|word| word.ends_with(verb))
        };
        is_pip || name == "pip-sync" || CALLERS.iter().any(is_caller)
    };
    (0..words.len()).find(calls).map(|at| words[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_is_called_in_several_ways() {
        let called = |line: &'static str| caller(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(called("python -m pip"), Some("pip"));
        assert_eq!(called("/usr/bin/pip3 -q install x"), Some("/usr/bin/pip3"));
        assert_eq!(called("opentelemetry-bootstrap -a install"), Some("opentelemetry-bootstrap"));
        assert_eq!(called("python -m spacy download en"), Some("spacy"));
        assert_eq!(called("rm -rf pip"), None);
        assert_eq!(called("spacy info"), None);
    }
}
