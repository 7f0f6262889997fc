//! Move the image from Debian to Alpine, all of it or nothing.
//!
//! ## Why
//!
//! An Alpine base is smaller: `python:3.11` is 45.5 MB compressed on slim and 20.4 MB on Alpine. A swapped tag
//! alone breaks the file: packages have other names, `useradd` is not there, bash is not there, and a wheel
//! built for glibc does not install. So base tag, packages, users and shells move in one atomic change, and
//! only when everything in the file has a known counterpart and every package of the manifests is known to
//! install on musl.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-slim
//! RUN apt-get update && apt-get install -y --no-install-recommends curl \
//!     && rm -rf /var/lib/apt/lists/*
//! RUN groupadd -r app && useradd -r -g app app
//! CMD ["python", "-m", "shop"]
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache curl
//! RUN addgroup -S app && adduser -S -u 999 -G app app
//! CMD ["python", "-m", "shop"]
//! ```
//!
//! ## Declines
//!
//! Stages that share compiled files move together, to one branch of Alpine.
//!
//! When anything is unknown, and it names everything unknown at once: packages that are not in the tables,
//! wheels that need glibc, apt repositories of third parties, downloads of which nobody can tell what is in them,
//! programs of the build context that are linked to glibc or not there, scripts that are not there, users whose
//! number differs or that a package of Debian's makes, programs and folders of the system that may stand elsewhere,
//! archives, programs that npm installs for the whole image, and images that start nothing, or a compiler. When the
//! file is called after Debian, or a comment speaks of Alpine, musl or glibc.
//! `--target alpine` overrides unknown wheels and programs and lists them; it does not override what is known not to
//! work.
//!
//! ## Risk
//!
//! Review: musl is another C library. Name resolution, thread stacks and the allocator differ.

use std::collections::{BTreeMap, BTreeSet};

use rpds::RedBlackTreeSet;

