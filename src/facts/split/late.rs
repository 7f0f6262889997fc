//! What comes after the last installation: the builder ends there.

use super::{
    super::{
        ImageView,
        python::{self, environment::made_venv, project},
    },
    Part, Refusal, Side,
};
use crate::{
    docker::Keyword,
    reason::Reason,
    shell::{Command, Script},
};

/// Requires that nothing serves the installation after it, and that nobody needs what pip tells of it.
///
/// # Errors
/// A command whose result is needed where the image runs, such as `pip uninstall` and `pip freeze > FILE`.
pub(super) fn check(image: &ImageView, parts: &[Part], last: usize) -> Result<(), Refusal> {
    let runs = image.instructions().iter().zip(parts).enumerate();
    for (index, (step, part)) in runs.filter(|(_, (step, _))| step.keyword == Keyword::Run) {
        let script = image.script(step);
        let end = match index.cmp(&last) {
            std::cmp::Ordering::Less => script.items.len(),
            std::cmp::Ordering::Equal => after_installing(script),
            std::cmp::Ordering::Greater => 0,
        };
        let moves = |command: &&Command| match part {
            Part::Moves => true,
            Part::Apart(sides) => sides.get(command.item) == Some(&Side::Builder),
            Part::Stays | Part::Both => false,
        };
        let is_needed = |command: &&Command| {
            tells_a_file(command) || (command.item >= end && is_for_environment(command))
        };
        if let Some(command) = script.commands.iter().filter(moves).find(is_needed) {
            return Err(Reason::known("MS-08", step.span, told(command)));
        }
    }
    Ok(())
}

fn told(command: &Command) -> String {
    let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
    format!("what `{}` does would be missing from the final stage", words.join(" "))
}

/// The first item after the last one that installs.
fn after_installing(script: &Script) -> usize {
    let pips = python::pip_installs(script).into_iter().map(|install| install.item);
    let tools = project::installs(script).into_iter().map(|install| script.commands[install.command].item);
    pips.chain(tools).max().map_or(0, |item| item + 1)
}

/// `pip freeze > FILE`.
fn tells_a_file(command: &Command) -> bool {
    let tells = matches!(python::pip_verb(command), Some("freeze" | "list" | "show" | "check" | "inspect"));
    tells && command.stdout.as_deref().is_some_and(|file| !file.starts_with("/dev/"))
}

/// Whether a command after the installation is about its environment, and not about caches.
fn is_for_environment(command: &Command) -> bool {
    // What only prints harms nobody.
    let only_tells = |verb: &str| matches!(verb, "cache" | "check" | "freeze" | "list" | "show" | "");
    let is_pip = python::pip_verb(command).is_some_and(|verb| !only_tells(verb));
    is_pip || made_venv(command, "/").is_some()
}

/// What is installed after the last Python package is not for it; that goes again where it came from, if it goes.
pub(super) fn leave(parts: &mut [Part], last: usize) {
    for part in parts.iter_mut().skip(last + 1) {
        let is_whole = match part {
            Part::Both => true,
            Part::Apart(sides) => {
                let installs = sides.contains(&Side::Packages);
                sides.iter().all(|side| match side {
                    Side::Packages | Side::Companion | Side::Final | Side::Both | Side::Shared => true,
                    Side::Nowhere => installs,
                    Side::Builder => false,
                })
            }
            _ => false,
        };
        if is_whole {
            *part = Part::Stays;
        }
    }
}
