//! Steps before the installation that it may need.

use super::is_harmless;
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        ImageView,
        contract::join_path,
        packages, python,
        runtime::{self, State},
        split::{Ecosystem, Part, Side, Split},
        writers::{self, has_writable_name},
    },
    shell::Command,
};

/// The split in which both stages have what stands before the first installation and may prepare it.
pub fn shared(image: &ImageView, mut split: Split) -> Split {
    let states = runtime::states(image);
    let installs_whole = |(step, part): (&Instruction, &Part)| {
        *part == Part::Both
            && step.keyword == Keyword::Run
            && !packages::installs(image.script(step)).is_empty()
    };
    let steps = image.instructions().iter().zip(&split.parts).take(split.last + 1);
    split.needs_all |= steps.into_iter().any(installs_whole);
    for (index, state) in states.iter().enumerate().take(split.last + 1) {
        if !may_be(image, &split, (index, state)) {
            continue;
        }
        let step = &image.instructions()[index];
        let script = image.script(step);
        match &mut split.parts[index] {
            part if step.keyword != Keyword::Run => *part = Part::Both,
            _ if index > split.first => continue,
            Part::Apart(sides) => {
                let last = sides.iter().rposition(|side| *side == Side::Builder).unwrap_or(sides.len());
                for (item, side) in
                    sides[..last].iter_mut().enumerate().filter(|(_, side)| **side == Side::Final)
                {
                    *side = side_of(script.command_of(item));
                }
            }
            part if script.commands.iter().all(is_about_headers) => *part = Part::Moves,
            part if script.is_plain_list() && step.heredocs.is_empty() => {
                let items = 0..script.items.len();
                *part = Part::Apart(items.map(|item| side_of(script.command_of(item))).collect());
            }
            // The builder has none of the accounts that it names.
            _ if script.commands.iter().any(names_accounts) => continue,
            part => *part = Part::Both,
        }
        if step.keyword == Keyword::Run {
            split.needs_all = true;
            let before = image.instructions().iter().zip(&mut split.parts).take(index);
            before
                .filter(|(step, part)| {
                    **part == Part::Stays && matches!(step.keyword, Keyword::Add | Keyword::Copy)
                })
                .for_each(|(_, part)| *part = Part::Both);
        }
    }
    split
}

/// Where a command of a shared step goes: accounts and owners are of the final stage, headers of the builder.
fn side_of(command: Option<&Command>) -> Side {
    match command {
        Some(command) if names_accounts(command) => Side::Final,
        Some(command) if is_about_headers(command) => Side::Builder,
        _ => Side::Shared,
    }
}

fn names_accounts(command: &Command) -> bool {
    matches!(
        command.name(),
        "addgroup"
            | "adduser"
            | "chgrp"
            | "chown"
            | "groupadd"
            | "gosu"
            | "runuser"
            | "su"
            | "useradd"
            | "usermod"
    )
}

/// Whether a command links or copies headers, which are in the builder alone.
fn is_about_headers(command: &Command) -> bool {
    let is_header = |word: &str| word.starts_with("/usr/include") || word.starts_with("/usr/local/include");
    matches!(command.name(), "ln" | "cp" | "mkdir") && command.arguments().any(is_header)
}

/// Whether a step that stays, or a command of one that goes apart, could be needed by the installation.
pub(super) fn may_be(image: &ImageView, split: &Split, (index, state): (usize, &State)) -> bool {
    let instruction = &image.instructions()[index];
    let is_needed =
        |command: &Command| !is_harmless(command) || shapes_project(image, split, (command, state));
    match (instruction.keyword, &split.parts[index]) {
        (Keyword::Run, Part::Stays) => {
            let script = image.script(instruction);
            script.unreadable.is_some() || script.commands.iter().any(is_needed)
        }
        (Keyword::Run, Part::Apart(sides)) => {
            let script = image.script(instruction);
            let last = match index == split.last {
                true => sides.iter().rposition(|side| *side == Side::Builder).unwrap_or(0),
                false => sides.len(),
            };
            let before = script
                .commands
                .iter()
                .filter(|command| command.item < last && sides.get(command.item) == Some(&Side::Final));
            before.into_iter().any(is_needed)
        }
        (Keyword::Copy | Keyword::Add, Part::Stays) => {
            let words = instruction.words.iter().map(|word| word.text.as_str());
            words.into_iter().any(|word| {
                ["pip.conf", ".netrc", ".pypirc", ".pem", ".crt"].iter().any(|name| word.ends_with(name))
            })
        }
        _ => false,
    }
}

/// Whether a command changes files of the project, and the installation or build reads more than manifests.
///
/// What it removes would also be gone from what the builder hands over, if the command came after that.
fn shapes_project(image: &ImageView, split: &Split, (command, state): (&Command, &State)) -> bool {
    let skipped = match command.name() {
        "rm" | "touch" | "mkdir" => 0,
        "chmod" => 1,
        _ => return false,
    };
    let operands = command.arguments().filter(|word| !word.starts_with('-')).skip(skipped);
    let in_project = |word: &&str| {
        let path = join_path(&state.workdir, &state.known(word));
        path.contains('$') || writers::is_below(&path, &state.workdir)
    };
    let mut touched = operands.filter(in_project);
    match (command.name(), split.ecosystem) {
        ("rm", Ecosystem::Node) => touched.next().is_some(),
        _ if !reads_project(image, split) => false,
        ("mkdir", _) => {
            touched.any(|word| !has_writable_name(word) && join_path(&state.workdir, word) != *state.workdir)
        }
        _ => touched.next().is_some(),
    }
}

/// Whether a build, or the installation of the project itself, runs in the builder.
fn reads_project(image: &ImageView, split: &Split) -> bool {
    let installs_local = |step: &Instruction| {
        step.keyword == Keyword::Run
            && python::pip_installs(image.script(step)).iter().any(|install| !install.local.is_empty())
    };
    split.is_build
        || !split.tools.is_empty()
        || image.instructions()[..=split.last].iter().any(installs_local)
}
