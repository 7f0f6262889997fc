//! What the environment alone is not: files that an installation writes into the source, packages that `uv run` adds
//! at start, modules that the base image has, and compilers that packages call when they run.

use crate::{
    docker::{Instruction, Keyword},
    effects,
    facts::{
        Context, ImageView, commands, evidence,
        python::{self, project::Tool},
        split::{Ecosystem, Split},
        writers::is_below,
    },
    knowledge::package_effects::{Ecosystem as Registry, Effect, has, lookup},
    source::Span,
    workspace::path,
};

/// Signs in the manifests of a project that its build writes beside the source.
const WRITING: [&str; 15] = [
    "[tool.hatch.build.hooks",
    "[tool.poetry.build]",
    "build.py",
    "cffi_modules",
    "cythonize",
    "ext-modules",
    "ext_modules",
    "hatch-vcs",
    "maturin",
    "mesonpy",
    "scikit_build_core",
    "setuptools-scm",
    "setuptools_scm",
    "version-file",
    "write_to",
];

/// The first such thing: its place and a sentence.
pub(super) fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    if split.ecosystem != Ecosystem::Python {
        return None;
    }
    let from = image.instructions()[0].span;
    written(cx, image, split)
        .or_else(|| synchronised(image, split))
        .or_else(|| of_packages(cx, image, split))
        .map(|why| (from, why))
}

/// A project that is installed in place and whose build writes into the source.
fn written(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    let is_editable = |step: &Instruction| {
        step.keyword == Keyword::Run
            && python::pip_installs(image.script(step)).iter().any(|install| !install.editable.is_empty())
    };
    if split.tools.is_empty() && !image.instructions().iter().any(is_editable) {
        return None;
    }
    let context = &image.image.context;
    let is_manifest = |file: &&String| {
        let is_of = context.is_empty() || is_below(file, context);
        is_of && matches!(path::name(file), "pyproject.toml" | "setup.cfg" | "setup.py")
    };
    cx.files_of(image).paths().filter(is_manifest).find_map(|file| {
        let text = cx.files_of(image).text(file)?;
        let sign = WRITING.into_iter().find(|sign| text.contains(sign))?;
        Some(format!(
            "{sign} in {file} may write files beside the source, which stay in the builder (MS-09)."
        ))
    })
}

/// `uv run`, which installs what `uv sync` left out.
fn synchronised(image: &ImageView, split: &Split) -> Option<String> {
    const LEFT_OUT: [&str; 7] = [
        "--no-dev",
        "--no-default-groups",
        "--no-group",
        "--no-install-project",
        "--no-install-workspace",
        "--only-group",
        "--no-editable",
    ];
    if !split.tools.contains(&Tool::Uv) {
        return None;
    }
    let runs = |step: &&Instruction| {
        let text = step.body.text.replace(['"', ','], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_run = words.windows(2).any(|pair| pair == ["uv", "run"]);
        is_run && !words.contains(&"--no-sync")
    };
    let starts = |step: &&Instruction| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint);
    image.instructions().iter().filter(starts).find(runs)?;
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let syncs = steps.filter(|step| step.body.text.contains("uv sync"));
    let last = syncs.last()?;
    let option = LEFT_OUT.into_iter().find(|option| last.body.text.contains(option))?;
    let module =
        commands::commands_of(image.instructions().iter().rfind(starts)?).concat().contains(&"-m".to_owned());
    (module || option != "--no-dev").then(|| {
        format!("`uv run` installs what `uv sync {option}` left out, before it starts anything (MS-22).")
    })
}

/// A package that compiles when it runs, or needs what the base image has beside pip.
fn of_packages(cx: &Context, image: &ImageView, split: &Split) -> Option<String> {
    let evidence = evidence::python(cx, image);
    let mut names = evidence.names();
    if let Some(name) = names.clone().find(|name| has(Effect::Compiles, Registry::Pypi, name)) {
        return Some(format!("{name} compiles when it runs, and the compiler would be left behind (MS-08)."));
    }
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    let has_setuptools = evidence::python_version(tag).is_none_or(|version| version < (3, 12));
    if split.environment.is_authors || !has_setuptools || names.clone().any(|name| name == "setuptools") {
        return None;
    }
    let imports = |name: &&String| {
        let fact = lookup(Effect::ImportsPkgResources, Registry::Pypi, name)?;
        let versions: pep440_rs::VersionSpecifiers = fact.argument.parse().ok()?;
        let pinned = evidence.pinned.get(*name);
        match (versions.is_empty(), pinned) {
            (true, _) => Some((*name).clone()),
            (false, Some(version)) if versions.contains(version) => Some(format!("{name} {version}")),
            _ => None,
        }
    };
    let who = names.find_map(|name| imports(&name));
    let own = || {
        let mut imports = cx.files_of(image).program_text().of(effects::Effect::Imports);
        let found = imports.find(|found| found.argument == "pkg_resources")?;
        Some(found.file.to_string())
    };
    who.or_else(own).map(|who| {
        format!("{who} imports pkg_resources, which is in the base image and not in {}; require setuptools (MS-12).",
            split.environment.path)
    })
}
