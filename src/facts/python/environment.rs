//! Where the installed packages live: a virtual environment of the author's, or one that a builder makes.

use super::{
    pip_installs,
    project::{self, Action, ProjectInstall, Tool},
};
use crate::{
    docker::Keyword,
    facts::{ImageView, contract::join_path, runtime, split::Refusal},
    reason::Reason,
    shell::{Command, Script},
};

/// The folder of a virtual environment that a builder makes.
pub const OWN: &str = "/opt/venv";

/// The environment that holds the packages of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its folder, absolute.
    pub path: String,
    /// Whether the author's commands make it; else the packages go to the interpreter of the image today.
    pub is_authors: bool,
    /// Whether the stage has its programs on PATH.
    pub is_on_path: bool,
}

impl Environment {
    /// The one environment that every installation of the stage in view goes to.
    ///
    /// # Errors
    /// When they go to several, or into a place that cannot be told.
    pub fn of(image: &ImageView) -> Result<Self, Refusal> {
        let states = runtime::states(image);
        let mut stage = StageState::default();
        let mut found: Option<Option<String>> = None;
        for (index, step) in image.instructions().iter().enumerate() {
            if step.keyword != Keyword::Run {
                continue;
            }
            let script = image.script(step);
            let mut here = Here { state: &states[index], activated: None };
            for target in
                stage.targets(script, &mut here).map_err(|why| Reason::known("MS-36", step.span, why))?
            {
                match &found {
                    Some(known) if *known != target => {
                        let why = "the packages go to several environments";
                        return Err(Reason::known("MS-36", step.span, why));
                    }
                    _ => found = Some(target),
                }
            }
        }
        let last = &states[states.len() - 1];
        let authors = found.flatten();
        let path = authors.clone().unwrap_or_else(|| OWN.to_owned());
        let is_on_path = path_of(&last.env).iter().any(|folder| *folder == format!("{path}/bin"));
        Ok(Self { is_authors: authors.is_some(), path, is_on_path })
    }
}

/// What the commands so far decided.
#[derive(Default)]
struct StageState {
    /// Environments that were made.
    made: Vec<String>,
    /// poetry's `virtualenvs.in-project`.
    is_in_project: bool,
}

/// Where a script runs.
struct Here<'a> {
    state: &'a runtime::State,
    activated: Option<String>,
}

impl StageState {
    /// Where each installation of a script goes; none stands for the interpreter of the image.
    fn targets(&mut self, script: &Script, here: &mut Here) -> Result<Vec<Option<String>>, String> {
        let workdir = &*here.state.workdir;
        let mut targets = Vec::new();
        let pips = pip_installs(script);
        for (index, command) in script.commands.iter().enumerate() {
            if let Some(path) = made_venv(command, workdir) {
                self.made.push(path);
            }
            if let Some(path) = is_activation(command) {
                here.activated = Some(join_path(workdir, &path));
            }
            if let Some((_, Action::Configures(option, value))) = project::action(index, command) {
                self.is_in_project |= option == "virtualenvs.in-project" && is_true(&value);
            }
            let pip = pips.binary_search_by_key(&index, |pip| pip.command).ok().map(|at| &pips[at]);
            if let Some(pip) = pip.filter(|pip| !pip.is_tooling()) {
                targets.push(self.of_pip(command, pip.is_uv, pip.system.is_some(), here));
            }
            if let Some((_, Action::Installs(install))) = project::action(index, command) {
                targets.push(self.of_project(&install, here)?);
            }
        }
        Ok(targets)
    }

    /// The environment that is active: by activation, VIRTUAL_ENV, or by standing first on PATH.
    fn active(&self, here: &Here) -> Option<String> {
        let variable =
            here.state.env.get("VIRTUAL_ENV").map(|path| path.trim_matches(['"', '\'']).to_owned());
        let on_path = || {
            let folders = path_of(&here.state.env);
            self.made
                .iter()
                .find(|made| folders.iter().any(|folder| *folder == format!("{made}/bin")))
                .cloned()
        };
        here.activated.clone().or(variable.filter(|path| !path.contains('$'))).or_else(on_path)
    }

