//! What a RUN script installs with apt or apk, word by word.

use crate::{
    shell::{Command, Script, ShellWord},
    source::Span,
};

/// The package manager of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// `apt-get` or `apt`.
    Apt,
    /// `apk`.
    Apk,
}

/// A package named in an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageWord {
    /// The word.
    pub span: Span,
    /// The name without version and architecture.
    pub name: String,
    /// The version that the word pins.
    pub pin: Option<String>,
}

/// One `apt-get install` or `apk add`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// Who installs.
    pub manager: Manager,
    /// The command in `Script::commands`.
    pub command: usize,
    /// The top-level item that holds it.
    pub item: usize,
    /// Whether the command is a top-level item of its own.
    pub is_item: bool,
    /// From the first word (or assignment) to the last option before the packages.
    pub head: Span,
    /// The name of the virtual package that `apk add --virtual` makes of them, and the option with it.
    pub group: Option<String>,
    /// Where that option stands.
    pub group_option: Option<Span>,
    /// Options that stand among or after the packages.
    pub late_options: Vec<Span>,
    /// The packages.
    pub packages: Vec<PackageWord>,
    /// Words that keep the installation from being understood, as written.
    pub obstacles: Vec<String>,
}

const DROPPED_OPTIONS: [&str; 17] = [
    "-y",
    "-yq",
    "-qy",
    "-yqq",
    "-qqy",
    "-q",
    "-qq",
    "-qqq",
    "--yes",
    "--assume-yes",
    "--no-install-recommends",
    "--no-install-suggests",
    "--quiet",
    "--fix-missing",
    "--allow-unauthenticated",
    "-f",
    "--force-yes",
];

/// Whether the command belongs to apt.
pub fn is_apt(command: &Command) -> bool {
    matches!(command.name(), "apt-get" | "apt" | "aptitude")
}

/// The first word after the name that is no option: `install`, `update`, `add`.
pub fn subcommand(command: &Command) -> Option<&ShellWord> {
    let mut words = command.words.iter().skip(1);
    while let Some(word) = words.next() {
        match word.raw.as_str() {
            "-o" | "-t" | "-c" => drop(words.next()),
            raw if raw.starts_with('-') => {}
            _ => return Some(word),
        }
    }
    None
}

/// Every installation of a script.
pub fn installs(script: &Script) -> Vec<Install> {
    script.commands.iter().enumerate().filter_map(|(index, command)| install(index, command)).collect()
}

/// Whether a command installs system packages.
pub fn is_install(command: &Command) -> bool {
    install(0, command).is_some()
}

fn install(index: usize, command: &Command) -> Option<Install> {
    let (manager, verb) = if is_apt(command) {
        (Manager::Apt, "install")
    } else if command.name() == "apk" {
        (Manager::Apk, "add")
    } else {
        return None;
    };
    let verb_word = subcommand(command).filter(|word| word.raw == verb)?;
    let start = command.assignments.first().map_or(command.words[0].span.start(), |word| word.span.start());
    let mut install = Install {
        manager,
        command: index,
        item: command.item,
        is_item: command.is_item,
        head: Span::new(start, verb_word.span.end()),
        group: None,
        group_option: None,
        late_options: Vec::new(),
        packages: Vec::new(),
        obstacles: Vec::new(),
    };
    if let Some(word) = command.assignments.iter().find(|word| !word.raw.starts_with("DEBIAN_FRONTEND=")) {
        install.obstacles.push(word.raw.clone());
    }
    read_words(&mut install, command, verb_word);
    Some(install)
}

