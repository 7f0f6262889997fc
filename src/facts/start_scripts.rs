//! The scripts that start a container, with those that they start or read in turn.

use std::sync::Arc;

use super::{
    Context, ImageView, build_context::Copies, commands, contract::join_path, root_image, runtime::State,
    scripts,
};
use crate::{
    docker::{Instruction, Keyword},
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

/// The scripts that the commands and health checks of an image and its services start.
pub fn of<'a>(cx: &Context<'a>, image: &ImageView<'a>) -> Vec<Started<'a>> {
    let words: Vec<String> = commands::run_by(cx, image).into_iter().flatten().collect();
    named(cx, image, &words)
}

/// Those of which the text is known.
pub fn known<'a>(cx: &Context<'a>, image: &ImageView<'a>) -> Vec<(String, &'a str)> {
    of(cx, image).into_iter().filter_map(|script| Some((script.name, script.text?))).collect()
}

/// The scripts among `words` and those that they start in turn, each once.
pub fn named<'a>(cx: &Context<'a>, image: &ImageView<'a>, words: &[String]) -> Vec<Started<'a>> {
    let mut state = State::default();
    image.lineage().into_iter().for_each(|step| state.advance(step, image.text));
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let finder = Finder::of(cx, image, state.workdir);
    let is_named = |word: &&&str| scripts::is_script(word);
    // What has no ending is a script where its text says so.
    let is_told = |word: &&&str| {
        let script = word.contains('/').then(|| finder.script(word)).flatten();
        script.is_some_and(|script| script.text.is_some_and(|text| text.starts_with("#!")))
    };
    let names = words.iter().filter(|word| is_named(word) || is_told(word));
    finder.all(names.map(|word| (*word).to_owned()).collect())
}

/// Whether a word is the entrypoint that the base image brings, and that is known to hand the command on.
pub fn is_of_base(image: &ImageView, word: &str) -> bool {
    let base = root_image(image.dockerfile, image.stage());
    let is_known = base.official_name().is_some_and(|name| lookup(Kind::Base, name).is_some());
    let is_own = |step: &&Instruction| match step.keyword {
        Keyword::Copy | Keyword::Add | Keyword::Run => step.body.text.contains("docker-entrypoint.sh"),
        _ => false,
    };
    matches!(word, "docker-entrypoint.sh" | "/usr/local/bin/docker-entrypoint.sh")
        && is_known
        && !image.lineage().iter().any(is_own)
}

/// Finds the scripts of the build context that stand in an image, whatever stage copies them.
#[derive(Debug)]
pub struct Finder<'x, 'a> {
    cx: &'x Context<'a>,
    image: &'x ImageView<'a>,
    copies: Copies,
    workdir: Arc<str>,
}

impl<'x, 'a> Finder<'x, 'a> {
    /// For commands that run in the folder `workdir`.
    pub fn of(cx: &'x Context<'a>, image: &'x ImageView<'a>, workdir: Arc<str>) -> Self {
        let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
        let steps = &image.dockerfile.instructions;
        Self {
            cx,
            image,
            copies: Copies::of(steps, (&image.image.context, State::default()), &lookup),
            workdir,
        }
    }

    /// The script called `name`; none when a base image that is known brings it.
    pub fn script(&self, name: &str) -> Option<Started<'a>> {
        self.find(name).map(|(script, _)| script)
    }

    /// The context path of the file that stands at `wanted`, seen from the working directory.
    pub fn origin(&self, wanted: &str) -> Option<String> {
        let lookup = |path: &str| self.cx.files_of(self.image).entry(path).cloned();
        let steps = self.image.dockerfile.instructions.len();
        self.copies.origin(0..steps, &join_path(&self.workdir, wanted), &lookup).map(|(_, path)| path)
    }

    /// The scripts of these names and those that they start or read in, each once.
    ///
    /// A file that is read in and not known is left out: most are what a tool made, such as `bin/activate`.
    pub fn all(&self, names: Vec<String>) -> Vec<Started<'a>> {
        let mut open: Vec<(String, bool)> = names.into_iter().map(|name| (name, false)).collect();
        let mut found: Vec<Started> = Vec::new();
        let mut next = 0;
        while let Some((name, is_sourced)) = open.get(next).cloned() {
            next += 1;
            if open[..next - 1].iter().any(|(seen, _)| *seen == name) {
                continue;
            }
            let Some((script, place)) = self.find(&name) else { continue };
            if let (Some(text), Some(place)) = (script.text, place) {
                let called = scripts::called(text, &place, &self.workdir).into_iter();
                open.extend(called.map(|called| (called.path, called.is_sourced)));
            }
            if script.text.is_some() || !is_sourced {
                found.push(script);
            }
        }
        found
    }

    /// The script called `name` and where it stands.
    fn find(&self, name: &str) -> Option<(Started<'a>, Option<String>)> {
        let lookup = |path: &str| self.cx.files_of(self.image).entry(path).cloned();
        let steps = self.image.dockerfile.instructions.len();
        let text_at = |place: &String| -> Option<&'a str> {
            let (_, path) = self.copies.origin(0..steps, place, &lookup)?;
            self.cx.files_of(self.image).text(&path).map(|text| &**text)
        };
        let mut places =
            scripts::places(name, &self.workdir).into_iter().chain(scripts::on_path(path::name(name)));
        let (text, place) = places.find_map(|place| Some((text_at(&place)?, place))).unzip();
        let is_counted = text.is_some() || !is_of_base(self.image, name);
        is_counted.then(|| (Started { name: name.to_owned(), text }, place))
    }
}
