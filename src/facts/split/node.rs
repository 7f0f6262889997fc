//! How a stage of Node splits: dependencies alone, or the whole build with its development dependencies.

mod programs;
mod prune;

pub use programs::owner;

use super::{
    super::{
        Context, ImageView,
        build_context::{self, Steps},
        commands,
        contract::join_path,
        evidence::{self, NodeProject},
        node::{self, Action},
        packages,
        python::environment::Environment,
        runtime::{self, State},
        start_scripts,
    },
    Ecosystem, Part, Refusal, Roles, Side, Split,
};
use crate::{
    docker::{Instruction, Keyword},
    reason::Reason,
    shell::{Command, Script},
    workspace::path,
};

/// How the stage in view splits; `None` when it installs nothing with a package manager of Node.
///
/// # Errors
/// Why the installation cannot be told apart from the rest.
pub fn split(cx: &Context, image: &ImageView) -> Result<Option<Split>, Refusal> {
    let instructions = image.instructions();
    let states = runtime::states(image);
    let steps = (0..instructions.len()).filter(|at| instructions[*at].keyword == Keyword::Run);
    let scripts: Vec<(usize, Script)> =
        steps.map(|at| (at, image.script(&instructions[at]).clone())).collect();
    let of_kind = |wanted: fn(&Action) -> bool| -> Vec<usize> {
        let has = |script: &Script| {
            script.commands.iter().filter_map(node::action).any(|(_, action)| wanted(&action))
        };
        scripts.iter().filter(|(_, script)| has(script)).map(|(at, _)| *at).collect()
    };
    let installs = of_kind(|action| matches!(action, Action::Installs { .. }));
    let builds = of_kind(|action| matches!(action, Action::RunsScript(_) | Action::RunsProgram(_)));
    let at = |index: usize| move |trap, why: String| Reason::known(trap, instructions[index].span, why);
    let (Some(&first_install), Some(project)) = (installs.first(), evidence::node_project(cx, image)) else {
        return Ok(None);
    };
    let project = project
        .map_err(|why| at(first_install)("MS-36", format!("what is installed is not known: {why}")))?;
    if let Some(name) = programs::kept_elsewhere(&project) {
        let why =
            format!("{name} keeps what it downloads in the home folder, which would stay in the builder");
        return Err(at(first_install)("MS-25", why));
    }
    let last = installs.iter().chain(&builds).copied().max().unwrap_or(first_install);
    for (index, script) in scripts.iter().filter(|(index, _)| *index <= last) {
        let mut leaves = script.commands.iter().filter_map(|command| programs::leaves(command, &project));
        if let Some(why) = leaves.next() {
            return Err(at(*index)("MS-25", why));
        }
    }
    let builds_after = builds.iter().any(|at| *at >= first_install);
    for (index, script) in scripts.iter().filter(|(index, _)| *index > last) {
        if let Some(command) = script.commands.iter().find(|command| programs::may_compile(command)) {
            let words: Vec<&str> = command.words.iter().take(3).map(|word| word.raw.as_str()).collect();
            let why = format!("`{}` may compile after the installation", words.join(" "));
            return Err(at(*index)("MS-08", why));
        }
    }
    let mut folders = installs.iter().map(|at| &states[*at].workdir);
    if folders.next().is_some_and(|first| folders.any(|other| other != first)) {
        let why = "packages are installed in several folders, of which the final stage would get one";
        return Err(at(last)("MS-36", why.to_owned()));
    }
    if let Some(why) = prune::elsewhere(cx, image, &project) {
        return Err(at(last)("MS-36", why));
    }
    let mut parts = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        parts.push(match instruction.keyword {
            Keyword::Run if index > last => Part::Stays,
            Keyword::Run => part(image, instruction)?,
            Keyword::Workdir | Keyword::Shell => Part::Both,
            _ => Part::Stays,
        });
    }
    // What a script makes as packages are installed may stand anywhere in the folder.
    let takes_all = builds_after || programs::script_at_installation(&project, &scripts).is_some();
    let plan = match takes_all {
        true => whole_build(cx, image, (&mut parts, last), (&states, &project))?,
        false if prune::is_workspace(cx, image, &project) => {
            let why = "the packages of a workspace have folders of their own for what they need";
            return Err(at(last)("MS-36", why.to_owned()));
        }
        false => dependencies(cx, image, (&mut parts, last), &states),
    };
    leave_managers(cx, image, &mut parts);
    let first = parts.iter().position(Part::is_of_builder).unwrap_or(first_install);
    super::late::leave(&mut parts, last);
    let environment = Environment { path: plan.path, is_authors: true, is_on_path: true };
    Ok(Some(Split {
        ecosystem: Ecosystem::Node,
        parts,
        first,
        last,
        environment,
        roles: Roles::of(cx, image),
        tools: Vec::new(),
        is_build: takes_all,
        epilogue: plan.epilogue,
        owner: plan.owner.or_else(|| super::owner_at(image, last)),
        needs_all: false,
        doubts: plan.doubts,
    }))
}

