//! The commands of a RUN: which install Python packages, which system packages, and which do neither.

use super::{
    super::{
        ImageView,
        packages::{self, Manager},
        python::{
            self,
            environment::{is_activation, made_venv},
            project::{self, Action, Tool},
        },
    },
    Part, Role, Roles, Side,
};
use crate::{
    docker::{Instruction, Keyword},
    shell::{Command, Script, ShellWord},
};

/// What a RUN is to the installation.
///
/// # Errors
/// Why its commands cannot be told apart.
pub(super) fn part(image: &ImageView, roles: Roles, step: &Instruction) -> Result<Part, String> {
    let script = image.script(step);
    if let Some(why) = &script.unreadable {
        return Err(format!("The RUN cannot be read as a shell script ({why})."));
    }
    if let Some(tool) = python::unread_installer(script) {
        return Err(format!("{tool} installs the dependencies, and that is not read (PIP-15)."));
    }
    check_words(script)?;
    let sides: Result<Vec<Side>, String> =
        (0..script.items.len()).map(|item| side((image, roles), script, item)).collect();
    part_of(step, script, sides?)
}

/// What a RUN is whose items go to these sides.
///
/// # Errors
/// When they cannot be taken apart.
pub(super) fn part_of(step: &Instruction, script: &Script, sides: Vec<Side>) -> Result<Part, String> {
    let has = |wanted: &[Side]| sides.iter().any(|side| wanted.contains(side));
    if !has(&[Side::Builder, Side::Packages, Side::Companion, Side::Nowhere]) {
        return Ok(Part::Stays);
    }
    if !has(&[Side::Builder, Side::Packages, Side::Final, Side::Nowhere]) {
        return Ok(Part::Both);
    }
    if !has(&[Side::Packages, Side::Companion, Side::Final, Side::Nowhere]) {
        return Ok(Part::Moves);
    }
    let changes_folder = script.commands.iter().any(|command| command.is_item && command.name() == "cd");
    if !script.is_plain_list() || !step.heredocs.is_empty() || (changes_folder && has(&[Side::Builder])) {
        let what = if has(&[Side::Builder]) { "dependencies" } else { "system packages" };
        return Err(format!("The RUN that installs {what} does other things too (PKG-11)."));
    }
    Ok(Part::Apart(sides))
}

/// The first command whose program is a variable.
pub(super) fn variable_command(script: &Script) -> Option<&str> {
    let mut names = script.commands.iter().filter_map(|command| command.words.first());
    names.find(|word| word.literal.is_none()).map(|word| word.raw.as_str())
}

/// Requires that all words of the installations are known, and that none stands inside another command.
fn check_words(script: &Script) -> Result<(), String> {
    if let Some(word) = variable_command(script) {
        return Err(format!("What `{word}` runs cannot be told, so it may install packages (MS-08)."));
    }
    for install in python::pip_installs(script) {
        if let Some(word) = install.obstacles.first() {
            return Err(format!("pip install has {word}, which decides where packages go or is not known."));
        }
        if !install.is_item {
            return Err("pip install stands inside another command (MS-08).".to_owned());
        }
    }
    for install in project::installs(script) {
        let name = install.tool.name();
        if let Some(word) = install.obstacles.first() {
            return Err(format!("{name} has {word}, which is not known (PIP-15)."));
        }
        if !script.commands[install.command].is_item {
            return Err(format!("{name} stands inside another command (MS-08)."));
        }
    }
    for install in packages::installs(script) {
        if let Some(word) = install.obstacles.first() {
            return Err(format!("The installation has `{word}`, which is not understood (PKG-11)."));
        }
    }
    Ok(())
}

fn side((image, roles): (&ImageView, Roles), script: &Script, item: usize) -> Result<Side, String> {
    let Some(command) = script.command_of(item) else { return Ok(Side::Final) };
    let index = script.items[item].command.unwrap_or_default();
    if packages::is_install(command) {
        return Ok(Side::Packages);
    }
    if let Some(removed) = packages::removed(command) {
        return purge((image, roles), &removed);
    }
    if packages::is_apt_companion(command) || is_apk_companion(command) {
        return Ok(Side::Companion);
    }
    if let Some((tool, action)) = project::action(index, command) {
        return match action {
            Action::Runs(_) => Ok(Side::Final),
            Action::Other => Err(format!(
                "`{}` is not understood: what {} does there is not known (PIP-15).",
                command.words.iter().take(3).map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" "),
                tool.name()
            )),
            _ => Ok(Side::Builder),
        };
    }
    let removes = is_cache_removal(command) || removes_manifests(command);
    if is_pip(command) || made_venv(command, "/").is_some() || removes {
        return Ok(Side::Builder);
    }
    let is_setting = matches!(command.name(), "set" | "export" | "cd") || is_activation(command).is_some();
    Ok(if is_setting { Side::Both } else { Side::Final })
}

