//! poetry, uv, pipenv and pdm: what their commands install, and what else they do.

use crate::{
    manifest::{normal_name, python_lock::Selection},
    shell::{Command, Script, ShellWord},
    source::Span,
};

/// A tool that installs what a project's manifest and lock file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// `uv sync`.
    Uv,
    /// `poetry install`.
    Poetry,
    /// `pipenv install`.
    Pipenv,
    /// `pdm install`.
    Pdm,
}

impl Tool {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Uv => "uv",
            Tool::Poetry => "poetry",
            Tool::Pipenv => "pipenv",
            Tool::Pdm => "pdm",
        }
    }

    /// The files that it reads in the project's folder, the manifest first, then the lock file.
    pub fn files(self) -> [&'static str; 2] {
        match self {
            Tool::Uv => ["pyproject.toml", "uv.lock"],
            Tool::Poetry => ["pyproject.toml", "poetry.lock"],
            Tool::Pipenv => ["Pipfile", "Pipfile.lock"],
            Tool::Pdm => ["pyproject.toml", "pdm.lock"],
        }
    }

    /// The files with settings that it reads there too, where they exist.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Tool::Uv => &["uv.toml", ".python-version"],
            Tool::Poetry => &["poetry.toml"],
            Tool::Pipenv => &[],
            Tool::Pdm => &["pdm.toml"],
        }
    }

    fn of(name: &str) -> Option<Tool> {
        [Tool::Uv, Tool::Poetry, Tool::Pipenv, Tool::Pdm].into_iter().find(|tool| tool.name() == name)
    }
}

/// A command that installs the dependencies of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectInstall {
    /// The tool.
    pub tool: Tool,
    /// The command in `Script::commands`.
    pub command: usize,
    /// Which groups and extras it installs.
    pub selection: Selection,
    /// Whether the project itself is installed, so that its source is read.
    pub installs_project: bool,
    /// Whether it installs into the interpreter that it runs on, as `pipenv --system` does.
    pub is_system: bool,
    /// Where options stand that switch the cache off.
    pub no_cache: Vec<Span>,
    /// Words that are not known.
    pub obstacles: Vec<String>,
}

/// What a command of a tool does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Installs the dependencies.
    Installs(ProjectInstall),
    /// Sets the tool up, checks or locks: of use to the installation only.
    Prepares,
    /// Sets the option to the value.
    Configures(String, String),
    /// Writes the locked packages to this file.
    Exports(String),
    /// Starts a program in the project's environment; the span holds everything before the program.
    Runs(Span),
    /// Anything else.
    Other,
}

/// What `command`, at `index` of its script, does when it is one of the tools.
pub fn action(index: usize, command: &Command) -> Option<(Tool, Action)> {
    let (tool, at) = tool_word(command)?;
    let words = &command.words[at + 1..];
    let verb = verb(tool, words)?;
    let rest = &words[verb + 1..];
    let text = words[verb].text();
    let action = match (tool, text) {
        (Tool::Uv, "pip") => return None,
        (Tool::Uv, "sync") | (Tool::Poetry | Tool::Pipenv | Tool::Pdm, "install" | "sync") => {
            Action::Installs(install(tool, index, &words[..verb], rest))
        }
        (_, "export" | "requirements") => exported(command, rest),
        (Tool::Poetry | Tool::Pdm, "config") => configured(rest),
        (_, "run") => runs(tool, command, rest),
        (_, "lock" | "check" | "self" | "cache" | "--version" | "venv" | "python" | "use" | "env") => {
            Action::Prepares
        }
        _ => Action::Other,
    };
    Some((tool, action))
}

/// Every project installation of a script.
pub fn installs(script: &Script) -> Vec<ProjectInstall> {
    let all = script.commands.iter().enumerate().filter_map(|(index, command)| action(index, command));
    all.filter_map(|(_, action)| match action {
        Action::Installs(install) => Some(install),
        _ => None,
    })
    .collect()
}

