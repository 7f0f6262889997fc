//! What in a Dockerfile has no place on Alpine: found before anything is translated.

use super::downloads;
use crate::{
    docker::image::official_name,
    docker::{Instruction, Keyword},
    facts::packages,
    shell::{Command, Script},
    source::Span,
};

/// Something that keeps a file on Debian, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The place.
    pub span: Span,
    /// What and why, with the trap's id.
    pub what: String,
}

impl Obstacle {
    /// An obstacle at `span`.
    pub fn new(span: Span, what: impl Into<String>) -> Self {
        Self { span, what: what.into() }
    }
}

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
pub(super) fn debian_option(command: &Command) -> Option<String> {
    let has = |option: &str| {
        command.arguments().any(|word| word == option || word.split('=').next() == Some(option))
    };
    let known = DEBIAN_OPTIONS.iter().find(|(name, option, _)| *name == command.name() && has(option));
    known.map(|(name, option, trap)| format!("`{name} {option}` ({trap})"))
}

/// Escapes that Debian's sh reads in what echo gets, and Alpine's does not.
///
/// dash follows POSIX with XSI; busybox's echo reads them after `-e` alone. bash does neither.
pub(super) fn escaped_echo(command: &Command) -> Option<String> {
    let has_escape = |word: &str| {
        let quoted = word.contains(['"', '\'']);
        quoted && ["\\n", "\\t", "\\r", "\\c", "\\0"].iter().any(|escape| word.contains(escape))
    };
    let mut words = command.words.iter().skip(1);
    let reads_anyway =
        command.words.get(1).is_some_and(|word| word.raw.starts_with("-e") || word.raw == "-ne");
    let is_such = command.name() == "echo" && !reads_anyway && words.any(|word| has_escape(&word.raw));
    is_such.then(|| "`echo` with a backslash, which Alpine's sh prints as it is (PKG-16)".to_owned())
}

/// What tells of Debian's release, and is something else on Alpine or nothing.
const RELEASE: [&str; 5] =
    ["/etc/debian_version", "/etc/lsb-release", "lsb_release", "VERSION_CODENAME", "/var/lib/dpkg"];

/// The obstacles of one instruction, apart from packages and accounts.
pub fn of_instruction(instruction: &Instruction, text: &str) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let body = instruction.body.text.as_str();
    if ["x86_64-linux-gnu", "aarch64-linux-gnu"].iter().any(|path| body.contains(path)) {
        found.push(Obstacle::new(
            instruction.span,
            "a multi-arch library path that Alpine does not have (BASE-21)",
        ));
    }
    match instruction.keyword {
        Keyword::Run => run(instruction, text, &mut found),
        Keyword::Onbuild => found.push(Obstacle::new(instruction.span, "ONBUILD (MS-18)")),
        Keyword::Env | Keyword::Arg => environment(instruction, &mut found),
        Keyword::Copy | Keyword::Add => copied(instruction, &mut found),
        _ => {}
    }
    found
}

fn environment(instruction: &Instruction, found: &mut Vec<Obstacle>) {
    for pair in &instruction.pairs {
        if pair.name == "LD_PRELOAD" {
            found.push(Obstacle::new(pair.span, "LD_PRELOAD names a library by its Debian path (BASE-20)"));
        }
        let url = pair.value.as_deref().filter(|value| value.contains("://"));
        let what = url.and_then(|url| downloads::program(url.trim_matches(['"', '\''])));
        found.extend(what.map(|what| Obstacle::new(pair.span, what)));
    }
}

fn copied(instruction: &Instruction, found: &mut Vec<Obstacle>) {
    let sources = instruction.words.iter().rev().skip(1);
    for source in sources.filter(|source| source.text.ends_with(".deb")) {
        found.push(Obstacle::new(source.span, "a .deb file (PKG-04)"));
    }
    for source in
        instruction.words.iter().filter(|word| word.text.ends_with(".whl") || word.text == "wheels/")
    {
        found.push(Obstacle::new(source.span, "wheels that were made elsewhere (FILE-24)"));
    }
    let remote = instruction
        .words
        .first()
        .filter(|word| instruction.keyword == Keyword::Add && word.text.contains("://"));
    if let Some(word) = remote {
        found.extend(downloads::file(&word.text).map(|what| Obstacle::new(word.span, what)));
    }
}

