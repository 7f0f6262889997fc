//! Take from the services the rights that they do not use.
//!
//! ## Why
//!
//! A service that runs as an ordinary user needs no capabilities, gains nothing from setuid programs, and often
//! writes nowhere but to `/tmp`. Without capabilities, with `no-new-privileges` and with a read-only root file
//! system, code that breaks into the service can do less. A Dockerfile cannot ask for this; compose can.
//!
//! ## Example
//!
//! ```yaml
//! services:
//!   api:
//!     build: .
//! ```
//!
//! becomes
//!
//! ```yaml
//! services:
//!   api:
//!     build: .
//!     cap_drop:
//!       - ALL
//!     security_opt:
//!       - no-new-privileges:true
//!     read_only: true
//!     tmpfs:
//!       - /tmp
//! ```
//!
//! Each of the three is decided on its own. What is there already stays.
//!
//! ## Declines
//!
//! When the service runs as root or reaches into the host, when a program in it gains rights by setuid, sudo or
//! capabilities of its own, and for development services. When another compose file of the folder, or a service on
//! either end of `extends`, sets what decides the rights. `cap_drop` with a port below 1024. `cap_drop` and
//! `security_opt` with `cap_add` and with an entrypoint that changes users. `read_only` when something writes outside
//! of volumes, tmpfs mounts and `/tmp`: every such path is listed, and of program text in Python and JavaScript the first.
//!
//! ## Risk
//!
//! Review: a writer that the files do not tell of fails with "Read-only file system".

use std::fmt::Write;

use crate::{
    compose::{self, EditRefusal, Excerpt, NewValue},
    docker::{self, Keyword},
    edit::Edit,
    facts::{
        Aspect, Context, layers, privileges,
        service::Running,
        start, uploads,
        writers::{self, is_below},
    },
    pass::{Change, Pass, Proposal, Risk},
    source::FileId,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "compose-hardening",
    title: "Take from the services the rights that they do not use",
    source: include_str!("compose_hardening.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Security, Aspect::Mounts],
    run,
};

/// One right to take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Capabilities,
    Privileges,
    Writing,
}

impl Part {
    fn title(self) -> &'static str {
        match self {
            Part::Capabilities => "drop all capabilities",
            Part::Privileges => "forbid new privileges",
            Part::Writing => "make the root file system read-only",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Part::Capabilities => "cap_drop",
            Part::Privileges => "security_opt",
            Part::Writing => "read_only",
        }
    }

    fn is_set(self, service: &compose::Service) -> bool {
        match self {
            Part::Capabilities => {
                service.cap_drop.iter().any(|field| field.value.eq_ignore_ascii_case("all"))
            }
            Part::Privileges => {
                service.security_opt.iter().any(|field| field.value.starts_with("no-new-privileges"))
            }
            Part::Writing => service.read_only.is_some(),
        }
    }
}

fn run(cx: &Context) -> Vec<Proposal> {
    let services = cx.editable_services().into_iter();
    services.flat_map(|(service, image)| propose(cx, &Running::of(service, image))).collect()
}

fn propose(cx: &Context, running: &Running) -> Vec<Proposal> {
    let view = running.service;
    let (name, key) = (&view.service.name, view.service.key);
    let mut parts = vec![Part::Capabilities, Part::Privileges, Part::Writing];
    parts.retain(|part| !part.is_set(view.service));
    if parts.is_empty() {
        return vec![Proposal::nothing(view.id, key, "The rights of this service are restricted already.")];
    }
    if let Some(why) = obstacle(cx, running) {
        let why = format!("{name} keeps its rights: {why}.");
        return vec![Proposal::decline(view.id, key, why)];
    }
    let mut found = Vec::new();
    let before = Excerpt::of(view.text, view.compose, name);
    let mut after = before.clone();
    let mut applied = Vec::new();
    for part in parts {
        let taken = match part_obstacle(cx, running, part) {
            Some(why) => Err(why),
            None => take(&after, name, part).map_err(|refusal| refusal.why),
        };
        match taken {
            Ok(next) => {
                after = next;
                applied.push(part);
            }
            // A refusal counts its place in the excerpt, so the service's name tells where.
            Err(why) => {
                let why = format!("`{}` is not set on {name}: {why}.", part.key());
                found.push(Proposal::decline(view.id, key, why));
            }
        }
    }
    if !applied.is_empty() {
        found.insert(0, change(running, &applied, replacement(view.id, &before, &after)));
    }
    found
}

