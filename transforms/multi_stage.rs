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
//! Projects of poetry, uv, pipenv and pdm are split likewise; the tool stays in the builder, and `uv run app`
//! becomes `app`. An environment that the author makes stays where it is.
//!
//! ## Declines
//!
//! When nothing would be left behind: no compiler, no headers, no installer, nothing built from source. When the
//! installation cannot be told apart from the rest: editable projects without a build backend, `pip install
//! --user`, steps before it that may prepare it, paths such as `/usr/local/bin/gunicorn` that would no longer
//! exist. When the runtime package of a `-dev` package is not known. When a script or a service calls the tool
//! that would be left behind.
//!
//! ## Risk
//!
//! Review: packages live in `/opt/venv` instead of `/usr/local`.

use crate::{
    alpine::commands,
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        self, Aspect, Context, ImageView, evidence, packages, python, runtime,
        split::{self, Part, Role, Side, Split},
    },
    pass::{Change, Pass, Proposal, Risk},
    source::Span,
    stages::{self, Builder, half, runners},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "multi-stage",
    title: "Install dependencies in a builder stage and leave the compilers there",
    source: include_str!("multi_stage.rs"),
    risk: Risk::Review,
    alters: &[
        Aspect::Steps,
        Aspect::Stages,
        Aspect::Copied,
        Aspect::Owners,
        Aspect::Env("PATH"),
        Aspect::Command,
        Aspect::Entrypoint,
        Aspect::Healthcheck,
    ],
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
    match split::split(cx, image) {
        Ok(None) => None,
        Ok(Some(split)) => Some(split_image(cx, image, &split)),
        Err((index, why)) => Some(Proposal::decline(image.id, image.instructions()[index].span, why)),
    }
}

fn split_image(cx: &Context, image: &ImageView, split: &Split) -> Proposal {
    let run = &image.instructions()[split.first];
    let mut left_behind = stages::left_behind(image, split);
    left_behind.extend(stages::tools_left_behind(image, split).iter().map(|tool| (*tool).to_owned()));
    if left_behind.is_empty() && compiled(cx, image).is_empty() {
        let why = "A builder stage would leave nothing behind: no compiler, no headers, and nothing is built from source.";
        return Proposal::decline(image.id, run.span, why);
    }
    let obstacle = obstacle(cx, image, split)
        .or_else(|| unknown_twin(image, split))
        .or_else(|| still_called(cx, image, split).map(|why| (image.instructions()[0].span, why)));
    if let Some((span, why)) = obstacle {
        return Proposal::decline(image.id, span, why);
    }
    change(cx, image, split, &left_behind)
}

fn compiled(cx: &Context, image: &ImageView) -> Vec<String> {
    match facts::is_alpine(image.dockerfile) {
        true => evidence::python(cx, image).builds.into_iter().map(|build| build.name).collect(),
        false => Vec::new(),
    }
}

fn unknown_twin(image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let apart = image.instructions().iter().zip(&split.parts);
    for (step, _) in apart.filter(|(_, part)| matches!(part, Part::Apart(_))) {
        for install in packages::installs(&image.script(step)) {
            let is_unknown = |name: &str| split::role(image, install.manager, name) == Role::UnknownTwin;
            if let Some(package) = install.packages.iter().find(|package| is_unknown(&package.name)) {
                let why =
                    format!("The package that runs what {} builds is not known (PKG-05).", package.name);
                return Some((package.span, why));
            }
        }
    }
    None
}

