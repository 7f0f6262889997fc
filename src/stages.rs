//! The text of a builder stage, and what is left of the final one, made from a single-stage file.

pub mod before_copy;
mod beside;
pub mod equipped;
mod gone;
pub mod half;
mod later;
mod lost;
pub mod merged;
pub mod obstacles;
pub mod prepares;
mod purpose;
pub mod runners;
mod started;
mod variables;

use crate::{
    docker::{Instruction, Keyword, write},
    facts::{
        ImageView,
        packages::{self, Manager},
        python::{
            self,
            environment::OWN,
            project::{self, Tool},
        },
        split::{Ecosystem, Part, Role, Split},
    },
    shell::Command,
};
use half::{BuilderHalf, Route};

/// A builder stage to be written.
#[derive(Clone, Debug)]
pub struct Builder<'a> {
    /// Its name.
    pub name: String,
    /// Whether pip fetches from repositories, so that git must be there.
    pub has_git: bool,
    /// Whether the environment gets pip, and setuptools with it where the base image has that.
    pub has_pip: bool,
    /// Which instructions it gets.
    pub split: &'a Split,
}

/// A stage name that the file does not use yet.
pub fn free_name(image: &ImageView) -> String {
    let names = ["builder", "build", "deps", "dependencies"];
    let is_free = |name: &&&str| image.dockerfile.stage_named(name).is_none();
    let numbered = || {
        (2..)
            .map(|number| format!("builder-{number}"))
            .find(|name| image.dockerfile.stage_named(name).is_none())
    };
    names.iter().find(is_free).map(|name| (*name).to_owned()).or_else(numbered).unwrap_or_default()
}

/// Commands that no installation depends on: accounts, folders, owners, messages.
pub fn is_harmless(command: &Command) -> bool {
    let harmless = [
        "groupadd",
        "useradd",
        "addgroup",
        "adduser",
        "usermod",
        "mkdir",
        "chown",
        "chmod",
        "set",
        "true",
        "echo",
        "touch",
        "rm",
        "apt-get",
        "apt",
        "apk",
        "update-ca-certificates",
        "",
    ];
    let is_known =
        harmless.contains(&command.name()) && (command.name() != "echo" || command.redirects.is_empty());
    is_known || only_tells_its_version(command)
}

fn only_tells_its_version(command: &Command) -> bool {
    let mut words = command.arguments().peekable();
    command.redirects.is_empty()
        && words.peek().is_some()
        && words.all(|word| matches!(word, "--version" | "-V" | "-v"))
}

impl Builder<'_> {
    /// The stage's text, with an empty line after it.
    pub fn text(&self, image: &ImageView) -> String {
        let newline = write::newline_of(image.text);
        let route = route(image, self.split);
        let named = variables::Named::of(image, self.split);
        let mut out = self.head_line(image) + newline;
        let mut has_venv = route == Route::Authors;
        for (index, instruction) in image.instructions().iter().enumerate().take(self.split.last + 1).skip(1)
        {
            if !has_venv && self.belongs_to_installation(image, index) {
                has_venv = true;
                out.push_str(&venv_lines(image, self, (route, newline)));
            }
            let Some(text) = self.instruction(image, (instruction, index), (route, &named)) else { continue };
            out.push_str(&lead(image, instruction, newline));
            out.push_str(&text);
            out.push_str(newline);
        }
        if let Some(command) = &self.split.epilogue {
            out.push_str(&format!("RUN {command}{newline}"));
        }
        out + newline
    }

    fn head_line(&self, image: &ImageView) -> String {
        let from = &image.instructions()[0];
        let keyword = from.keyword_span.of(image.text);
        let flags: String = from.flags.iter().map(|flag| format!(" {}", flag.span.of(image.text))).collect();
        let own = from.words.get(1).map(|word| word.text.as_str());
        let alias = own.unwrap_or(if keyword.starts_with('f') { "as" } else { "AS" });
        format!("{keyword}{flags} {} {alias} {}", image.base_word().text, self.name)
    }

    /// Whether the instruction copies manifests, or installs what they name.
    fn belongs_to_installation(&self, image: &ImageView, index: usize) -> bool {
        let instruction = &image.instructions()[index];
        let script = image.script(instruction);
        let has_builder = self.split.parts[index].is_of_builder();
        let is_copy = instruction.keyword != Keyword::Run && instruction.flag("from").is_none();
        has_builder && (is_copy || python::installs_more_than_tools(script))
    }

    fn instruction(
        &self,
        image: &ImageView,
        (instruction, index): (&Instruction, usize),
        (route, named): (Route, &variables::Named),
    ) -> Option<String> {
        let part = &self.split.parts[index];
        let is_build = self.split.ecosystem == Ecosystem::Node && self.split.is_build;
        let needs_all = is_build || self.split.needs_all;
        let how = BuilderHalf { route, roles: self.split.roles, has_git: self.has_git, needs_all };
        match (instruction.keyword, part) {
            (Keyword::Arg | Keyword::Env, _) => named.for_builder(image, self.split, instruction),
            (_, Part::Stays) => None,
            (Keyword::Run, _) => half::for_builder(image, instruction, part, how),
            (Keyword::Copy | Keyword::Add, _) => Some(without_owner(image, instruction)),
            _ => Some(instruction.span.of(image.text).to_owned()),
        }
    }
}

