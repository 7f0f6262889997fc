//! What the environment alone is not: files that an installation writes into the source, packages that `uv run` adds
//! at start, and compilers that packages call when they run.

use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, commands, evidence,
        python::{
            self,
            project::{self, Tool},
        },
        split::{Ecosystem, Split},
        writers::is_below,
    },
    knowledge::package_effects::{Ecosystem as Registry, Effect, has},
    reason::Reason,
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

/// All such things.
pub(super) fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    if split.ecosystem != Ecosystem::Python {
        return Vec::new();
    }
    let found = [written(cx, image, split), synchronised(image, split), compiling(cx, image)];
    found.into_iter().flatten().collect()
}

/// A project that is installed in place and whose build writes into the source.
fn written(cx: &Context, image: &ImageView, split: &Split) -> Option<Reason> {
    let is_editable = |step: &Instruction| {
        step.keyword == Keyword::Run
            && python::pip_installs(image.script(step)).iter().any(|install| !install.editable.is_empty())
    };
    let of_project = |step: &Instruction| {
        step.keyword == Keyword::Run
            && project::installs(image.script(step)).iter().any(|install| install.installs_project)
    };
    if !image.instructions().iter().any(|step| is_editable(step) || of_project(step)) {
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
        let what = format!("{sign} may write files beside the source, which stay in the builder");
        Some(Reason::doubt("MS-09", image.instructions()[split.last].span, what).from(file.as_str()))
    })
}

/// `uv run`, which installs what `uv sync` left out.
fn synchronised(image: &ImageView, split: &Split) -> Option<Reason> {
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
    let start = image.instructions().iter().filter(starts).find(runs)?;
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let syncs = steps.filter(|step| step.body.text.contains("uv sync"));
    let last = syncs.last()?;
    let option = LEFT_OUT.into_iter().find(|option| last.body.text.contains(option))?;
    let module =
        commands::commands_of(image.instructions().iter().rfind(starts)?).concat().contains(&"-m".to_owned());
    (module || option != "--no-dev").then(|| {
        let what = format!("`uv run` installs what `uv sync {option}` left out, before it starts anything");
        Reason::doubt("MS-31", start.span, what)
    })
}

/// A package that compiles when it runs.
fn compiling(cx: &Context, image: &ImageView) -> Option<Reason> {
    let evidence = evidence::python(cx, image);
    let mut names = evidence.names();
    let name = names.find(|name| has(Effect::Compiles, Registry::Pypi, name))?;
    let what = "compiles when it runs, and the compiler would be left behind";
    Some(Reason::known("PKG-07", image.instructions()[0].span, what).about(name.clone()))
}
