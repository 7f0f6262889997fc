//! pip installations, uv's imitation of them too: what they install, from where, and where options go.

pub mod environment;
pub mod inputs;
pub mod project;

use super::packages::is_apt;
use crate::{
    manifest::normal_name,
    shell::{Command, Script, ShellWord},
    source::Span,
};

/// One `pip install` or `uv pip install`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipInstall {
    /// The command in `Script::commands`.
    pub command: usize,
    /// The top-level item that holds it.
    pub item: usize,
    /// Whether the command is that item.
    pub is_item: bool,
    /// Whether uv installs.
    pub is_uv: bool,
    /// Where `--python` goes, which names another environment: after `pip`, or after uv's `install`.
    pub target_at: usize,
    /// uv's `--system`, which `--python` takes the place of.
    pub system: Option<Span>,
    /// Operands of `-r`.
    pub requirements: Vec<String>,
    /// Operands of `-c`.
    pub constraints: Vec<String>,
    /// Requirements named on the command line.
    pub packages: Vec<String>,
    /// Local projects, editable or not, and archives.
    pub local: Vec<String>,
    /// Those of them that are installed in place.
    pub editable: Vec<String>,
    /// Files and folders that other options name, each with its option.
    pub files: Vec<inputs::Named>,
    /// Where `--no-cache-dir` stands.
    pub no_cache: Vec<Span>,
    /// Options that decide where packages go, or words that are not known.
    pub obstacles: Vec<String>,
    /// An index other than PyPI.
    pub has_other_index: bool,
}

impl PipInstall {
    /// Whether it only brings pip, its build tools or other installers.
    pub fn is_tooling(&self) -> bool {
        self.requirements.is_empty()
            && self.local.is_empty()
            && !self.packages.is_empty()
            && self.packages.iter().all(|package| TOOLING.contains(&normal_name(bare_name(package)).as_str()))
    }
}

/// Whether a script installs Python packages, and not only what installs them.
pub fn installs_more_than_tools(script: &Script) -> bool {
    pip_installs(script).iter().any(|install| !install.is_tooling()) || !project::installs(script).is_empty()
}

/// The name of a requirement such as `gunicorn[gevent]==21.2`.
pub fn bare_name(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    &requirement[..end.unwrap_or(requirement.len())]
}

/// Packages that install others and are of no use to a running service.
const TOOLING: [&str; 12] = [
    "pip",
    "setuptools",
    "wheel",
    "build",
    "poetry",
    "poetry-core",
    "poetry-plugin-export",
    "uv",
    "pdm",
    "pipenv",
    "virtualenv",
    "pip-tools",
];

const FLAGS_WITH_VALUE: [&str; 17] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "--timeout",
    "--retries",
    "--progress-bar",
    "--root-user-action",
    "--no-binary",
    "--only-binary",
    "--cert",
    "--default-timeout",
    "--index-strategy",
    "--link-mode",
    "--resolution",
];

/// Options with a value for which packages go elsewhere, or are those of another platform.
const ELSEWHERE_WITH_VALUE: [&str; 9] = [
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--src",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
];

const PLAIN_FLAGS: [&str; 24] = [
    "-U",
    "--upgrade",
    "-q",
    "-qq",
    "--quiet",
    "-v",
    "--verbose",
    "--no-deps",
    "--pre",
    "--no-cache-dir",
    "--no-warn-script-location",
    "--disable-pip-version-check",
    "--force-reinstall",
    "--require-hashes",
    "--no-compile",
    "--compile",
    "--prefer-binary",
    "--no-build-isolation",
    "--break-system-packages",
    "--use-pep517",
    "--no-input",
    "--compile-bytecode",
    "--no-progress",
    "--upgrade-strategy=eager",
];

/// Every `pip install` of a script.
pub fn pip_installs(script: &Script) -> Vec<PipInstall> {
    script.commands.iter().enumerate().filter_map(|(index, command)| pip_install(index, command)).collect()
}

/// The index of the word `pip` in a command that is pip.
pub fn pip_word(command: &Command) -> Option<usize> {
    let name = command.name();
    if is_pip(name) {
        return Some(0);
    }
    let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
    (is_versioned(name, "python") && words.get(1) == Some(&"-m") && words.get(2) == Some(&"pip")).then_some(2)
}

/// Whether a program of this name is pip, such as `pip3.12`.
pub fn is_pip(name: &str) -> bool {
    is_versioned(name, "pip")
}

