//! What the command itself tells of: files that it writes, and what it downloads at each start.

use super::super::{
    Context, ImageView, evidence, node,
    runtime::{self, State},
    writers,
};
use crate::{docker::Keyword, knowledge::package_effects::keeps_downloads, workspace::path};

/// Folders that a service without root may read, and those that are everybody's.
const FINE: [&str; 9] = ["/bin", "/dev", "/etc", "/lib", "/opt", "/proc", "/sbin", "/tmp", "/usr"];

/// The first such thing.
pub(super) fn told_of(cx: &Context, image: &ImageView, last: &State) -> Option<String> {
    written(cx, image, last).or_else(|| downloaded(image)).or_else(|| of_modules(cx, image))
}

/// A path outside the working directory, in the command or in the settings of gunicorn.
fn written(cx: &Context, image: &ImageView, last: &State) -> Option<String> {
    let words = runtime::started(image)?;
    let settings = match words.iter().any(|word| path::name(word) == "gunicorn") {
        true => cx.files_of(image).paths().filter(|file| path::name(file) == "gunicorn.conf.py").collect(),
        false => Vec::new(),
    };
    let texts = settings.into_iter().filter_map(|file| cx.files_of(image).text(file));
    let quoted = texts.flat_map(|text| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.flat_map(|line| line.split(['"', '\''])).map(str::to_owned)
    });
    let is_elsewhere = |word: &str| {
        let known = FINE.iter().copied().chain([&*last.workdir]);
        word.starts_with('/')
            && word.len() > 1
            && !known.into_iter().any(|folder| writers::is_below(word, folder))
    };
    let parts = words.iter().flat_map(|word| word.split(['=', ':'])).map(str::to_owned).chain(quoted);
    let found = parts.into_iter().find(|word| is_elsewhere(word))?;
    Some(format!("{found}, which the command may write"))
}

/// A package manager that corepack fetches, and keeps in the home folder of root.
fn downloaded(image: &ImageView) -> Option<String> {
    let words = runtime::started(image)?;
    let name = words.iter().find(|word| matches!(word.as_str(), "pnpm" | "yarn"))?;
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut commands = runs.flat_map(|step| &image.script(step).commands);
    let is_of_corepack = commands.any(|command| command.name() == "corepack");
    is_of_corepack.then(|| format!("{name}, which corepack keeps in the home folder of root"))
}

/// A module of Node whose installation downloads something to the home folder.
fn of_modules(cx: &Context, image: &ImageView) -> Option<String> {
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let installs = runs.into_iter().any(|step| node::installation(image.script(step)).is_some());
    let project = evidence::node_project(cx, image).filter(|_| installs)?.ok()?;
    let mut names = project.package.dependencies.iter().map(|(name, _)| name);
    let name = names.find(|name| keeps_downloads(name))?;
    Some(format!("{name}, whose installation leaves something in the home folder of root"))
}
