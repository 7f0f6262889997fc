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
    reason::Reason,
    shell::{Command, Script, ShellWord},
    workspace::path,
};

/// What a RUN is to the installation.
///
/// # Errors
/// Why its commands cannot be told apart.
pub(super) fn part(image: &ImageView, roles: Roles, step: &Instruction) -> Result<Part, Reason> {
    let script = image.script(step);
    let known = |trap, why| Reason::known(trap, step.span, why);
    if let Some(tool) = python::unread_installer(script) {
        let why = format!("{tool} installs the dependencies, and what it does is not read");
        return Err(known("PIP-15", why));
    }
    if let Some(why) = &script.unreadable {
        let may_install = names_installer(&step.body.text);
        let what = format!("the RUN cannot be read as a shell script ({why}), and may install packages");
        return if may_install { Err(known("MS-35", what)) } else { Ok(Part::Stays) };
    }
    check_words(script).map_err(|(trap, why)| known(trap, why))?;
    // Where it is not known what a step installs, both stages get all of it.
    if packages::installs(script).iter().any(|install| !install.obstacles.is_empty()) && !installs(script) {
        return Ok(Part::Both);
    }
    let sides: Result<Vec<Side>, Why> =
        (0..script.items.len()).map(|item| side((image, roles), script, item)).collect();
    part_of(step, script, sides.map_err(|(trap, why)| known(trap, why))?)
}

/// What a RUN is whose items go to these sides.
///
/// # Errors
/// When they cannot be taken apart.
pub(super) fn part_of(step: &Instruction, script: &Script, sides: Vec<Side>) -> Result<Part, Reason> {
    let has = |wanted: &[Side]| sides.iter().any(|side| wanted.contains(side));
    if !has(&[Side::Builder, Side::Packages, Side::Companion, Side::Nowhere]) {
        return Ok(Part::Stays);
    }
    if !has(&[Side::Builder, Side::Packages, Side::Final, Side::Nowhere]) {
        return Ok(Part::Both);
    }
    // What sets up apt among other things is no companion of an installation.
    if !has(&[Side::Builder, Side::Packages, Side::Nowhere]) {
        return Ok(Part::Stays);
    }
    if !has(&[Side::Packages, Side::Companion, Side::Final, Side::Nowhere]) {
        return Ok(Part::Moves);
    }
    let changes_folder = script.commands.iter().any(|command| command.is_item && command.name() == "cd");
    let is_apart = script.is_plain_list() && step.heredocs.is_empty();
    match has(&[Side::Builder]) {
        true if !is_apart || changes_folder => {
            let why = "the RUN that installs dependencies does other things too, and cannot be taken apart";
            Err(Reason::known("PKG-11", step.span, why))
        }
        // System packages alone: what cannot be taken apart is needed in both stages, for all that is known.
        false if !is_apart => Ok(Part::Both),
        _ => Ok(Part::Apart(sides)),
    }
}

/// Whether a script installs Python packages.
fn installs(script: &Script) -> bool {
    !python::pip_installs(script).is_empty() || !project::installs(script).is_empty()
}

/// Whether a text that is not read names a program that installs Python packages.
pub(super) fn names_installer(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || ";&|()\"'".contains(c));
    words.any(|word| python::is_pip(path::name(word)) || matches!(word, "poetry" | "uv" | "pipenv" | "pdm"))
}

/// A trap and what there is, without its place.
type Why = (&'static str, String);

/// The first command whose program is a variable.
pub(super) fn variable_command(script: &Script) -> Option<&str> {
    let mut names = script.commands.iter().filter_map(|command| command.words.first());
    names.find(|word| word.literal.is_none()).map(|word| word.raw.as_str())
}

/// Requires that all words of the installations are known, and that none stands inside another command.
fn check_words(script: &Script) -> Result<(), Why> {
    if let Some(word) = variable_command(script).filter(|_| installs(script)) {
        return Err(("MS-35", format!("what `{word}` runs cannot be told, so it may install packages")));
    }
    for install in python::pip_installs(script) {
        if let Some(word) = install.obstacles.first() {
            let trap = if word.starts_with("--user") { "MS-10" } else { "MS-36" };
            return Err((trap, format!("pip install has {word}, so where packages go is not known")));
        }
        if !install.is_item {
            return Err(("MS-35", "pip install stands inside another command".to_owned()));
        }
    }
    for install in project::installs(script) {
        let name = install.tool.name();
        if let Some(word) = install.obstacles.first() {
            return Err(("PIP-15", format!("{name} has {word}, which is not known")));
        }
        if !script.commands[install.command].is_item {
            return Err(("MS-35", format!("{name} stands inside another command")));
        }
    }
    let unread =
        packages::installs(script).into_iter().find_map(|install| install.obstacles.into_iter().next());
    match unread.filter(|_| installs(script)) {
        Some(word) => Err((
            "PKG-11",
            format!("the installation of system packages has `{word}`, which is not understood"),
        )),
        None => Ok(()),
    }
}

fn side((image, roles): (&ImageView, Roles), script: &Script, item: usize) -> Result<Side, Why> {
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
            Action::Other => {
                let words: Vec<&str> = command.words.iter().take(3).map(|word| word.raw.as_str()).collect();
                let (words, name) = (words.join(" "), tool.name());
                Err(("PIP-15", format!("`{words}` is not understood: what {name} does there is not known")))
            }
            _ => Ok(Side::Builder),
        };
    }
    if takes_pip_away(command) {
        return Ok(Side::Final);
    }
    let removes = is_cache_removal(command) || removes_manifests(command);
    if is_pip(command) || made_venv(command, "/").is_some() || removes {
        return Ok(Side::Builder);
    }
    let is_setting = matches!(command.name(), "set" | "export" | "cd") || is_activation(command).is_some();
    Ok(if is_setting { Side::Both } else { Side::Final })
}

/// `pip uninstall -y pip setuptools`: the installers of the base image, which the final stage has as well.
fn takes_pip_away(command: &Command) -> bool {
    let is_plain = matches!(command.name(), "pip" | "pip3")
        && command.words.get(1).is_some_and(|word| word.text() == "uninstall");
    let mut names = command.arguments().skip(1).filter(|word| !word.starts_with('-')).peekable();
    is_plain && names.peek().is_some() && names.all(|name| matches!(name, "pip" | "setuptools" | "wheel"))
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
fn purge((image, roles): (&ImageView, Roles), removed: &[&ShellWord]) -> Result<Side, Why> {
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
            Err((
                "MS-25",
                format!("{name} is removed again, and whether the final stage needs it is not known"),
            ))
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