fn read_words(install: &mut Install, command: &Command, verb: &ShellWord) {
    let mut words = command.words.iter().skip(1);
    while let Some(word) = words.next() {
        if word.span == verb.span {
            continue;
        }
        let span = word.span;
        if word.is_option() {
            let mut end = span.end();
            let takes_value = match install.manager {
                Manager::Apt => word.raw == "-o",
                Manager::Apk => matches!(word.raw.as_str(), "-t" | "--virtual" | "--repository" | "-X"),
            };
            if takes_value {
                let value = words.next();
                end = value.map_or(end, |value| value.span.end());
                if matches!(word.raw.as_str(), "-t" | "--virtual") {
                    install.group = value.map(|value| value.text().to_owned());
                    install.group_option = Some(Span::new(span.start(), end));
                }
            }
            let is_known = match install.manager {
                Manager::Apt => DROPPED_OPTIONS.contains(&word.raw.as_str()) || word.raw.starts_with("-o"),
                Manager::Apk => {
                    let known = ["--no-cache", "-q", "--quiet", "-U", "--update", "-t", "--virtual"];
                    known.contains(&word.raw.as_str())
                }
            };
            if !is_known {
                install.obstacles.push(word.raw.clone());
            }
            if install.packages.is_empty() {
                install.head = Span::new(install.head.start(), install.head.end().max(end));
            } else {
                install.late_options.push(Span::new(span.start(), end));
            }
            continue;
        }
        match package(word) {
            Some(package) => install.packages.push(package),
            None => install.obstacles.push(word.raw.clone()),
        }
    }
}

fn package(word: &ShellWord) -> Option<PackageWord> {
    let text = word.literal.as_deref()?;
    let is_plain = word.is_whole
        && !text.contains(['/', '*', '?', '~', '<', '>', '{'])
        && !text.ends_with('-')
        // A FROM that lost its line: on one of its own it would look like an instruction.
        && !text.eq_ignore_ascii_case("from")
        && (!text.ends_with('+') || text.ends_with("++"));
    if !is_plain {
        return None;
    }
    let (name, pin) = match text.split_once('=') {
        Some((name, pin)) => (name, Some(pin.to_owned())),
        None => (text, None),
    };
    Some(PackageWord { span: word.span, name: name.to_owned(), pin })
}

/// The packages that `apt-get purge`, `apt-get remove` or `apk del` removes, with options and values left out.
pub fn removed(command: &Command) -> Option<Vec<&ShellWord>> {
    let verb = subcommand(command)?;
    let removes = match command.name() {
        "apk" => verb.text() == "del",
        _ => is_apt(command) && matches!(verb.text(), "purge" | "remove"),
    };
    let mut operands = Vec::new();
    let mut words = command.words.iter().skip(1);
    while let Some(word) = words.next() {
        match word.raw.as_str() {
            "-o" => drop(words.next()),
            raw if raw.starts_with('-') || word.span == verb.span => {}
            _ => operands.push(word),
        }
    }
    removes.then_some(operands)
}

/// Whether a command only tidies up after apt: it has no meaning where apt is not used.
pub fn is_apt_companion(command: &Command) -> bool {
    if !command.redirects.is_empty() {
        return false;
    }
    if is_apt(command) {
        let verb = subcommand(command).map_or("", |word| word.raw.as_str());
        // `apt upgrade curl` installs curl.
        let mut operands = command.arguments().filter(|word| !word.starts_with('-') && *word != verb);
        if verb.ends_with("upgrade") && operands.next().is_some() {
            return false;
        }
        return matches!(
            verb,
            "update"
                | "upgrade"
                | "dist-upgrade"
                | "clean"
                | "autoclean"
                | "autoremove"
                | "dist-clean"
                | "check"
        );
    }
    let mut operands = command.arguments().filter(|word| !word.starts_with('-')).peekable();
    command.name() == "rm" && operands.peek().is_some() && operands.all(is_apt_leftover)
}

fn is_apt_leftover(path: &str) -> bool {
    [
        "/var/lib/apt",
        "/var/cache/apt",
        "/var/cache/debconf",
        "/var/log/apt",
        "/var/log/dpkg",
        "/etc/apt/apt.conf.d",
    ]
    .iter()
    .any(|known| path.starts_with(known))
}
