//! Who needs the pip or the setuptools that the base image has: the environment then gets them too.

use super::{later, lost::pip};
use crate::{
    facts::{
        Context, ImageView, commands, evidence,
        split::{Ecosystem, Split},
    },
    manifest::normal_name,
};

/// Python packages that call the pip of their environment when they run.
const CALLING_PIP: [&str; 6] = ["azure-cli", "nox", "pip-audit", "pip-tools", "pipx", "tox"];

/// Packages of notebooks, in which `%pip` installs; that counts where the image starts one.
const NOTEBOOKS: [&str; 6] = ["ipykernel", "ipython", "jupyter", "jupyterlab", "notebook", "voila"];

/// Packages that import pkg_resources without requiring setuptools.
const OF_SETUPTOOLS: [&str; 5] =
    ["face-recognition", "face-recognition-models", "imageio-ffmpeg", "razorpay", "webrtcvad"];

/// Packages that did so before this version.
const OLD_OF_SETUPTOOLS: [(&str, &[u64]); 2] =
    [("gunicorn", &[20, 1]), ("djangorestframework-simplejwt", &[5, 3])];

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
        let mut names = evidence.known.iter().chain(&evidence.unknown_packages);
        let started = commands::run_by(cx, image).concat();
        let is_started = |name: &str| started.iter().any(|word| word.contains(name));
        let is_notebook = ["ipython", "jupyter", "voila"].into_iter().any(is_started);
        let calls = |name: &&String| {
            CALLING_PIP.contains(&name.as_str()) || (is_notebook && NOTEBOOKS.contains(&name.as_str()))
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
    let mut names = evidence.known.iter().chain(&evidence.unknown_packages);
    if names.clone().any(|name| name == "setuptools") {
        return None;
    }
    let manifests = evidence::manifests(cx, image);
    let old = || {
        OLD_OF_SETUPTOOLS.iter().find_map(|(name, fixed)| {
            let version = manifests.package(name)?.exact_version().cloned()?;
            let is_old = version < pep440_rs::Version::new(fixed.iter().copied());
            is_old.then(|| format!("{name} {version}"))
        })
    };
    let own = || {
        let mut lines = cx.ws.code_of(image.id).flat_map(|code| &code.imports);
        let (file, _) = lines.find(|(_, import)| normal_name(&import.package) == "pkg-resources")?;
        Some(file.to_string())
    };
    names.find(|name| OF_SETUPTOOLS.contains(&name.as_str())).cloned().or_else(old).or_else(own)
}
