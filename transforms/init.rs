//! Run the service under tini, so that signals arrive and zombies are reaped.
//!
//! ## Why
//!
//! Process 1 ignores signals that it has no handler for, and nobody reaps what its children leave. tini as
//! process 1 forwards signals and reaps.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! CMD ["python", "app.py"]
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache tini
//! ENTRYPOINT ["/sbin/tini", "--"]
//! CMD ["python", "app.py"]
//! ```
//!
//! ## Declines
//!
//! There is nothing to gain where an init is there already (tini, dumb-init or s6 in the image, in a script that it
//! starts, or in the command of a service; `init: true` in compose), where the last stage tests another, and for a tool
//! that ends by itself: one that listens on no port, has no health check, is no service of a compose file and no script
//! or program of the project.
//!
//! Refused: an entrypoint in shell form, a base whose entrypoint is not known, a base that is not known to have apt or
//! apk with servers that still answer, a step that marks packages as not asked for, a signal for systemd, and a check
//! that tells what process 1 is. Asked: a supervisor that is installed, a list of repositories that is replaced, a base
//! that may not run its steps as root, a check that looks whether process 1 is there.
//!
//! Where a step sets up mirrors or certificates, tini is installed after it.
//!
//! ## Risk
//!
//! Safe: the command stays the same; process 1 becomes tini. Review where a shell starts the service without `exec`:
//! as process 1 it ignored TERM, under tini it ends at once, and the service with it.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{self, Aspect, Context, ImageView, inits, packages::Manager, process_1, runtime, signals},
    installs,
    knowledge::apt_images,
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    source::Span,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "init",
    title: "Run the service under tini",
    source: include_str!("init.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Steps, Aspect::Entrypoint],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Proposal {
    let entrypoint = runtime::last(image, Keyword::Entrypoint);
    let command = runtime::last(image, Keyword::Cmd);
    let Some(place) = entrypoint.filter(|step| !is_reset(step)).or(command) else {
        return Proposal::nothing(image.id, image.base_word().span, "The image starts nothing of its own.");
    };
    if let Some(name) = beside_the_product(image) {
        let why = format!("The last stage is called {name} and stands on another one, which is what runs.");
        return Proposal::nothing(image.id, place.span, why);
    }
    let there = inits::started(cx, image).or_else(|| inits::brought(image));
    if let Some(why) = there.or_else(|| inits::not_needed(cx, image)) {
        return Proposal::nothing(image.id, place.span, why);
    }
    let made = match entrypoint {
        Some(entrypoint) => chained(image, (entrypoint, place)),
        None => inserted(image, place),
    };
    let against = inits::unknown(cx, image)
        .into_iter()
        .chain(installs::obstacle(image).or_else(|| installs::without_tini(image)))
        .chain(process_1::watched(cx, image));
    let change = match made {
        Ok(change) => change.against(against),
        Err(reason) => return Proposal::refuse(image.id, place.span, against.chain([reason])),
    };
    match signals::kept_by(cx, image) {
        Some(shell) => Change { risk: Risk::Review, ..change }
            .noting(format!(
                "{shell} does not hand signals on: put `exec` before the last command (CMD-05). Under tini TERM \
                 ends that shell at once, and what it started with it; as process 1 it ignored TERM until the \
                 time was over."
            ))
            .propose(),
        None => change.propose(),
    }
}

/// The name of a last stage that is made to test or to develop what an earlier one holds.
fn beside_the_product<'a>(image: &ImageView<'a>) -> Option<&'a str> {
    const NAMES: [&str; 8] = ["test", "tests", "testing", "lint", "dev", "dev-envs", "development", "debug"];
    let stage = image.stage();
    let name = image.dockerfile.name_of(stage).filter(|_| stage.parent.is_some())?;
    NAMES.contains(&name.text.to_ascii_lowercase().as_str()).then_some(name.text.as_str())
}

fn program(image: &ImageView) -> &'static str {
    match installs::manager(image) {
        Manager::Apk => "/sbin/tini",
        Manager::Apt => "/usr/bin/tini",
    }
}

/// `ENTRYPOINT []`, which takes away what the base image starts first.
fn is_reset(step: &Instruction) -> bool {
    step.json.as_ref().is_some_and(Vec::is_empty)
}

