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
