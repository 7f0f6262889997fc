//! Which instructions of a single stage belong to the installation of its dependencies.

use super::{
    Context, ImageView, build_context, evidence,
    packages::{self, Manager},
    python::{self, PipInstall},
    runtime,
};
use crate::{
    docker::{Instruction, Keyword},
    facts::contract::join_path,
    knowledge::{
        AlpineBranch,
        apk::{self, PackageKind},
        apt::{self, AptFact, ImageFamily},
        twins::{self, Suite},
    },
};

/// What an instruction is to the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Installs system packages.
    Packages,
    /// Copies manifests that only the installation reads.
    Manifests,
    /// Installs Python packages with pip.
    Pip,
    /// Anything else: it stays.
    Other,
}

/// What a system package is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Needed to compile only.
    Build,
    /// Headers: needed to compile, and these packages to run.
    Headers(Vec<String>),
    /// Needed to run, or not known not to be.
    Keep,
    /// Headers whose runtime packages are not known.
    UnknownTwin,
}

/// The role of a package on the distribution of this image.
pub fn role(image: &ImageView, manager: Manager, name: &str) -> Role {
    match manager {
        Manager::Apk => match apk::lookup(name) {
            Some(fact) if fact.kind == PackageKind::Build => Role::Build,
            Some(fact) if fact.kind == PackageKind::DevHeaders && fact.is_listed => {
                Role::Headers(fact.runtime.iter().map(|name| (*name).to_owned()).collect())
            }
            Some(fact) if fact.kind == PackageKind::DevHeaders => Role::UnknownTwin,
            _ => Role::Keep,
        },
        Manager::Apt => debian_role(image, name),
    }
}

fn debian_role(image: &ImageView, name: &str) -> Role {
    let branch = AlpineBranch::supported().first().copied().unwrap_or(AlpineBranch::new(3, 24));
    let family = ImageFamily::of(&image.stage().base.name);
    match apt::lookup(name, branch, family) {
        AptFact::Mapped { kind: PackageKind::Build, .. } => Role::Build,
        AptFact::Mapped { kind: PackageKind::DevHeaders, .. } => {
            // `slim` without a suite is trixie since August 2025 (docker-library/official-images).
            let suite = image.stage().base.tag.as_deref().and_then(Suite::of_tag).unwrap_or(Suite::Trixie);
            match twins::lookup(name, suite) {
                Some(runtime) => Role::Headers(runtime.iter().map(|name| (*name).to_owned()).collect()),
                None => Role::UnknownTwin,
            }
        }
        _ => Role::Keep,
    }
}

/// The parts of the final stage, one an instruction.
///
/// # Errors
/// Why the installation cannot be told apart from the rest: the instruction's index and a sentence.
pub fn parts(cx: &Context, image: &ImageView) -> Result<Vec<Part>, (usize, String)> {
    let instructions = image.instructions();
    let mut parts = vec![Part::Other; instructions.len()];
    for (index, instruction) in instructions.iter().enumerate() {
        if instruction.keyword == Keyword::Run {
            parts[index] = run_part(image, instruction).map_err(|why| (index, why))?;
        }
    }
    let files: Vec<String> =
        evidence::manifests(cx, image).closures.into_iter().flat_map(|(_, c)| c.files).collect();
    let last_pip = parts.iter().rposition(|part| *part == Part::Pip).unwrap_or(0);
    for (index, instruction) in instructions[..last_pip].iter().enumerate() {
        if is_manifest_copy(image, instruction, &files) {
            parts[index] = Part::Manifests;
        }
    }
    // What is installed after the last pip step is not for it.
    for part in parts.iter_mut().skip(last_pip).filter(|part| **part == Part::Packages) {
        *part = Part::Other;
    }
    check_sources(cx, image, &parts)?;
    Ok(parts)
}

fn run_part(image: &ImageView, instruction: &Instruction) -> Result<Part, String> {
    let script = image.script(instruction);
    let pips = python::pip_installs(&script);
    let installs = packages::installs(&script);
    if let Some(tool) = python::other_installer(&script) {
        return Err(format!("{tool} installs the dependencies; only pip is split so far (PIP-15)."));
    }
    match (pips.is_empty(), installs.is_empty()) {
        (true, true) => Ok(Part::Other),
        (true, false) => Ok(Part::Packages),
        (false, false) => {
            Err("One RUN installs system packages and Python packages; split it by hand first.".to_owned())
        }
        (false, true) => pip_part(&script, &pips),
    }
}

fn pip_part(script: &crate::shell::Script, pips: &[PipInstall]) -> Result<Part, String> {
    if let Some(local) = pips.iter().flat_map(|pip| &pip.local).next() {
        return Err(format!(
            "{local} is installed from the source, which must then stand at the same path (MS-09)."
        ));
    }
    if let Some(word) = pips.iter().flat_map(|pip| &pip.obstacles).next() {
        return Err(format!("pip install has {word}, which decides where packages go or is not known."));
    }
    let is_pip_only = script.is_plain_list()
        && script.commands.iter().all(|command| {
            python::pip_word(command).is_some() || is_cache_removal(command) || command.name() == "set"
        });
    if !is_pip_only {
        return Err("The RUN that installs with pip does other things too (MS-08).".to_owned());
    }
    Ok(Part::Pip)
}

/// `rm -rf ~/.cache` and the like: of no use to anything else.
pub fn is_cache_removal(command: &crate::shell::Command) -> bool {
    let mut operands = command.arguments().filter(|word| !word.starts_with('-')).peekable();
    command.name() == "rm"
        && operands.peek().is_some()
        && operands.all(|path| {
            ["/root/.cache", "~/.cache", "$HOME/.cache"].iter().any(|cache| path.starts_with(cache))
        })
}

fn is_manifest_copy(image: &ImageView, instruction: &Instruction, files: &[String]) -> bool {
    let Some((sources, _)) = build_context::local_copy(instruction) else { return false };
    sources.iter().all(|source| {
        let path = build_context::context_path(&image.image.context, &source.text);
        files.contains(&path)
    })
}

/// Requires that every requirements file comes from a COPY that moves along.
fn check_sources(cx: &Context, image: &ImageView, parts: &[Part]) -> Result<(), (usize, String)> {
    let instructions = image.instructions();
    let lookup = |path: &str| cx.ws.entry(path).cloned();
    let states = runtime::states(image);
    for (index, instruction) in
        instructions.iter().enumerate().filter(|(index, _)| parts[*index] == Part::Pip)
    {
        for install in python::pip_installs(&image.script(instruction)) {
            for operand in install.requirements.iter().chain(&install.constraints) {
                let wanted = join_path(&states[index].workdir, operand);
                let provider = (0..index).rev().find(|at| {
                    let only = std::slice::from_ref(&instructions[*at]);
                    let workdir = &states[*at].workdir;
                    build_context::origin_in(only, &image.image.context, (&wanted, workdir), &lookup)
                        .is_some()
                });
                match provider {
                    Some(at) if parts[at] == Part::Manifests => {}
                    Some(at) => {
                        let line = image.line(&instructions[at]);
                        let why = format!(
                            "{operand} comes with the source that line {line} copies; copy it alone first (ORD-01)."
                        );
                        return Err((index, why));
                    }
                    None => {
                        return Err((
                            index,
                            format!(
                                "{operand} is not copied before it is installed, or not in the build context (MS-14)."
                            ),
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}
