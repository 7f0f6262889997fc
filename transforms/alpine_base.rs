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
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache curl
//! RUN addgroup -S app && adduser -S -G app app
//! ```
//!
//! ## Declines
//!
//! When anything is unknown, and it names everything unknown at once: packages that are not in the tables,
//! wheels that need glibc, apt repositories of third parties, downloads whose C library cannot be told, scripts
//! that are not in the build context, users whose number differs. `--target alpine` overrides unknown wheels
//! and lists them; it does not override what is known not to work.
//!
//! ## Risk
//!
//! Review: musl is another C library. Name resolution, thread stacks and the allocator differ.

use crate::{
    alpine::{needs, obstacles::Obstacle, stage},
    docker::Keyword,
    edit::Edit,
    facts::{self, Aspect, Context, ImageView, evidence::Evidence},
    knowledge::{AlpineBranch, tags},
    options::Target,
    pass::{Change, Pass, Proposal, Risk},
    source::{Span, place},
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
    let base = &image.stage().base_word;
    if facts::is_alpine(image.dockerfile) {
        return Proposal::nothing(image.id, base.span, "The image is Alpine already.");
    }
    if cx.options.target == Target::Slim {
        return Proposal::nothing(image.id, base.span, "The target is slim.");
    }
    if image.dockerfile.stages.len() > 1 {
        let why = "The file has several stages already; moving them to another C library together is not \
                   supported yet, and moving one alone breaks what is copied between them (BASE-11).";
        return Proposal::decline(image.id, base.span, why);
    }
    let wanted = cx.options.alpine.as_ref().and_then(|branch| branch.parse::<AlpineBranch>().ok());
    let (name, tag) = (&image.stage().base.name, image.stage().base.tag.as_deref().unwrap_or("latest"));
    let digest = image.stage().base.digest.as_deref().map_or(String::new(), |digest| format!("@{digest}"));
    match tags::alpine_tag(name, &format!("{tag}{digest}"), wanted) {
        Ok(tag) => with_tag(cx, image, &tag),
        Err(why) => Proposal::decline(image.id, base.span, format!("Stays on {}: {why}.", base.text)),
    }
}

fn with_tag(cx: &Context, image: &ImageView, tag: &tags::AlpineTag) -> Proposal {
    let mut translated = stage::translate(cx, image, tag.branch);
    let evidence = evidence_of(cx, image);
    translated.obstacles.extend(against(cx, image, &evidence));
    if !translated.obstacles.is_empty() {
        return decline(image, &translated.obstacles);
    }
    needs::add(image, &mut translated, &evidence, tag.branch);
    let base = &image.stage().base_word;
    let mut change = Change::new(
        image.id,
        base.span,
        Risk::Review,
        format!("Move from {} to {}:{}", base.text, tag.image, tag.tag),
        why(&evidence),
    );
    change.edits.push(Edit::replace(image.id, base.span, format!("{}:{}", tag.image, tag.tag)));
    change.edits.extend(translated.edits);
    change.notes.extend((!tag.note.is_empty()).then(|| sentence(&tag.note)));
    change.notes.extend(translated.notes);
    change.notes.extend(evidence.notes.iter().map(|note| sentence(note)));
    if !evidence.unknown.is_empty() {
        change.notes.push(format!("Not known, taken on your word: {}.", evidence.unknown.join("; ")));
    }
    change.propose()
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
    evidence.unknown.extend(full_image(image));
    evidence.unknown.extend(facts::evidence::compiled_programs(image));
    evidence
}

fn packages_evidence(cx: &Context, image: &ImageView) -> Evidence {
    match image.stage().base.official_name() {
        Some("python") => facts::evidence::python(cx, image),
        Some("node") => facts::evidence::node(cx, image),
        _ => Evidence::default(),
    }
}

fn why(evidence: &Evidence) -> String {
    let builds: Vec<&str> = evidence.builds.iter().map(|build| build.name.as_str()).collect();
    let packages = match (evidence.known, builds.is_empty()) {
        (0, _) => {
            "Every system package, user and command of the file has a counterpart on Alpine.".to_owned()
        }
        (_, true) => format!("{} on musl without a compiler.", all_install(evidence)),
        (_, false) => {
            format!("{} on musl; compiled there: {}.", all_install(evidence), builds.join(", "))
        }
    };
    let beyond = if evidence.is_shallow { " What these bring along is not looked at." } else { "" };
    format!(
        "{packages}{beyond} Test it before production: musl differs in name resolution, thread stacks and allocator."
    )
}

fn all_install(evidence: &Evidence) -> String {
    let who = if evidence.is_shallow { "the manifests name" } else { "the lock file lists" };
    match evidence.known {
        1 => format!("The one package that {who} installs"),
        known => format!("All {known} packages that {who} install"),
    }
}

/// What the evidence says against the move, given the target.
fn against(cx: &Context, image: &ImageView, evidence: &Evidence) -> Vec<Obstacle> {
    let span = install_span(image);
    let unknown = evidence.unknown.iter().filter(|_| cx.options.target == Target::Auto);
    let all = evidence.against.iter().chain(unknown);
    all.map(|what| Obstacle::new(span, what.trim_end_matches('.'))).collect()
}

/// The full variant of an image brings compilers, git and many libraries that slim does not.
fn full_image(image: &ImageView) -> Option<String> {
    let tag = image.stage().base.tag.as_deref().unwrap_or("latest");
    let has_slim = matches!(image.stage().base.official_name(), Some("python" | "node" | "ruby"));
    (has_slim && !tag.contains("slim")).then(|| {
        format!(
            "{} is the full image, and which of its libraries and tools the project uses is not known",
            image.stage().base_word.text
        )
    })
}

fn install_span(image: &ImageView) -> Span {
    let installs = |instruction: &&crate::docker::Instruction| {
        instruction.keyword == Keyword::Run
            && !facts::python::pip_installs(image.script(instruction)).is_empty()
    };
    image.instructions().iter().find(installs).map_or(image.stage().base_word.span, |run| run.span)
}

fn decline(image: &ImageView, obstacles: &[Obstacle]) -> Proposal {
    let list: Vec<String> = obstacles
        .iter()
        .map(|obstacle| format!("line {}: {}", place(image.text, obstacle.span.start).line, obstacle.what))
        .collect();
    let why = format!("Stays on {}: {}.", image.stage().base_word.text, list.join("; "));
    Proposal::decline(image.id, obstacles[0].span, why)
}