fn run(instruction: &Instruction, text: &str, found: &mut Vec<Obstacle>) {
    let script = Script::of(instruction, text);
    if let Some(why) = &script.unreadable {
        found.push(Obstacle::new(
            instruction.span,
            format!("a RUN that cannot be read as a shell script ({why})"),
        ));
        return;
    }
    for command in &script.commands {
        found.extend(of_command(command, text));
    }
    if let Some(name) = RELEASE.iter().find(|name| instruction.span.of(text).contains(**name)) {
        let what = format!("{name}, which tells of a release of Debian and not of Alpine");
        found.push(Obstacle::new(instruction.span, what));
    }
    for (index, item) in script.items.iter().enumerate().filter(|(_, item)| item.command.is_none()) {
        let inner = script.commands_in(index);
        let fetches = inner.iter().any(|command| matches!(command.name(), "curl" | "wget"));
        let runs = inner.iter().any(|command| matches!(command.name(), "sh" | "bash" | "python" | "python3"));
        if fetches && runs && item.span.of(text).contains('|') {
            found.push(Obstacle::new(
                item.span,
                "an installer fetched from the network and run unseen (PKG-20)",
            ));
        }
    }
}

/// The name of a command that only Debian has, with the trap that tells more.
pub(super) fn debian_command(name: &str) -> Option<String> {
    let (_, trap) = DEBIAN_COMMANDS.iter().find(|(known, _)| *known == name)?;
    Some(format!("`{name}` ({trap})"))
}

fn of_command(command: &Command, text: &str) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let name = command.name();
    let told = debian_command(name).into_iter().chain(debian_option(command));
    found.extend(told.map(|what| Obstacle::new(command.span, what)));
    if name.starts_with("/etc/init.d/") {
        found.push(Obstacle::new(command.span, format!("`{name}`, a start script of Debian's (PKG-14)")));
    }
    if command.words.first().is_some_and(|word| word.literal.is_none()) {
        let what = format!("cannot tell what `{}` runs", command.words[0].raw);
        found.push(Obstacle::new(command.span, what));
    }
    let writes_sources = command.redirects.iter().any(|span| span.of(text).contains("/etc/apt"));
    if writes_sources || command.arguments().any(|word| word.contains("sources.list")) {
        found.push(Obstacle::new(command.span, "an apt repository of a third party (PKG-03)"));
    }
    if packages::is_apt(command) && !packages::is_apt_companion(command) {
        let verb = packages::subcommand(command).map_or("", |word| word.text());
        let is_removal = matches!(verb, "purge" | "remove") && command.is_item;
        if is_removal {
            // Translated with the packages, or refused there.
        } else if verb != "install" {
            found.push(Obstacle::new(command.span, format!("`{name} {verb}` (PKG-11)")));
        } else if !command.is_item {
            found.push(Obstacle::new(
                command.span,
                format!("`{name} install` inside another command (PKG-11)"),
            ));
        }
    }
    let values = command.assignments.iter().map(|word| word.text());
    for word in command.arguments().chain(values).filter(|word| word.contains("://")) {
        found.extend(downloads::program(word).map(|what| Obstacle::new(command.span, what)));
    }
    if found.is_empty() {
        found.extend(downloads::fetched(command).map(|what| Obstacle::new(command.span, what)));
    }
    found
}

/// Why an image that files are copied from does not fit Alpine.
pub fn of_copied_image(image: &str) -> Option<String> {
    let static_images = ["ghcr.io/astral-sh/uv", "astral/uv"];
    let name = image.split([':', '@']).next().unwrap_or(image);
    let is_fine =
        static_images.contains(&name) || image.contains("alpine") || official_name(name) == Some("busybox");
    (!is_fine).then(|| format!("files copied from {image}, whose C library is not known (MS-23)"))
}
