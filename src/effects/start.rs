//! What happens when an image or one of its services starts: what runs, and what that writes.

use super::machine::{Machine, Origin, Run, Trace};
use crate::{
    compose::{Field, command::Command, health::Probe},
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, runtime,
        runtime::State,
        service::Running,
        writers::{Writer, resolved},
    },
    knowledge::writers::{Kind, WriterFact, lookup},
    reason::Surety,
    source::{FileId, Span},
    workspace::path,
};

/// What an image starts by itself.
pub fn of_image(cx: &Context, image: &ImageView) -> Trace {
    let workdir = last_state(image).workdir;
    let machine = Machine::of(cx, image, &workdir);
    let mut line = Line::default();
    line.entrypoint(image);
    line.command(image);
    line.trace(&machine)
}

/// What a service starts: what compose says over what its image says.
pub fn of_service(cx: &Context, running: &Running) -> Trace {
    let machine = Machine::of(cx, &running.image, &running.state.workdir);
    let view = running.service;
    let mut line = Line::default();
    match &view.service.entrypoint {
        Some(entrypoint) => line.of_compose(entrypoint, view.id),
        None => line.entrypoint(&running.image),
    }
    match &view.service.command {
        Some(command) => line.of_compose(command, view.id),
        // An entrypoint in compose drops the CMD of the image.
        None if view.service.entrypoint.is_none() => line.command(&running.image),
        None => {}
    }
    line.trace(&machine)
}

/// What the health check of a service runs.
pub fn of_check(cx: &Context, running: &Running) -> Trace {
    let machine = Machine::of(cx, &running.image, &running.state.workdir);
    let check = running.service.service.healthcheck.as_ref().and_then(|check| check.test.as_ref());
    if let Some(field) = check {
        let words = match &field.value {
            Probe::Words(words) => words.clone(),
            Probe::Shell(text) => in_shell(text),
            _ => Vec::new(),
        };
        return machine.trace(words, origin(running.service.id, field.span));
    }
    let Some(step) = runtime::last(&running.image, Keyword::Healthcheck) else { return Trace::default() };
    let words = match (&step.json, step.body.text.split_once("CMD ")) {
        (Some(json), _) => json.iter().map(|word| word.text.clone()).collect(),
        (None, Some((_, text))) => in_shell(text),
        (None, None) => Vec::new(),
    };
    machine.trace(words, origin(running.image.id, step.span))
}

/// What holds when the image starts.
pub fn last_state(image: &ImageView) -> State {
    let mut state = State::default();
    image.lineage().into_iter().for_each(|step| state.advance(step, image.text));
    state
}

/// The one line that an entrypoint and a command make.
#[derive(Default)]
struct Line {
    words: Vec<String>,
    origin: Option<Origin>,
    takes_no_more: bool,
}

impl Line {
    fn entrypoint(&mut self, image: &ImageView) {
        let Some(step) = last(image, Keyword::Entrypoint) else { return };
        // The shell form takes no arguments.
        self.takes_no_more = step.json.is_none();
        self.add(words_of(step), origin(image.id, step.span));
    }

    fn command(&mut self, image: &ImageView) {
        let Some(step) = last(image, Keyword::Cmd) else { return };
        self.add(words_of(step), origin(image.id, step.span));
    }

    fn of_compose(&mut self, field: &Field<Command>, file: FileId) {
        // Compose reads `$$` as a dollar of the container.
        let words = field.value.words().unwrap_or_default();
        self.add(words.into_iter().map(|word| word.replace("$$", "$")).collect(), origin(file, field.span));
    }

    fn add(&mut self, words: Vec<String>, origin: Origin) {
        if self.takes_no_more && !self.words.is_empty() {
            return;
        }
        self.words.extend(words);
        self.origin = Some(origin);
    }

    fn trace(self, machine: &Machine) -> Trace {
        self.origin.map(|origin| machine.trace(self.words, origin)).unwrap_or_default()
    }
}

fn last<'a>(image: &ImageView<'a>, keyword: Keyword) -> Option<&'a Instruction> {
    image.lineage().into_iter().rev().find(|step| step.keyword == keyword)
}

fn words_of(step: &Instruction) -> Vec<String> {
    match &step.json {
        Some(json) => json.iter().map(|word| word.text.clone()).collect(),
        None => in_shell(&step.body.text),
    }
}