/// The tool of a command and its word: `poetry`, or `python -m poetry`.
fn tool_word(command: &Command) -> Option<(Tool, usize)> {
    if let Some(tool) = Tool::of(command.name()) {
        return Some((tool, 0));
    }
    let is_python = command.name().starts_with("python");
    let is_module = command.words.get(1).is_some_and(|word| word.text() == "-m");
    let tool = Tool::of(command.words.get(2)?.text())?;
    (is_python && is_module).then_some((tool, 2))
}

/// The first word that is no option; options with a value before it are known.
fn verb(tool: Tool, words: &[ShellWord]) -> Option<usize> {
    let takes_value = |word: &ShellWord| match tool {
        Tool::Uv => matches!(word.raw.as_str(), "--directory" | "--project" | "--cache-dir" | "--color"),
        Tool::Poetry => matches!(word.raw.as_str(), "-C" | "--directory" | "-P" | "--project"),
        Tool::Pipenv | Tool::Pdm => matches!(word.raw.as_str(), "-p" | "--project" | "-c" | "--config"),
    };
    let is_version = |word: &ShellWord| word.raw == "--version";
    (0..words.len()).find(|&at| {
        (!words[at].is_option() || is_version(&words[at])) && (at == 0 || !takes_value(&words[at - 1]))
    })
}

/// What an option of an installation says.
enum Meaning {
    Nothing,
    NoProject,
    NoDev,
    Dev,
    NoCache,
    System,
    Group,
    Only,
    Without,
    AllGroups,
    IgnoredValue,
}

const EVERYWHERE: [(&str, Meaning); 6] = [
    ("-q", Meaning::Nothing),
    ("--quiet", Meaning::Nothing),
    ("-v", Meaning::Nothing),
    ("-vv", Meaning::Nothing),
    ("-vvv", Meaning::Nothing),
    ("--verbose", Meaning::Nothing),
];

const UV: [(&str, Meaning); 25] = [
    ("--frozen", Meaning::Nothing),
    ("--locked", Meaning::Nothing),
    ("--compile-bytecode", Meaning::Nothing),
    ("--no-editable", Meaning::Nothing),
    ("--inexact", Meaning::Nothing),
    ("--no-progress", Meaning::Nothing),
    ("--native-tls", Meaning::Nothing),
    ("--no-python-downloads", Meaning::Nothing),
    ("--no-build-isolation", Meaning::Nothing),
    ("--no-default-groups", Meaning::NoDev),
    ("--no-dev", Meaning::NoDev),
    ("--dev", Meaning::Dev),
    ("--no-install-project", Meaning::NoProject),
    ("--no-install-workspace", Meaning::NoProject),
    ("--no-install-local", Meaning::NoProject),
    ("--no-cache", Meaning::NoCache),
    ("-n", Meaning::NoCache),
    ("--no-cache-dir", Meaning::NoCache),
    ("--extra", Meaning::Group),
    ("--group", Meaning::Group),
    ("--only-group", Meaning::Only),
    ("--no-group", Meaning::Without),
    ("--all-extras", Meaning::AllGroups),
    ("--all-groups", Meaning::AllGroups),
    ("--link-mode", Meaning::IgnoredValue),
];

const POETRY: [(&str, Meaning); 20] = [
    ("-n", Meaning::Nothing),
    ("--no-interaction", Meaning::Nothing),
    ("--no-ansi", Meaning::Nothing),
    ("--ansi", Meaning::Nothing),
    ("--sync", Meaning::Nothing),
    ("--compile", Meaning::Nothing),
    ("--no-plugins", Meaning::Nothing),
    ("--no-root", Meaning::NoProject),
    ("--no-directory", Meaning::NoProject),
    ("--no-dev", Meaning::NoDev),
    ("--no-cache", Meaning::NoCache),
    ("--with", Meaning::Group),
    ("-E", Meaning::Group),
    ("--extras", Meaning::Group),
    ("--only", Meaning::Only),
    ("--without", Meaning::Without),
    ("--all-extras", Meaning::AllGroups),
    ("--all-groups", Meaning::AllGroups),
    ("-x", Meaning::AllGroups),
    ("-nq", Meaning::Nothing),
];

