//! Compiled programs of the build context: the C library that they are linked to.

use std::collections::BTreeSet;

use super::stage::Translated;
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, build_context,
        commands::{self, OfService, Standing},
        contract::join_path,
        programs,
        runtime::{self, State},
        scripts,
    },
    reason::Reason,
    source::{FileId, Span},
    workspace::{Entry, Program, path},
};

/// Adds to `out` the programs that do not start on Alpine, and those of which nobody can tell.
pub(super) fn look(
    cx: &Context,
    image: &ImageView,
    (states, standing): (&[State], &Standing),
    out: &mut Translated,
) {
    let known = copied(cx, image, out);
    let mut seen = BTreeSet::new();
    for started in started(cx, image, states) {
        let mut places = programs::places(&started.name, started.workdir).into_iter();
        let file = places.find_map(|place| standing.origin(&place));
        if file.as_ref().is_some_and(|file| !seen.insert(file.clone())) {
            continue;
        }
        let found = match &file {
            Some(file) => of_file(cx, image, &known, (&started, file)),
            None => of_nothing(cx, image, &started).into_iter().collect(),
        };
        out.reasons.extend(found.into_iter().map(|reason| Reason { file: started.within, ..reason }));
    }
}

/// What speaks against a program that no file of the build context is.
fn of_nothing(cx: &Context, image: &ImageView, started: &Started) -> Option<Reason> {
    let Started { name, span, workdir, .. } = started;
    let is_named = !name.contains('/') && !missing_program(cx, image, name).is_empty();
    (is_named || is_of_missing_folder(cx, image, (name, workdir))).then(|| not_there(name, *span))
}

/// What speaks against a program of the build context.
fn of_file(
    cx: &Context,
    image: &ImageView,
    (named, missing): &(BTreeSet<String>, BTreeSet<String>),
    (started, file): (&Started, &str),
) -> Vec<Reason> {
    let (name, span) = (&*started.name, started.span);
    let (entry, program) = (cx.files_of(image).entry(file), cx.files_of(image).program(file));
    let mut found = Vec::new();
    // A folder is no program: the build context is another than it seems.
    if entry == Some(&Entry::Folder) {
        found.push(not_there(name, span));
    }
    let is_named = named.contains(file);
    found.extend(program.filter(|_| !is_named).and_then(|program| linked(name, program, span)));
    let is_missing = is_named && !missing.contains(file) && entry == Some(&Entry::Missing);
    if is_missing && !programs::is_interpreted(name) && !scripts::is_script(name) {
        found.push(not_there(name, span));
    }
    if program == Some(&Program::Unknown) {
        let what = "a program of the project, and its C library is not known";
        found.push(Reason::doubt("BASE-12", span, what).about(name));
    }
    found
}

/// The files that are copied by name, and those of them that were told to be missing; what Alpine cannot start
/// speaks against it.
fn copied(cx: &Context, image: &ImageView, out: &mut Translated) -> (BTreeSet<String>, BTreeSet<String>) {
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let (mut named, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for step in image.instructions() {
        for (word, file) in programs::copied_by_name(step, &image.image.context, &lookup) {
            let program = cx.files_of(image).program(&file).filter(|_| !named.contains(&file));
            out.reasons.extend(program.and_then(|program| linked(&word.text, program, word.span)));
            let is_missing = cx.files_of(image).entry(&file) == Some(&Entry::Missing);
            if is_missing && is_for_programs(step) && !programs::is_interpreted(&word.text) {
                out.reasons.push(not_there(&word.text, word.span));
                missing.insert(file.clone());
            }
            named.insert(file);
        }
    }
    (named, missing)
}

/// Whether a folder that is copied to where the program stands, or the program in it, is not in the build context.
fn is_of_missing_folder(cx: &Context, image: &ImageView, (name, workdir): (&str, &str)) -> bool {
    if !name.contains('/') || programs::is_interpreted(name) || scripts::is_script(name) {
        return false;
    }
    let place = join_path(workdir, name);
    let last_run = image.instructions().iter().rposition(|step| step.keyword == Keyword::Run).unwrap_or(0);
    image.instructions().iter().enumerate().any(|(index, step)| {
        let Some((sources, target)) = build_context::local_copy(step) else { return false };
        let folder = target.text.trim_end_matches('/');
        let is_above =
            folder.len() > 1 && place.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        is_above
            && sources.iter().any(|source| {
                let file = build_context::context_path(&image.image.context, &source.text);
                match cx.files_of(image).entry(&file) {
                    Some(Entry::Missing) => true,
                    // No step after it makes the program.
                    Some(Entry::Folder) => index > last_run,
                    _ => false,
                }
            })
    })
}

/// The files called `name` that are copied and not in the build context.
fn missing_program(cx: &Context, image: &ImageView, name: &str) -> Vec<String> {
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let steps = image.instructions().iter();
    let copied = steps.flat_map(|step| programs::copied_by_name(step, &image.image.context, &lookup));
    let files = copied.map(|(_, file)| file).filter(|file| path::name(file) == name);
    files.filter(|file| cx.files_of(image).entry(file) == Some(&Entry::Missing)).collect()
}

/// Whether a COPY goes to a folder of programs: to /usr/local/bin, or a file in it.
fn is_for_programs(step: &Instruction) -> bool {
    let target = step.words.last().map_or("", |word| word.text.trim_end_matches('/'));
    [target, path::parent(target)].into_iter().any(|folder| matches!(path::name(folder), "bin" | "sbin"))
}

fn not_there(name: &str, span: Span) -> Reason {
    let what = "a program that is not in the build context, so its C library is not known";
    Reason::doubt("BASE-12", span, what).about(name)
}

fn linked(name: &str, program: &Program, span: Span) -> Option<Reason> {
    let loader = program.foreign_loader()?;
    let what = format!("linked to glibc: it asks for {loader}, which Alpine lacks");
    Some(Reason::known("BASE-12", span, what).about(name))
}

/// A program that a step of the stage or a service starts.
struct Started<'s> {
    name: String,
    /// The compose file; none for a step of the Dockerfile.
    within: Option<FileId>,
    span: Span,
    workdir: &'s str,
}

/// What the steps of the stage and its services start.
fn started<'s>(cx: &Context, image: &ImageView, states: &'s [State]) -> Vec<Started<'s>> {
    let entrypoint = runtime::last(image, Keyword::Entrypoint);
    let has_arguments = entrypoint.is_some_and(programs::takes_arguments);
    let mut found = Vec::new();
    for (step, state) in image.instructions().iter().zip(states) {
        if has_arguments && step.keyword == Keyword::Cmd {
            continue;
        }
        let names = programs::started_by(step, image.text).into_iter();
        let started = |name| Started { name, within: None, span: step.span, workdir: &state.workdir };
        found.extend(names.map(started));
    }
    let workdir = &*states[states.len() - 1].workdir;
    let of_services = if image.is_final() { commands::of_services(cx, image) } else { Vec::new() };
    for OfService { words, file, span } in &of_services {
        let names = programs::started(words).into_iter();
        found.extend(names.map(|name| Started { name, within: Some(*file), span: *span, workdir }));
    }
    found
}
