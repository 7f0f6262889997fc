//! Keep what health checks and commands call in the stage that runs them.
//!
//! ## Why
//!
//! A health check that calls a program which is not there fails for ever: the container is unhealthy, and what
//! depends on it never starts. Compose checks run inside the container too.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache ca-certificates
//! HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache ca-certificates curl
//! HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1
//! ```
//!
//! ## Declines
//!
//! When the package of a program is not known, or the base image may bring the program itself; when another step
//! speaks of the program or compiles something, and so may have brought it in its own way; when another package may
//! bring it; when nothing can be installed in the stage. Asked: what an Alpine older than the tables has.
//!
//! ## Risk
//!
//! Safe: a program is added that the file calls already. Review where that is asked about.

use crate::{
    docker::{Instruction, Keyword},
    facts::{self, Aspect, Context, ImageView, packages::Manager, runtime},
    installs,
    knowledge::shell,
    pass::{Change, Pass, Proposal, Risk},
    source::Span,
    workspace::path,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "healthcheck-tool",
    title: "Keep what health checks and commands call in the stage that runs them",
    source: include_str!("healthcheck_tool.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Steps],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let base = facts::root_image(image.dockerfile, image.stage()).official_name()?;
    if !matches!(base, "python" | "node" | "ruby" | "alpine" | "debian" | "ubuntu") {
        return None;
    }
    let installed = installs::installed(image);
    let mut missing: Vec<(String, &'static str)> = Vec::new();
    for words in facts::commands::run_by(cx, image) {
        let Some(package) = package_of(image, &words) else { continue };
        if may_be_there(image, &words[0]) {
            continue;
        }
        let is_new = !missing.iter().any(|(_, known)| *known == package);
        let is_there = installed.iter().any(|name| name == package) || installs::brings(image, package);
        if is_new && !is_there {
            missing.push((words[0].clone(), package));
        }
    }
    let check = runtime::last(image, Keyword::Healthcheck);
    let span = check.map_or(image.base_word().span, |check| check.span);
    if missing.is_empty() {
        return check.map(|check| kept(image, check.span));
    }
    let names: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    let called: Vec<&str> = missing.iter().map(|(program, _)| program.as_str()).collect();
    let why = format!(
        "{} {} when the container runs, and the final stage does not install {} (HC-01).",
        called.join(", "),
        if called.len() == 1 { "is called" } else { "are called" },
        if called.len() == 1 { "it" } else { "them" }
    );
    let title = format!("Install {} where it is called", names.join(", "));
    let change = Change::new(image.id, span, Risk::Safe, title, why).with([installs::add(image, &names)]);
    let against = installs::obstacle(image).or_else(|| installs::old_alpine(image));
    Some(change.against(against).propose())
}

fn kept(image: &ImageView, span: Span) -> Proposal {
    Proposal::nothing(image.id, span, "What the health check calls is there.")
}

/// Whether a program may be there without the package that is called like it: by its own path, by the full image,
/// or since another step speaks of it.
fn may_be_there(image: &ImageView, program: &str) -> bool {
    let name = path::name(program);
    let is_elsewhere = program.contains('/')
        && !matches!(path::parent(program), "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin");
    let root = image.root();
    let is_language = matches!(root.official_name(), Some("python" | "node" | "ruby"));
    let is_full = !root.tag.as_deref().is_some_and(|tag| tag.contains("slim") || tag.contains("alpine"));
    let is_word = |text: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        text.split(|c: char| !is_part(c)).any(|word| word == name)
    };
    let speaks = |step: &&Instruction| {
        use Keyword::{Add, Arg, Copy, Env, Run};
        matches!(step.keyword, Add | Arg | Copy | Env | Run) && is_word(step.span.of(image.text))
    };
    is_elsewhere
        || (is_language && is_full)
        || image.lineage().iter().any(speaks)
        || !facts::evidence::compiled_programs(image).is_empty()
        || comes_with_another(image, name)
}

/// Packages of which one brings the programs of another, by a part of their names.
const KIN: [&[&str]; 7] = [
    &["build-base", "build-essential", "make"],
    &["envsubst", "gettext"],
    &["mariadb", "mysql"],
    &["openssh", "scp", "sftp", "ssh"],
    &["pg_", "postgres", "psql"],
    &["py3-", "python"],
    &["sqlite"],
];

/// Whether a package that is installed may bring the program along.
fn comes_with_another(image: &ImageView, program: &str) -> bool {
    let installed = installs::installed(image);
    let of = |name: &str| KIN.iter().find(|names| names.iter().any(|part| name.contains(part)));
    let wanted = of(program);
    wanted.is_some() && installed.iter().any(|name| of(name) == wanted)
}

/// The package that brings the program, where the base image does not.
fn package_of(image: &ImageView, words: &[String]) -> Option<&'static str> {
    let name = words.first()?.rsplit('/').next()?;
    let operands: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match installs::manager(image) {
        Manager::Apk => shell::missing(name, &operands).map(|need| need.package),
        Manager::Apt => ["curl", "wget"].into_iter().find(|tool| *tool == name),
    }
}
