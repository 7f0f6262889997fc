//! Paths outside the working directory that the program text names.

use std::cell::LazyCell;

use super::super::{
    Context, ImageView, build_context,
    contract::join_path,
    program_text::{ABOVE, NEEDS_ROOT, Told},
    runtime, writers,
};
use crate::workspace::path;

/// Folders that everybody may write to.
const OF_EVERYBODY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The first path that the service may write to and that a user of its own may not.
pub(super) fn told_of(cx: &Context, (image, workdir): (&ImageView, &str)) -> Option<String> {
    let mut sources = cx.ws.code_of(image.id);
    let copies = LazyCell::new(|| copies(image));
    let is_elsewhere = |(file, told): &(std::sync::Arc<str>, Told)| {
        let own = OF_EVERYBODY.iter().copied().chain([workdir]);
        match told.call {
            ABOVE => is_above(&copies, file, (told, workdir)),
            _ => {
                !told.path.is_empty() && !own.into_iter().any(|folder| writers::is_below(&told.path, folder))
            }
        }
    };
    sources.find_map(|code| {
        let found = code.told.iter().find(|told| is_elsewhere(told));
        match found {
            Some((file, told)) if told.call == NEEDS_ROOT => {
                Some(format!("{} in line {} of {file}, which needs root", told.path, told.line))
            }
            Some((file, told)) if told.call == ABOVE => {
                Some(format!("a folder above {workdir}, which line {} of {file} names", told.line))
            }
            Some((file, told)) => Some(format!("{}, which {file} names in line {}", told.path, told.line)),
            None => code.is_cut.then(|| "more program text than is read".to_owned()),
        }
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
fn is_above(copies: &[(String, String)], file: &str, (told, workdir): (&Told, &str)) -> bool {
    let place = |(from, target): &(String, String)| {
        let rest = if from.is_empty() { Some(file) } else { file.strip_prefix(&**from) };
        let rest = rest.filter(|rest| from.is_empty() || rest.is_empty() || rest.starts_with('/'))?;
        let rest = if rest.is_empty() { path::name(file) } else { rest.trim_start_matches('/') };
        Some(join_path(target, rest))
    };
    let Some(mut at) = copies.iter().find_map(place) else { return false };
    for _ in told.path.split('/') {
        at = path::parent(&at).to_owned();
    }
    !writers::is_below(if at.is_empty() { "/" } else { &at }, workdir)
}
