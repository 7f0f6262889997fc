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
//! Logs, caches and process ids that the service writes beside `/tmp` get a tmpfs of their own.
//!
//! ## Declines
//!
//! When the service runs as root or reaches into the host, and for development services. When another compose file
//! of the folder, or a service on either end of `extends`, sets what decides the rights. `cap_drop` and
//! `security_opt` when a program gains rights by setuid, sudo or capabilities of its own, and when the start changes
//! users. `security_opt` with `cap_add`. `read_only` when something is known to write outside of volumes, tmpfs
//! mounts and `/tmp`, when a tmpfs would hide files, and when uploads would count towards a memory limit.
//!
//! It asks about ports below 1024, about bases and entrypoints that are not known, and about everything that may
//! write outside of the mounts.
//!
//! ## Risk
//!
//! Review: a writer that the files do not tell of fails with "Read-only file system".

use crate::{
    compose::{self, EditRefusal, Excerpt, NewValue},
    edit::Edit,
    facts::{
        Aspect, Context, privileges,
        read_only::{self, Needs},
        service::Running,
    },
    pass::{Change, Pass, Proposal, Risk},
    reason::{Reason, Weight},
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
    services.flat_map(|(service, image)| propose(cx, &Running::of_target(service, image))).collect()
}

fn propose(cx: &Context, running: &Running) -> Vec<Proposal> {
    let view = running.service;
    let (name, key) = (&view.service.name, view.service.key);
    let mut parts = vec![Part::Capabilities, Part::Privileges, Part::Writing];
    parts.retain(|part| !part.is_set(view.service));
    if parts.is_empty() {
        return vec![Proposal::nothing(view.id, key, "The rights of this service are restricted already.")];
    }
    let whole = privileges::of_service(cx, running);
    if breaks(cx, &whole) {
        return vec![Proposal::refuse(view.id, key, whole).saying(format!("{name} keeps its rights"))];
    }
    let needs = read_only::needs(cx, running);
    let mut taking =
        Taking { after: Excerpt::of(view.text, view.compose, name), parts: Vec::new(), reasons: whole };
    let before = taking.after.clone();
    let mut found = Vec::new();
    for part in parts {
        let reasons = match part {
            Part::Capabilities => privileges::of_capabilities(cx, running),
            Part::Privileges => privileges::of_privileges(cx, running),
            Part::Writing => needs.reasons.clone(),
        };
        if breaks(cx, &reasons) {
            let lead = format!("`{}` is not set on {name}", part.key());
            found.push(Proposal::refuse(view.id, key, reasons).saying(lead));
            continue;
        }
        match take(&taking.after, name, (part, &needs)) {
            Ok(next) => {
                taking.after = next;
                taking.parts.push(part);
                taking.reasons.extend(reasons);
            }
            // A refusal counts its place in the excerpt, so the service's name tells where.
            Err(refusal) => {
                let lead = format!("`{}` is not set on {name}", part.key());
                let reason = Reason::known("HARD-23", key, refusal.why.trim_end_matches('.'));
                found.push(Proposal::refuse(view.id, key, [reason]).saying(lead));
            }
        }
    }
    if !taking.parts.is_empty() {
        found.insert(0, change(running, taking, &before, &needs));
    }
    found
}

/// The rights taken so far, and what speaks against taking them.
struct Taking {
    after: Excerpt,
    parts: Vec<Part>,
    reasons: Vec<Reason>,
}

/// Whether one of the reasons forbids a change, so that it has to be left out of a larger one.
fn breaks(cx: &Context, reasons: &[Reason]) -> bool {
    reasons.iter().any(|reason| cx.options.weights.of(reason) == Weight::Breaks)
}

/// The service without the right `part`.
fn take(from: &Excerpt, service: &str, (part, needs): (Part, &Needs)) -> Result<Excerpt, EditRefusal> {
    let path = |key| ["services", service, key];
    match part {
        Part::Capabilities => listing(from, &path("cap_drop"), "ALL"),
        Part::Privileges => listing(from, &path("security_opt"), "no-new-privileges:true"),
        Part::Writing => {
            let entry = ("read_only", NewValue::Scalar("true".to_owned()));
            let mut next =
                from.with(compose::insert_entry(&from.text, &from.compose, &["services", service], entry)?)?;
            let has_tmp = next.compose.service(service).is_some_and(|service| {
                let tmpfs = service.tmpfs.iter().map(|field| field.value.split(':').next().unwrap_or(""));
                let mounts = service.volumes.iter().map(|mount| mount.value.target.as_str());
                tmpfs.chain(mounts).any(|target| target.trim_end_matches('/') == "/tmp")
            });
            if !has_tmp {
                next = listing(&next, &path("tmpfs"), "/tmp")?;
            }
            for folder in &needs.scratch {
                // A tmpfs takes the mode of the folder below it, which is its owner's alone.
                next = listing(&next, &path("tmpfs"), &format!("{folder}:mode=1777"))?;
            }
            Ok(next)
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

fn change(running: &Running, taking: Taking, before: &Excerpt, needs: &Needs) -> Proposal {
    let Taking { after, parts, reasons } = taking;
    let view = running.service;
    let titles: Vec<&str> = parts.iter().map(|part| part.title()).collect();
    let titles = match titles.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => titles.concat(),
    };
    let mut title = format!("{titles} for {}", view.service.name);
    title[..1].make_ascii_uppercase();
    let user = running.state.user.as_deref().unwrap_or_default();
    let why = match &parts[..] {
        [Part::Writing] => "What it writes goes to its mounts and to memory.".to_owned(),
        _ => format!("It runs as {user}, which needs none of this."),
    };
    let edit = replacement(view.id, before, &after);
    let mut change = Change::new(view.id, view.service.key, Risk::Review, title, why).with([edit]);
    if parts.contains(&Part::Writing) {
        let folders: Vec<&str> =
            ["/tmp"].into_iter().chain(needs.scratch.iter().map(String::as_str)).collect();
        change = change
            .noting(format!(
                "{} {}: what is written there counts towards the memory limit (HARD-04), is gone after a restart, and no program in it can be started (HARD-02).",
                folders.join(", "),
                if folders.len() == 1 { "is a tmpfs" } else { "are tmpfs mounts" }
            ))
            .noting("A writer that these files do not tell of fails with \"Read-only file system\": try it before it is deployed.");
    }
    change.against(reasons).or_else(format!("{} keeps its rights", view.service.name)).propose()
}