const PIPENV: [(&str, Meaning); 9] = [
    ("--system", Meaning::System),
    ("--deploy", Meaning::Nothing),
    ("--ignore-pipfile", Meaning::Nothing),
    ("--clear", Meaning::Nothing),
    ("--keep-outdated", Meaning::Nothing),
    ("--skip-lock", Meaning::Nothing),
    ("--dev", Meaning::Dev),
    ("-d", Meaning::Dev),
    ("--extra-pip-args", Meaning::IgnoredValue),
];

const PDM: [(&str, Meaning); 13] = [
    ("--prod", Meaning::NoDev),
    ("--production", Meaning::NoDev),
    ("--no-lock", Meaning::Nothing),
    ("--frozen-lockfile", Meaning::Nothing),
    ("--check", Meaning::Nothing),
    ("--no-editable", Meaning::Nothing),
    ("--no-isolation", Meaning::Nothing),
    ("--clean", Meaning::Nothing),
    ("--no-self", Meaning::NoProject),
    ("-G", Meaning::Group),
    ("--group", Meaning::Group),
    ("--dev", Meaning::Dev),
    ("--with", Meaning::Group),
];

fn options(tool: Tool) -> &'static [(&'static str, Meaning)] {
    match tool {
        Tool::Uv => &UV,
        Tool::Poetry => &POETRY,
        Tool::Pipenv => &PIPENV,
        Tool::Pdm => &PDM,
    }
}

fn install(tool: Tool, command: usize, before: &[ShellWord], rest: &[ShellWord]) -> ProjectInstall {
    let mut install = ProjectInstall {
        tool,
        command,
        // pipenv leaves development out unless asked; the others take it in.
        selection: Selection { has_all: tool != Tool::Pipenv, ..Selection::default() },
        installs_project: tool != Tool::Pipenv,
        is_system: false,
        no_cache: Vec::new(),
        obstacles: Vec::new(),
    };
    let mut words = before.iter().chain(rest);
    while let Some(word) = words.next() {
        let (flag, inline) = match word.text().split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.text(), None),
        };
        let meaning = EVERYWHERE.iter().chain(options(tool)).find(|(known, _)| *known == flag);
        let Some((_, meaning)) = meaning.filter(|_| word.literal.is_some()) else {
            install.obstacles.push(word.raw.clone());
            continue;
        };
        let mut value = || inline.clone().or_else(|| words.next().map(|word| word.text().to_owned()));
        match meaning {
            Meaning::Nothing => {}
            Meaning::NoProject => install.installs_project = false,
            Meaning::NoDev => install.selection.has_all = false,
            Meaning::Dev | Meaning::AllGroups => install.selection.has_all = true,
            Meaning::NoCache => install.no_cache.push(word.span),
            Meaning::System => install.is_system = true,
            Meaning::IgnoredValue => drop(value()),
            Meaning::Group => install.selection.groups.extend(names(value())),
            Meaning::Without => install.selection.without.extend(names(value())),
            Meaning::Only => {
                install.selection.has_all = false;
                install.selection.groups.extend(names(value()));
            }
        }
    }
    install
}

fn names(value: Option<String>) -> Vec<String> {
    let value = value.unwrap_or_default();
    value.split([',', ' ', '"', '\'']).filter(|name| !name.is_empty()).map(normal_name).collect()
}