fn is_versioned(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The word `pip` of `uv pip`.
fn uv_pip_word(command: &Command) -> Option<usize> {
    (command.name() == "uv" && command.words.get(1)?.text() == "pip").then_some(1)
}

/// What a command has pip or `uv pip` do, such as `freeze`; empty when it names nothing.
pub fn pip_verb(command: &Command) -> Option<&str> {
    let pip = pip_word(command).or_else(|| uv_pip_word(command))?;
    let words = &command.words[pip + 1..];
    Some(verb_at(words).map_or("", |at| words[at].text()))
}

/// The first of the words after `pip` that is neither an option nor the value of one.
fn verb_at(words: &[ShellWord]) -> Option<usize> {
    let takes_value =
        |at: usize| at > 0 && matches!(words[at - 1].raw.as_str(), "--python" | "--log" | "--proxy");
    (0..words.len()).find(|at| !words[*at].is_option() && !takes_value(*at))
}

/// The `pip install` that a command of a script is, if it is one; `index` is its place there.
pub fn pip_install(index: usize, command: &Command) -> Option<PipInstall> {
    let is_uv = uv_pip_word(command).is_some();
    let pip = pip_word(command).or_else(|| uv_pip_word(command))?;
    let words = &command.words[pip + 1..];
    let verb = verb_at(words)?;
    if words[verb].text() != "install" {
        return None;
    }
    let mut install = PipInstall {
        command: index,
        item: command.item,
        is_item: command.is_item,
        is_uv,
        target_at: if is_uv { words[verb].span.end() } else { command.words[pip].span.end() },
        ..PipInstall::default()
    };
    let is_global = |at: &usize| words[*at].is_option() && words[*at].raw != "--python";
    let before = (0..verb).filter(is_global).map(|at| &words[at]);
    let mut rest = before.chain(&words[verb + 1..]);
    while let Some(word) = rest.next() {
        let text = word.text();
        let (flag, inline) = match text.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
            _ => (text, None),
        };
        let mut value =
            || inline.clone().or_else(|| rest.next().map(|word| word.text().to_owned())).unwrap_or_default();
        match flag {
            "-r" | "--requirement" => install.requirements.push(value()),
            "-c" | "--constraint" => install.constraints.push(value()),
            "-e" | "--editable" => {
                let target = value();
                install.editable.push(target.clone());
                install.local.push(target);
            }
            "--no-cache-dir" => install.no_cache.push(word.span),
            // pip takes what an option starts with for the option.
            "--no-cache" | "--no-cache-d" | "--no-cache-di" => install.no_cache.push(word.span),
            "-n" if is_uv => install.no_cache.push(word.span),
            "--system" if is_uv => install.system = Some(word.span),
            _ if FLAGS_WITH_VALUE.contains(&flag) => {
                install.has_other_index |=
                    matches!(flag, "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links");
                let value = value();
                if matches!(flag, "-f" | "--find-links" | "--cert") {
                    install.files.push((flag.to_owned(), value));
                }
            }
            _ if ELSEWHERE_WITH_VALUE.contains(&flag) => {
                install.obstacles.push(flag.to_owned());
                drop(value());
            }
            _ if PLAIN_FLAGS.contains(&flag) => {}
            "--upgrade-strategy" => drop(value()),
            _ if flag.starts_with("-r") && !flag.starts_with("--") => {
                install.requirements.push(flag[2..].to_owned())
            }
            "--use-deprecated" | "--use-feature" => drop(value()),
            // Several letters in one word, such as `-Iv`.
            _ if flag.len() > 2 && flag[1..].chars().all(|c| matches!(c, 'I' | 'U' | 'q' | 'v')) => {}
            _ if flag.starts_with('-') => install.obstacles.push(text.to_owned()),
            _ if word.literal.is_none() => match requirement_of(&word.raw) {
                Some(package) => install.packages.push(package),
                None => install.obstacles.push(word.raw.clone()),
            },
            _ if is_local(text) => install.local.push(text.to_owned()),
            _ => install.packages.push(text.to_owned()),
        }
    }
    Some(install)
}

/// A requirement whose name is known and whose version is a variable, such as `"poetry==$POETRY_VERSION"`.
fn requirement_of(raw: &str) -> Option<String> {
    let text = raw.trim_matches('"');
    let (name, version) = text.split_at(text.find(['=', '<', '>', '~', '!'])?);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.[],".contains(c);
    let is_version = |c: char| c.is_ascii_alphanumeric() || "=<>~!.,$*{}_+".contains(c);
    let is_plain = !name.is_empty() && name.chars().all(is_name) && version.chars().all(is_version);
    is_plain.then(|| text.to_owned())
}

fn is_local(word: &str) -> bool {
    word.starts_with(['.', '/']) || word.contains("://") || word.contains('/') || word.ends_with(".whl")
}

/// A Python installer that a script calls and that is not read at all.
pub fn unread_installer(script: &Script) -> Option<&'static str> {
    script.commands.iter().find_map(|command| match command.name() {
        "conda" | "mamba" | "micromamba" => Some("conda"),
        "easy_install" => Some("easy_install"),
        "uvx" | "pipx" => Some("pipx"),
        "hatch" => Some("hatch"),
        "rye" => Some("rye"),
        _ => None,
    })
}

/// Whether a script installs anything with apt or apk.
pub fn installs_packages(script: &Script) -> bool {
    script.commands.iter().any(|command| is_apt(command) || command.name() == "apk")
}
