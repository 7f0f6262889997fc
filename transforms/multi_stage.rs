//! Build dependencies in a stage of their own, and leave the compilers there.
//!
//! ## Why
//!
//! A compiler in the image is of no use to the running service and of much use to an intruder. Dependencies are
//! installed into a virtual environment in a builder stage; the final stage copies it and keeps everything else,
//! in its order and with its comments.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache gcc musl-dev curl
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24 AS builder
//! RUN apk add --no-cache gcc musl-dev
//!
//! RUN python -m venv --without-pip /opt/venv
//! COPY requirements.txt .
//! RUN pip --python /opt/venv install -r requirements.txt
//!
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache curl
//!
//! COPY --from=builder /opt/venv /opt/venv
//! ENV PATH="/opt/venv/bin:$PATH"
//! ```
//!
//! ## Declines
//!
//! When nothing would be left behind: no compiler, no headers, nothing built from source. When the installation
//! cannot be told apart from the rest: local projects, `pip install --user`, steps before it that may prepare it,
//! paths such as `/usr/local/bin/gunicorn` that would no longer exist. When the runtime package of a `-dev`
//! package is not known.
//!
//! ## Risk
//!
//! Review: packages live in `/opt/venv` instead of `/usr/local`.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        self, Aspect, Context, ImageView, evidence, packages, runtime,
        split::{self, Part, Role},
    },
    pass::{Change, Pass, Proposal, Risk},
    source::Span,
    stages::{self, Builder},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "multi-stage",
    title: "Install dependencies in a builder stage and leave the compilers there",
    source: include_str!("multi_stage.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Steps, Aspect::Stages, Aspect::Copied, Aspect::Owners, Aspect::Env("PATH")],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let from = &image.instructions()[0];
    if image.dockerfile.stages.len() > 1 {
        return Some(Proposal::nothing(image.id, from.span, "The file has several stages already."));
    }
    if image.stage().base.official_name() != Some("python") {
        return Some(Proposal::nothing(image.id, from.span, "Only Python images are split so far."));
    }
    match split::parts(cx, image) {
        Err((index, why)) => Some(Proposal::decline(image.id, image.instructions()[index].span, why)),
        Ok(parts) => split_image(cx, image, &parts),
    }
}

fn split_image(cx: &Context, image: &ImageView, parts: &[Part]) -> Option<Proposal> {
    let first_pip = parts.iter().position(|part| *part == Part::Pip)?;
    let run = &image.instructions()[first_pip];
    let builds = compiled(cx, image);
    let left_behind = left_behind(image, parts);
    if left_behind.is_empty() && builds.is_empty() {
        let why = "A builder stage would leave nothing behind: no compiler, no headers, and nothing is built from source.";
        return Some(Proposal::decline(image.id, run.span, why));
    }
    let last_pip = parts.iter().rposition(|part| *part == Part::Pip)?;
    let obstacle = obstacle(cx, image, parts, last_pip).or_else(|| unknown_twin(image, parts));
    if let Some((span, why)) = obstacle {
        return Some(Proposal::decline(image.id, span, why));
    }
    Some(change(cx, image, parts, &left_behind))
}

fn compiled(cx: &Context, image: &ImageView) -> Vec<String> {
    match facts::is_alpine(image.dockerfile) {
        true => evidence::python(cx, image).builds.into_iter().map(|build| build.name).collect(),
        false => Vec::new(),
    }
}

/// The packages that only the builder keeps.
fn left_behind(image: &ImageView, parts: &[Part]) -> Vec<String> {
    let steps = image.instructions().iter().zip(parts).filter(|(_, part)| **part == Part::Packages);
    let installs = steps.flat_map(|(step, _)| packages::installs(&image.script(step)));
    let names = installs
        .flat_map(|install| install.packages.into_iter().map(move |package| (install.manager, package.name)));
    names
        .filter(|(manager, name)| split::role(image, *manager, name) != Role::Keep)
        .map(|(_, name)| name)
        .collect()
}

fn unknown_twin(image: &ImageView, parts: &[Part]) -> Option<(Span, String)> {
    for (step, _) in image.instructions().iter().zip(parts).filter(|(_, part)| **part == Part::Packages) {
        for install in packages::installs(&image.script(step)) {
            if let Some(word) = install.obstacles.first() {
                return Some((
                    install.head,
                    format!("The installation has `{word}`, which is not understood (PKG-11)."),
                ));
            }
            for package in &install.packages {
                if split::role(image, install.manager, &package.name) == Role::UnknownTwin {
                    let why =
                        format!("The package that runs what {} builds is not known (PKG-05).", package.name);
                    return Some((package.span, why));
                }
            }
        }
    }
    None
}