/// `corepack enable` and the like are for the builder alone when nothing that runs calls the package manager.
fn leave_managers(cx: &Context, image: &ImageView, parts: &mut [Part]) {
    let started: Vec<String> = commands::run_by(cx, image).into_iter().flatten().collect();
    let scripts = start_scripts::known(cx, image);
    let is_called = |name: &str| {
        started.iter().any(|word| word == name) || scripts.iter().any(|(_, text)| text.contains(name))
    };
    if ["yarn", "pnpm", "corepack", "npm", "npx"].into_iter().any(is_called) {
        return;
    }
    for (step, part) in image.instructions().iter().zip(parts).filter(|(_, part)| **part == Part::Both) {
        let script = image.script(step);
        let is_manager = |command: &Command| match node::action(command) {
            Some((_, Action::Prepares)) => true,
            Some((_, Action::InstallsGlobally(names))) => names
                .iter()
                .all(|name| ["pnpm", "yarn", "npm", "corepack"].iter().any(|known| name.starts_with(known))),
            _ => false,
        };
        if step.keyword == Keyword::Run && script.commands.iter().all(is_manager) {
            *part = Part::Moves;
        }
    }
}

/// What the final stage takes from the builder.
struct Outcome {
    path: String,
    epilogue: Option<String>,
    owner: Option<String>,
    doubts: Vec<Reason>,
}

/// Only the installed packages are taken: nothing is built.
fn dependencies(
    cx: &Context,
    image: &ImageView,
    (parts, last): (&mut [Part], usize),
    states: &[State],
) -> Outcome {
    let steps = Steps::of(cx, image);
    for (index, step) in steps.instructions[..last].iter().enumerate() {
        if build_context::local_copy(step).is_none() {
            continue;
        }
        let is_again = super::inputs::is_copied_again(cx, image, (&steps, index));
        parts[index] = match (is_manifest_copy(step), is_again) {
            (true, true) => Part::Moves,
            _ => Part::Both,
        };
    }
    let path = join_path(&states[last].workdir, "node_modules");
    Outcome { path, epilogue: None, owner: None, doubts: Vec::new() }
}

/// The folder is taken as the build leaves it, without what only development needs.
fn whole_build(
    cx: &Context,
    image: &ImageView,
    (parts, last): (&mut [Part], usize),
    (states, project): (&[State], &NodeProject),
) -> Result<Outcome, Refusal> {
    let folder = &*states[last].workdir;
    if folder == "/" {
        let why = "the build runs in the root folder, which cannot be copied as a whole";
        return Err(Reason::known("MS-13", image.instructions()[last].span, why));
    }
    let mut owner = None;
    for (index, step) in image.instructions()[..last].iter().enumerate() {
        let Some((_, target)) = build_context::local_copy(step) else { continue };
        let to = join_path(&states[index].workdir, &target.text);
        let is_inside =
            to == folder || to.trim_end_matches('/') == folder || to.starts_with(&format!("{folder}/"));
        parts[index] = if is_inside { Part::Moves } else { Part::Both };
        owner = step.flag("chown").and_then(|flag| flag.value.clone()).filter(|_| is_inside).or(owner);
    }
    let has_none = project.is_production || project.package.dev_dependencies.is_empty();
    let (epilogue, doubts) = match has_none || prunes_itself(image) {
        true => (None, Vec::new()),
        false => prune::prune(cx, image, project)
            .map(|(command, doubts)| (Some(command), doubts))
            .map_err(|reason| Reason { span: image.instructions()[last].span, ..reason })?,
    };
    Ok(Outcome { path: folder.to_owned(), epilogue, owner, doubts })
}

