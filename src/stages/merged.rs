//! What the builder installs beside the project, where the build context may bring a folder of the same name.

use crate::{
    facts::{
        Context, ImageView, build_context,
        contract::join_path,
        runtime, sources,
        split::{Part, Split},
    },
    source::Span,
    workspace::{Entry, path},
};

/// A COPY before the installation that may bring what is installed, which then is not taken away any more.
///
/// `npm ci` deletes the folder first and `uv sync` what does not belong to it; COPY lays one over the other.
pub(super) fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let installed = &split.environment.path;
    let name = path::name(installed);
    if !matches!(name, "node_modules" | ".venv" | "venv") {
        return None;
    }
    let states = runtime::states(image);
    let steps = image.instructions()[..split.first].iter().zip(&states).zip(&split.parts);
    let step = steps.filter(|(_, part)| matches!(part, Part::Stays | Part::Both)).find_map(
        |((step, state), _)| {
            let (copied, target) = build_context::local_copy(step)?;
            let target = join_path(&state.workdir, &state.known(&target.text));
            let rest = installed.strip_prefix(target.trim_end_matches('/'))?.trim_start_matches('/');
            let may_bring = |source: &str| {
                let from = build_context::context_path(&image.image.context, source);
                let is_tree =
                    build_context::is_whole_context(source) || cx.ws.entry(&from) == Some(&Entry::Folder);
                is_tree && !sources::is_kept_out(cx, image, &path::join(&from, rest))
            };
            copied.iter().any(|source| may_bring(&source.text)).then_some(step)
        },
    )?;
    let why = format!(
        "The {name} of the build context, if there is one, would lie under the installed one; name it in \
         .dockerignore first (ORD-04)."
    );
    Some((step.span, why))
}
