//! Paths outside the working directory that the program text names.

use std::cell::LazyCell;

use super::super::{Context, ImageView, build_context, contract::join_path, runtime, writers};
use crate::{
    effects::{Effect, Finding},
    workspace::path,
};

/// Folders that everybody may write to.
const OF_EVERYBODY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The first path that the service may write to and that a user of its own may not.
pub(super) fn told_of(cx: &Context, (image, workdir): (&ImageView, &str)) -> Option<String> {
    let text = cx.files_of(image).program_text();
    let copies = LazyCell::new(|| copies(image));
    let is_elsewhere = |found: &&Finding| match found.effect {
        Effect::Above => is_above(&copies, found, workdir),
        Effect::NeedsRoot => true,
        Effect::Names | Effect::Writes => {
            let own = OF_EVERYBODY.iter().copied().chain([workdir]);
            let path = &found.argument;
            !path.is_empty() && !own.into_iter().any(|folder| writers::is_below(path, folder))
        }
        _ => false,
    };
    let Some(found) = text.findings().find(is_elsewhere) else {
        return text.is_cut.then(|| "more program text than is read".to_owned());
    };
    let Finding { effect, argument, file, line, .. } = found;
    Some(match effect {
        Effect::NeedsRoot => format!("{argument} in line {line} of {file}, which needs root"),
        Effect::Above => format!("a folder above {workdir}, which line {line} of {file} names"),
        _ => format!("{argument}, which {file} names in line {line}"),
    })
}

/// What the stages copy from the build context, the last one first: from where, and to where.
fn copies(image: &ImageView) -> Vec<(String, String)> {
    let of_stage = |at: usize| {
        let view = image.at(at);
        let states = runtime::states(&view);
        let steps = view.instructions().iter().zip(&states);
        let copied = steps.filter_map(|(step, state)| {
            let (sources, target) = build_context::local_copy(step)?;
            let target = join_path(&state.workdir, &state.known(&target.text));
            let from = |source: &str| build_context::context_path(&image.image.context, source);
            Some(sources.iter().map(|source| (from(&source.text), target.clone())).collect::<Vec<_>>())
        });
        copied.flatten().collect::<Vec<_>>()
    };
    (0..image.dockerfile.stages.len()).rev().flat_map(of_stage).collect()
}

/// Whether the place that a file tells of lies above the working directory, where a COPY puts the file.
fn is_above(copies: &[(String, String)], found: &Finding, workdir: &str) -> bool {
    let file = &*found.file;
    let place = |(from, target): &(String, String)| {
        let rest = if from.is_empty() { Some(file) } else { file.strip_prefix(&**from) };
        let rest = rest.filter(|rest| from.is_empty() || rest.is_empty() || rest.starts_with('/'))?;
        let rest = if rest.is_empty() { path::name(file) } else { rest.trim_start_matches('/') };
        Some(join_path(target, rest))
    };
    let Some(mut at) = copies.iter().find_map(place) else { return false };
    for _ in found.argument.split('/') {
        at = path::parent(&at).to_owned();
    }
    !writers::is_below(if at.is_empty() { "/" } else { &at }, workdir)
}
