//! What has to be copied before the source, so that an installation between the two has all that it reads.

use super::{
    Context, ImageView,
    build_context::{self, Steps},
    contract::join_path,
    python::inputs,
    runtime::State,
    sources,
};
use crate::{
    manifest::requirements::{self, ItemKind},
    shell::Script,
    workspace::{Entry, path},
};

/// The file or folder that an option or a variable names and that only the COPY brings, and what names it.
pub fn comes_with_source(
    cx: &Context,
    (steps, install): (&Steps, usize),
    copy: usize,
    script: &Script,
) -> Option<inputs::Named> {
    let state = &steps.states[install];
    let (_, target) = build_context::local_copy(&steps.instructions[copy])?;
    let target = join_path(&steps.states[copy].workdir, &target.text);
    let brings = |path: &str| {
        let wanted = join_path(&state.workdir, path);
        let below = wanted.strip_prefix(target.trim_end_matches('/'));
        let is_below = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        path.contains('$') || (is_below && steps.origin(cx, 0..copy, &wanted).is_none())
    };
    inputs::named(script, &state.env).into_iter().find(|(_, path)| brings(path))
}

/// The settings of uv that the COPY brings: those of its own, and of a project that has some.
pub fn settings(
    cx: &Context,
    image: &ImageView,
    (steps, script): (&Steps, &Script),
    (copy, state): (usize, &State),
) -> Vec<(String, String)> {
    let found = |name: &str| {
        let wanted = join_path(&state.workdir, name);
        let (_, origin) = steps.origin(cx, 0..copy + 1, &wanted)?;
        let is_there = matches!(cx.files_of(image).entry(&origin), Some(Entry::File(_)));
        let is_project = name == "pyproject.toml";
        let has_settings = || cx.files_of(image).text(&origin).is_none_or(|text| text.contains("[tool.uv"));
        let is_read =
            is_there && (!is_project || has_settings()) && !sources::is_kept_out(cx, image, &origin);
        is_read.then_some((origin, wanted))
    };
    inputs::settings(script).into_iter().chain(["pyproject.toml"]).filter_map(found).collect()
}

/// The context path and the image path of a requirements file and of all that it includes.
///
/// # Errors
/// The trap, and what else than these files the installation reads.
pub fn closure(
    cx: &Context,
    image: &ImageView,
    (origin, wanted): (&str, &str),
) -> Result<Vec<(String, String)>, (&'static str, String)> {
    let read = |path: &str| cx.files_of(image).text(path).cloned();
    let closure = requirements::closure(origin, &read);
    if closure.missing.iter().any(|missing| missing == origin) {
        return Err(("PIP-12", format!("{origin} cannot be read")));
    }
    if let Some(file) = &closure.excess {
        return Err(("PIP-12", format!("{file} is too long to know all that it asks for")));
    }
    if let Some(missing) = closure.missing.iter().chain(&closure.outside).next() {
        return Err(("PIP-12", format!("{origin} includes {missing}, which is not in the build context")));
    }
    for other in &closure.others {
        if matches!(other.value, ItemKind::Editable { .. } | ItemKind::LocalPath { .. }) {
            return Err(("MS-09", format!("{} installs a local project", other.file)));
        }
        if let ItemKind::Option {
            name: "--find-links" | "--index-url" | "--extra-index-url",
            value: Some(value),
        } = &other.value
            && (!value.contains("://") || value.starts_with("file:"))
        {
            return Err(("ORD-01", format!("{} names {value}, which is not copied alone", other.file)));
        }
    }
    let (from, to) = (path::parent(origin), path::parent(wanted));
    Ok(closure.files.iter().map(|file| (file.clone(), join_path(to, &path::relative(from, file)))).collect())
}
