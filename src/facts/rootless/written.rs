//! What the service writes outside of its working directory: folders that it is given, and what it cannot be given.

use super::{
    super::{
        Context, ImageView, build_context,
        contract::join_path,
        runtime,
        service::Running,
        writers::{self, Writer, is_below},
    },
    Findings, code, is_of_system,
};
use crate::{
    docker::Keyword,
    effects::start as happenings,
    knowledge::{
        folders::{Trait, that_are},
        writers::{Kind, lookup},
    },
    reason::{Reason, Surety},
};

/// Adds what variables, packages, commands and program text tell.
pub(super) fn look(cx: &Context, image: &ImageView, workdir: &str, found: &mut Findings) {
    let state = happenings::last_state(image);
    made(image, workdir, found);
    let mut writers = writers::told_of(cx, image);
    writers.extend(of_variables(image, workdir));
    writers.extend(happenings::writes(&happenings::of_image(cx, image), &state));
    for view in cx.services_of(image.image) {
        let running = Running::of(view, *image);
        if view.service.command.is_some() || view.service.entrypoint.is_some() {
            writers.extend(happenings::writes(&happenings::of_service(cx, &running), &running.state));
        }
    }
    let (text, others) = code::told_of(cx, (image, workdir));
    writers.extend(text);
    found.reasons.extend(others);
    for writer in writers {
        of_writer(image, writer, workdir, found);
    }
}

/// A folder that the user is given for a writer, or what speaks against it.
fn of_writer(image: &ImageView, writer: Writer, workdir: &str, found: &mut Findings) {
    let path = writer.path.trim_end_matches('/');
    let is_own = path.is_empty()
        || path.starts_with('~')
        || is_below(path, workdir)
        || that_are(Trait::Everybody).any(|folder| is_below(path, folder))
        || found.folders.iter().any(|folder| is_below(path, folder));
    if is_own {
        return;
    }
    let from = &writer.what;
    if is_below(path, "/root") {
        let what = format!("{from} names {path}, which no other user can enter");
        found.reasons.push(
            Reason::known("USER-20", writer.span, what).within(writer.file).perhaps_from(writer.origin),
        );
        return;
    }
    // A home folder that a program only names is that of another machine.
    if writer.surety == Surety::Doubt && is_below(path, "/home") {
        return;
    }
    match folder_of(path).filter(|folder| !is_below(workdir, folder)) {
        Some(folder) => {
            found.reasons.extend(kept(image, &folder));
            found.folders.push(folder);
        }
        None => {
            let reason = match writer.surety {
                Surety::Known => Reason::known(
                    "USER-13",
                    writer.span,
                    format!("{from} writes to {path}, which stays root's"),
                ),
                Surety::Doubt if that_are(Trait::Read).any(|folder| is_below(path, folder)) => return,
                Surety::Doubt => Reason::doubt(
                    "USER-13",
                    writer.span,
                    format!("{from} may write to {path}, which stays root's"),
                ),
            };
            found.reasons.push(reason.within(writer.file).perhaps_from(writer.origin));
        }
    }
}

/// The folder of the service's own that holds `path`; none where that is the system's.
fn folder_of(path: &str) -> Option<String> {
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c));
    if !is_plain || !path.starts_with('/') || path.contains("/..") {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_file = name.trim_start_matches('.').contains('.');
    let folder = if is_file { path.rsplit_once('/').map_or("", |(folder, _)| folder) } else { path };
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let least = match parts.first().copied() {
        None
        | Some(
            "bin" | "boot" | "dev" | "etc" | "lib" | "lib64" | "proc" | "root" | "sbin" | "sys" | "tmp"
            | "usr",
        ) => {
            return None;
        }
        Some("var") => 3,
        Some("home" | "opt" | "run" | "srv" | "mnt" | "media") => 2,
        Some(_) => 1,
    };
    (parts.len() >= least && !is_of_system(folder)).then(|| folder.to_owned())
}

/// Files that a step puts into a folder outside of the working directory, and that stay root's.
fn kept(image: &ImageView, folder: &str) -> Option<Reason> {
    let states = runtime::states(image);
    let mut steps = image.instructions().iter().zip(&states);
    let (step, _) = steps.find(|(step, state)| {
        let is_copy = matches!(step.keyword, Keyword::Copy | Keyword::Add);
        let target = step.words.last().filter(|_| is_copy && step.flag("chown").is_none());
        target.is_some_and(|target| {
            let place = join_path(&state.workdir, &state.known(&target.text));
            is_below(&place, folder) && build_context::local_copy(step).is_some()
        })
    })?;
    let what = format!(
        "the files that this step puts into {folder} stay root's, so the service can read them and no more"
    );
    Some(Reason::doubt("USER-13", step.span, what))
}

/// Adds the folders that steps make for the service, in its working directory and beside it.
///
/// One that is made below the user and without `-p` cannot be made before, and stays root's.
fn made(image: &ImageView, workdir: &str, found: &mut Findings) {
    let states = runtime::states(image);
    let first = super::source_copies(image).first().map(|copy| copy.span);
    let steps = image.instructions().iter().zip(&states);
    for (step, state) in steps.filter(|(step, _)| step.keyword == Keyword::Run) {
        for command in image.script(step).commands.iter().filter(|command| command.name() == "mkdir") {
            let words = command.words.iter().skip(1);
            let (options, names): (Vec<_>, Vec<_>) = words.partition(|word| word.is_option());
            let folders = names.iter().map(|word| join_path(&state.workdir, &state.known(word.text())));
            let own = folders.filter(|folder| {
                !is_below(workdir, folder) && folder_of(folder).is_some_and(|own| own == *folder)
            });
            let is_early = first.is_none_or(|first| step.span < first);
            let may_be_there = options.iter().any(|word| word.text().contains('p'));
            match is_early || may_be_there {
                true => found.folders.extend(own),
                false => found.reasons.extend(own.map(|folder| {
                    let what = "this step makes it for root, and the service cannot write to it";
                    Reason::doubt("USER-27", step.span, what).about(folder)
                })),
            }
        }
    }
}

/// Variables that are called like a folder of the service's own.
fn of_variables(image: &ImageView, workdir: &str) -> Vec<Writer> {
    let is_elsewhere = |value: &str| {
        value.starts_with('/')
            && !value.contains([':', ' ', '$'])
            && !that_are(Trait::Read).any(|folder| is_below(value, folder))
            && !is_below(value, workdir)
            && !is_below(workdir, value)
    };
    let steps = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Env);
    let pairs = steps.flat_map(|step| step.pairs.iter().map(move |pair| (step, pair)));
    let named = pairs.filter_map(|(step, pair)| {
        let value = pair.value.as_deref().unwrap_or_default().trim_matches(['"', '\'']);
        let ending = pair.name.rsplit('_').next().unwrap_or_default();
        let is_named = pair.name != "HOME" && lookup(Kind::Ending, ending).is_some();
        (is_named && is_elsewhere(value)).then(|| Writer {
            path: value.to_owned(),
            file: image.id,
            span: step.span,
            origin: None,
            what: pair.name.clone(),
            surety: Surety::Doubt,
        })
    });
    named.collect()
}
