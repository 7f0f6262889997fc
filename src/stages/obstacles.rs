//! What keeps an installation from moving into a builder.

use super::{beside, gone, later, lost, merged, prepares, purpose, started};
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, commands, evidence, packages,
        python::{self, project::Tool},
        runtime,
        split::{Ecosystem, Part, Role, Side, Split},
        start_scripts,
    },
    knowledge::package_effects::{Ecosystem as Registry, Effect, has},
    source::Span,
};

/// The first obstacle: its place and a sentence.
pub fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let (start, nothing) = (image.instructions()[0].span, !commands::is_any(cx, image));
    let unknown = "Nothing says what the image starts, so what that needs is not known (MS-25).";
    nothing
        .then(|| (start, unknown.to_owned()))
        .or_else(|| purpose::first(image))
        .or_else(|| without_venv(image, split).map(|why| (start, why)))
        .or_else(|| tool_that_starts(image, split))
        .or_else(|| of_steps(cx, image, split))
        .or_else(|| without_lists(image, split))
        .or_else(|| lost::first(cx, image, split))
        .or_else(|| unknown_twin(image, split))
        .or_else(|| still_called(cx, image, split).map(|why| (start, why)))
        .or_else(|| gone::unseen_start(cx, image).map(|why| (start, why)))
        .or_else(|| gone::first(cx, image, split))
        .or_else(|| started::first(cx, image, split))
        .or_else(|| merged::first(cx, image, split))
        .or_else(|| beside::first(cx, image, split))
        .or_else(|| installs_later(cx, image, split).map(|why| (start, why)))
}

/// A package that installs others later, with a pip that our environment does not have.
fn installs_later(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    if split.environment.is_authors || split.ecosystem != Ecosystem::Python {
        return None;
    }
    let evidence = evidence::python(cx, image);
    let mut names = evidence.names();
    let started = commands::run_by(cx, image).concat();
    let is_notebook =
        started.iter().any(|word| ["ipython", "jupyter", "voila"].iter().any(|part| word.contains(part)));
    let calls = |name: &&String| {
        has(Effect::CallsPip, Registry::Pypi, name)
            || (is_notebook && has(Effect::CallsPipInNotebook, Registry::Pypi, name))
    };
    let name = names.find(calls)?;
    Some(format!("{name} calls pip when it runs, and {} has none (MS-25).", split.environment.path))
}

/// That the image's Python has no module venv that makes environments without pip: it came with 3.4.
fn without_venv(image: &ImageView, split: &Split) -> Option<String> {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    let mut version = tag.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let is_old = match (version.next(), version.next()) {
        (Some(major), _) if major < 3 => true,
        (Some(3), Some(minor)) => minor < 4,
        _ => false,
    };
    let needs_venv = split.ecosystem == Ecosystem::Python && !split.environment.is_authors;
    (is_old && needs_venv).then(|| format!("The Python of {tag} makes no virtual environments (MS-12)."))
}

/// An ENTRYPOINT that is a tool and leaves it to CMD what the tool does.
fn tool_that_starts(image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let entrypoint = runtime::last(image, Keyword::Entrypoint)?;
    let [word] = entrypoint.json.as_deref()? else { return None };
    let name = word.text.rsplit('/').next().unwrap_or_default();
    let tool = split.tools.iter().find(|tool| tool.name() == name)?;
    let why = format!("The image starts {}, which would be left behind in the builder (MS-22).", tool.name());
    Some((entrypoint.span, why))
}

/// An installation with apt in the final stage that counts on the package lists of a step that moves.
fn without_lists(image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let (mut had, mut has) = (false, false);
    for (step, part) in image.instructions().iter().zip(&split.parts) {
        if step.keyword != Keyword::Run {
            continue;
        }
        let script = image.script(step);
        // Whether a step that goes apart still fetches them is decided by what stays of its packages.
        let is_in_final = matches!(part, Part::Both | Part::Stays);
        for command in &script.commands {
            let verb = packages::subcommand(command).map_or("", |word| word.text());
            let removes =
                command.name() == "rm" && command.arguments().any(|word| word.contains("/var/lib/apt"));
            if packages::is_apt(command) && verb == "update" {
                (had, has) = (true, has || is_in_final);
            } else if removes {
                (had, has) = (false, has && !is_in_final);
            } else if packages::is_install(command) && is_in_final && had && !has {
                let why = format!(
                    "Line {} installs packages by the lists that a step of the builder fetches (MS-08).",
                    image.line(step)
                );
                return Some((command.span, why));
            }
        }
    }
    None
}

