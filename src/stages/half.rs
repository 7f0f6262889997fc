//! One half of a RUN whose commands go apart: what the builder gets, or what the final stage keeps.

use super::runners;
use crate::{
    docker::{Instruction, write},
    facts::{
        ImageView,
        packages::{self, Install},
        python::{self, environment::OWN, project::Tool},
        split::{Part, Role, Roles, Side, Split},
    },
    shell::Script,
    source::Span,
};

/// How the packages get into the environment that the builder makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The author's commands name or activate it already.
    Authors,
    /// `pip --python` names it; other tools find it by VIRTUAL_ENV.
    Named,
    /// It stands first on PATH.
    Path,
}

/// What the builder's half keeps of the packages.
#[derive(Clone, Copy, Debug)]
pub struct BuilderHalf {
    /// How packages get into the environment.
    pub route: Route,
    /// What decides on the roles of packages.
    pub roles: Roles,
    /// Whether git is needed to fetch packages.
    pub has_git: bool,
    /// Whether any package may be needed, as for a build whose steps are the project's own.
    pub needs_all: bool,
}

/// The items of a RUN and where they go.
struct Items<'a> {
    image: &'a ImageView<'a>,
    step: &'a Instruction,
    script: Script,
    sides: Vec<Side>,
}

impl<'a> Items<'a> {
    fn of(image: &'a ImageView, step: &'a Instruction, part: &Part) -> Self {
        let script = image.script(step);
        let sides = match part {
            Part::Apart(sides) => sides.clone(),
            Part::Moves => vec![Side::Builder; script.items.len()],
            Part::Both | Part::Stays => vec![Side::Both; script.items.len()],
        };
        Self { image, step, script: script.clone(), sides }
    }

    fn of_side(&self, wanted: &[Side]) -> Vec<usize> {
        (0..self.sides.len()).filter(|item| wanted.contains(&self.sides[*item])).collect()
    }

    /// The script with the commands of the final stage alone.
    fn staying(&self) -> Script {
        let mut script = self.script.clone();
        script.commands.retain(|command| self.sides[command.item] == Side::Final);
        script
    }

    /// The text with `pieces` and without the `removed` items; `None` when nothing is left of it.
    fn rewritten(&self, mut pieces: Vec<write::Piece>, mut removed: Vec<usize>) -> Option<String> {
        removed.sort_unstable();
        removed.dedup();
        if removed.len() == self.script.items.len() {
            return None;
        }
        let gone = |span: &Span| removed.iter().any(|item| self.script.items[*item].span.contains(*span));
        pieces.retain(|(span, _)| !gone(span));
        pieces.extend(write::delete_items(self.image.text, &self.script, &removed));
        let is_whole =
            self.sides.iter().all(|side| !matches!(side, Side::Packages | Side::Final | Side::Nowhere));
        let comments = if is_whole { write::Comments::Keep } else { write::Comments::FollowCode };
        write::rewrite(self.image.text, self.step, &pieces, comments)
    }
}

/// The builder's half of a RUN; `None` when nothing of it is for the builder.
pub fn for_builder(image: &ImageView, step: &Instruction, part: &Part, how: BuilderHalf) -> Option<String> {
    let items = Items::of(image, step, part);
    let mut removed = items.of_side(&[Side::Final, Side::Nowhere]);
    let mut pieces = retargeted(&items, how.route);
    let mut has_packages = false;
    for install in packages::installs(&items.script).iter().filter(|_| matches!(part, Part::Apart(_))) {
        let is_needed = |name: &str| {
            let needs_git =
                how.has_git && matches!(name, "git" | "openssh-client" | "openssh-client-default");
            how.needs_all || needs_git || how.roles.role(image, install.manager, name) != Role::Keep
        };
        if !install.packages.iter().any(|package| is_needed(&package.name)) {
            removed.push(install.item);
            continue;
        }
        has_packages = true;
        let dropped = install.packages.iter().filter(|package| !is_needed(&package.name));
        pieces.extend(dropped.map(|package| write::delete_word(image.text, package.span)));
        pieces.extend(without_group(image, install));
    }
    if !has_packages && matches!(part, Part::Apart(_)) {
        removed.extend(items.of_side(&[Side::Companion]));
        if items.of_side(&[Side::Builder, Side::Shared]).is_empty() {
            return None;
        }
    }
    items.rewritten(pieces, removed)
}

