//! A service as it runs: what compose says over what its image says.

use super::{Context, ImageView, ServiceView, build_context::Copies, contract::join_path, runtime::State};
use crate::{
    compose::{Field, command::Command},
    docker::{Instruction, Keyword},
    shell::Script,
    source::{FileId, Span},
    workspace::path,
};

/// A service with its image, and what takes effect of both.
#[derive(Clone, Debug)]
pub struct Running<'a> {
    /// The service.
    pub service: ServiceView<'a>,
    /// Its image.
    pub image: ImageView<'a>,
    /// Working directory, user and environment at the start of the container.
    pub state: State,
    /// The command lines that start it, entrypoint first.
    pub commands: Vec<CommandLine>,
}

/// One command line with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The words, the program first.
    pub words: Vec<String>,
    /// The file.
    pub file: FileId,
    /// The place.
    pub span: Span,
}

impl<'a> Running<'a> {
    /// The service as it runs.
    pub fn of(service: ServiceView<'a>, image: ImageView<'a>) -> Self {
        let mut state = State::default();
        for instruction in image.lineage() {
            state.advance(instruction, image.text);
        }
        for variable in &service.service.environment {
            let (name, value) = (&variable.value.name, &variable.value.value);
            state.env.insert_mut(name.clone(), value.clone().unwrap_or_else(|| format!("${{{name}}}")));
        }
        if let Some(user) = &service.service.user {
            state.user = Some(user.value.as_str().into());
        }
        if let Some(folder) = &service.service.working_dir {
            state.workdir = join_path(&state.workdir, &folder.value).into();
        }
        let commands = commands(service, image);
        Self { service, image, state, commands }
    }

    /// The name of the stage that the service is built from, when it is not the final one.
    pub fn other_target(&self) -> Option<&'a Field<String>> {
        let target = self.service.service.build.as_ref()?.target.as_ref()?;
        let found = self.image.dockerfile.stage_named(&target.value);
        found.is_none_or(|stage| stage.index != self.image.stage().index).then_some(target)
    }

    /// The file and line of a place, for a message about a service.
    pub fn line(&self, cx: &Context, file: FileId, span: Span) -> String {
        let line = cx.place(file, span.start).line;
        format!("line {line} of {}", path::name(&cx.ws.file(file).path))
    }

    /// The context path of the file that stands at `wanted` in the image.
    pub fn origin(&self, cx: &Context, wanted: &str) -> Option<String> {
        let lookup = |path: &str| cx.ws.entry(path).cloned();
        let wanted = join_path(&self.state.workdir, wanted);
        let steps = &self.image.dockerfile.instructions;
        let copies = Copies::of(steps, (&self.image.image.context, "/"), &lookup);
        copies.origin(0..steps.len(), &wanted, &lookup).map(|(_, path)| path)
    }
}

fn commands(service: ServiceView, image: ImageView) -> Vec<CommandLine> {
    let lineage = image.lineage();
    let last = |keyword| lineage.iter().rev().find(|instruction| instruction.keyword == keyword);
    let of_image =
        |keyword| last(keyword).map(|instruction| lines_of(instruction, image)).unwrap_or_default();
    let of_compose = |field: &Field<Command>| {
        let words = field.value.words().unwrap_or_default();
        expanded(CommandLine { words, file: service.id, span: field.span })
    };
    let (entrypoint, command) = (&service.service.entrypoint, &service.service.command);
    let mut lines = match entrypoint {
        Some(entrypoint) => of_compose(entrypoint),
        None => of_image(Keyword::Entrypoint),
    };
    match command {
        Some(command) => lines.extend(of_compose(command)),
        // An entrypoint in compose drops the CMD of the image.
        None if entrypoint.is_none() => lines.extend(of_image(Keyword::Cmd)),
        None => {}
    }
    lines
}

fn lines_of(instruction: &Instruction, image: ImageView) -> Vec<CommandLine> {
    let (file, span) = (image.id, instruction.span);
    if let Some(json) = &instruction.json {
        let words = json.iter().map(|word| word.text.clone()).collect();
        return expanded(CommandLine { words, file, span });
    }
    lines_in(image.script(instruction), file, span)
}

fn lines_in(script: &Script, file: FileId, span: Span) -> Vec<CommandLine> {
    let words = |command: &crate::shell::Command| {
        command.words.iter().map(|word| word.text().to_owned()).collect::<Vec<_>>()
    };
    script.commands.iter().map(|command| CommandLine { words: words(command), file, span }).collect()
}

/// `sh -c "…"` as the commands that it runs.
fn expanded(line: CommandLine) -> Vec<CommandLine> {
    let is_shell = |word: &String| matches!(path::name(word), "sh" | "bash" | "ash" | "dash");
    let at = line
        .words
        .windows(2)
        .position(|pair| is_shell(&pair[0]) && pair[1].ends_with('c') && pair[1].starts_with('-'));
    match at.and_then(|at| line.words.get(at + 2)) {
        Some(text) => lines_in(&Script::parse_str(text), line.file, line.span),
        None if line.words.is_empty() => Vec::new(),
        None => vec![line],
    }
}