fn unknown_twin(image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let apart = image.instructions().iter().zip(&split.parts);
    for (step, _) in apart.filter(|(_, part)| matches!(part, Part::Apart(_))) {
        for install in packages::installs(image.script(step)) {
            let is_unknown = |name: &str| split.roles.role(image, install.manager, name) == Role::UnknownTwin;
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
fn of_steps(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
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
        let is_python = split.ecosystem == Ecosystem::Python;
        if !installs && is_python && names_site_packages(image, split, instruction) {
            let why = "The path is in /usr/local, where the installed packages would no longer be (MS-12).";
            return Some((instruction.span, why.to_owned()));
        }
        if index <= split.last && prepares::may_be(image, split, (index, &states[index])) {
            let why = format!(
                "Line {} comes before the installation and may prepare it (MS-08).",
                image.line(instruction)
            );
            return Some((instruction.span, why));
        }
        let syncs = installs && split.tools.contains(&Tool::Uv) && split.environment.is_authors;
        if let Some(why) = syncs.then(|| evidence::other_python(cx, image, instruction)).flatten() {
            return Some((instruction.span, why));
        }
        if split.ecosystem == Ecosystem::Node {
            continue;
        }
        if let Some(why) = editable(cx, image, instruction) {
            return Some((instruction.span, why));
        }
    }
    None
}

fn names_site_packages(image: &ImageView, split: &Split, instruction: &Instruction) -> bool {
    let text = &instruction.body.text;
    // In an environment of the author's own, the interpreter beside it sees no packages today either.
    let is_outside = |rest: &str| {
        split.environment.is_authors && rest.starts_with("python") && !rest.starts_with("python3.")
    };
    let is_there = |rest: &str| {
        let end = rest.find(|c: char| c.is_whitespace() || "\"',;&|)".contains(c)).unwrap_or(rest.len());
        is_outside(rest) || lost::paths::is_brought(&rest[..end], image, split)
    };
    let names_program =
        text.match_indices("/usr/local/bin/").any(|(at, found)| !is_there(&text[at + found.len()..]));
    let is_target = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
    (names_program && !is_target) || text.contains("site-packages") || text.contains("dist-packages")
}

/// An editable project keeps pointing at its source; without PEP 660 its metadata stands in the source, too.
fn editable(cx: &Context, image: &ImageView, instruction: &Instruction) -> Option<String> {
    if instruction.keyword != Keyword::Run {
        return None;
    }
    let installs = python::pip_installs(image.script(instruction));
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
            let line = words.join(" ");
            let words = later::words_of(&line);
            if let Some(tool) = split.tools.iter().find(|tool| words.contains(&tool.name())) {
                return Some(format!(
                    "The service {} calls {}, which would be left behind in the builder (MS-22).",
                    service.service.name,
                    tool.name()
                ));
            }
        }
    }
    let tools: Vec<&str> = split.tools.iter().map(|tool| tool.name()).collect();
    start_scripts::known(cx, image).into_iter().find_map(|(path, text)| {
        let is_call = |line: &str| {
            let mut words = line.split(|c: char| c.is_whitespace() || ";&|(".contains(c));
            let is_pip = |word: &str| word == "pip" && split.ecosystem == Ecosystem::Python;
            words.find(|word| tools.contains(word) || is_pip(word)).map(str::to_owned)
        };
        let tool = text.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(is_call)?;
        Some(format!("{path} calls {tool}, which would be left behind in the builder (MS-25)."))
    })
}
