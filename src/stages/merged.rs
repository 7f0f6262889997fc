//! What the builder installs beside the project, where the build context may bring a folder of the same name.

use super::later;
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, build_context,
        contract::join_path,
        runtime::{self, State},
        sources,
        split::{self, Part, Split},
    },
    overlays::Overlay,
    reason::Reason,
    workspace::{Entry, path},
};

/// COPYs that may bring what is installed: before the installation, or after it where the tool would have made it anew.
pub fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Overlay> {
    if !split::is_named_so(&split.environment.path) {
        return Vec::new();
    }
    let states = runtime::states(image);
    let found = below(cx, image, (split, &states))
        .or_else(|| above(cx, image, (split, &states)))
        .or_else(|| between(cx, image, (split, &states)));
    found.into_iter().collect()
}

/// One before the installation, which then is not taken away any more.
///
/// `npm ci` deletes the folder first and `uv sync` what does not belong to it; COPY lays one over the other.
fn below(cx: &Context, image: &ImageView, (split, states): (&Split, &[State])) -> Option<Overlay> {
    let (step, path) = (0..split.first)
        .filter(|at| matches!(split.parts[*at], Part::Stays | Part::Both))
        .find_map(|at| bringing(cx, image, (at, &states[at]), &split.environment.path))?;
    let what = format!(
        "the {} of the build context, if there is one, would lie under the installed one",
        path::name(&split.environment.path)
    );
    Some(Overlay { path, reason: Reason::doubt("ORD-13", step.span, what) })
}

/// One after the installation, whose environment `uv run` and its like would have replaced at start.
fn above(cx: &Context, image: &ImageView, (split, states): (&Split, &[State])) -> Option<Overlay> {
    let calls_tool = |step: &Instruction| {
        let words = later::words_of(&step.body.text);
        split.tools.iter().any(|tool| words.contains(&tool.name()))
    };
    let starts = |step: &&Instruction| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint);
    image.instructions().iter().filter(starts).find(|step| calls_tool(step))?;
    let steps = split.first..image.instructions().len();
    let (step, path) =
        steps.into_iter().find_map(|at| bringing(cx, image, (at, &states[at]), &split.environment.path))?;
    let what = "the .venv of the build context, if there is one, would lie over the installed one, and nothing would \
                make it anew";
    Some(Overlay { path, reason: Reason::doubt("ORD-13", step.span, what) })
}

/// One between two installations, where the environment arrives before it.
fn between(cx: &Context, image: &ImageView, (split, states): (&Split, &[State])) -> Option<Overlay> {
    let mut steps = split.first..split.last;
    let (step, path) =
        steps.find_map(|at| bringing(cx, image, (at, &states[at]), &split.environment.path))?;
    let what = format!(
        "the {} of the build context, if there is one, would lie over the installed one",
        path::name(&split.environment.path)
    );
    Some(Overlay { path, reason: Reason::doubt("ORD-13", step.span, what) })
}

/// The step at `at`, if it copies a tree that may hold a folder which then stands at `installed`.
fn bringing<'a>(
    cx: &Context,
    image: &ImageView<'a>,
    (at, state): (usize, &State),
    installed: &str,
) -> Option<(&'a Instruction, String)> {
    let step = &image.instructions()[at];
    let (copied, target) = build_context::local_copy(step)?;
    let target = join_path(&state.workdir, &state.known(&target.text));
    let rest = installed.strip_prefix(target.trim_end_matches('/'))?.trim_start_matches('/');
    let brought = |source: &str| {
        let from = build_context::context_path(&image.image.context, source);
        let is_tree = build_context::is_whole_context(source)
            || cx.files_of(image).entry(&from) == Some(&Entry::Folder);
        let path = path::join(&from, rest);
        (is_tree && !sources::is_kept_out(cx, image, &path)).then_some(path)
    };
    copied.iter().find_map(|source| brought(&source.text)).map(|path| (step, path))
}
