//! What keeps an installation from moving into a builder.

use super::{beside, gone, later, lost, prepares, purpose, started};
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, commands, evidence, packages,
        python::{self, project::Tool},
        runtime,
        split::{Ecosystem, Part, Split},
        start_scripts,
    },
    reason::Reason,
};

/// All that speaks against it.
pub fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    let start = image.instructions()[0].span;
    let mut found: Vec<Reason> = split.doubts.clone();
    if !commands::is_any(cx, image) {
        let what = "nothing says what the image starts, so it may need what is left behind";
        found.push(Reason::doubt("MS-34", start, what));
    }
    found.extend(purpose::all(image));
    found.extend(without_venv(image, split).map(|what| Reason::known("MS-12", start, what)));
    found.extend(tool_that_starts(image, split));
    found.extend(of_steps(cx, image, split));
    found.extend(without_lists(image, split));
    found.extend(lost::all(cx, image, split));
    found.extend(still_called(cx, image, split));
    found.extend(gone::all(cx, image, split));
    found.extend(started::all(cx, image, split));
    found.extend(beside::all(cx, image, split));
    // A file that is copied by name and started as well is told of once.
    let mut told: Vec<(&'static str, String)> = Vec::new();
    found.retain(|reason| {
        let same = (reason.trap, reason.what.clone());
        let is_new = reason.origin.is_none() || !told.contains(&same);
        told.push(same);
        is_new
    });
    found
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
    (is_old && needs_venv).then(|| format!("the Python of {tag} makes no virtual environments"))
}

/// An ENTRYPOINT that is a tool and leaves it to CMD what the tool does.
fn tool_that_starts(image: &ImageView, split: &Split) -> Option<Reason> {
    let entrypoint = runtime::last(image, Keyword::Entrypoint)?;
    let [word] = entrypoint.json.as_deref()? else { return None };
    let name = word.text.rsplit('/').next().unwrap_or_default();
    let tool = split.tools.iter().find(|tool| tool.name() == name)?;
    let what = format!("the image starts {}, which would be left behind in the builder", tool.name());
    Some(Reason::known("MS-25", entrypoint.span, what))
}

/// An installation with apt in the final stage that counts on the package lists of a step that moves.
fn without_lists(image: &ImageView, split: &Split) -> Option<Reason> {
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
                let what = "installs packages by the lists that a step of the builder fetches";
                return Some(Reason::known("MS-08", command.span, what));
            }
        }
    }
    None
}

/// What keeps the installation from moving: who else needs it where it is, or what it needs from before.
fn of_steps(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    let states = runtime::states(image);
    let mut found = Vec::new();
    for (index, instruction) in image.instructions().iter().enumerate() {
        let installs = split.parts[index].is_of_builder();
        let is_python = split.ecosystem == Ecosystem::Python;
        if !installs && is_python && names_site_packages(image, split, instruction) {
            let what = "the path is in /usr/local, where the installed packages would no longer be";
            found.push(Reason::known("MS-12", instruction.span, what));
        }
        if index <= split.last && prepares::may_be(image, split, (index, &states[index])) {
            let what = "comes before the installation, may prepare it, and stays in the final stage alone";
            let shapes = split.ecosystem == Ecosystem::Node && split.is_build;
            let reason = if shapes { Reason::known } else { Reason::doubt };
            found.push(reason("MS-32", instruction.span, what.to_owned()));
        }
        let syncs = installs && split.tools.contains(&Tool::Uv) && split.environment.is_authors;
        let other = syncs.then(|| evidence::other_python(cx, image, instruction)).flatten();
        found.extend(other.map(|what| Reason::known("MS-12", instruction.span, what)));
        found.extend(editable(cx, image, instruction).filter(|_| is_python));
    }
    found
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
fn editable(cx: &Context, image: &ImageView, instruction: &Instruction) -> Option<Reason> {
    if instruction.keyword != Keyword::Run {
        return None;
    }
    let installs = python::pip_installs(image.script(instruction));
    // What comes from a repository is fetched into the environment itself.
    let is_local = |target: &&String| !target.contains("://");
    let editable = installs.iter().flat_map(|install| &install.editable).find(is_local)?;
    let has_backend = evidence::build_backend(cx, image, instruction, editable).is_some();
    (!has_backend).then(|| {
        let what = format!(
            "{editable} is installed in place, and its metadata would be missing from the final stage"
        );
        Reason::known("MS-09", instruction.span, what)
    })
}

/// Services, and scripts that the image starts, that call a tool which would be left behind.
fn still_called(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    let start = image.instructions()[0].span;
    let tools: Vec<&str> = split.tools.iter().map(|tool| tool.name()).collect();
    let left =
        |who: &str, tool: &str| format!("{who}calls {tool}, which would be left behind in the builder");
    let mut found = Vec::new();
    for view in cx.services_of(image.image) {
        let commands = [&view.service.command, &view.service.entrypoint];
        for field in commands.into_iter().flatten() {
            let Some(line) = field.value.words().map(|words| words.join(" ")) else { continue };
            let words = later::words_of(&line);
            if let Some(tool) = tools.iter().find(|tool| words.contains(tool)) {
                let who = format!("the service {} ", view.service.name);
                found.push(Reason::known("MS-25", field.span, left(&who, tool)).within(view.id));
            }
        }
    }
    found.extend(start_scripts::known(cx, image).into_iter().filter_map(|(path, text)| {
        let is_call = |line: &str| {
            let mut words = line.split(|c: char| c.is_whitespace() || ";&|(".contains(c));
            words.find(|word| tools.contains(word)).map(str::to_owned)
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
        let (at, tool) = lines.into_iter().find_map(|(at, line)| Some((at, is_call(line)?)))?;
        Some(Reason::known("MS-25", start, left("", &tool)).from(format!("{path}:{}", at + 1)))
    }));
    found
}