/// What the final stage keeps of a RUN whose items go apart; `None` when that is nothing.
///
/// # Errors
/// The tool that a command which stays calls, and that does not stay.
pub fn for_final(
    image: &ImageView,
    step: &Instruction,
    (part, split): (&Part, &Split),
) -> Result<Option<String>, Tool> {
    let items = Items::of(image, step, part);
    let installs = packages::installs(&items.script);
    let mut removed = items.of_side(&[Side::Builder, Side::Nowhere]);
    let mut pieces = runners::pieces(&items.staying(), &split.tools)?;
    let mut present = kept((image, split.roles), &installs);
    let mut has_packages = false;
    for install in &installs {
        let own = runtime_words((image, split.roles), install, &mut present);
        match own {
            Some(own) => {
                has_packages = true;
                pieces.extend(own);
                pieces.extend(without_group(image, install));
            }
            None => removed.push(install.item),
        }
    }
    if !has_packages {
        removed.extend(items.of_side(&[Side::Companion]));
        if items.of_side(&[Side::Final, Side::Shared]).is_empty() {
            return Ok(None);
        }
    }
    Ok(items.rewritten(pieces, removed))
}

/// The packages that the installations keep as they are.
fn kept((image, roles): (&ImageView, Roles), installs: &[Install]) -> Vec<String> {
    let packages = installs
        .iter()
        .flat_map(|install| install.packages.iter().map(move |package| (install.manager, &package.name)));
    packages
        .filter(|(manager, name)| {
            matches!(roles.role(image, *manager, name), Role::Keep | Role::Unknown | Role::UnknownTwin)
        })
        .map(|(_, name)| name.clone())
        .collect()
}

/// The replacements that leave the packages to run; `None` when none is left.
fn runtime_words(
    (image, roles): (&ImageView, Roles),
    install: &Install,
    present: &mut Vec<String>,
) -> Option<Vec<write::Piece>> {
    let mut has_any = false;
    let mut own = Vec::new();
    for package in &install.packages {
        match roles.role(image, install.manager, &package.name) {
            Role::Keep | Role::Unknown | Role::UnknownTwin => has_any = true,
            Role::Build => own.push(write::delete_word(image.text, package.span)),
            Role::Headers(runtime) => {
                let is_new = |name: &&str| !present.iter().any(|have| have == name);
                let new: Vec<&str> = runtime.iter().map(String::as_str).filter(is_new).collect();
                has_any |= !new.is_empty();
                own.push(match new.is_empty() {
                    true => write::delete_word(image.text, package.span),
                    false => (package.span, crate::alpine::run::laid_out(image.text, package.span, &new)),
                });
                present.extend(new.iter().map(|name| (*name).to_owned()));
            }
        }
    }
    has_any.then_some(own)
}

/// `--virtual` goes with the removal that it was for.
fn without_group(image: &ImageView, install: &Install) -> Option<write::Piece> {
    install.group_option.map(|span| write::delete_word(image.text, span))
}

/// The installations of a RUN, led into the environment that the builder makes.
fn retargeted(items: &Items, route: Route) -> Vec<write::Piece> {
    if route == Route::Authors {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    for install in python::pip_installs(&items.script).iter().filter(|install| !install.is_tooling()) {
        match (install.is_uv, install.system, route) {
            (true, Some(span), _) => pieces.push((span, format!("--python {OWN}"))),
            (true, None, _) | (false, _, Route::Named) => {
                pieces.push((Span::at(install.target_at), format!(" --python {OWN}")));
            }
            _ => {}
        }
    }
    pieces
}