    fn of_pip(&self, command: &Command, is_uv: bool, is_system: bool, here: &Here) -> Option<String> {
        let program = command.words.first().map(|word| word.text()).unwrap_or_default();
        let named = program.rsplit_once("/bin/").map(|(folder, _)| join_path(&here.state.workdir, folder));
        if let Some(path) = named.filter(|path| self.made.contains(path)) {
            return Some(path);
        }
        let asks_system =
            is_system || here.state.env.get("UV_SYSTEM_PYTHON").is_some_and(|value| is_true(value));
        if is_uv && asks_system {
            return None;
        }
        let own = join_path(&here.state.workdir, ".venv");
        self.active(here).or_else(|| (is_uv && self.made.contains(&own)).then_some(own))
    }

    fn of_project(&self, install: &ProjectInstall, here: &Here) -> Result<Option<String>, String> {
        let in_project = Some(join_path(&here.state.workdir, ".venv"));
        let is_set = |name: &str| here.state.env.get(name).is_some_and(|value| is_true(value));
        let target = match install.tool {
            Tool::Uv => match here.state.env.get("UV_PROJECT_ENVIRONMENT") {
                Some(path) if path.contains('$') => {
                    return Err(
                        "UV_PROJECT_ENVIRONMENT holds a variable, so where the packages go is not known"
                            .to_owned(),
                    );
                }
                Some(path) => Some(join_path(&here.state.workdir, path.trim_end_matches('/'))),
                None => in_project,
            },
            Tool::Poetry => {
                let is_in_project = self.is_in_project || is_set("POETRY_VIRTUALENVS_IN_PROJECT");
                self.active(here).or(if is_in_project { in_project } else { None })
            }
            Tool::Pipenv if install.is_system => self.active(here),
            Tool::Pipenv => {
                self.active(here).or(if is_set("PIPENV_VENV_IN_PROJECT") { in_project } else { None })
            }
            Tool::Pdm => self.active(here).or(in_project),
        };
        let is_system = |path: &String| matches!(path.as_str(), "/usr" | "/usr/local");
        match target.as_ref().filter(|path| is_system(path)) {
            Some(path) => Err(format!("the packages go into {path} itself")),
            None => Ok(target),
        }
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

fn path_of(env: &runtime::Variables) -> Vec<String> {
    let expand = |folder: &str| match env.get("VIRTUAL_ENV") {
        Some(path) => folder.replace("$VIRTUAL_ENV", path).replace("${VIRTUAL_ENV}", path),
        None => folder.to_owned(),
    };
    env.get("PATH")
        .map(|path| path.split(':').map(|folder| expand(folder.trim_end_matches('/'))).collect())
        .unwrap_or_default()
}

/// The folder in which `python -m venv`, `virtualenv` or `uv venv` makes an environment.
pub fn made_venv(command: &Command, workdir: &str) -> Option<String> {
    let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
    let rest = match words[..] {
        [python, "-m", "venv" | "virtualenv", ..] if python.contains("python") => &words[3..],
        ["virtualenv", ..] => &words[1..],
        ["uv", "venv", ..] => {
            let folder = words[2..].iter().find(|word| !word.starts_with('-')).unwrap_or(&".venv");
            return Some(join_path(workdir, folder));
        }
        _ => return None,
    };
    let folder = rest.iter().find(|word| !word.starts_with('-'))?;
    Some(join_path(workdir, folder))
}

/// The folder that `. FOLDER/bin/activate` activates.
pub fn is_activation(command: &Command) -> Option<String> {
    let is_source = matches!(command.name(), "." | "source");
    let script = command.words.get(1).filter(|_| is_source)?.text();
    script.strip_suffix("/bin/activate").map(str::to_owned)
}