fn prunes_itself(image: &ImageView) -> bool {
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps
        .flat_map(|step| image.script(step).commands.iter().filter_map(node::action).collect::<Vec<_>>())
        .any(|(_, action)| action == Action::Prunes)
}

/// Whether all that a COPY brings are manifests.
fn is_manifest_copy(step: &Instruction) -> bool {
    let Some((sources, _)) = build_context::local_copy(step) else { return false };
    sources.iter().all(|source| {
        let name = path::name(&source.text);
        node::MANIFESTS.iter().any(|known| *known == name || build_context::matches_glob(name, known))
            && !matches!(name, "*" | "*.*" | "")
    })
}

/// What a RUN is to the installation or the build.
fn part(image: &ImageView, step: &Instruction) -> Result<Part, Reason> {
    let script = image.script(step);
    let known = |trap, why| Reason::known(trap, step.span, why);
    if script.unreadable.is_some() {
        return Ok(Part::Stays);
    }
    if let Some(word) = super::sides::variable_command(script) {
        let why = format!("what `{word}` runs cannot be told, so it may install packages");
        return Err(known("MS-35", why));
    }
    let mut sides = Vec::new();
    for item in 0..script.items.len() {
        sides.push(side(script, item).map_err(|why| known("MS-35", why))?);
    }
    // A program that is installed for the whole image may serve the build and what runs.
    let has = |wanted: Side| sides.contains(&wanted);
    if sides.iter().all(|side| *side == Side::Both) {
        return Ok(Part::Both);
    }
    let installs_globally = script
        .commands
        .iter()
        .filter_map(node::action)
        .any(|(_, action)| matches!(action, Action::InstallsGlobally(_) | Action::Prepares));
    if installs_globally && has(Side::Final) && !has(Side::Builder) {
        let why = "the RUN that installs a program for the whole image does other things too";
        return Err(known("PKG-11", why.to_owned()));
    }
    super::sides::part_of(step, script, sides)
}

fn side(script: &Script, item: usize) -> Result<Side, String> {
    let Some(command) = script.command_of(item) else {
        let calls = script.commands_in(item).iter().filter_map(node::action).next();
        return match calls {
            Some((manager, _)) => Err(format!("{} stands inside another command", manager.name())),
            None => Ok(Side::Final),
        };
    };
    if packages::is_install(command) {
        return Ok(Side::Packages);
    }
    if packages::is_apt_companion(command) {
        return Ok(Side::Companion);
    }
    match node::action(command) {
        Some((manager, Action::Installs { obstacles, .. })) => match obstacles.first() {
            Some(word) => Err(format!("{} has {word}, which is not known", manager.name())),
            None => Ok(Side::Builder),
        },
        Some((_, Action::InstallsGlobally(_) | Action::Prepares)) => Ok(Side::Both),
        Some((_, Action::Other)) => {
            let text: Vec<&str> = command.words.iter().take(3).map(|word| word.raw.as_str()).collect();
            Err(format!("`{}` is not understood", text.join(" ")))
        }
        Some(_) => Ok(Side::Builder),
        None if matches!(command.name(), "set" | "export" | "cd") => Ok(Side::Both),
        None if removes_modules(command) => Ok(Side::Builder),
        None => Ok(Side::Final),
    }
}

fn removes_modules(command: &Command) -> bool {
    let mut operands = command.arguments().filter(|word| !word.starts_with('-')).peekable();
    let is_known =
        |word: &str| word.contains("node_modules") || word.contains(".npm") || word.contains(".cache");
    command.name() == "rm" && operands.peek().is_some() && operands.all(is_known)
}
