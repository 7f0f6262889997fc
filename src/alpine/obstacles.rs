//! What in a Dockerfile has no place on Alpine: found before anything is translated.

use super::{downloads, installers};
use crate::{
    docker::image::official_name,
    docker::{Instruction, Keyword},
    facts::packages,
    reason::Reason,
    shell::{Command, Script},
    source::Span,
};

/// Commands that only Debian has, with the trap that tells more.
const DEBIAN_COMMANDS: [(&str, &str); 42] = [
    ("add-apt-repository", "PKG-03"),
    ("apt-add-repository", "PKG-03"),
    ("apt-key", "PKG-03"),
    ("dpkg", "PKG-04"),
    ("gdebi", "PKG-04"),
    ("dpkg-reconfigure", "PKG-12"),
    ("dpkg-divert", "PKG-12"),
    ("debconf-set-selections", "PKG-12"),
    ("update-alternatives", "PKG-12"),
    ("locale-gen", "BASE-23"),
    ("update-locale", "BASE-23"),
    ("localedef", "BASE-23"),
    ("systemctl", "PKG-14"),
    ("service", "PKG-14"),
    ("cron", "PKG-13"),
    ("conda", "BASE-09"),
    ("mamba", "BASE-09"),
    ("playwright", "BASE-07"),
    ("netcat", "PKG-17"),
    ("kafkacat", "PKG-17"),
    ("tailf", "PKG-17"),
    ("sudo", "PKG-17"),
    ("chfn", "PKG-17"),
    ("choom", "PKG-17"),
    ("chrt", "PKG-17"),
    ("faillog", "PKG-17"),
    ("findmnt", "PKG-17"),
    ("infocmp", "PKG-17"),
    ("ischroot", "PKG-17"),
    ("lastlog", "PKG-17"),
    ("lsns", "PKG-17"),
    ("mawk", "PKG-17"),
    ("mcookie", "PKG-17"),
    ("namei", "PKG-17"),
    ("newusers", "PKG-17"),
    ("prlimit", "PKG-17"),
    ("savelog", "PKG-17"),
    ("sg", "PKG-17"),
    ("tempfile", "PKG-17"),
    ("tic", "PKG-17"),
    ("tput", "PKG-17"),
    ("tset", "PKG-17"),
];

/// Options that no package brings under the same name: the command, the option, and the trap.
const DEBIAN_OPTIONS: [(&str, &str, &str); 4] = [
    ("hostname", "-I", "PKG-16"),
    ("hostname", "--all-ip-addresses", "PKG-16"),
    ("hostname", "-A", "PKG-16"),
    ("run-parts", "--regex", "PKG-16"),
];

/// An option of a command that Alpine's programs do not have, whatever is installed.
pub(super) fn debian_option(command: &Command) -> Option<Reason> {
    let has = |option: &str| {
        command.arguments().any(|word| word == option || word.split('=').next() == Some(option))
    };
    let known = DEBIAN_OPTIONS.iter().find(|(name, option, _)| *name == command.name() && has(option));
    known.map(|(name, option, trap)| {
        Reason::known(trap, command.span, format!("`{name} {option}`, an option that Alpine does not have"))
    })
}

/// Escapes that Debian's sh reads in what echo gets, and Alpine's does not.
///
/// dash follows POSIX with XSI; busybox's echo reads them after `-e` alone. bash does neither.
pub(super) fn escaped_echo(command: &Command) -> Option<Reason> {
    let has_escape = |word: &str| {
        let quoted = word.contains(['"', '\'']);
        quoted && ["\\n", "\\t", "\\r", "\\c", "\\0"].iter().any(|escape| word.contains(escape))
    };
    let mut words = command.words.iter().skip(1);
    let reads_anyway =
        command.words.get(1).is_some_and(|word| word.raw.starts_with("-e") || word.raw == "-ne");
    let is_such = command.name() == "echo" && !reads_anyway && words.any(|word| has_escape(&word.raw));
    let what = "`echo` with a backslash, which Alpine's sh prints as it is";
    is_such.then(|| Reason::known("PKG-16", command.span, what))
}

/// What tells of Debian's release, and is something else on Alpine or nothing.
const RELEASE: [&str; 5] =
    ["/etc/debian_version", "/etc/lsb-release", "lsb_release", "VERSION_CODENAME", "/var/lib/dpkg"];

/// The obstacles of one instruction, apart from packages and accounts.
pub fn of_instruction(instruction: &Instruction, text: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    let body = instruction.body.text.as_str();
    if ["x86_64-linux-gnu", "aarch64-linux-gnu"].iter().any(|path| body.contains(path)) {
        let what = "a multi-arch library path that Alpine does not have";
        found.push(Reason::known("BASE-21", instruction.span, what));
    }
    match instruction.keyword {
        Keyword::Run => run(instruction, text, &mut found),
        Keyword::Onbuild => {
            let what = "ONBUILD, which runs in builds that nobody sees from here";
            found.push(Reason::known("MS-18", instruction.span, what));
        }
        Keyword::Env | Keyword::Arg => environment(instruction, &mut found),
        Keyword::Copy | Keyword::Add => copied(instruction, &mut found),
        _ => {}
    }
    found
}

