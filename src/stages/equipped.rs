//! Who needs the pip or the setuptools that the base image has: the environment then gets them too.

use super::{later, lost::pip};
use crate::{
    effects,
    facts::{
        Context, ImageView, commands, evidence,
        split::{Ecosystem, Split},
    },
    knowledge::package_effects::{Ecosystem as Registry, Effect, has, lookup},
};

/// Who needs them, as a clause; none where the environment has to have neither.
pub fn who(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    if split.ecosystem != Ecosystem::Python || split.environment.is_authors {
        return None;
    }
    calls_pip(cx, image, split).or_else(|| {
        needs_setuptools(cx, image)
            .map(|who| format!("{who} imports pkg_resources, which comes with setuptools"))
    })
}

/// Something that runs later and calls pip, or a package that does, in a clause.
fn calls_pip(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    let calls = |later: &later::Later| {
        let words = later.words();
        let program = pip::caller(&words)?;
        let who = later.file.clone().unwrap_or_else(|| later.lead.trim_end().to_owned());
        Some(match who.is_empty() {
            true => format!("`{program}` is called after the installation, with pip"),
            false => format!("{who} calls `{program}`, with pip"),
        })
    };
    later::of(cx, image, split).iter().find_map(calls).or_else(|| {
        let evidence = evidence::python(cx, image);
        let mut names = evidence.names();
        let started = commands::run_by(cx, image).concat();
        let is_started = |name: &str| started.iter().any(|word| word.contains(name));
        let is_notebook = ["ipython", "jupyter", "voila"].into_iter().any(is_started);
        let calls = |name: &&String| {
            has(Effect::CallsPip, Registry::Pypi, name)
                || (is_notebook && has(Effect::CallsPipInNotebook, Registry::Pypi, name))
        };
        names.find(calls).map(|name| format!("{name} calls pip when it runs"))
    })
}

/// Who imports pkg_resources without requiring setuptools, which the base image has before 3.12.
fn needs_setuptools(cx: &Context, image: &ImageView) -> Option<String> {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    if evidence::python_version(tag).is_some_and(|version| version >= (3, 12)) {
        return None;
    }
    let evidence = evidence::python(cx, image);
    let mut names = evidence.names();
    if names.clone().any(|name| name == "setuptools") {
        return None;
    }
    let imports = |name: &String| {
        let fact = lookup(Effect::ImportsPkgResources, Registry::Pypi, name)?;
        let versions: pep440_rs::VersionSpecifiers = fact.argument.parse().ok()?;
        match (versions.is_empty(), evidence.pinned.get(name)) {
            (true, _) => Some(name.clone()),
            (false, Some(version)) if versions.contains(version) => Some(format!("{name} {version}")),
            _ => None,
        }
    };
    let own = || {
        let mut imports = cx.files_of(image).program_text().of(effects::Effect::Imports);
        let found = imports.find(|found| found.argument == "pkg_resources")?;
        Some(found.file.to_string())
    };
    names.find_map(imports).or_else(own)
}