/// How the packages get into the environment.
fn route(image: &ImageView, split: &Split) -> Route {
    let has_system_pipenv = image
        .instructions()
        .iter()
        .filter(|step| step.keyword == Keyword::Run)
        .any(|step| project::installs(image.script(step)).iter().any(|install| install.is_system));
    if split.environment.is_authors {
        Route::Authors
    } else if has_system_pipenv || !has_python_option(image) {
        Route::Path
    } else {
        Route::Named
    }
}

/// The lines that make the environment and tell the tools of it.
fn venv_lines(image: &ImageView, builder: &Builder, (route, newline): (Route, &str)) -> String {
    let needs_none = has_python_option(image) && !builder.has_pip;
    let without_pip = if needs_none { " --without-pip" } else { "" };
    let make = format!("{newline}RUN python -m venv{without_pip} {OWN}{newline}");
    let has_tool =
        builder.split.tools.iter().any(|tool| matches!(tool, Tool::Poetry | Tool::Pipenv | Tool::Pdm));
    match route {
        Route::Path if has_tool && !has_python_option(image) => {
            format!("{make}ENV VIRTUAL_ENV={OWN} PATH=\"{OWN}/bin:$PATH\"{newline}")
        }
        Route::Path => format!("{make}ENV PATH=\"{OWN}/bin:$PATH\"{newline}"),
        Route::Named if has_tool => format!("{make}ENV VIRTUAL_ENV={OWN}{newline}"),
        _ => make,
    }
}

/// The comments above an instruction, after one empty line if there was one.
fn lead(image: &ImageView, instruction: &Instruction, newline: &str) -> String {
    let lead = instruction.lead.of(image.text);
    let comments = lead.trim_start_matches(['\r', '\n']);
    let blank = if lead.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']) { newline } else { "" };
    format!("{blank}{comments}")
}

/// pip's `--python` came with 22.3; python images of a floating tag have had it since, from 3.7 on.
fn has_python_option(image: &ImageView) -> bool {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    let version = tag.split('-').next().unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [major, minor] => (major, minor) >= (3, 7),
        [major, minor, _] => (major, minor) >= (3, 12),
        [major] => major >= 3,
        _ => false,
    }
}

/// A COPY for the builder; who owns the files does not matter there, and the owner may not exist.
fn without_owner(image: &ImageView, instruction: &Instruction) -> String {
    let pieces: Vec<write::Piece> =
        instruction.flag("chown").map(|flag| write::delete_word(image.text, flag.span)).into_iter().collect();
    let text = write::rewrite(image.text, instruction, &pieces, write::Comments::Keep);
    text.unwrap_or_else(|| instruction.span.of(image.text).to_owned())
}

/// The system packages that only the builder keeps.
pub fn left_behind(image: &ImageView, split: &Split) -> Vec<String> {
    let is_left = |role: &Role| matches!(role, Role::Build | Role::Headers(_));
    packages_apart(image, split).into_iter().filter(|(_, role)| is_left(role)).map(|(name, _)| name).collect()
}

/// Headers that both stages have, since the package that runs what they build is not known.
pub fn headers_of_unknown_twins(image: &ImageView, split: &Split) -> Vec<String> {
    let is_unknown = |role: &Role| *role == Role::UnknownTwin;
    packages_apart(image, split)
        .into_iter()
        .filter(|(_, role)| is_unknown(role))
        .map(|(name, _)| name)
        .collect()
}

/// The system packages of the steps that go apart, each with what it is for.
fn packages_apart(image: &ImageView, split: &Split) -> Vec<(String, Role)> {
    let steps = image.instructions().iter().zip(&split.parts);
    let apart = steps.filter(|(_, part)| matches!(part, Part::Apart(_)));
    let installs = apart.flat_map(|(step, _)| packages::installs(image.script(step)));
    let names = installs.flat_map(|install| {
        let manager: Manager = install.manager;
        install.packages.into_iter().map(move |package| (manager, package.name))
    });
    names.map(|(manager, name)| (name.clone(), split.roles.role(image, manager, &name))).collect()
}

/// The installers that only the builder has: installed by pip, or copied in.
pub fn tools_left_behind(image: &ImageView, split: &Split) -> Vec<&'static str> {
    let scripts = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let named: Vec<String> = scripts
        .flat_map(|step| python::pip_installs(image.script(step)))
        .flat_map(|install| install.packages)
        .collect();
    let is_installed = |tool: &Tool| named.iter().any(|word| python::bare_name(word) == tool.name());
    let is_copied = |tool: &Tool| {
        let moved = image.instructions().iter().zip(&split.parts).filter(|(_, part)| **part == Part::Moves);
        *tool == Tool::Uv && moved.clone().any(|(step, _)| step.flag("from").is_some())
    };
    split.tools.iter().filter(|tool| is_installed(tool) || is_copied(tool)).map(|tool| tool.name()).collect()
}