fn environment(instruction: &Instruction, found: &mut Vec<Reason>) {
    for pair in &instruction.pairs {
        if pair.name == "LD_PRELOAD" {
            let what = "LD_PRELOAD names a library by its Debian path";
            found.push(Reason::known("BASE-20", pair.span, what));
        }
        let url = pair.value.as_deref().filter(|value| value.contains("://"));
        let what = url.and_then(|url| downloads::program(url.trim_matches(['"', '\''])));
        found.extend(what.map(|reason| reason.at(pair.span)));
    }
}

fn copied(instruction: &Instruction, found: &mut Vec<Reason>) {
    let sources = instruction.words.iter().rev().skip(1);
    for source in sources.filter(|source| source.text.ends_with(".deb")) {
        found.push(Reason::known("PKG-04", source.span, "a .deb file"));
    }
    for source in
        instruction.words.iter().filter(|word| word.text.ends_with(".whl") || word.text == "wheels/")
    {
        found.push(Reason::known("FILE-24", source.span, "wheels that were made elsewhere"));
    }
    let remote = instruction
        .words
        .first()
        .filter(|word| instruction.keyword == Keyword::Add && word.text.contains("://"));
    if let Some(word) = remote {
        found.extend(downloads::file(&word.text).map(|reason| reason.at(word.span)));
    }
}

fn run(instruction: &Instruction, text: &str, found: &mut Vec<Reason>) {
    let script = Script::of(instruction, text);
    if let Some(why) = &script.unreadable {
        found.push(unreadable(instruction, text, why));
        return;
    }
    for command in &script.commands {
        found.extend(of_command(command, text));
    }
    if let Some(name) = RELEASE.iter().find(|name| instruction.span.of(text).contains(**name)) {
        let what = format!("{name}, which tells of a release of Debian and not of Alpine");
        found.push(Reason::known("PKG-12", instruction.span, what));
    }
    for (index, item) in script.items.iter().enumerate().filter(|(_, item)| item.command.is_none()) {
        let inner = script.commands_in(index);
        let fetches = inner.iter().any(|command| matches!(command.name(), "curl" | "wget"));
        let runs = inner.iter().any(|command| matches!(command.name(), "sh" | "bash" | "python" | "python3"));
        if fetches && runs && item.span.of(text).contains('|') {
            found.extend(installers::fetched(item.span, text));
        }
    }
}

/// The name of a command that only Debian has, with the trap that tells more.
pub(super) fn debian_command(name: &str, span: Span) -> Option<Reason> {
    let (_, trap) = DEBIAN_COMMANDS.iter().find(|(known, _)| *known == name)?;
    Some(Reason::known(trap, span, format!("`{name}`, which Alpine does not have")))
}

/// A RUN of which no command is known; where it speaks of Debian's package manager, nobody could translate it.
fn unreadable(instruction: &Instruction, text: &str, why: &str) -> Reason {
    let what = format!("a RUN that cannot be read as a shell script ({why})");
    let is_of_debian =
        instruction.span.of(text).lines().any(|line| super::lines::debian_word(line).is_some());
    match is_of_debian {
        true => Reason::known("PKG-31", instruction.span, what),
        false => Reason::doubt("PKG-31", instruction.span, what),
    }
}

fn of_command(command: &Command, text: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    let name = command.name();
    found.extend(debian_command(name, command.span).into_iter().chain(debian_option(command)));
    if name.starts_with("/etc/init.d/") {
        let what = format!("`{name}`, a start script of Debian's");
        found.push(Reason::known("PKG-14", command.span, what));
    }
    if command.words.first().is_some_and(|word| word.literal.is_none()) {
        let what = format!("what `{}` runs is not known", command.words[0].raw);
        found.push(Reason::doubt("PKG-31", command.span, what));
    }
    let writes_sources = command.redirects.iter().any(|span| span.of(text).contains("/etc/apt"));
    if writes_sources || command.arguments().any(|word| word.contains("sources.list")) {
        found.push(Reason::known("PKG-03", command.span, "an apt repository of a third party"));
    }
    if packages::is_apt(command) && !packages::is_apt_companion(command) {
        let verb = packages::subcommand(command).map_or("", |word| word.text());
        let is_removal = matches!(verb, "purge" | "remove") && command.is_item;
        if is_removal {
            // Translated with the packages, or refused there.
        } else if verb != "install" {
            let what = format!("`{name} {verb}` has no counterpart");
            found.push(Reason::known("PKG-11", command.span, what));
        } else if !command.is_item {
            let what = format!("`{name} install` inside another command");
            found.push(Reason::known("PKG-11", command.span, what));
        }
    }
    let values = command.assignments.iter().map(|word| word.text());
    for word in command.arguments().chain(values).filter(|word| word.contains("://")) {
        found.extend(downloads::program(word).map(|reason| reason.at(command.span)));
    }
    if found.is_empty() {
        found.extend(downloads::fetched(command));
    }
    found
}

/// Why an image that files are copied from does not fit Alpine.
pub fn of_copied_image(image: &str, span: Span) -> Option<Reason> {
    let static_images = ["ghcr.io/astral-sh/uv", "astral/uv"];
    let name = image.split([':', '@']).next().unwrap_or(image);
    let is_fine =
        static_images.contains(&name) || image.contains("alpine") || official_name(name) == Some("busybox");
    let what = format!("files copied from {image}, which may need glibc");
    (!is_fine).then(|| Reason::doubt("MS-23", span, what))
}
