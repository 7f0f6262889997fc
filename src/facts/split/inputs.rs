//! What the installation reads: manifests that move with it, and source that both stages need.

use std::collections::BTreeSet;

use std::collections::HashMap;

use super::{
    super::{
        Context, ImageView,
        build_context::{self, Steps},
        contract::join_path,
        evidence,
        python::{
            self,
            environment::OWN,
            project::{self, Tool},
        },
        runtime, sources,
    },
    Part, Refusal,
};
use crate::{
    docker::{Instruction, Keyword},
    manifest::requirements::{self, ItemKind},
    reason::Reason,
    shell::Script,
    workspace::{Entry, path},
};

/// Decides which COPY steps move or are needed twice; what is doubtful about the inputs.
///
/// # Errors
/// An installation whose inputs are not known.
pub(super) fn place(
    cx: &Context,
    image: &ImageView,
    (parts, last): (&mut [Part], usize),
) -> Result<Vec<Reason>, Refusal> {
    let instructions = image.instructions();
    let steps = Steps::of(cx, image);
    let manifests = manifests(cx, image, (&steps, last))?;
    let uses_uv = uses_uv_later(image, parts);
    let mut seen = Seen::default();
    let reads_source = (0..=last).rev().find(|at| reads_source(cx, image, (&steps, *at), &mut seen));
    for (index, step) in instructions[..last].iter().enumerate() {
        let is_file_copy = matches!(step.keyword, Keyword::Copy | Keyword::Add);
        if !is_file_copy {
            continue;
        }
        if step.flag("from").is_some() {
            if brings_uv(step) {
                parts[index] = if uses_uv { Part::Both } else { Part::Moves };
            }
            continue;
        }
        let is_manifest = is_manifest_copy(image, step, &manifests);
        let is_read = reads_source.is_some_and(|at| index < at) && !is_late_script(step);
        parts[index] = match (is_manifest, is_read) {
            (true, _) if is_only_for_installing(step) || is_copied_again(cx, image, (&steps, index)) => {
                Part::Moves
            }
            (true, _) | (false, true) => Part::Both,
            (false, false) => Part::Stays,
        };
    }
    let mut doubts = check(cx, image, (&steps, parts));
    doubts.extend(in_place(cx, image, last));
    Ok(doubts)
}

/// The context paths of every manifest and lock that an installation reads.
///
/// # Errors
/// When a requirements file is too long to know what it includes.
fn manifests(
    cx: &Context,
    image: &ImageView,
    (steps, last): (&Steps, usize),
) -> Result<BTreeSet<String>, Refusal> {
    let found = evidence::manifests(cx, image);
    if let Some(file) = found.closures.iter().find_map(|(_, closure)| closure.excess.as_ref()) {
        let why = format!("{file} is too long to know all that it asks for");
        return Err(Reason::known("PIP-12", image.instructions()[last].span, why));
    }
    let mut files: BTreeSet<String> =
        found.closures.into_iter().flat_map(|(_, closure)| closure.files).collect();
    let tools = super::sides::tools(image);
    for (index, _) in steps.runs() {
        let site = steps.site(index);
        let own = tools.iter().flat_map(|tool| tool.files());
        let settings = tools.iter().flat_map(|tool| tool.settings()).copied();
        let names = own.chain(settings).chain(PROJECT_FILES);
        files.extend(names.filter_map(|name| site.file(cx, image, name)));
    }
    Ok(files)
}

/// Files that describe a project, whichever tool reads them.
const PROJECT_FILES: [&str; 6] =
    ["pyproject.toml", "setup.py", "setup.cfg", "README.md", "README.rst", ".python-version"];

