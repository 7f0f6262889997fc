//! A service as it runs: what compose says over what its image says.

use super::{
    Context, ImageView, ServiceView, app_server::surroundings::env_path, build_context::Copies,
    contract::join_path, programs, runtime::State,
};
use crate::{
    compose::{Field, command::Command, env_file, variable::Variable},
    docker::{Instruction, Keyword},
    shell::{self, Script, ShellWord},
    source::{FileId, Span},
    workspace::{Entry, path},
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
    /// The environment file whose text is not known.
    pub unread: Option<&'a Field<String>>,
}

/// One command line with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The words, the program first.
    pub words: Vec<String>,
    /// `NAME=value` before them, in a shell.
    pub assignments: Vec<String>,
    /// The file.
    pub file: FileId,
    /// The place.
    pub span: Span,
}

impl<'a> Running<'a> {
    /// The service as it runs, from the stage that it is built from.
    pub fn of(service: ServiceView<'a>, image: ImageView<'a>) -> Self {
        let target = service.service.build.as_ref().and_then(|build| build.target.as_ref());
        let stage = target.and_then(|target| image.dockerfile.stage_named(&target.value));
        let image = stage.map_or(image, |stage| image.at(stage.index));
        let mut state = State::default();
        for instruction in image.lineage() {
            state.advance(instruction, image.text);
        }
        for variable in &service.service.environment {
            set(&mut state, &variable.value);
        }
        if let Some(user) = &service.service.user {
            state.user = Some(user.value.as_str().into());
        }
        if let Some(folder) = &service.service.working_dir {
            state.workdir = join_path(&state.workdir, &folder.value).into();
        }
        let commands = commands(service, image);
        Self { service, image, state, commands, unread: None }
    }

    /// The service as it runs, with the stage that it names as the image.
    pub fn of_target(service: ServiceView<'a>, image: ImageView<'a>) -> Self {
        let target = service.service.build.as_ref().and_then(|build| build.target.as_ref());
        let stage = target.and_then(|target| image.dockerfile.stage_named(&target.value));
        Self::of(service, stage.map_or(image, |stage| image.at(stage.index)))
    }

    /// The same with the variables of its environment files, which come before those of `environment`.
    pub fn with_env_files(mut self, cx: &Context) -> Self {
        let folder = path::parent(&cx.ws.file(self.service.id).path);
        for file in &self.service.service.env_file {
            let text = env_path(folder, &file.value).and_then(|path| cx.files_of(&self.image).text(&path));
            match text {
                Some(text) => env_file::read(text).iter().for_each(|variable| set(&mut self.state, variable)),
                None => self.unread = self.unread.or(Some(file)),
            }
        }
        for variable in &self.service.service.environment {
            set(&mut self.state, &variable.value);
        }
        self
    }

    /// The name of the stage that the service is built from, when there is no such stage.
    pub fn other_target(&self) -> Option<&'a Field<String>> {
        let target = self.service.service.build.as_ref()?.target.as_ref()?;
        self.image.dockerfile.stage_named(&target.value).is_none().then_some(target)
    }

    /// The file and line of a place, for a message about a service.
    pub fn line(&self, cx: &Context, file: FileId, span: Span) -> String {
        let line = cx.place(file, span.start()).line;
        format!("line {line} of {}", path::name(&cx.ws.file(file).path))
    }

    /// The context path of the file `name` in the working directory, or else at the top of the context.
    pub fn project_file(&self, cx: &Context, name: &str) -> Option<String> {
        let at_top = path::join(&self.image.image.context, name);
        let is_there = |path: &String| matches!(cx.files_of(&self.image).entry(path), Some(Entry::File(_)));
        self.origin(cx, name).or_else(|| Some(at_top).filter(is_there))
    }

    /// The context path of the file that stands at `wanted` in the image.
    pub fn origin(&self, cx: &Context, wanted: &str) -> Option<String> {
        let lookup = |path: &str| cx.files_of(&self.image).entry(path).cloned();
        let wanted = join_path(&self.state.workdir, wanted);
        let steps = &self.image.dockerfile.instructions;
        let copies = Copies::of(steps, (&self.image.image.context, State::default()), &lookup);
        copies.origin(0..steps.len(), &wanted, &lookup).map(|(_, path)| path)
    }
}

fn set(state: &mut State, Variable { name, value }: &Variable) {
    let value = value.clone().unwrap_or_else(|| format!("${{{name}}}"));
    state.env.insert_mut(name.clone(), value);
}

fn commands(service: ServiceView, image: ImageView) -> Vec<CommandLine> {
    let lineage = image.lineage();
    let last = |keyword| lineage.iter().rev().find(|instruction| instruction.keyword == keyword);
    let of_image =
        |keyword| last(keyword).map(|instruction| lines_of(instruction, image)).unwrap_or_default();
    let of_compose = |field: &Field<Command>| {
        // Compose reads `$$` as a dollar of the container.
        let words = field.value.words().unwrap_or_default();
        let words = words.into_iter().map(|word| word.replace("$$", "$")).collect();
        expanded(CommandLine { words, assignments: Vec::new(), file: service.id, span: field.span })
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
        return expanded(CommandLine { words, assignments: Vec::new(), file, span });
    }
    lines_in(image.script(instruction), file, span)
}

/// The commands of a script as lines of their own.
pub(super) fn lines_in(script: &Script, file: FileId, span: Span) -> Vec<CommandLine> {
    let texts = |words: &[ShellWord]| words.iter().map(|word| word.text().to_owned()).collect();
    let line = |command: &shell::Command| {
        let (words, assignments) = (texts(&command.words), texts(&command.assignments));
        CommandLine { words, assignments, file, span }
    };
    script.commands.iter().map(line).collect()
}

/// `sh -c "…"` as the commands that it runs, or as it is when they cannot be read.
fn expanded(line: CommandLine) -> Vec<CommandLine> {
    let script =
        line.shell_text().map(|text| Script::parse_str(text)).filter(|script| script.unreadable.is_none());
    match script {
        Some(script) => lines_in(&script, line.file, line.span),
        None if line.words.is_empty() => Vec::new(),
        None => vec![line],
    }
}

impl CommandLine {
    /// The text that the line gives to a shell with `-c`.
    pub fn shell_text(&self) -> Option<&String> {
        let mut pairs = self.words.windows(2);
        let at = pairs.position(|pair| {
            programs::is_shell(&pair[0]) && pair[1].ends_with('c') && pair[1].starts_with('-')
        })?;
        self.words.get(at + 2)
    }
}
