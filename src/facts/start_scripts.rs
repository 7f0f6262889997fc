//! The scripts that start a container, with those that they start in turn.

use std::collections::BTreeSet;

use super::{Context, ImageView, build_context::Copies, commands, root_image, runtime::State, scripts};
use crate::{
    docker::Keyword,
    knowledge::writers::{Kind, lookup},
    workspace::path,
};

/// A script that runs when a container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started<'a> {
    /// Its name as the command or the calling script has it.
    pub name: String,
    /// Its text, where the build context holds it.
    pub text: Option<&'a str>,
}

/// The scripts that ENTRYPOINT, CMD and the services of an image start.
pub fn of<'a>(cx: &Context<'a>, image: &ImageView) -> Vec<Started<'a>> {
    let lineage = image.lineage();
    let last = |keyword| lineage.iter().rfind(|step| step.keyword == keyword);
    let steps = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(last);
    let mut words: Vec<String> = steps.flat_map(|step| commands::commands_of(step)).flatten().collect();
    for view in cx.services_of(image.image) {
        let fields = [&view.service.command, &view.service.entrypoint];
        words.extend(fields.into_iter().flatten().filter_map(|field| field.value.words()).flatten());
    }
    named(cx, image, &words)
}

/// The scripts among `words` and those that they start in turn, each once.
pub fn named<'a>(cx: &Context<'a>, image: &ImageView, words: &[String]) -> Vec<Started<'a>> {
    let lookup = |path: &str| cx.ws.entry(path).cloned();
    let steps = &image.dockerfile.instructions;
    let copies = Copies::of(steps, (&image.image.context, "/"), &lookup);
    let text_at = |place: &str| -> Option<&'a str> {
        let (_, path) = copies.origin(0..steps.len(), place, &lookup)?;
        cx.ws.context_text(&path).map(|text| &**text)
    };
    let mut state = State::default();
    image.lineage().into_iter().for_each(|step| state.advance(step, image.text));
    let words = words.iter().flat_map(|word| word.split_whitespace());
    let mut open: Vec<String> = words.filter(|word| is_script(word)).map(str::to_owned).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found: Vec<Started> = Vec::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let places =
            scripts::places(&name, &state.workdir).into_iter().chain(scripts::on_path(path::name(&name)));
        let places: Vec<String> = places.collect();
        let text = places.iter().find_map(|place| Some((place, text_at(place)?)));
        if let Some((place, text)) = text {
            let called = scripts::called(text, place, &state.workdir).into_iter();
            open.extend(called.filter(|called| !called.is_sourced).map(|called| called.path));
        }
        if text.is_some() || !is_of_base(image, &name) {
            found.push(Started { name, text: text.map(|(_, text)| text) });
        }
    }
    found
}

/// Whether a word of a command names a shell script.
pub fn is_script(word: &str) -> bool {
    [".sh", ".bash", "entrypoint"].iter().any(|ending| path::name(word).ends_with(ending))
}

/// Whether a word is the entrypoint that the base image brings, and that is known to hand the command on.
pub fn is_of_base(image: &ImageView, word: &str) -> bool {
    let base = root_image(image.dockerfile, image.stage());
    let is_known = base.official_name().is_some_and(|name| lookup(Kind::Base, name).is_some());
    path::name(word) == "docker-entrypoint.sh" && is_known
}