fn is_pip(command: &Command) -> bool {
    let is_uv_pip = command.name() == "uv" && command.words.get(1).is_some_and(|word| word.text() == "pip");
    is_uv_pip || python::pip_word(command).is_some()
}

/// `rm requirements.txt` and the like.
fn removes_manifests(command: &Command) -> bool {
    let mut operands = command.arguments().filter(|word| !word.starts_with('-')).peekable();
    let is_manifest = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (name.contains("requirements") && name.ends_with(".txt"))
            || matches!(name, "poetry.lock" | "uv.lock" | "Pipfile.lock")
    };
    command.name() == "rm" && operands.peek().is_some() && operands.all(is_manifest)
}

fn is_apk_companion(command: &Command) -> bool {
    let verb = packages::subcommand(command).map_or("", |word| word.text());
    let clears_cache =
        || command.name() == "rm" && command.arguments().any(|word| word.starts_with("/var/cache/apk"));
    (command.name() == "apk" && matches!(verb, "update" | "upgrade")) || clears_cache()
}

/// What the stage installs and removes again must be what only the builder installs now.
fn purge((image, roles): (&ImageView, Roles), removed: &[&ShellWord]) -> Result<Side, String> {
    let manager = if crate::facts::is_alpine(image.dockerfile) { Manager::Apk } else { Manager::Apt };
    let runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let installs: Vec<packages::Install> =
        runs.flat_map(|step| packages::installs(image.script(step))).collect();
    let is_group = |name: &str| installs.iter().any(|install| install.group.as_deref() == Some(name));
    let is_installed = |name: &str| {
        is_group(name) || installs.iter().flat_map(|install| &install.packages).any(|one| one.name == name)
    };
    // The base image's own, which both stages have.
    if removed.iter().all(|word| word.literal.is_some() && !is_installed(word.text())) {
        return Ok(Side::Final);
    }
    let is_gone = |word: &&&ShellWord| {
        let name = word.text();
        let is_for_building = || !matches!(roles.role(image, manager, name), Role::Keep | Role::Unknown);
        is_group(name) || (word.literal.is_some() && is_installed(name) && is_for_building())
    };
    match removed.iter().find(|word| !is_gone(word)) {
        Some(word) => {
            let name = word.text();
            Err(format!("{name} is removed again, and whether the final stage needs it is not known."))
        }
        None => Ok(Side::Nowhere),
    }
}

/// Whether an instruction installs Python packages, or brings what installs them.
pub(super) fn installs_python(image: &ImageView, step: &Instruction) -> bool {
    if step.keyword != Keyword::Run {
        return false;
    }
    let script = image.script(step);
    !python::pip_installs(script).is_empty() || !project::installs(script).is_empty()
}

/// The tools that install the dependencies, each once.
pub(super) fn tools(image: &ImageView) -> Vec<Tool> {
    let mut tools = Vec::new();
    for step in image.instructions().iter().filter(|step| step.keyword == Keyword::Run) {
        let script = image.script(step);
        let uv = python::pip_installs(script).iter().any(|install| install.is_uv).then_some(Tool::Uv);
        let actions =
            script.commands.iter().enumerate().filter_map(|(at, command)| project::action(at, command));
        tools.extend(uv.into_iter().chain(actions.map(|(tool, _)| tool)));
    }
    let mut seen = Vec::new();
    tools.retain(|tool| {
        let is_new = !seen.contains(tool);
        seen.push(*tool);
        is_new
    });
    tools
}

/// `rm -rf ~/.cache` and the like: of no use to anything else.
pub fn is_cache_removal(command: &Command) -> bool {
    let mut operands = command.arguments().filter(|word| !word.starts_with('-')).peekable();
    command.name() == "rm"
        && operands.peek().is_some()
        && operands.all(|path| {
            ["/root/.cache", "~/.cache", "$HOME/.cache"].iter().any(|cache| path.starts_with(cache))
        })
}
