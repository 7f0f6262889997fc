//! Which instructions of a stage belong to the installation of its packages, and which to the result.

mod inputs;
mod late;
pub mod node;
mod roles;
mod sides;

pub use inputs::is_named_so;
pub use roles::{Role, Roles, is_old_alpine};
pub use sides::is_cache_removal;

use super::{
    Context, ImageView,
    python::{self, environment::Environment, project::Tool},
    runtime,
};
use crate::{docker::Keyword, reason::Reason};

/// What an instruction is to the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// It stays, and the builder does not need it.
    Stays,
    /// It stays, and the builder needs it too, such as the source of a project that is installed.
    Both,
    /// Only the builder needs it: manifests, the installation.
    Moves,
    /// A RUN whose commands go apart, one side for each item of its list.
    Apart(Vec<Side>),
}

impl Part {
    /// Whether the builder has it, or a part of it, for itself.
    pub fn is_of_builder(&self) -> bool {
        match self {
            Part::Moves => true,
            Part::Apart(sides) => sides.contains(&Side::Builder),
            Part::Both | Part::Stays => false,
        }
    }
}

/// Where a command of a RUN goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Installs system packages: each stage keeps what it needs.
    Packages,
    /// Tidies up after packages: it goes where packages are installed.
    Companion,
    /// Installs Python packages, or prepares that.
    Builder,
    /// Anything else.
    Final,
    /// Sets something for the commands after it: it goes with either.
    Both,
    /// Not known to be of use to one stage alone: both run it.
    Shared,
    /// Removes what only the builder has now.
    Nowhere,
}

/// Whose packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// Python's.
    Python,
    /// Node's.
    Node,
}

/// How a stage splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Whose packages are installed.
    pub ecosystem: Ecosystem,
    /// What each instruction is.
    pub parts: Vec<Part>,
    /// The first instruction that installs Python packages.
    pub first: usize,
    /// The last one.
    pub last: usize,
    /// Where the packages live.
    pub environment: Environment,
    /// What decides on the roles of its system packages.
    pub roles: Roles,
    /// The tools that install and are not needed afterwards.
    pub tools: Vec<Tool>,
    /// Whether the project's own build runs in the builder, and not an installation alone.
    pub is_build: bool,
    /// The builder's last command, where the result has to be reduced to what runs.
    pub epilogue: Option<String>,
    /// The owner that the copied files had, as `--chown` names it.
    pub owner: Option<String>,
    /// Whether the builder may need any system package, as a step that is not read runs in it.
    pub needs_all: bool,
    /// What is doubtful about its inputs.
    pub doubts: Vec<Reason>,
}

/// Why a stage does not split.
pub type Refusal = Reason;

/// How the stage in view splits; `None` when it installs no Python packages.
///
/// # Errors
/// Why the installation cannot be told apart from the rest.
pub fn split(cx: &Context, image: &ImageView) -> Result<Option<Split>, Refusal> {
    let instructions = image.instructions();
    let is_unread = |at: &usize| {
        let step = &instructions[*at];
        step.keyword == Keyword::Run
            && image.script(step).unreadable.is_some()
            && sides::names_installer(&step.body.text)
    };
    if let Some(at) = (0..instructions.len()).find(is_unread) {
        return sides::part(image, Roles::of(cx, image), &instructions[at]).map(|_| None);
    }
    let installs: Vec<usize> =
        (0..instructions.len()).filter(|at| sides::installs_python(image, &instructions[*at])).collect();
    let (Some(&first), Some(&last)) = (installs.first(), installs.last()) else { return Ok(None) };
    let roles = Roles::of(cx, image);
    let mut parts = vec![Part::Stays; instructions.len()];
    for (index, instruction) in instructions.iter().enumerate() {
        parts[index] = match instruction.keyword {
            Keyword::Run => sides::part(image, roles, instruction)?,
            Keyword::Workdir | Keyword::Shell => Part::Both,
            _ => Part::Stays,
        };
    }
    if !installs.iter().any(|at| python::installs_more_than_tools(image.script(&instructions[*at]))) {
        return Ok(None);
    }
    let environment = Environment::of(image)?;
    // Where a COPY may bring an environment of the host along, ours comes after it, as it did.
    let first = if inputs::is_overlaid(cx, image, (&environment.path, first)) { last } else { first };
    let doubts = inputs::place(cx, image, (&mut parts, last))?;
    late::check(image, &parts, last)?;
    late::leave(&mut parts, last);
    let tools = sides::tools(image);
    if let Some(refusal) = mixed(image, &installs, &tools) {
        return Err(refusal);
    }
    let ecosystem = Ecosystem::Python;
    Ok(Some(Split {
        ecosystem,
        parts,
        first,
        last,
        environment,
        roles,
        tools,
        is_build: false,
        epilogue: None,
        owner: owner_at(image, first),
        needs_all: false,
        doubts,
    }))
}

/// The user that installs at the step `index`, if it is not root: what the builder installs as root is that user's.
fn owner_at(image: &ImageView, index: usize) -> Option<String> {
    let states = runtime::states(image);
    let state = states.get(index).filter(|state| !state.is_root())?;
    state.user.as_deref().map(str::to_owned)
}

/// A pip that installs a tool together with other packages, or packages beside those that pipenv brings: where each
/// of them has to go is not the same place.
fn mixed(image: &ImageView, installs: &[usize], tools: &[Tool]) -> Option<Refusal> {
    installs.iter().find_map(|at| {
        let pips = python::pip_installs(image.script(&image.instructions()[*at]));
        pips.iter().find_map(|install| {
            let names = || install.packages.iter().map(|name| python::bare_name(name).to_owned());
            let brings_tool = || names().any(|name| tools.iter().any(|tool| tool.name() == name));
            let is_mixed = !install.is_tooling() && (brings_tool() || tools.contains(&Tool::Pipenv));
            let what = names().collect::<Vec<_>>().join(", ");
            let span = image.instructions()[*at].span;
            is_mixed.then(|| {
                let why = format!("pip installs {what} beside a tool that would be left behind");
                Reason::known("PIP-15", span, why)
            })
        })
    })
}