fn in_shell(text: &str) -> Vec<String> {
    ["/bin/sh", "-c", text].map(str::to_owned).to_vec()
}

fn origin(file: FileId, span: Span) -> Origin {
    Origin { file, span, script: None }
}

/// What the commands write, as far as their words tell; paths are resolved in `state`.
pub fn writes(trace: &Trace, state: &State) -> Vec<Writer> {
    trace.runs.iter().flat_map(|run| of_run(run, state)).collect()
}

fn of_run(run: &Run, state: &State) -> Vec<Writer> {
    let writer = |path: &str, what: String, is_sure: bool| Writer {
        path: if path.contains('$') { String::new() } else { resolved(state, path) },
        file: run.origin.file,
        span: run.origin.span,
        origin: run.origin.script.clone(),
        what,
        surety: if is_sure { Surety::Known } else { Surety::Doubt },
    };
    let name = run.program();
    let mut found: Vec<Writer> =
        run.writes.iter().map(|path| writer(path, format!("a redirection of {name}"), true)).collect();
    if lookup(Kind::File, name).is_some() {
        let last = run.words.iter().skip(1).rfind(|word| !word.starts_with('-'));
        found.extend(last.map(|path| writer(path, name.to_owned(), true)));
    }
    found.extend(of_options(run).map(|path| writer(path, format!("an option of {name}"), true)));
    found.extend(
        started(run).map(|(word, fact)| writer(fact.path, format!("{word} {}", fact.what), fact.is_sure)),
    );
    found
}

/// The words of a command that the tables know to write; of what hands on only its own.
fn started(run: &Run) -> impl Iterator<Item = (String, WriterFact)> {
    let name = run.program().to_owned();
    let pair = run.words.get(1).map(|verb| format!("{name} {verb}"));
    let own = match pair.and_then(|pair| Some((pair.clone(), lookup(Kind::Start, &pair)?))) {
        Some(found) => Some(found),
        None if is_transparent(run) => None,
        None => lookup(Kind::Start, &name).map(|fact| (name, fact)),
    };
    let verbs = run.words.iter().skip(1).filter(|_| !run.hands_on());
    let verbs = verbs.filter(|word| !word.contains('/') && !word.starts_with('-'));
    let of_verbs: Vec<(String, WriterFact)> = verbs
        .filter(|word| lookup(Kind::Verb, word).is_some() && !is_redirected(run, word))
        .filter_map(|word| Some((word.clone(), lookup(Kind::Verb, word)?)))
        .collect();
    own.into_iter().chain(of_verbs)
}

/// Whether an option tells the verb another file to write.
fn is_redirected(run: &Run, verb: &str) -> bool {
    let options = run.words.iter().map(|word| word.split('=').next().unwrap_or(word));
    options.into_iter().any(|option| lookup(Kind::Option, &format!("{verb} {option}")).is_some())
}

/// Whether two words name the command, as in `poetry run`, which does not do what `poetry` alone does.
fn is_transparent(run: &Run) -> bool {
    let verb = run.words.get(1).map(String::as_str);
    crate::knowledge::commands::starter(run.program(), verb).is_some_and(|starter| starter.words == 2)
}

/// The values of options that name a file to write: those of any program, and those of this one.
fn of_options(run: &Run) -> impl Iterator<Item = &str> {
    let name = run.program();
    let words = if run.hands_on() { &[][..] } else { &run.words[..] };
    let is_known = move |option: &str| {
        let is_of = |word: &str| lookup(Kind::Option, &format!("{word} {option}")).is_some();
        lookup(Kind::Option, option).is_some() || is_of(name) || words.iter().any(|word| is_of(word))
    };
    words.iter().enumerate().filter_map(move |(at, word)| {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word.as_str(), words.get(at + 1).map(String::as_str)),
        };
        value.filter(|value| is_known(option) && !value.starts_with("/dev/") && !value.starts_with('-'))
    })
}

/// The word of a command that marks a development set-up.
pub fn development_word(trace: &Trace) -> Option<&str> {
    let mut words = trace.runs.iter().flat_map(|run| &run.words);
    words.find(|word| lookup(Kind::Develop, path::name(word)).is_some()).map(String::as_str)
}
