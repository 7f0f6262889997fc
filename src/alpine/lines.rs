//! Command lines however they are wrapped: what other checks see only as the first word of a command.
//!
//! A shell, an installer or a program of Debian may be named inside `sh -c`, after `timeout` or `xargs`, in a
//! script without an ending, in a settings file or in package.json. Nothing here is parsed as a command: a word that
//! may be one counts.

use std::cell::OnceCell;

use super::{
    downloads, places,
    stage::Translated,
    texts::{self, GOSU, Lines, words},
};
use crate::{
    docker::{Instruction, Keyword},
    facts::{Context, ImageView, commands::Standing, evidence, node, python},
    knowledge::AlpineBranch,
    reason::Reason,
    shell::Script,
    source::Span,
    workspace::path,
};

/// From this branch on `/usr/bin/bash` is the bash of the package: /bin and /usr/bin are one folder.
const MERGED: AlpineBranch = AlpineBranch::new(3, 23);

/// Where the packages of Debian and of Alpine have tini.
pub(super) const TINI: (&str, &str) = ("/usr/bin/tini", "/sbin/tini");

/// Installers, and the words after which they install.
const INSTALLERS: [(&str, &[&str]); 8] = [
    ("pip", &["install", "download"]),
    ("pip3", &["install", "download"]),
    ("uv", &["install", "sync", "add"]),
    ("poetry", &["install", "add"]),
    ("pipenv", &["install", "sync"]),
    ("npm", &["ci", "install", "i", "add"]),
    ("yarn", &["install", "add"]),
    ("pnpm", &["install", "i", "add"]),
];

/// Programs of Debian's package manager.
const OF_DEBIAN: [&str; 14] = [
    "apt",
    "apt-get",
    "apt-cache",
    "apt-config",
    "apt-key",
    "apt-mark",
    "aptitude",
    "debconf-set-selections",
    "dpkg",
    "dpkg-deb",
    "dpkg-query",
    "dpkg-reconfigure",
    "invoke-rc.d",
    "update-rc.d",
];

/// Adds to `out` what those lines need on `branch`.
pub(super) fn look(
    cx: &Context,
    image: &ImageView,
    (standing, branch): (&Standing, AlpineBranch),
    out: &mut Translated,
) {
    let all = texts::all(cx, image, standing);
    out.reasons.extend(run_scripts(cx, image, &all));
    for lines in all {
        shell(&lines, branch, out);
        if let Some(run) = lines.run {
            installs_in_step(image, (run, &lines), out);
            continue;
        }
        for (number, line) in lines.text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
            let origin = lines.name.as_ref().map(|name| format!("{name}:{}", number + 1));
            for reason in of_line(&lines, line) {
                take(
                    Reason { file: lines.within, ..reason.at(lines.span).perhaps_from(origin.clone()) },
                    out,
                );
            }
        }
    }
}

/// Keeps a reason of a line, unless its place or its file has told the same already.
fn take(reason: Reason, out: &mut Translated) {
    let is_told = |known: &Reason| {
        let is_same_line =
            reason.origin.is_some() && known.origin == reason.origin && known.trap == reason.trap;
        // One such line of a file says enough.
        let is_same_kind = (known.file, known.span) == (reason.file, reason.span)
            && known.trap == INSTALLS
            && reason.trap == INSTALLS;
        is_same_line || is_same_kind
    };
    if !out.reasons.iter().any(is_told) {
        out.reasons.push(reason);
    }
}

/// The trap of packages that are installed unseen.
const INSTALLS: &str = "BASE-44";

/// What speaks against a line.
fn of_line(lines: &Lines, line: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    let known = |trap, what: String| Reason::known(trap, lines.span, what);
    if let Some(name) = debian_word(line) {
        found.push(known("FILE-09", format!("`{name}`, which Alpine does not have")));
    }
    if let Some(path) = places::of_debian(line).filter(|_| lines.name.is_some()) {
        found.push(places::foreign(path, lines.span));
    }
    if let Some(path) = words(line).find(|word| [TINI.0, GOSU].contains(word)).filter(|_| !lines.is_moved) {
        found.push(known("CMD-04", format!("{path} stands elsewhere on Alpine")));
    }
    let fetched = line.split(char::is_whitespace).filter(|word| word.contains("://"));
    found.extend(fetched.filter_map(|url| downloads::program(url.trim_matches(['"', '\'']))));
    found.extend(installer(line).map(|installer| unseen(&installer, lines.span)));
    found
}

/// That packages are installed of which nobody knows whether they fit.
fn unseen(installer: &str, span: Span) -> Reason {
    Reason::doubt(INSTALLS, span, format!("`{installer}` installs packages that are not looked at"))
}

/// The name of a program of Debian's package manager in a line that is no comment.
pub(super) fn debian_word(line: &str) -> Option<&str> {
    words(line).map(path::name).find(|word| OF_DEBIAN.contains(word)).filter(|_| !is_comment(line))
}