/// What keeps the installation from moving: who else needs it where it is, or what it needs from before.
fn obstacle(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let states = runtime::states(image);
    for (index, instruction) in image.instructions().iter().enumerate() {
        let part = &split.parts[index];
        let installs = match part {
            Part::Moves => true,
            Part::Apart(sides) => sides.contains(&Side::Builder),
            Part::Both | Part::Stays => false,
        };
        if installs && !states[index].is_root() {
            let user = states[index].user.as_deref().unwrap_or_default();
            let why = format!("The installation runs as {user}, into a place of that user.");
            return Some((instruction.span, why));
        }
        if !installs && names_site_packages(instruction) {
            let why = "The path is in /usr/local, where the installed packages would no longer be (MS-12).";
            return Some((instruction.span, why.to_owned()));
        }
        if index <= split.last && may_prepare(image, split, index) {
            let why = format!(
                "Line {} comes before the installation and may prepare it (MS-08).",
                image.line(instruction)
            );
            return Some((instruction.span, why));
        }
        if let Some(why) = editable(cx, image, instruction) {
            return Some((instruction.span, why));
        }
    }
    if split.environment.is_authors {
        return None;
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

/// Whether a step that stays, or a command of one that goes apart, could be needed by the installation.
fn may_prepare(image: &ImageView, split: &Split, index: usize) -> bool {
    let instruction = &image.instructions()[index];
    match (instruction.keyword, &split.parts[index]) {
        (Keyword::Run, Part::Stays) => {
            let script = image.script(instruction);
            script.unreadable.is_some() || script.commands.iter().any(|command| !stages::is_harmless(command))
        }
        (Keyword::Run, Part::Apart(sides)) => {
            let script = image.script(instruction);
            let last = match index == split.last {
                true => sides.iter().rposition(|side| *side == Side::Builder).unwrap_or(0),
                false => sides.len(),
            };
            let before = script
                .commands
                .iter()
                .filter(|command| command.item < last && sides.get(command.item) == Some(&Side::Final));
            before.into_iter().any(|command| !stages::is_harmless(command))
        }
        (Keyword::Copy | Keyword::Add, Part::Stays) => {
            let words = instruction.words.iter().map(|word| word.text.as_str());
            words.into_iter().any(|word| {
                ["pip.conf", ".netrc", ".pypirc", ".pem", ".crt"].iter().any(|name| word.ends_with(name))
            })
        }
        _ => false,
    }
}

/// An editable project keeps pointing at its source; without PEP 660 its metadata stands in the source, too.
fn editable(cx: &Context, image: &ImageView, instruction: &Instruction) -> Option<String> {
    if instruction.keyword != Keyword::Run {
        return None;
    }
    let installs = python::pip_installs(&image.script(instruction));
    let editable = installs.iter().flat_map(|install| &install.editable).next()?;
    let has_backend = evidence::build_backend(cx, image, instruction, editable).is_some();
    (!has_backend).then(|| {
        format!("{editable} is installed in place, and its metadata would be missing from the final stage (MS-09).")
    })
}

/// A service, or a script that the image starts, that calls a tool which would be left behind.
fn still_called(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    for service in cx.services_of(image.image) {
        let commands = [&service.service.command, &service.service.entrypoint];
        for words in commands.into_iter().flatten().filter_map(|field| field.value.words()) {
            if let Some(tool) = split.tools.iter().find(|tool| words.iter().any(|word| word == tool.name())) {
                return Some(format!(
                    "The service {} calls {}, which would be left behind in the builder (MS-22).",
                    service.service.name,
                    tool.name()
                ));
            }
        }
    }
    let tools: Vec<&str> = split.tools.iter().map(|tool| tool.name()).collect();
    commands::scripts_run_by(cx, image).into_iter().find_map(|(path, text)| {
        let is_call = |line: &str| {
            let mut words = line.split(|c: char| c.is_whitespace() || ";&|(".contains(c));
            words.find(|word| tools.contains(word) || *word == "pip").map(str::to_owned)
        };
        let tool = text.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(is_call)?;
        Some(format!("{path} calls {tool}, which would be left behind in the builder (MS-25)."))
    })
}

fn change(cx: &Context, image: &ImageView, split: &Split, left_behind: &[String]) -> Proposal {
    let builder = Builder { name: stages::free_name(image), has_git: evidence::needs_git(cx, image), split };
    let from = &image.instructions()[0];
    let mut edits = vec![Edit::insert(image.id, from.span.start, builder.text(image))];
    for (index, instruction) in image.instructions().iter().enumerate() {
        match final_edit(image, &builder, index) {
            Ok(edit) => edits.extend(edit),
            Err(why) => return Proposal::decline(image.id, instruction.span, why),
        }
    }
    if let Some(comment) = lost_comment(image, &edits) {
        let why = format!("The comment `{comment}` would have no place in either stage.");
        return Proposal::decline(image.id, from.span, why);
    }
    let what = match left_behind {
        [] => "what is built from source".to_owned(),
        names => names.join(", "),
    };
    let why = format!(
        "{what} {} needed to install, not to run. The packages go to {}, at the same path in both stages.",
        if left_behind.len() == 1 { "is" } else { "are" },
        split.environment.path
    );
    let title = format!("Install dependencies in a stage called {}", builder.name);
    let change = Change::new(image.id, from.span, Risk::Review, title, why).with(edits);
    match split.environment.is_authors {
        true => change.propose(),
        false => change.noting(setuptools_note(image)).propose(),
    }
}

/// What becomes of an instruction in the final stage; none when it stays as it is.
fn final_edit(image: &ImageView, builder: &Builder, index: usize) -> Result<Option<Edit>, String> {
    let (split, instruction) = (builder.split, &image.instructions()[index]);
    let whole = Span::new(instruction.lead.start, instruction.end);
    let newline = write::newline_of(image.text);
    let arrival = if index == split.first { arrival(builder, newline) } else { String::new() };
    match &split.parts[index] {
        Part::Stays => runners::without(image, instruction, &split.tools),
        Part::Both => Ok(None),
        Part::Moves if arrival.is_empty() => Ok(Some(Edit::delete(image.id, whole))),
        Part::Moves => Ok(Some(Edit::replace(image.id, whole, arrival))),
        part @ Part::Apart(_) => {
            let rest = half::for_final(image, instruction, (part, &split.tools))?;
            Ok(match (rest, arrival.is_empty()) {
                (Some(text), true) if text == instruction.span.of(image.text) => None,
                (Some(text), true) => Some(Edit::replace(image.id, instruction.span, text)),
                (None, true) => Some(Edit::delete(image.id, whole)),
                (None, false) => Some(Edit::replace(image.id, whole, arrival)),
                (Some(text), false) => {
                    let lead = instruction.lead.of(image.text);
                    let end = if instruction.end > instruction.span.end { newline } else { "" };
                    Some(Edit::replace(image.id, whole, format!("{arrival}{lead}{text}{end}")))
                }
            })
        }
    }
}

/// The lines that bring the environment into the final stage.
fn arrival(builder: &Builder, newline: &str) -> String {
    let environment = &builder.split.environment;
    let path = &environment.path;
    let copy = format!("{newline}COPY --from={} {path} {path}{newline}", builder.name);
    match environment.is_on_path {
        true => copy,
        false => format!("{copy}ENV PATH=\"{path}/bin:$PATH\"{newline}"),
    }
}

/// A comment of the author's that stands in neither stage.
fn lost_comment(image: &ImageView, edits: &[Edit]) -> Option<String> {
    let after = crate::edit::apply(image.text, edits.iter()).ok()?;
    let comments = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect()
    };
    let kept = comments(&after);
    comments(image.text).into_iter().find(|comment| !kept.contains(comment))
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