/// Why the whole service keeps its rights.
fn obstacle(cx: &Context, running: &Running) -> Option<String> {
    if let Some(target) = running.other_target() {
        return Some(format!("it builds the stage `{}`, which is not looked at", target.value));
    }
    let user = running.state.user.as_deref().unwrap_or_default();
    if running.state.is_root() {
        let path = &cx.ws.file(running.image.id).path;
        return Some(format!("it runs as root; add a USER to {path} (USER-13)"));
    }
    if user.contains('$') {
        return Some(format!("its user `{user}` holds a variable and may be root"));
    }
    privileges::beyond::reason(cx, running)
        .or_else(|| privileges::host_access(running).map(|why| format!("{why} (HARD-18)")))
        .or_else(|| {
            let gain = privileges::gaining_step(cx, running)?;
            Some(format!("{gain}, so that it may do more than {user} may (HARD-10)"))
        })
        .or_else(|| development(running))
        .or_else(|| Some(layers::obstacle(cx, running.service, privileges::deciding_key)?.clause()))
}

/// What marks a development service: its source is mounted, or it starts again when the source changes.
fn development(running: &Running) -> Option<String> {
    let workdir = &*running.state.workdir;
    let mounts = running.service.service.volumes.iter().map(|mount| &mount.value);
    let mut binds = mounts.filter(|mount| mount.kind == compose::mount::MountKind::Bind);
    let source = binds.find(|mount| workdir != "/" && is_below(workdir, &mount.target));
    if let Some(mount) = source {
        return Some(format!(
            "the source is mounted at {}, so it is a development service (FILE-08)",
            mount.target
        ));
    }
    start::development_word(running).map(|word| format!("`{word}` marks a development service"))
}

/// Why one right stays.
fn part_obstacle(cx: &Context, running: &Running, part: Part) -> Option<String> {
    if part == Part::Writing {
        return unwritable(cx, running);
    }
    let switches = start::switches(cx, running);
    if let Some(switch) = switches.first() {
        return Some(format!("the start may change users or owners with {switch} (HARD-06)"));
    }
    if let Some(why) = privileges::added_capabilities(running) {
        return Some(why);
    }
    let port = privileges::low_port(cx, running).filter(|_| part == Part::Capabilities)?;
    Some(format!(
        "it listens on port {port}; Docker since 20.10 lets any user bind it on its own networks, other engines and \
         the host's network do not, so try it by hand (HARD-07)"
    ))
}

