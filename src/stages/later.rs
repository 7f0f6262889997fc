//! What runs once the installation is done: commands of the image and its services, and the files that they start.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    compose::{Service, command::Command, resolve::Field},
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, ServiceView,
        commands::Standing,
        contract::join_path,
        programs, runtime, scripts, settings,
        split::{Part, Side, Split},
    },
    reason::Reason,
    source::{FileId, Span},
    workspace::path,
};

/// Something that runs later.
#[derive(Clone, Debug)]
pub(super) struct Later<'a> {
    /// Who runs it, to begin a clause with, where the place does not tell.
    pub lead: String,
    /// The file that it stands in, where that is another one.
    pub file: Option<String>,
    /// The compose file that the place is in; none for the Dockerfile.
    pub within: Option<FileId>,
    /// The place to name.
    pub span: Span,
    /// What runs, in whatever language.
    pub text: Cow<'a, str>,
}

impl Later<'_> {
    /// What is known to go wrong with it, as a reason.
    pub(super) fn reason(&self, trap: &'static str, what: String) -> Reason {
        let reason = Reason::known(trap, self.span, format!("{}{what}", self.lead));
        Reason { file: self.within, ..reason.perhaps_from(self.file.clone()) }
    }

    /// Its words.
    pub(super) fn words(&self) -> Vec<&str> {
        words_of(&self.text)
    }
}

/// The words of a text in whatever language, without quotes and without lines that are comments.
pub(super) fn words_of(text: &str) -> Vec<&str> {
    let is_comment = |line: &str| line.starts_with(['#', ';']) && !line.starts_with("#!");
    let lines = text.lines().filter(|line| !is_comment(line.trim_start()));
    let ends = |c: char| c.is_whitespace() || "\"'`;&|()=,[]{}<>\\!".contains(c);
    lines.flat_map(|line| line.split(ends)).filter(|word| !word.is_empty()).collect()
}

/// Everything that runs later, the Dockerfile's own first.
pub(super) fn of<'a>(cx: &Context<'a>, image: &ImageView<'a>, split: &Split) -> Vec<Later<'a>> {
    let mut all = Vec::new();
    for (index, step) in image.instructions().iter().enumerate() {
        let texts = of_step(image, (step, index), split).into_iter();
        all.extend(texts.map(|text| of_dockerfile((None, step.span), text)));
    }
    for view in cx.services_of(image.image) {
        let lead = format!("the service {} ", view.service.name);
        all.extend(of_service(view).into_iter().map(|(span, text)| Later {
            lead: lead.clone(),
            file: None,
            within: Some(view.id),
            span,
            text: text.into(),
        }));
    }
    let started = started(cx, image, &all);
    all.extend(copied(cx, image, split));
    all.extend(started);
    all
}

/// What the Dockerfile starts: in a step of its own, or in this file.
fn of_dockerfile((file, span): (Option<String>, Span), text: Cow<str>) -> Later {
    Later { lead: String::new(), file, within: None, span, text }
}

/// What both stages run before the installation, and so also where less is installed.
pub(super) fn shared<'a>(image: &ImageView<'a>, split: &Split) -> Vec<Later<'a>> {
    let steps = image.instructions().iter().zip(&split.parts).take(split.first + 1);
    let runs = steps.filter(|(step, part)| step.keyword == Keyword::Run && is_shared(part));
    runs.map(|(step, part)| of_dockerfile((None, step.span), Cow::Owned(kept(image, step, part)))).collect()
}

/// What the final stage keeps of a RUN, other than packages.
pub(super) fn kept(image: &ImageView, step: &Instruction, part: &Part) -> String {
    let Part::Apart(sides) = part else { return step.body.text.clone() };
    let items = image.script(step).items.iter().zip(sides);
    let stays = items.filter(|(_, side)| matches!(side, Side::Final | Side::Shared));
    stays.map(|(item, _)| item.span.of(image.text)).collect::<Vec<_>>().join("\n")
}

/// Whether the final stage runs something of a step that the builder runs as well.
pub(super) fn is_shared(part: &Part) -> bool {
    match part {
        Part::Both => true,
        Part::Apart(sides) => sides.contains(&Side::Shared),
        Part::Stays | Part::Moves => false,
    }
}