/// What keeps the installation from moving: who else needs it where it is, or what it needs from before.
fn obstacle(cx: &Context, image: &ImageView, parts: &[Part], last_pip: usize) -> Option<(Span, String)> {
    let states = runtime::states(image);
    for (index, instruction) in image.instructions().iter().enumerate() {
        let is_moved = matches!(parts[index], Part::Pip | Part::Manifests);
        if is_moved && !states[index].is_root() {
            let user = states[index].user.as_deref().unwrap_or_default();
            return Some((
                instruction.span,
                format!("The installation runs as {user}, into a place of that user."),
            ));
        }
        if !is_moved && names_site_packages(instruction) {
            let why = "The path is in /usr/local, where the installed packages would no longer be (MS-12).";
            return Some((instruction.span, why.to_owned()));
        }
        if index < last_pip && parts[index] == Part::Other && may_prepare(image, instruction) {
            let why = format!(
                "Line {} comes before the installation and may prepare it (MS-08).",
                image.line(instruction)
            );
            return Some((instruction.span, why));
        }
        if parts[index] == Part::Packages && stages::does_more_than_install(image, instruction) {
            let why = format!(
                "Line {} installs system packages and does other things too (PKG-11).",
                image.line(instruction)
            );
            return Some((instruction.span, why));
        }
    }
    let services = cx.services_of(image.image);
    let named =
        services.iter().find(|service| service.service.entry.of(service.text).contains("/usr/local/bin/"));
    named.map(|service| {
        let why = format!(
            "The service {} calls a program in /usr/local/bin, which would no longer be there (MS-12).",
            service.service.name
        );
        (image.instructions()[0].span, why)
    })
}

fn names_site_packages(instruction: &Instruction) -> bool {
    let text = &instruction.body.text;
    let is_python = |rest: &str| rest.starts_with("python") && !rest.starts_with("python3.");
    let names_program =
        text.match_indices("/usr/local/bin/").any(|(at, found)| !is_python(&text[at + found.len()..]));
    let is_target = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
    (names_program && !is_target) || text.contains("site-packages") || text.contains("dist-packages")
}

/// Whether a step that stays could be needed by the installation.
fn may_prepare(image: &ImageView, instruction: &Instruction) -> bool {
    match instruction.keyword {
        Keyword::Run => {
            let script = image.script(instruction);
            script.unreadable.is_some() || script.commands.iter().any(|command| !stages::is_harmless(command))
        }
        Keyword::Copy | Keyword::Add => {
            let words = instruction.words.iter().map(|word| word.text.as_str());
            words.into_iter().any(|word| {
                ["pip.conf", ".netrc", ".pypirc", ".pem", ".crt"].iter().any(|name| word.ends_with(name))
            })
        }
        _ => false,
    }
}

fn change(cx: &Context, image: &ImageView, parts: &[Part], left_behind: &[String]) -> Proposal {
    let builder = Builder { name: stages::free_name(image), has_git: evidence::needs_git(cx, image) };
    let newline = write::newline_of(image.text);
    let from = &image.instructions()[0];
    let mut edits = vec![Edit::insert(image.id, from.span.start, builder.text(image, parts))];
    let first_pip = parts.iter().position(|part| *part == Part::Pip);
    for (index, instruction) in image.instructions().iter().enumerate() {
        let whole = Span::new(instruction.lead.start, instruction.end);
        match parts[index] {
            Part::Other => {}
            Part::Packages => edits.extend(stages::runtime_packages(image, instruction)),
            Part::Pip if Some(index) == first_pip => {
                let copy = format!("COPY --from={} /opt/venv /opt/venv", builder.name);
                let path = "ENV PATH=\"/opt/venv/bin:$PATH\"";
                edits.push(Edit::replace(
                    image.id,
                    whole,
                    format!("{newline}{copy}{newline}{path}{newline}"),
                ));
            }
            Part::Manifests | Part::Pip => edits.push(Edit::delete(image.id, whole)),
        }
    }
    let what = match left_behind {
        [] => "what is built from source".to_owned(),
        names => names.join(", "),
    };
    let why = format!(
        "{what} {} needed to install, not to run. The packages go to /opt/venv, at the same path in both stages.",
        if left_behind.len() == 1 { "is" } else { "are" }
    );
    Change::new(
        image.id,
        from.span,
        Risk::Review,
        format!("Install dependencies in a stage called {}", builder.name),
        why,
    )
    .with(edits)
    .noting(setuptools_note(image))
    .propose()
}

fn setuptools_note(image: &ImageView) -> String {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    match evidence::python_version(tag) {
        Some(version) if version < (3, 12) => {
            "The base image has setuptools, the virtual environment does not: \
             a package that imports pkg_resources has to require it."
                .to_owned()
        }
        _ => "Packages that the base image has in /usr/local are not seen from the virtual environment."
            .to_owned(),
    }
}
