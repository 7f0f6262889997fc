//! What a service needs when its root file system is read-only: folders in memory, and what speaks against it.

use super::{
    Context,
    service::Running,
    writers::{self, Writer, is_below},
};
use crate::{
    compose::mount::MountKind,
    docker::{self, Keyword},
    effects::start,
    knowledge::writers::{Kind, lookup},
    reason::{Reason, Surety},
    source::Span,
};

/// What has to come with a read-only root file system.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Folders that are to lie in memory, beside `/tmp`.
    pub scratch: Vec<String>,
    /// What speaks against it.
    pub reasons: Vec<Reason>,
}

/// What a service writes outside of its mounts, and what a tmpfs at `/tmp` would hide.
pub fn needs(cx: &Context, running: &Running) -> Needs {
    let mut needs = Needs::default();
    let key = running.service.service.key;
    for writer in writers::writers(cx, running) {
        match scratch(&writer.path) {
            Some(folder) if !needs.scratch.contains(&folder) => needs.scratch.push(folder),
            Some(_) => {}
            None => needs.reasons.push(written(key, writer)),
        }
    }
    needs.reasons.extend(needs.scratch.iter().filter(|folder| is_of_logs(folder)).map(|folder| {
        let what = "grows in memory, towards the limit of the service, unless the log is rotated";
        Reason::known("HARD-04", key, what).about(folder)
    }));
    needs.reasons.extend(hidden(cx, running));
    needs.reasons.extend(spooled(cx, running));
    let gaps = start::of_service(cx, running).gaps.into_iter();
    needs.reasons.extend(gaps.map(|gap| {
        let what = format!("{}, nor what it writes", gap.what);
        Reason::doubt("HARD-01", gap.origin.span, what)
            .within(gap.origin.file)
            .perhaps_from(gap.origin.script)
    }));
    needs.reasons.extend(unknown_entrypoint(running));
    needs
}

/// A writer outside of what stays writable; those that are as sure are told as one.
fn written(key: Span, writer: Writer) -> Reason {
    let from = writer.told();
    let Writer { path, surety, .. } = writer;
    let reason = match (surety, path.is_empty()) {
        (Surety::Known, false) => Reason::known("HARD-01", key, "is written to, and lies on no volume"),
        (Surety::Known, true) => {
            Reason::known("HARD-01", key, "writes to a path that is not known, on no volume")
        }
        (Surety::Doubt, false) => Reason::doubt("HARD-01", key, "may be written to, and lies on no volume"),
        (Surety::Doubt, true) => {
            Reason::doubt("HARD-01", key, "writes to a path that is not known, which may lie on no volume")
        }
    };
    reason.about(if path.is_empty() { from } else { format!("{path} ({from})") })
}

/// The folder that holds `path` and whose name tells that nothing in it has to stay.
fn scratch(path: &str) -> Option<String> {
    let mut at = 0;
    for part in path.split('/') {
        at += part.len() + 1;
        let is_scratch =
            lookup(Kind::Folder, &part.to_ascii_lowercase()).is_some_and(|fact| fact.path == "scratch");
        let folder = &path[..(at - 1).min(path.len())];
        if is_scratch && folder.starts_with('/') && folder != "/var" {
            return Some(folder.to_owned());
        }
    }
    None
}

fn is_of_logs(folder: &str) -> bool {
    folder.rsplit('/').next().is_some_and(|name| name.to_ascii_lowercase().starts_with("log"))
}

/// What a tmpfs at /tmp would hide.
fn hidden(cx: &Context, running: &Running) -> Option<Reason> {
    let hides = |span: Span, file, what: String| Reason::known("HARD-05", span, what).within(file);
    let image = running.image.id;
    if is_below(&running.state.workdir, "/tmp") {
        let what = format!("a tmpfs at /tmp would hide the working directory {}", running.state.workdir);
        return Some(hides(running.image.base_word().span, image, what));
    }
    let trace = start::of_service(cx, running);
    let named = trace.runs.iter().find_map(|run| {
        let word = run.words.first().filter(|word| word.starts_with("/tmp/"))?;
        Some(hides(run.origin.span, run.origin.file, format!("a tmpfs at /tmp would hide {word}")))
    });
    named.or_else(|| {
        let step = kept_in_tmp(running)?;
        Some(hides(step.span, image, "a tmpfs at /tmp would hide what the build puts there".to_owned()))
    })
}

/// The step that leaves something in /tmp: a copied file, or what a variable or a command names later.
fn kept_in_tmp<'a>(running: &Running<'a>) -> Option<&'a docker::Instruction> {
    let image = running.image;
    let steps = || image.lineage().into_iter();
    let is_named = |step: &&docker::Instruction| match step.keyword {
        Keyword::Env | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
            step.body.text.contains("/tmp/")
        }
        _ => false,
    };
    let service = running.service.service;
    let of_compose = service.environment.iter().filter_map(|variable| variable.value.value.as_deref());
    let is_used =
        steps().any(|step| is_named(&step)) || of_compose.into_iter().any(|value| value.starts_with("/tmp/"));
    let leaves = |step: &&docker::Instruction| match step.keyword {
        Keyword::Copy | Keyword::Add => {
            step.words.last().is_some_and(|target| is_below(&target.text, "/tmp"))
                && (is_used || !is_removed(running))
        }
        Keyword::Run => {
            (is_used && step.body.text.contains("/tmp/"))
                || image.script(step).commands.iter().any(|command| {
                    command.arguments().any(|word| matches!(word, "-e" | "--editable"))
                        && step.body.text.contains("/tmp/")
                })
        }
        _ => false,
    };
    steps().find(leaves)
}

/// Whether a step removes files below /tmp.
fn is_removed(running: &Running) -> bool {
    let mut runs = running.image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    runs.any(|step| {
        let mut commands = running.image.script(step).commands.iter();
        commands
            .any(|command| command.name() == "rm" && command.arguments().any(|word| word.starts_with("/tmp")))
    })
}

/// A package that keeps uploads in files below /tmp while they come in.
fn spooled(cx: &Context, running: &Running) -> Option<Reason> {
    let service = running.service.service;
    let is_tmp = |target: &str| target.trim_end_matches('/') == "/tmp";
    let mounts = service.volumes.iter().filter(|mount| mount.value.kind != MountKind::Tmpfs);
    if mounts.into_iter().any(|mount| is_tmp(&mount.value.target)) {
        return None;
    }
    let names = writers::package_names(cx, &running.image);
    let name = names.iter().map(|(_, name)| name).find(|name| lookup(Kind::Spool, name).is_some())?;
    let what = format!("{name} keeps uploads in /tmp while they come in, where they would count as memory");
    let is_limited = service.resources.limits.memory.is_some() || service.resources.mem_limit.is_some();
    Some(match is_limited {
        true => Reason::known("HARD-22", service.key, format!("{what}, which is limited")),
        false => Reason::doubt("HARD-22", service.key, what),
    })
}

/// The entrypoint that a base image brings, unless it is known to write nothing.
fn unknown_entrypoint(running: &Running) -> Option<Reason> {
    let image = running.image;
    let has_own = running.service.service.entrypoint.is_some()
        || image.lineage().iter().any(|instruction| instruction.keyword == Keyword::Entrypoint);
    let root = image.root();
    let is_known = root.official_name().is_some_and(|name| lookup(Kind::Base, name).is_some());
    let what = format!("the entrypoint of {} may write", root.name);
    let span = image.base_word().span;
    (!has_own && !is_known).then(|| Reason::doubt("HARD-01", span, what).within(image.id))
}
