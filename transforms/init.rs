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
//! When an init is there already: tini, dumb-init or s6 in the image, in a script that it starts, or in the command of
//! a service; `init: true` in compose. When the text of a script that is started is not known, the entrypoint has shell
//! form, or the base image's entrypoint is not known. When nothing tells that the base image has apt or apk, as on
//! distroless images, that its release is still served and has tini, or that its steps run as root. When a step marks
//! packages as not asked for, or the last stage is one that tests another. When runit, supervisor or systemd is
//! installed, or the list of repositories is replaced; when a health check looks at process 1; when a later step sets
//! up mirrors or certificates, and tini would be fetched before it. A tool that ends by itself needs none: one that
//! listens on no port, has no health check, is no service of a compose file and no script or program of the project.
//!
//! ## Risk
//!
//! Safe: the command stays the same; process 1 becomes tini. Review where a shell starts the service without `exec`:
//! as process 1 it ignored TERM, under tini it ends at once, and the service with it.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{self, Aspect, Context, ImageView, inits, packages::Manager, runtime, signals, start_scripts},
    installs,
    knowledge::apt_images,
    pass::{Change, Pass, Proposal, Risk},
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
    let Some(place) = entrypoint.or(command) else {
        return Proposal::nothing(image.id, image.base_word().span, "The image starts nothing of its own.");
    };
    if let Some(name) = beside_the_product(image) {
        let why = format!(
            "The last stage is called {name} and stands on another one: which of them runs is not known."
        );
        return Proposal::decline(image.id, place.span, why);
    }
    let there = inits::started(cx, image).or_else(|| inits::brought(image));
    if let Some(why) = there.or_else(|| inits::not_needed(cx, image)) {
        return Proposal::nothing(image.id, place.span, why);
    }
    if let Some(why) = inits::unknown(cx, image) {
        return Proposal::decline(image.id, place.span, why);
    }
    if let Some(why) = installs::obstacle(image).or_else(|| installs::without_tini(image)) {
        return Proposal::decline(image.id, place.span, why);
    }
    if let Some(who) = looks_at_process_1(cx, image) {
        return Proposal::decline(
            image.id,
            place.span,
            format!("{who} looks at process 1, which would be tini."),
        );
    }
    let proposal = match entrypoint {
        Some(entrypoint) => chained(image, entrypoint),
        None => inserted(image, place),
    };
    match (proposal, signals::kept_by(cx, image)) {
        (Proposal::Change(mut change), Some(shell)) => {
            change.risk = Risk::Review;
            change
                .noting(format!(
                    "{shell} does not hand signals on: put `exec` before the last command (CMD-05). Under tini TERM \
                     ends that shell at once, and what it started with it; as process 1 it ignored TERM until the \
                     time was over."
                ))
                .propose()
        }
        (proposal, _) => proposal,
    }
}

/// Who asks for process 1: a step, a service, or a script that one of them starts.
fn looks_at_process_1(cx: &Context, image: &ImageView) -> Option<String> {
    let asks = |text: &str| {
        // What is written to its output goes where it went.
        let of_proc =
            text.match_indices("/proc/1/").any(|(at, part)| !text[at + part.len()..].starts_with("fd/"));
        of_proc
            || ["ps -p 1", "ps -p1", "kill -0 1", "pgrep -o", "pidof -s", "--pid 1 "]
                .iter()
                .any(|part| text.contains(part))
    };
    let is_step = |step: &&Instruction| {
        matches!(step.keyword, Keyword::Healthcheck | Keyword::Cmd | Keyword::Entrypoint)
            && asks(&step.body.text)
    };
    let step = image.lineage().into_iter().find(is_step).map(|step| format!("Line {}", image.line(step)));
    let of_services = || {
        let services = cx.services_of(image.image);
        let view = services.iter().find(|view| asks(view.service.span.of(view.text)))?;
        Some(format!("The service {}", view.service.name))
    };
    let of_scripts = || {
        let scripts = start_scripts::known(cx, image);
        scripts.into_iter().find(|(_, text)| asks(text)).map(|(name, _)| name)
    };
    step.or_else(of_services).or_else(of_scripts)
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

/// tini in front of the entrypoint that is there.
fn chained(image: &ImageView, entrypoint: &Instruction) -> Proposal {
    let first = entrypoint.json.as_ref().and_then(|words| words.first());
    let Some(first) = first else {
        let why = "The entrypoint has shell form, which takes no arguments from CMD; write it as a JSON array first (CMD-06).";
        return Proposal::decline(image.id, entrypoint.span, why);
    };
    let prefix = format!("\"{}\", \"--\", ", program(image));
    finish(image, entrypoint.span, Edit::insert(image.id, first.span.start(), prefix), None)
}

/// An ENTRYPOINT of its own in front of CMD; the one that the base image brings is chained.
fn inserted(image: &ImageView, command: &Instruction) -> Proposal {
    let from_stage = image.lineage().into_iter().rfind(|step| step.keyword == Keyword::Entrypoint);
    if let Some(step) = from_stage {
        let why = format!(
            "The entrypoint in line {} is inherited from an earlier stage (CMD-01).",
            image.line(step)
        );
        return Proposal::decline(image.id, command.span, why);
    }
    let base = facts::root_image(image.dockerfile, image.stage());
    let inherited = match base.official_name() {
        Some("python" | "alpine" | "debian" | "ubuntu" | "ruby" | "golang" | "rust") => None,
        Some("node") if base.tag.as_deref().is_none_or(apt_images::node_has_entrypoint) => {
            Some("docker-entrypoint.sh")
        }
        _ => {
            let why = format!("The entrypoint that {} brings is not known (CMD-01).", image.base_word().text);
            return Proposal::decline(image.id, command.span, why);
        }
    };
    let rest = inherited.map_or_else(String::new, |word| format!(", \"{word}\""));
    let keyword = if command.keyword_span.of(image.text) == "cmd" { "entrypoint" } else { "ENTRYPOINT" };
    let line = format!("{keyword} [\"{}\", \"--\"{rest}]", program(image));
    let (at, line) = write::line_above(image.text, command, &line);
    let proposal = finish(image, command.span, Edit::replace(image.id, at, line), inherited);
    let has_exec = command.body.text.trim_start().starts_with("exec ");
    let is_one = image.script(command).items.len() == 1;
    match (proposal, command.json.is_none() && is_one && !has_exec && installs::manager(image) == Manager::Apt) {
        (Proposal::Change(change), true) => change
            .noting("CMD has shell form, and Debian's sh does not hand signals on: put `exec` before the command (CMD-05).")
            .propose(),
        (proposal, _) => proposal,
    }
}

fn finish(image: &ImageView, span: Span, edit: Edit, inherited: Option<&str>) -> Proposal {
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
            "The base image's entrypoint {word} is chained: an ENTRYPOINT here replaces it (CMD-01)."
        ));
    }
    change.propose()
}
