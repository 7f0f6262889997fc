//! What the builder installs beside the project, where the build context may bring a folder of the same name.

use super::later;
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, build_context,
        contract::join_path,
        runtime::{self, State},
        sources,
        split::{Part, Split},
    },
    source::Span,
    workspace::{Entry, path},
};

/// A COPY that may bring what is installed: before the installation, or after it where the tool would have made it anew.
pub(super) fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    if !matches!(path::name(&split.environment.path), "node_modules" | ".venv" | "venv") {
        return None;
    }
    let states = runtime::states(image);
    below(cx, image, (split, &states)).or_else(|| above(cx, image, (split, &states)))
}

/// One before the installation, which then is not taken away any more.
///
/// `npm ci` deletes the folder first and `uv sync` what does not belong to it; COPY lays one over the other.
fn below(cx: &Context, image: &ImageView, (split, states): (&Split, &[State])) -> Option<(Span, String)> {
    let step = (0..split.first)
        .filter(|at| matches!(split.parts[*at], Part::Stays | Part::Both))
        .find_map(|at| bringing(cx, image, (at, &states[at]), &split.environment.path))?;
    let why = format!(
        "The {} of the build context, if there is one, would lie under the installed one; name it in .dockerignore \
         first (ORD-04).",
        path::name(&split.environment.path)
    );
    Some((step.span, why))
}

/// One after the installation, whose environment `uv run` and its like would have replaced at start.
fn above(cx: &Context, image: &ImageView, (split, states): (&Split, &[State])) -> Option<(Span, String)> {
    let calls_tool = |step: &Instruction| {
        let words = later::words_of(&step.body.text);
        split.tools.iter().any(|tool| words.contains(&tool.name()))
    };
    let starts = |step: &&Instruction| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint);
    image.instructions().iter().filter(starts).find(|step| calls_tool(step))?;
    let steps = split.first..image.instructions().len();
    let step =
        steps.into_iter().find_map(|at| bringing(cx, image, (at, &states[at]), &split.environment.path))?;
    let why = "The .venv of the build context, if there is one, would lie over the installed one, and nothing would \
               make it anew; name it in .dockerignore first (ORD-04).";
    Some((step.span, why.to_owned()))
}

/// The step at `at`, if it copies a tree that may hold a folder which then stands at `installed`.
fn bringing<'a>(
    cx: &Context,
    image: &ImageView<'a>,
    (at, state): (usize, &State),
    installed: &str,
) -> Option<&'a Instruction> {
    let step = &image.instructions()[at];
    let (copied, target) = build_context::local_copy(step)?;
    let target = join_path(&state.workdir, &state.known(&target.text));
    let rest = installed.strip_prefix(target.trim_end_matches('/'))?.trim_start_matches('/');
    let may_bring = |source: &str| {
        let from = build_context::context_path(&image.image.context, source);
        let is_tree = build_context::is_whole_context(source)
            || cx.files_of(image).entry(&from) == Some(&Entry::Folder);
        is_tree && !sources::is_kept_out(cx, image, &path::join(&from, rest))
    };
    copied.iter().any(|source| may_bring(&source.text)).then_some(step)
}