/// tini in front of the entrypoint that is there, or in its place where it is empty.
fn chained(image: &ImageView, (entrypoint, place): (&Instruction, &Instruction)) -> Result<Change, Reason> {
    let tini = program(image);
    match entrypoint.json.as_ref().map(|words| words.first()) {
        Some(Some(first)) => {
            let prefix = format!("\"{tini}\", \"--\", ");
            Ok(finish(image, place.span, Edit::insert(image.id, first.span.start(), prefix), None))
        }
        Some(None) => {
            let words = format!("[\"{tini}\", \"--\"]");
            Ok(finish(image, place.span, Edit::replace(image.id, entrypoint.body_span(), words), None))
        }
        None => {
            let what = "the entrypoint has shell form, which takes no arguments from CMD";
            Err(Reason::known("CMD-06", entrypoint.span, what))
        }
    }
}

/// An ENTRYPOINT of its own in front of CMD; the one that the base image or an earlier stage brings is chained.
fn inserted(image: &ImageView, command: &Instruction) -> Result<Change, Reason> {
    let inherited = inherited(image)?;
    let rest: String = inherited.iter().map(|word| format!(", {word}")).collect();
    let keyword = if command.keyword_span.of(image.text) == "cmd" { "entrypoint" } else { "ENTRYPOINT" };
    let line = format!("{keyword} [\"{}\", \"--\"{rest}]", program(image));
    let (at, line) = write::line_above(image.text, command, &line);
    let told = inherited.join(" ").replace('"', "");
    let told = Some(&*told).filter(|told| !told.is_empty());
    let change = finish(image, command.span, Edit::replace(image.id, at, line), told);
    let has_exec = command.body.text.trim_start().starts_with("exec ");
    let is_one = image.script(command).items.len() == 1;
    let is_kept = command.json.is_none() && is_one && !has_exec && installs::manager(image) == Manager::Apt;
    Ok(match is_kept {
        true => change.noting(
            "CMD has shell form, and Debian's sh does not hand signals on: put `exec` before the command (CMD-05).",
        ),
        false => change,
    })
}

/// The words of the entrypoint that an earlier stage or the base image brings, as JSON; none where there is none.
fn inherited(image: &ImageView) -> Result<Vec<String>, Reason> {
    if let Some(step) = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Entrypoint) {
        let words = step.json.as_ref().ok_or_else(|| {
            let what = "the entrypoint of an earlier stage has shell form, which cannot be chained";
            Reason::known("CMD-01", step.span, what)
        })?;
        return Ok(words.iter().map(|word| word.span.of(image.text).to_owned()).collect());
    }
    let base = facts::root_image(image.dockerfile, image.stage());
    match base.official_name() {
        Some("python" | "alpine" | "debian" | "ubuntu" | "ruby" | "golang" | "rust") => Ok(Vec::new()),
        Some("node") if base.tag.as_deref().is_none_or(apt_images::node_has_entrypoint) => {
            Ok(vec!["\"docker-entrypoint.sh\"".to_owned()])
        }
        _ => {
            let what = format!("which entrypoint {} brings is not known", image.base_word().text);
            Err(Reason::known("CMD-01", image.base_word().span, what))
        }
    }
}

fn finish(image: &ImageView, span: Span, edit: Edit, inherited: Option<&str>) -> Change {
    let why = "tini forwards signals and reaps zombies; without it the service is process 1 and has to do both (CMD-08).";
    let mut change = Change::new(image.id, span, Risk::Safe, "Run the service under tini", why).with([edit]);
    if !installs::installed(image).iter().any(|name| name == "tini") {
        let install = installs::add(image, &["tini"]);
        match change.edits.first_mut().filter(|edit| edit.span == install.span) {
            // A file that starts its service right after FROM: both go to the same place.
            Some(edit) => edit.text.insert_str(0, &install.text),
            None => change.edits.push(install),
        }
    }
    if let Some(word) = inherited {
        change.notes.push(format!(
            "The entrypoint {word} that the image inherits is chained: an ENTRYPOINT here replaces it (CMD-01)."
        ));
    }
    change
}