fn of_step<'a>(
    image: &ImageView<'a>,
    (step, index): (&'a Instruction, usize),
    split: &Split,
) -> Vec<Cow<'a, str>> {
    let documents = || step.heredocs.iter().map(|heredoc| Cow::Borrowed(heredoc.body.of(image.text)));
    match (step.keyword, &split.parts[index]) {
        (Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Shell, _) => {
            vec![Cow::Borrowed(&*step.body.text)]
        }
        (Keyword::Run, Part::Stays) if index > split.first => {
            documents().chain([Cow::Borrowed(&*step.body.text)]).collect()
        }
        (Keyword::Run, Part::Apart(sides)) => {
            let items = image.script(step).items.iter().zip(sides);
            let stays = items.filter(|(_, side)| matches!(side, Side::Final | Side::Shared));
            stays.map(|(item, _)| Cow::Borrowed(item.span.of(image.text))).collect()
        }
        (Keyword::Copy | Keyword::Add, Part::Stays | Part::Both) => documents().collect(),
        _ => Vec::new(),
    }
}

fn of_service(view: ServiceView) -> Vec<(Span, String)> {
    let ServiceView { text, service, .. } = view;
    let Service { command, entrypoint, healthcheck, .. } = service;
    let line = |field: &Field<Command>| match field.value.words() {
        Some(words) => (field.span, words.join(" ")),
        None => (field.span, field.span.of(text).to_owned()),
    };
    let probe = healthcheck.as_ref().and_then(|check| check.test.as_ref());
    let probe = probe.and_then(|field| Some((field.span, field.value.line()?)));
    [command, entrypoint].into_iter().flatten().map(line).chain(probe).collect()
}

/// The files that are copied by name and tell what to start, such as crontabs.
fn copied<'a>(cx: &Context<'a>, image: &ImageView<'a>, split: &Split) -> Vec<Later<'a>> {
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let context = &image.image.context;
    let steps = image.instructions().iter().zip(&split.parts).filter(|(_, part)| **part != Part::Moves);
    let files = steps.flat_map(|(step, _)| {
        let files = programs::copied_by_name(step, context, &lookup).into_iter();
        files.filter(|(_, file)| settings::may_start_programs(file, step)).map(|(_, file)| (step.span, file))
    });
    let text = |file: &str| cx.files_of(image).text(file).map(|text| Cow::Borrowed(&**text));
    files
        .filter_map(|(span, file)| {
            Some(of_dockerfile((Some(path::relative(context, &file)), span), text(&file)?))
        })
        .collect()
}

/// The files that `all` names, and those that these name.
fn started<'a>(cx: &Context<'a>, image: &ImageView<'a>, all: &[Later<'a>]) -> Vec<Later<'a>> {
    let standing = Standing::of(cx, image);
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let named = |later: &Later| {
        let place = (later.within, later.span);
        later.words().into_iter().map(|word| (place, word.to_owned())).collect::<Vec<_>>()
    };
    let mut wanted: Vec<((Option<FileId>, Span), String)> = all.iter().flat_map(named).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some((place, name)) = wanted.pop() {
        let Some((path, text)) = standing.script(&name, workdir) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        let called = scripts::called(text, &path, workdir).into_iter();
        wanted.extend(called.map(|called| (place, called.path)));
        // What a program says in its own language is not read; the kernel reads its first line.
        let text = if path.ends_with(".py") { text.lines().next().unwrap_or_default() } else { text };
        let (within, span) = place;
        found.push(Later { within, ..of_dockerfile((Some(path), span), Cow::Borrowed(text)) });
    }
    found
}

/// The files of the build context that started programs in Python name by their place, each with where that is.
pub(super) fn named_by_programs(cx: &Context, image: &ImageView, all: &[Later]) -> Vec<(String, String)> {
    let standing = Standing::of(cx, image);
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let programs = all.iter().filter_map(|later| later.file.as_deref().filter(|file| file.ends_with(".py")));
    let mut found = Vec::new();
    for program in programs {
        let lines = standing.text_at(program).unwrap_or_default().lines().enumerate();
        for (at, line) in lines {
            let places = words_of(line).into_iter().filter(|word| word.contains('/'));
            let files = places.filter_map(|place| standing.origin(&join_path(workdir, place)));
            found.extend(files.map(|file| (file, format!("{}:{}", path::name(program), at + 1))));
        }
    }
    found
}
