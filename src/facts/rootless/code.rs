//! Paths outside the working directory that the program text names.

use std::cell::LazyCell;

use super::super::{
    Context, ImageView, build_context,
    contract::join_path,
    runtime,
    writers::{self, Writer},
};
use crate::{
    effects::{Effect, Finding},
    reason::Reason,
    workspace::path,
};

/// How many places a question names.
const MOST_PLACES: usize = 3;

/// The paths that the program text names, and what else it tells of: a need for root, a folder above the code.
pub(super) fn told_of(cx: &Context, (image, workdir): (&ImageView, &str)) -> (Vec<Writer>, Vec<Reason>) {
    let copies = LazyCell::new(|| copies(image));
    let (file, span) = (image.id, image.base_word().span);
    let (mut writers, mut reasons, mut above) = (Vec::new(), Vec::new(), Vec::new());
    for found in cx.files_of(image).program_text().findings() {
        let place = format!("{}:{}", found.file, found.line);
        match found.effect {
            Effect::NeedsRoot => {
                let what = format!("{} needs root", found.argument);
                reasons.push(Reason::known("USER-25", span, what).from(place));
            }
            Effect::Above if is_above(&copies, found, workdir) => above.push(place),
            Effect::Names | Effect::Writes if !found.argument.is_empty() => {
                writers.push(Writer::told_by(found, (file, span)));
            }
            _ => {}
        }
    }
    if !above.is_empty() {
        let what = format!("names a folder above {workdir}, which stays root's");
        let reason = Reason::doubt("USER-13", span, what);
        reasons.push(above.into_iter().take(MOST_PLACES).fold(reason, Reason::about));
    }
    (writers, reasons)
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
