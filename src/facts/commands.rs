//! What runs in the container: the commands of the image and its services.

use super::{Context, ImageView, build_context::Copies, runtime, scripts};
use crate::{
    compose::{Service, health::Probe},
    docker::{Instruction, Keyword},
    shell::Script,
    source::{FileId, Span},
};

/// The commands that run in the container: CMD, ENTRYPOINT, HEALTHCHECK, and those of its services.
pub fn run_by(cx: &Context, image: &ImageView) -> Vec<Vec<String>> {
    let keywords = [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let steps = keywords.into_iter().filter_map(|keyword| runtime::last(image, keyword));
    let of_services = of_services(cx, image).into_iter().map(|found| found.words);
    steps.flat_map(commands_of).chain(of_services).filter(|words| !words.is_empty()).collect()
}

/// Whether anything says what the image starts: the image itself, or one of its services.
pub fn is_any(cx: &Context, image: &ImageView) -> bool {
    let own = [Keyword::Cmd, Keyword::Entrypoint]
        .into_iter()
        .any(|keyword| runtime::last(image, keyword).is_some());
    own || cx
        .services_of(image.image)
        .iter()
        .any(|view| view.service.command.is_some() || view.service.entrypoint.is_some())
}

/// A command of a service, and where compose has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfService {
    /// The words.
    pub words: Vec<String>,
    /// The compose file.
    pub file: FileId,
    /// The place there.
    pub span: Span,
}

/// The commands and health checks that the services of an image set.
pub fn of_services(cx: &Context, image: &ImageView) -> Vec<OfService> {
    let services = cx.services_of(image.image).into_iter();
    let placed =
        services.flat_map(|view| placed(view.service).into_iter().map(move |found| (view.id, found)));
    placed.map(|(file, (span, words))| OfService { words, file, span }).collect()
}

/// The commands and the health check that a service sets.
pub fn of_service(service: &Service) -> Vec<Vec<String>> {
    placed(service).into_iter().map(|(_, words)| words).collect()
}

fn placed(service: &Service) -> Vec<(Span, Vec<String>)> {
    let commands = [&service.command, &service.entrypoint].into_iter().flatten();
    let mut all: Vec<(Span, Vec<String>)> =
        commands.filter_map(|field| Some((field.span, field.value.words()?))).collect();
    let Some(probe) = service.healthcheck.as_ref().and_then(|check| check.test.as_ref()) else { return all };
    match &probe.value {
        Probe::Words(words) => all.push((probe.span, words.clone())),
        Probe::Shell(line) => all.extend(shell_words(line).into_iter().map(|words| (probe.span, words))),
        _ => {}
    }
    all
}

/// The words of each command of a CMD, ENTRYPOINT or HEALTHCHECK.
pub fn commands_of(instruction: &Instruction) -> Vec<Vec<String>> {
    if let Some(json) = &instruction.json {
        return vec![json.iter().map(|word| word.text.clone()).collect()];
    }
    let text = match instruction.keyword {
        Keyword::Healthcheck => instruction.body.text.trim_start_matches(|c: char| !c.is_whitespace()),
        _ => &instruction.body.text,
    };
    shell_words(text)
}

/// The words of each command of a shell line.
pub fn shell_words(line: &str) -> Vec<Vec<String>> {
    let script = Script::parse_str(line);
    let words =
        |command: &crate::shell::Command| command.words.iter().map(|word| word.text().to_owned()).collect();
    script.commands.iter().map(words).collect()
}

/// The files of the build context that stand in a stage, for many questions about it.
#[derive(Debug)]
pub struct Standing<'x, 'c> {
    cx: &'x Context<'c>,
    image: ImageView<'c>,
    steps: usize,
    copies: Copies,
}

impl<'x, 'c> Standing<'x, 'c> {
    /// Those that the stage in view copies.
    pub fn of(cx: &'x Context<'c>, image: &ImageView<'c>) -> Self {
        let steps = image.instructions();
        let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
        let copies = Copies::of(steps, (&image.image.context, runtime::inherited(image)), &lookup);
        Self { cx, image: *image, steps: steps.len(), copies }
    }

    /// Path in the image and text of the script that a command calls `name`.
    pub fn script(&self, name: &str, workdir: &str) -> Option<(String, &'c str)> {
        let mut places = scripts::places(name, workdir).into_iter();
        places.find_map(|path| self.text_at(&path).map(|text| (path, text)))
    }

    /// The context path of the file that stands at `wanted`.
    pub fn origin(&self, wanted: &str) -> Option<String> {
        let lookup = |path: &str| self.cx.files_of(&self.image).entry(path).cloned();
        self.copies.origin(0..self.steps, wanted, &lookup).map(|(_, path)| path)
    }

    /// The text of the file that stands at `wanted`.
    pub fn text_at(&self, wanted: &str) -> Option<&'c str> {
        self.cx.files_of(&self.image).text(&self.origin(wanted)?).map(|text| &**text)
    }
}
