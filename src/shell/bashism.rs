//! What bash knows and Alpine's ash does not.
//!
//! Measured on busybox 1.37 built with Alpine's configuration: ash knows `[[ ]]`, `source`, `pipefail`,
//! `function` and `<( )`; it does not know what this module looks for.

use super::Script;

const BASH_ONLY_COMMANDS: [&str; 12] = [
    "declare",
    "typeset",
    "shopt",
    "mapfile",
    "readarray",
    "pushd",
    "popd",
    "dirs",
    "disown",
    "coproc",
    "enable",
    "compgen",
];

const BASH_ONLY_TEXT: [(&str, &str); 10] = [
    ("<<<", "a here string"),
    ("^^}", "${x^^}"),
    (",,}", "${x,,}"),
    ("=(", "an array"),
    ("[@]}", "an array"),
    ("|&", "|&"),
    ("BASH_SOURCE", "BASH_SOURCE"),
    ("PIPESTATUS", "PIPESTATUS"),
    ("/dev/tcp/", "/dev/tcp"),
    ("${!", "indirect expansion"),
];

/// As [`find`], for what bash runs: also what dash, and so a script for sh, would not understand either.
pub fn find_in_bash(source: &str) -> Option<String> {
    find(source).or_else(|| {
        let marks = [
            "EUID",
            "@Q}",
            "^}",
            ",}",
            "printf -v",
            "[[ -v",
            "read -a",
            "local -n",
            "set -E",
            "set -o errtrace",
        ];
        let mark = marks.into_iter().find(|mark| source.contains(mark));
        let is_trap = || {
            Script::parse_str(source).commands.iter().any(|command| {
                command.name() == "trap"
                    && command.arguments().any(|word| matches!(word, "ERR" | "DEBUG" | "RETURN"))
            })
        };
        let name = mark.map(str::to_owned);
        let name = name.or_else(|| has_arithmetic_command(source).then(|| "(( ))".to_owned()));
        let name = name.or_else(|| brace_expansion(source).map(str::to_owned));
        name.or_else(|| is_trap().then(|| "trap ERR".to_owned()))
    })
}

/// Whether `((` stands where a command may: `$((` is known to every shell.
fn has_arithmetic_command(source: &str) -> bool {
    source.match_indices("((").any(|(at, _)| !source[..at].ends_with(['$', '(']))
}

/// A word such as `a/{b,c}` or `{1..3}`, not quoted.
fn brace_expansion(source: &str) -> Option<&str> {
    let is_expanded = |word: &&str| {
        let Some((before, rest)) = word.split_once('{') else { return false };
        let Some((inner, _)) = rest.split_once('}') else { return false };
        let is_list = inner.contains(',') || inner.contains("..");
        !before.ends_with('$') && !word.contains(['"', '\'', '\\']) && is_list
    };
    source.split_whitespace().find(is_expanded)
}

/// The first thing in `source` that ash does not understand, named for a reader.
pub fn find(source: &str) -> Option<String> {
    let code: String = source.lines().filter(|line| !line.trim_start().starts_with('#')).fold(
        String::with_capacity(source.len()),
        |mut code, line| {
            code.push_str(line);
            code.push('\n');
            code
        },
    );
    let text = BASH_ONLY_TEXT.iter().find(|(mark, _)| code.contains(mark));
    if let Some((_, name)) = text {
        return Some((*name).to_owned());
    }
    let script = Script::parse_str(&code);
    script.commands.iter().find_map(|command| {
        let name = command.name();
        let is_export_f = name == "export" && command.arguments().any(|word| word == "-f");
        let is_printf_q = name == "printf" && command.arguments().any(|word| word.contains("%q"));
        (BASH_ONLY_COMMANDS.contains(&name) || is_export_f || is_printf_q).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_expands_more_than_ash() {
        for line in [
            "mkdir -p data/{raw,clean}",
            "echo {1..3}",
            "for ((i = 0; i < 3; i++)); do a; done",
            "((a++))",
            "[[ -v HOME ]]",
            "trap 'echo a' ERR",
            "test $EUID = 0",
        ] {
            assert!(find_in_bash(line).is_some(), "{line}");
        }
        for line in [
            "echo $((1 + 2))",
            "echo ${A}",
            "awk '{print $1,$2}' a",
            "grep -E 'a{1,3}' b",
            "a | b && c",
            "echo \"{a,b}\"",
        ] {
            assert_eq!(find_in_bash(line), None, "{line}");
        }
    }
}