/// The file after `-o`, or the one that stdout goes to.
fn exported(command: &Command, rest: &[ShellWord]) -> Action {
    let is_output = |word: &ShellWord| matches!(word.raw.as_str(), "-o" | "--output" | "--output-file");
    let inline = rest.iter().find_map(|word| {
        let (flag, value) = word.text().split_once('=')?;
        matches!(flag, "--output" | "--output-file").then(|| value.to_owned())
    });
    let named = rest.iter().position(is_output).and_then(|at| rest.get(at + 1));
    match inline.or_else(|| named.map(|word| word.text().to_owned())).or_else(|| command.stdout.clone()) {
        Some(file) => Action::Exports(file),
        None => Action::Other,
    }
}

fn configured(rest: &[ShellWord]) -> Action {
    let mut operands = rest.iter().filter(|word| !word.is_option()).map(|word| word.text().to_owned());
    match (operands.next(), operands.next()) {
        (Some(option), Some(value)) => Action::Configures(option, value),
        _ => Action::Prepares,
    }
}

/// `uv run [--no-sync …] PROGRAM`; options that change what is installed are not known.
fn runs(tool: Tool, command: &Command, rest: &[ShellWord]) -> Action {
    let harmless = ["--no-sync", "--frozen", "--locked", "--no-dev", "--no-cache", "-q", "--quiet", "--"];
    let is_harmless = |word: &&ShellWord| tool == Tool::Uv && harmless.contains(&word.text());
    let options = rest.iter().take_while(is_harmless).count();
    match rest.get(options) {
        Some(program) if !program.is_option() => {
            Action::Runs(Span::new(command.words[0].span.start(), program.span.start()))
        }
        _ => Action::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(script: &str) -> (Tool, Action) {
        let script = Script::parse_str(script);
        action(0, &script.commands[0]).expect("a tool")
    }

    fn installation(script: &str) -> ProjectInstall {
        match only(script).1 {
            Action::Installs(install) => install,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tells_what_is_installed() {
        let all = installation("poetry install");
        assert!(all.selection.has_all && all.installs_project && all.obstacles.is_empty());
        let main = installation("poetry install --no-root --only main,web -E 'pg x' --no-interaction");
        assert!(!main.selection.has_all && !main.installs_project);
        assert_eq!(main.selection.groups, ["main", "web", "pg", "x"]);
        assert_eq!(installation("poetry install --without dev").selection.without, ["dev"]);
        let uv = installation("uv sync --frozen --no-dev --no-install-project --no-cache");
        assert!(!uv.selection.has_all && !uv.installs_project && uv.no_cache.len() == 1);
        assert_eq!(installation("uv sync --python 3.12").obstacles, ["--python", "3.12"]);
        let pipenv = installation("python -m pipenv install --system --deploy");
        assert!(!pipenv.selection.has_all && pipenv.is_system);
        assert!(installation("pipenv sync -d").selection.has_all);
        assert_eq!(installation("pipenv install flask").obstacles, ["flask"]);
        assert!(!installation("pdm sync --prod --no-editable").selection.has_all);
        assert_eq!(installation("uv sync $FLAGS").obstacles, ["$FLAGS"]);
    }

    #[test]
    fn tells_what_else_is_done() {
        assert!(
            matches!(only("poetry config virtualenvs.create false").1, Action::Configures(option, _) if option == "virtualenvs.create")
        );
        assert_eq!(
            only("poetry export -f requirements.txt --output r.txt").1,
            Action::Exports("r.txt".into())
        );
        assert_eq!(only("pipenv requirements > r.txt").1, Action::Exports("r.txt".into()));
        assert!(matches!(only("poetry run flask").1, Action::Runs(span) if span == Span::new(0, 11)));
        assert!(matches!(only("uv run --no-sync gunicorn a:b").1, Action::Runs(_)));
        assert_eq!(only("uv run --with x y").1, Action::Other);
        assert_eq!(only("uv venv /venv").1, Action::Prepares);
        assert_eq!(only("uv lock").1, Action::Prepares);
    }
}