use crate::{
    alpine::{
        needs, remarks, stage,
        stages::{self, Moving},
    },
    docker::Keyword,
    edit::Edit,
    facts::{
        self, Aspect, Context, ImageView,
        evidence::{Build, Evidence},
    },
    knowledge::AlpineBranch,
    options::Target,
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    source::Span,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "alpine-base",
    title: "Move base, packages, users and shells from Debian to Alpine",
    source: include_str!("alpine_base.rs"),
    risk: Risk::Review,
    alters: &[
        Aspect::Base,
        Aspect::Steps,
        Aspect::Shell,
        Aspect::Entrypoint,
        Aspect::Env("DEBIAN_FRONTEND"),
        Aspect::Env("MALLOC_ARENA_MAX"),
        Aspect::Env("MALLOC_TRIM_THRESHOLD_"),
        Aspect::Env("MALLOC_MMAP_THRESHOLD_"),
    ],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Proposal {
    let base = &image.base_word();
    if facts::is_alpine(image.dockerfile) {
        return Proposal::nothing(image.id, base.span, "The image is Alpine already.");
    }
    if cx.options.target == Target::Slim {
        return Proposal::nothing(image.id, base.span, "The target is slim.");
    }
    let wanted = cx.options.alpine.as_ref().and_then(|branch| branch.parse::<AlpineBranch>().ok());
    match stages::moving(cx, image, wanted) {
        Ok(moving) => together(cx, image, &moving),
        Err((written, reason)) => {
            Proposal::refuse(image.id, base.span, [reason]).saying(format!("Stays on {written}")).first()
        }
    }
}

/// All stages that move, or none.
fn together(cx: &Context, image: &ImageView, moving: &[Moving]) -> Proposal {
    let mut reasons = Vec::new();
    let mut translated = Vec::new();
    let mut whole = Evidence::default();
    for part in moving {
        let mut stage = stage::translate(cx, &part.view, part.branch);
        let evidence = evidence_of(cx, &part.view);
        reasons.append(&mut stage.reasons);
        reasons.extend(against(&part.view, &evidence));
        reasons.extend(needs::absent(&stage, part.view.base_word().span, part.branch));
        reasons.extend(part.base.iter().flat_map(|base| base.reasons.iter().cloned()));
        whole.merge(evidence.clone());
        translated.push((stage, evidence));
    }
    let base = image.base_word();
    let told = why(&whole, &reasons);
    let mut change = Change::new(image.id, base.span, Risk::Review, title(moving), told)
        .against(reasons)
        .or_else(format!("Stays on {}", base.text));
    // What a stage gets, those that start from it have.
    let mut had: BTreeMap<usize, RedBlackTreeSet<String>> = BTreeMap::new();
    for (part, (mut stage, evidence)) in moving.iter().zip(translated) {
        let parent = part.view.stage().parent.and_then(|parent| had.get(&parent));
        let mut inherited = parent.map_or_else(RedBlackTreeSet::new, Clone::clone);
        let evidence = needed(part, evidence, &whole);
        let added = needs::add(&part.view, &mut stage, (&evidence, &inherited), part.branch);
        added.into_iter().chain(stage.installed.iter().cloned()).for_each(|name| inherited.insert_mut(name));
        had.insert(part.view.stage().index, inherited);
        if let Some(base) = &part.base {
            // Stages may take it from the same ARG.
            let new = base.edits.iter().filter(|edit| !change.edits.contains(edit)).cloned();
            let new: Vec<Edit> = new.collect();
            change.edits.extend(new);
            change.notes.extend((!base.tag.note.is_empty()).then(|| sentence(&base.tag.note)));
        }
        change.edits.extend(stage.edits);
        change.notes.extend(stage.notes);
    }
    change.notes.extend(whole.notes.iter().map(|note| sentence(note)));
    let changed: Vec<Span> = change.edits.iter().map(|edit| edit.span).collect();
    change.notes.extend(remarks::untrue(cx, image, &changed));
    let mut seen = BTreeSet::new();
    change.notes.retain(|note| seen.insert(note.clone()));
    change.propose().first()
}

/// What a stage needs: its own, and in the final one also what packages that come from elsewhere call.
fn needed(part: &Moving, own: Evidence, whole: &Evidence) -> Evidence {
    let mut needed = own;
    if part.view.is_final() {
        needed.runtime.extend(whole.runtime.iter().cloned());
        let elsewhere = whole.builds.iter().filter(|build| !needed.builds.contains(build));
        let called = |build: &Build| -> Vec<(&'static str, String)> {
            build.runtime.iter().map(|library| (*library, build.name.clone())).collect()
        };
        needed.runtime.extend(elsewhere.flat_map(called));
    }
    needed
}

fn title(moving: &[Moving]) -> String {
    let named: Vec<(&str, String)> = moving
        .iter()
        .filter_map(|part| {
            let base = part.base.as_ref()?;
            Some((part.view.base_word().text.as_str(), base.name.clone()))
        })
        .collect();
    match &named[..] {
        [(from, to)] => format!("Move from {from} to {to}"),
        [(from, to), rest @ ..] if rest.iter().all(|(_, other)| other == to) => {
            let froms = if rest.iter().all(|(other, _)| other == from) {
                format!(" from {from}")
            } else {
                String::new()
            };
            format!("Move {} stages{froms} to {to}", named.len())
        }
        _ => format!("Move {} stages to Alpine", named.len()),
    }
}

fn sentence(text: &str) -> String {
    let mut out = text.trim_end_matches('.').to_owned();
    if let Some(first) = out.get(..1) {
        out = first.to_uppercase() + &out[1..];
    }
    out + "."
}

fn evidence_of(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = packages_evidence(cx, image);
    evidence.merge(facts::evidence::others(cx, image));
    if image.is_final() {
        evidence.reasons.extend(full_image(image));
        evidence.reasons.extend(facts::evidence::purpose(cx, image));
    }
    evidence.reasons.extend(facts::evidence::compiled_programs(image));
    evidence
}

fn packages_evidence(cx: &Context, image: &ImageView) -> Evidence {
    // Any base may bring a pip along, or an npm.
    let mut evidence = Evidence::clone(&facts::evidence::python(cx, image));
    if image.root().official_name() == Some("node") || facts::evidence::installs_for_node(image) {
        evidence.merge(facts::evidence::node(cx, image));
    }
    evidence
}

fn why(evidence: &Evidence, reasons: &[Reason]) -> String {
    let builds: Vec<&str> = evidence.builds.iter().map(|build| build.name.as_str()).collect();
    let packages = match (evidence.known.len(), builds.is_empty()) {
        (0, _) if reasons.is_empty() => {
            "Every system package, user and command of the file has a counterpart on Alpine.".to_owned()
        }
        (0, _) => "What is known of the file has a counterpart on Alpine.".to_owned(),
        (_, true) => format!("{} on musl without a compiler.", all_install(evidence)),
        (_, false) => {
            format!("{} on musl; compiled there: {}.", all_install(evidence), builds.join(", "))
        }
    };
    format!(
        "{packages}{} Test it before production: musl differs in name resolution, thread stacks and allocator.",
        brought_along(evidence)
    )
}

/// What is known of the packages that those of the manifests bring along.
fn brought_along(evidence: &Evidence) -> String {
    let names: Vec<&str> = evidence.unfollowed.iter().map(String::as_str).collect();
    match (evidence.is_shallow, &names[..], evidence.brought.len()) {
        (false, ..) | (true, [], 0) => String::new(),
        (true, [], 1) => " So does the one that comes along.".to_owned(),
        (true, [], count) => format!(" So do the {count} that come along."),
        (true, [name], _) => format!(" What {name} brings along is not known."),
        (true, [first, second], _) => format!(" What {first} and {second} bring along is not known."),
        (true, all, _) => format!(" What {} of these bring along is not known.", all.len()),
    }
}

fn all_install(evidence: &Evidence) -> String {
    match (evidence.known.len(), evidence.is_shallow) {
        (1, true) => "The one package that the manifests name installs".to_owned(),
        (1, false) => "The one package from the lock file installs".to_owned(),
        (known, true) => format!("All {known} packages that the manifests name install"),
        (known, false) => format!("All {known} packages from the lock file install"),
    }
}

/// What the evidence says against the move.
fn against(image: &ImageView, evidence: &Evidence) -> Vec<Reason> {
    let span = install_span(image);
    let placed = |reason: &Reason| {
        // What is about packages stands where they are installed.
        let at = if reason.span.end() == 0 { span } else { reason.span };
        reason.clone().at(at)
    };
    evidence.reasons.iter().map(placed).collect()
}

/// The full variant of an image brings compilers, git and many libraries that slim does not.
fn full_image(image: &ImageView) -> Option<Reason> {
    let what = "the full image, and which of its libraries and tools the project uses is not known";
    image.root().is_full().then(|| Reason::doubt("BASE-47", image.base_word().span, what))
}

fn install_span(image: &ImageView) -> Span {
    let installs = |instruction: &&crate::docker::Instruction| {
        instruction.keyword == Keyword::Run
            && !facts::python::pip_installs(image.script(instruction)).is_empty()
    };
    image.instructions().iter().find(installs).map_or(image.base_word().span, |run| run.span)
}