/// Whether a requirements file, or the project of a tool in a folder, installs a local one: each is read once.
#[derive(Default)]
struct Seen {
    files: HashMap<String, bool>,
    projects: HashMap<(String, &'static str), bool>,
}

/// Whether the step at `index` installs the project itself or a part of it, whose source it then reads.
fn reads_source(cx: &Context, image: &ImageView, (steps, index): (&Steps, usize), seen: &mut Seen) -> bool {
    let step = &image.instructions()[index];
    if step.keyword != Keyword::Run {
        return false;
    }
    let (script, site) = (image.script(step), steps.site(index));
    let projects = &mut seen.projects;
    let mut of_project = |install: &project::ProjectInstall| {
        let key = (site.workdir.to_owned(), install.tool.files()[0]);
        let is_local = || evidence::local_package(cx, image, &site, install.tool).is_some();
        install.installs_project || *projects.entry(key).or_insert_with(is_local)
    };
    let pips = python::pip_installs(script);
    let files = &mut seen.files;
    let mut is_local = |operand: &String| {
        let read = |path: &str| cx.files_of(image).text(path).cloned();
        let Some(path) = site.file(cx, image, operand) else { return false };
        let has_local = |path: &String| {
            let others = requirements::closure(path, &read).others;
            others.iter().any(|other| match &other.value {
                ItemKind::LocalPath { .. } => true,
                ItemKind::Editable { target } => !target.contains("://"),
                _ => false,
            })
        };
        *files.entry(path).or_insert_with_key(has_local)
    };
    pips.iter().any(|install| !install.local.is_empty())
        || project::installs(script).iter().any(&mut of_project)
        || pips.iter().flat_map(|install| &install.requirements).any(&mut is_local)
}

/// A requirements file that installs a folder in place, which may leave its metadata there.
fn in_place(cx: &Context, image: &ImageView, last: usize) -> Option<Reason> {
    let closures = evidence::manifests(cx, image).closures;
    let others = closures.iter().flat_map(|(_, closure)| &closure.others);
    let in_place = others.filter_map(|other| match &other.value {
        ItemKind::Editable { target } if !target.contains("://") => Some((&other.file, target)),
        _ => None,
    });
    let (file, target) = in_place.into_iter().next()?;
    let why =
        format!("{file} installs {target} in place, and its metadata may be missing from the final stage");
    Some(Reason::doubt("MS-09", image.instructions()[last].span, why))
}

fn brings_uv(step: &Instruction) -> bool {
    let image = step.flag("from").and_then(|flag| flag.value.as_deref()).unwrap_or_default();
    let name = image.split([':', '@']).next().unwrap_or_default();
    matches!(name, "ghcr.io/astral-sh/uv" | "astral/uv" | "docker.io/astral/uv")
}

/// Whether a command that stays calls uv other than to start a program in the environment.
fn uses_uv_later(image: &ImageView, parts: &[Part]) -> bool {
    let stays = |part: &Part| matches!(part, Part::Stays);
    let steps = image.instructions().iter().zip(parts).filter(|(_, part)| stays(part));
    steps.filter(|(step, _)| step.keyword == Keyword::Run).any(|(step, _)| {
        let script = image.script(step);
        let calls = |command: &crate::shell::Command| matches!(command.name(), "uv" | "uvx");
        let runs = |(at, command)| {
            matches!(project::action(at, command), Some((Tool::Uv, project::Action::Runs(_))))
        };
        script.commands.iter().any(calls) && !script.commands.iter().enumerate().any(runs)
    })
}

fn is_manifest_copy(image: &ImageView, step: &Instruction, files: &BTreeSet<String>) -> bool {
    let Some((sources, _)) = build_context::local_copy(step) else { return false };
    sources.iter().all(|source| {
        let wanted = build_context::context_path(&image.image.context, &source.text);
        match build_context::is_pattern(&source.text) {
            true => files.iter().any(|file| {
                path::parent(file) == path::parent(&wanted)
                    && build_context::matches_glob(path::name(&wanted), path::name(file))
            }),
            false => files.contains(&wanted),
        }
    })
}

/// A start script by its name: nothing that an installation reads.
fn is_late_script(step: &Instruction) -> bool {
    let Some((sources, _)) = build_context::local_copy(step) else { return false };
    sources.iter().all(|source| source.text.ends_with(".sh") && !source.text.contains("install"))
}

/// Requirements and lock files are of no use to a running service; a pyproject.toml may be.
fn is_only_for_installing(step: &Instruction) -> bool {
    let Some((sources, _)) = build_context::local_copy(step) else { return false };
    let is_plain = |source: &str| {
        let name = path::name(source);
        // A pattern such as `*.txt` may bring more than manifests.
        let is_told =
            ["requirement", "constraint", ".lock", "Pipfile"].iter().any(|part| name.contains(part));
        if build_context::is_pattern(source) && !is_told {
            return false;
        }
        name.ends_with(".txt")
            || name.ends_with(".in")
            || name.contains(".lock")
            || name.starts_with("Pipfile")
    };
    sources.iter().all(|source| is_plain(&source.text))
}

/// Whether a later COPY of the whole folder brings the same files to the same place.
pub(super) fn is_copied_again(cx: &Context, image: &ImageView, (steps, index): (&Steps, usize)) -> bool {
    let Some((sources, target)) = build_context::local_copy(&steps.instructions[index]) else { return false };
    let lands = |name: &str| {
        let folder = join_path(&steps.states[index].workdir, &target.text);
        format!("{}/{}", folder.trim_end_matches('/'), path::name(name))
    };
    let is_again = |own: &str| {
        let found = steps.origin(cx, index + 1..steps.instructions.len(), &lands(own));
        found.is_some_and(|(_, path)| path == own)
    };
    sources.iter().all(|source| {
        let own = build_context::context_path(&image.image.context, &source.text);
        if !build_context::is_pattern(&source.text) {
            return is_again(&own);
        }
        let is_meant = |file: &&String| {
            path::parent(file) == path::parent(&own)
                && build_context::matches_glob(path::name(&own), path::name(file))
        };
        let there = cx.files_of(image).entries().filter(|(_, entry)| !matches!(entry, Entry::Missing));
        let mut meant = there.map(|(file, _)| file).filter(is_meant).peekable();
        meant.peek().is_some() && meant.all(|file| is_again(file))
    })
}

/// Whether an installed folder is called as environments and modules of a host are, and not our own.
pub fn is_named_so(folder: &str) -> bool {
    folder != OWN && matches!(path::name(folder), "node_modules" | ".venv" | "venv")
}

/// Whether a COPY after the instruction at `first` may put something of the build context over `folder`.
pub(super) fn is_overlaid(cx: &Context, image: &ImageView, (folder, first): (&str, usize)) -> bool {
    let states = runtime::states(image);
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let context = &image.image.context;
    image.instructions().iter().enumerate().skip(first + 1).any(|(index, step)| {
        let Some((sources, target)) = build_context::local_copy(step) else { return false };
        let to = join_path(&states[index].workdir, &target.text);
        let Some(rest) = folder.strip_prefix(to.trim_end_matches('/')) else { return false };
        build_context::copies_folder(step, context, &lookup)
            && sources.iter().any(|source| {
                let own = build_context::context_path(context, &source.text);
                let own = path::join(&own, rest.trim_start_matches('/'));
                // An entry that the change writes keeps it out.
                let may_be = is_named_so(folder) && sources::may_keep_out(cx, image, &own);
                !may_be && !sources::is_kept_out(cx, image, &own)
            })
    })
}

/// Lets the builder have every file that an installation names; the files that nothing is seen to bring.
fn check(cx: &Context, image: &ImageView, (steps, parts): (&Steps, &mut [Part])) -> Vec<Reason> {
    let mut doubts = Vec::new();
    let exported = exported(image);
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    for (index, step) in steps.runs() {
        let site = steps.site(index);
        for (operand, is_needed) in named_files(image.script(step)) {
            let wanted = join_path(site.workdir, &operand);
            let is_mounted = || site.mounted(&image.image.context, &wanted, &lookup).is_some();
            if exported.contains(&operand) || is_mounted() {
                continue;
            }
            match steps.origin(cx, 0..index, &wanted) {
                Some((at, _)) if parts[at] == Part::Stays => parts[at] = Part::Both,
                None if is_needed => {
                    bring((steps, index), parts, &wanted);
                    let why = "nothing is seen to bring it before it is installed";
                    doubts.push(Reason::doubt("MS-14", step.span, why).about(operand));
                }
                _ => {}
            }
        }
        let env = &steps.states[index].env;
        for (_, path) in python::inputs::named(image.script(step), env) {
            let wanted = join_path(site.workdir, &path);
            bring((steps, index), parts, &wanted);
        }
    }
    doubts
}

/// Lets the builder have what stands at `wanted`, a file or a folder, before the step at `index`.
fn bring((steps, index): (&Steps, usize), parts: &mut [Part], wanted: &str) {
    let is_below = |path: &str, folder: &str| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (at, step) in steps.instructions[..index].iter().enumerate() {
        let Some((_, target)) = build_context::local_copy(step) else { continue };
        let target = join_path(&steps.states[at].workdir, &target.text);
        if parts[at] == Part::Stays && (is_below(wanted, &target) || is_below(&target, wanted)) {
            parts[at] = Part::Both;
        }
    }
}

/// The files that the installations of a script name or imply, and whether they must be there.
fn named_files(script: &Script) -> Vec<(String, bool)> {
    let pips = python::pip_installs(script);
    let operands = pips.iter().flat_map(|install| install.requirements.iter().chain(&install.constraints));
    let mut files: Vec<(String, bool)> = operands.map(|operand| (operand.clone(), true)).collect();
    let actions = script.commands.iter().enumerate().filter_map(|(at, command)| project::action(at, command));
    for (tool, action) in actions {
        if matches!(action, project::Action::Installs(_) | project::Action::Exports(_)) {
            let [manifest, lock] = tool.files();
            files.extend([(manifest.to_owned(), true), (lock.to_owned(), false)]);
            files.extend(tool.settings().iter().map(|name| ((*name).to_owned(), false)));
        }
    }
    files
}

fn exported(image: &ImageView) -> BTreeSet<String> {
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps.flat_map(|step| evidence::exported_files(image.script(step))).collect()
}