/// Scripts of a package.json that nothing tells of, and programs for which uv installs when it starts them.
fn run_scripts(cx: &Context, image: &ImageView, all: &[Lines]) -> Vec<Reason> {
    let views = || (0..image.dockerfile.stages.len()).map(|index| image.at(index));
    // Asked for many lines, answered once.
    let read = OnceCell::new();
    let is_read =
        || *read.get_or_init(|| views().any(|view| matches!(evidence::node_project(cx, &view), Some(Ok(_)))));
    let installs = |view: ImageView| {
        let mut runs = view.instructions().iter().filter(|step| step.keyword == Keyword::Run);
        runs.any(|step| !python::project::installs(view.script(step)).is_empty())
    };
    let installed = OnceCell::new();
    let mut found = Vec::new();
    for lines in all {
        let commands = Script::parse_str(&lines.text).commands;
        let is_script = |command: &crate::shell::Command| {
            matches!(node::action(command), Some((_, node::Action::RunsScript(_))))
        };
        if let Some(command) = commands.iter().find(|command| is_script(command)).filter(|_| !is_read()) {
            let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
            let what =
                format!("what `{}` runs, and needs, is not known: no step installs it", words.join(" "));
            found.push(Reason { file: lines.within, ..Reason::doubt(INSTALLS, lines.span, what) });
        }
        let uv = |command: &&crate::shell::Command| {
            command.name() == "uv" && command.arguments().next() == Some("run")
        };
        if commands.iter().any(|command| uv(&command)) && !*installed.get_or_init(|| views().any(installs)) {
            found.push(Reason { file: lines.within, ..unseen("uv run", lines.span) });
        }
    }
    found
}

/// What a line that names bash needs.
fn shell(lines: &Lines, branch: AlpineBranch, out: &mut Translated) {
    for line in lines.text.lines().filter(|line| !is_comment(line) || line.starts_with("#!")) {
        for part in line.split(['&', ';', '|']) {
            let makes_account =
                words(part).any(|word| matches!(word, "useradd" | "adduser" | "usermod" | "chsh"));
            let mut named = words(part).filter(|word| path::name(word.trim_start_matches("#!")) == "bash");
            let Some(word) = named.next().filter(|_| !makes_account) else { continue };
            let what = lines.name.clone().unwrap_or_else(|| word.to_owned());
            if word.ends_with("/usr/bin/bash") && branch < MERGED {
                let what = format!("{what} asks for /usr/bin/bash, and Alpine {branch} has it in /bin");
                let reason = Reason::known("PKG-19", lines.span, what);
                out.reasons.push(Reason { file: lines.within, ..reason });
            }
            out.needs.push(("bash".to_owned(), what));
        }
    }
}

/// Installations in a RUN that are no commands of it: inside `sh -c`, or after xargs.
fn installs_in_step(image: &ImageView, (run, lines): (&Instruction, &Lines), out: &mut Translated) {
    let script = image.script(run);
    let known = python::pip_installs(script).len()
        + python::project::installs(script).len()
        + script.commands.iter().filter(|command| installs_by_node(command)).count();
    // What empties a cache installs nothing, whatever words follow.
    let clears_cache = |part: &str| words(part).nth(1) == Some("cache");
    let parts =
        lines.text.split(['&', ';', '|', '\n']).filter(|part| !is_comment(part) && !clears_cache(part));
    let named: Vec<String> = parts.filter_map(installer).collect();
    if named.len() > known {
        out.reasons.push(unseen(&named[named.len() - 1], lines.span));
    }
}

fn installs_by_node(command: &crate::shell::Command) -> bool {
    matches!(
        node::action(command),
        Some((_, node::Action::Installs { .. } | node::Action::InstallsGlobally(_)))
    )
}

/// The installer that a line calls, with the word after which it installs.
fn installer(line: &str) -> Option<String> {
    let mut words =
        words(line).skip_while(|word| !INSTALLERS.iter().any(|(name, _)| *name == path::name(word)));
    let name = path::name(words.next()?);
    let (_, verbs) = INSTALLERS.iter().find(|(known, _)| *known == name)?;
    let verb = words.find(|word| verbs.contains(word))?;
    Some(format!("{name} {verb}"))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_debian_are_words() {
        for line in
            ["xargs apt-get install -y", "bash -c \"apt update\"", "/usr/bin/dpkg -i a", "$(apt-mark x)"]
        {
            assert!(debian_word(line).is_some(), "{line}");
        }
        for line in ["rm -rf /var/lib/apt/lists/*", "echo adapt", "apk add a", "/etc/apt/a"] {
            assert_eq!(debian_word(line), None, "{line}");
        }
    }

    #[test]
    fn installers_stand_before_their_verb() {
        for line in
            ["pip install x", "sh -c 'pip3 install -r r'", "xargs -n 1 pip install", "uv pip install x"]
        {
            assert!(installer(line).is_some(), "{line}");
        }
        for line in ["pip --version", "npm start", "install -d /x", "apk add py3-pip", "npm run build"] {
            assert_eq!(installer(line), None, "{line}");
        }
    }
}