/// Everything that writes where nothing could be written any more.
fn unwritable(cx: &Context, running: &Running) -> Option<String> {
    let mut list = String::new();
    let mut seen = Vec::new();
    for writer in writers::writers(cx, running) {
        if writers::is_covered(running, &writer.path) || seen.contains(&(writer.path.clone(), writer.span)) {
            continue;
        }
        let path = if writer.path.is_empty() { "an unknown path" } else { &writer.path };
        let place = running.line(cx, writer.file, writer.span);
        let separator = if list.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{separator}{path} ({}, {place})", writer.what);
        seen.push((writer.path, writer.span));
    }
    if let Some(told) = writers::of_program_text(cx, running) {
        let separator = if list.is_empty() { "" } else { "; " };
        list = format!("{list}{separator}{told}");
    }
    let keeps_uploads =
        uploads::taken_at(cx, running).filter(|_| !running.service.service.has_mount_at("/tmp"));
    if let Some(place) = keeps_uploads {
        return Some(format!(
            "files that are sent to it ({place}) wait in /tmp, and in a tmpfs they count as memory; mount a volume at \
             /tmp first (HARD-04)"
        ));
    }
    let uses_tmp = is_below(&running.state.workdir, "/tmp");
    let mut words = running.commands.iter().flat_map(|line| &line.words).map(String::as_str);
    let starts_in_tmp = words.find(|word| word.starts_with("/tmp/"));
    if let Some(word) = starts_in_tmp.or(uses_tmp.then_some(&*running.state.workdir)) {
        return Some(format!("a tmpfs at /tmp would hide {word} (HARD-05)"));
    }
    if let Some(line) = kept_in_tmp(running) {
        return Some(format!("a tmpfs at /tmp would hide what line {line} puts there (HARD-05)"));
    }
    if let Some(name) = writers::unread_program(running).filter(|_| list.is_empty()) {
        return Some(format!("what {name} writes is not known (HARD-01)"));
    }
    (!list.is_empty()).then(|| {
        format!("something may write to {list}. Mount a volume or tmpfs there, or stop writing (HARD-01)")
    })
}

/// The line of a step that leaves something in /tmp: a copied file, or what a variable or a command names later.
fn kept_in_tmp(running: &Running) -> Option<usize> {
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
    steps().find(leaves).map(|step| image.line(step))
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

/// The service without the right `part`.
fn take(from: &Excerpt, service: &str, part: Part) -> Result<Excerpt, EditRefusal> {
    let path = |key| ["services", service, key];
    match part {
        Part::Capabilities => listing(from, &path("cap_drop"), "ALL"),
        Part::Privileges => listing(from, &path("security_opt"), "no-new-privileges:true"),
        Part::Writing => {
            let entry = ("read_only", NewValue::Scalar("true".to_owned()));
            let next =
                from.with(compose::insert_entry(&from.text, &from.compose, &["services", service], entry)?)?;
            let has_tmp = next.compose.service(service).is_some_and(|service| service.has_mount_at("/tmp"));
            if has_tmp { Ok(next) } else { listing(&next, &path("tmpfs"), "/tmp") }
        }
    }
}

/// The service with `item` in the list at `path`.
fn listing(from: &Excerpt, path: &[&str], item: &str) -> Result<Excerpt, EditRefusal> {
    let appended = compose::append_item(&from.text, &from.compose, path, item);
    let edits = match appended {
        Err(refusal) if refusal.obstacle == compose::Obstacle::Missing => {
            let list = NewValue::Sequence(vec![item.to_owned()]);
            compose::insert_at(&from.text, &from.compose, path, list)?
        }
        other => other?,
    };
    from.with(edits)
}

fn replacement(file: FileId, before: &Excerpt, after: &Excerpt) -> Edit {
    let (span, text) = before.difference(after);
    Edit::replace(file, span, text)
}

fn change(running: &Running, parts: &[Part], edit: Edit) -> Proposal {
    let view = running.service;
    let titles: Vec<&str> = parts.iter().map(|part| part.title()).collect();
    let titles = match titles.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => titles.concat(),
    };
    let mut title = format!("{titles} for {}", view.service.name);
    title[..1].make_ascii_uppercase();
    let user = running.state.user.as_deref().unwrap_or_default();
    let why = match parts {
        [Part::Writing] => "Nothing is known to write to it.".to_owned(),
        _ => format!("It runs as {user}, which needs none of this."),
    };
    let mut change = Change::new(view.id, view.service.key, Risk::Review, title, why).with([edit]);
    if parts.contains(&Part::Writing) {
        change = change
            .noting("/tmp is a tmpfs: what is written there counts towards the memory limit (HARD-04), and no program in it can be started (HARD-02).")
            .noting("A writer that these files do not tell of fails with \"Read-only file system\": try it before it is deployed.");
    }
    change.propose()
}
