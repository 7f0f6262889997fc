//! The evidence for what poetry, uv, pipenv, pdm or `pip install .` take from a project's manifest and lock.

use std::{collections::BTreeSet, sync::Arc};

use pep440_rs::Version;

use super::{
    super::{
        Context, ImageView,
        build_context::{Site, Steps},
        python::project::{self, Action, ProjectInstall, Tool},
        root_image,
    },
    Evidence, NOWHERE,
    fit::{self, Misfit},
    python_version,
};
use crate::{
    docker::Instruction,
    knowledge::wheels::{self, Wanted},
    manifest::{
        python_lock::{self, Lock, LockedPackage, Origin, Selection},
        python_project::{self, Dependency, PyProject},
        wheel_name::{Processor, WheelName},
    },
    reason::Reason,
};

/// The installations that were taken in: the tool, what it selects, and its manifest and lock.
pub(super) type Seen = BTreeSet<(Tool, Selection, [Option<String>; 2])>;

/// Takes in what the step of `site` installs with a tool, or exports for pip, unless another step did.
pub(super) fn take_in(
    cx: &Context,
    image: &ImageView,
    (site, seen): (&Site, &mut Seen),
    (evidence, python): (&mut Evidence, (u8, u8)),
) {
    let script = image.script(site.step);
    for (index, command) in script.commands.iter().enumerate() {
        let all = Selection { has_all: true, ..Selection::default() };
        let (tool, selection, is_installed) = match project::action(index, command) {
            Some((tool, Action::Installs(ProjectInstall { selection, installs_project, .. }))) => {
                (tool, selection, installs_project)
            }
            Some((tool, Action::Exports(_))) => (tool, all, false),
            _ => continue,
        };
        let files = tool.files().map(|name| site.file(cx, image, name));
        if !seen.insert((tool, selection.clone(), files)) {
            continue;
        }
        let project = Project::read(cx, image, (site, ""), tool);
        project.judge(tool, &selection, (evidence, python));
        if let (true, Some(Ok(manifest))) = (is_installed, &project.manifest) {
            evidence.programs.extend(manifest.scripts.iter().cloned());
        }
    }
}

/// Takes in what `pip install` of a local folder brings: the dependencies that its metadata names.
pub(super) fn local(
    cx: &Context,
    image: &ImageView,
    (site, operand): (&Site, &str),
    (evidence, python): (&mut Evidence, (u8, u8)),
) {
    let (folder, extras) = match operand.split_once('[') {
        Some((folder, extras)) => (folder, extras.trim_end_matches(']').split(',').collect()),
        None => (operand, Vec::new()),
    };
    if folder.contains("://") || folder.ends_with(".whl") || folder.ends_with(".gz") {
        evidence.reasons.push(Reason::doubt(
            "BASE-41",
            NOWHERE,
            format!("{operand} is not an index package"),
        ));
        return;
    }
    evidence.is_shallow = true;
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    let project = Project::read(cx, image, (site, &prefix), Tool::Poetry);
    match project.manifest {
        Some(Ok(manifest)) if !manifest.is_dynamic => {
            let groups = extras.into_iter().map(crate::manifest::normal_name).collect();
            let selection = Selection { groups, ..Selection::default() };
            manifest_packages(&manifest, &selection, (evidence, python));
        }
        Some(Ok(_)) => evidence.reasons.push(Reason::doubt("MS-09", NOWHERE, format!(
            "the dependencies of {operand} are computed when it is built, and that is not run"
        ))),
        Some(Err(why)) => evidence.reasons.push(Reason::doubt("BASE-41", NOWHERE, format!("the pyproject.toml of {operand}: {why}"))),
        None => evidence.reasons.push(Reason::doubt("MS-09", NOWHERE, format!(
            "{operand} has no pyproject.toml in the build context; setup.py is not run to learn its dependencies"
        ))),
    }
}

/// The build backend of the local project that `step` of the stage in view installs.
pub fn build_backend(cx: &Context, image: &ImageView, step: &Instruction, operand: &str) -> Option<String> {
    let index = image.instructions().iter().position(|other| other.span == step.span)?;
    let steps = Steps::of(cx, image);
    let site = steps.site(index);
    let folder = operand.split('[').next().unwrap_or(operand);
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    Project::read(cx, image, (&site, &prefix), Tool::Poetry).manifest?.ok()?.build_backend.clone()
}

/// A package that `tool` installs from a folder or archive of the project, as the manifest or the lock names it.
pub fn local_package(cx: &Context, image: &ImageView, site: &Site, tool: Tool) -> Option<String> {
    let project = Project::read(cx, image, (site, ""), tool);
    let lock = project.lock.and_then(Result::ok).unwrap_or_default();
    let locked = lock.packages.iter().find(|package| matches!(package.source, Origin::Local(_)));
    let named = || project.manifest?.ok()?.local.first().cloned();
    locked.map(|package| package.name.clone()).or_else(named)
}

/// Whether `uv run` would install more than `uv sync` did in this step: groups of its defaults, or the project.
pub fn leaves_to_start(cx: &Context, image: &ImageView, step: &Instruction) -> bool {
    let Some(index) = image.instructions().iter().position(|other| other.span == step.span) else {
        return false;
    };
    let steps = Steps::of(cx, image);
    let site = steps.site(index);
    let Some(Ok(manifest)) = Project::read(cx, image, (&site, ""), Tool::Uv).manifest else { return false };
    let is_uv = |install: &ProjectInstall| install.tool == Tool::Uv;
    project::installs(image.script(step)).into_iter().filter(is_uv).any(|install| {
        let is_left_out = |group: &str| group == "dev" && !install.selection.takes(Some(group));
        let has_group = manifest.optional.iter().any(|(group, _)| is_left_out(group));
        has_group || (!install.installs_project && manifest.build_backend.is_some())
    })
}

/// Why uv would not take the interpreter of the image but fetch one of its own.
pub fn other_python(cx: &Context, image: &ImageView, step: &Instruction) -> Option<String> {
    let tag = root_image(image.dockerfile, image.stage()).tag.clone().unwrap_or_default();
    let (major, minor) = python_version(&tag)?;
    let index = image.instructions().iter().position(|other| other.span == step.span)?;
    let steps = Steps::of(cx, image);
    let site = steps.site(index);
    let pinned =
        site.file(cx, image, ".python-version").and_then(|path| cx.files_of(image).text(&path).cloned());
    if let Some(pinned) = pinned.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let own = format!("{major}.{minor}");
        // A patch level is asked for as it stands.
        let is_exact = tag == pinned || tag.strip_prefix(pinned).is_some_and(|rest| rest.starts_with('-'));
        let fits = pinned == own || is_exact || pinned == major.to_string();
        if !fits {
            return Some(format!(
                ".python-version asks for Python {pinned}, the image has {own}, so uv fetches another"
            ));
        }
    }
    let set = ["UV_PYTHON", "UV_PYTHON_PREFERENCE", "UV_MANAGED_PYTHON"];
    if let Some(name) = set.into_iter().find(|name| steps.states[index].env.get(*name).is_some()) {
        return Some(format!("{name} decides which Python uv takes, which may be one of its own"));
    }
    let settings = ["uv.toml", "pyproject.toml"].into_iter().find(|name| {
        let path = site.file(cx, image, name);
        let text = path.and_then(|path| cx.files_of(image).text(&path));
        text.is_some_and(|text| text.contains("python-preference"))
    });
    if let Some(name) = settings {
        return Some(format!("{name} decides which Python uv takes, which may be one of its own"));
    }
    let manifest = Project::read(cx, image, (&site, ""), Tool::Uv).manifest?.ok()?;
    let requires = manifest.requires_python.as_ref()?;
    // Which patch level the image has is not known: the last is tried.
    let newest = Version::new([u64::from(major), u64::from(minor), 99]);
    (!requires.contains(&newest)).then(|| {
        format!(
            "pyproject.toml asks for Python {requires}, the image has {major}.{minor}, so uv fetches another"
        )
    })
}

/// What the files of a project say.
struct Project {
    /// The manifest, if it is in the build context.
    manifest: Option<Result<Arc<PyProject>, String>>,
    /// The lock, if it is in the build context.
    lock: Option<Result<Arc<Lock>, String>>,
}

impl Project {
    fn read(cx: &Context, image: &ImageView, (site, prefix): (&Site, &str), tool: Tool) -> Self {
        let [manifest, lock] = tool.files();
        let file = |name: &str| {
            let path = site.file(cx, image, &format!("{prefix}{name}"))?;
            let text = cx.files_of(image).text(&path)?;
            Some((path, text))
        };
        let read_lock = |text: &str| match tool {
            Tool::Pipenv => python_lock::read_pipfile(text).map_err(|error| error.to_string()),
            _ => python_lock::read(text).map_err(|error| error.to_string()),
        };
        let read_manifest = |text: &str| match tool {
            Tool::Pipenv => python_project::read_pipfile(text).map_err(|error| error.to_string()),
            _ => python_project::read(text).map_err(|error| error.to_string()),
        };
        let (projects, locks) = (&cx.manifests.projects, &cx.manifests.python_locks);
        Self {
            manifest: file(manifest).map(|(path, text)| projects.get_or_read(&path, || read_manifest(text))),
            lock: file(lock).map(|(path, text)| locks.get_or_read(&path, || read_lock(text))),
        }
    }

    /// The chosen dependencies of the manifest that the lock does not fit.
    fn misfits<'p>(
        &'p self,
        lock: &Lock,
        selection: &'p Selection,
        python: (u8, u8),
    ) -> Vec<(&'p Dependency, Misfit)> {
        let Some(Ok(manifest)) = &self.manifest else { return Vec::new() };
        let own = manifest.name.as_deref();
        let asked = chosen(manifest, selection).filter(|dependency| own != Some(dependency.name.as_str()));
        let asked = asked.filter(|dependency| dependency.applies(python));
        asked.filter_map(|dependency| Some((dependency, fit::misfit(lock, dependency)?))).collect()
    }

    fn judge(&self, tool: Tool, selection: &Selection, (evidence, python): (&mut Evidence, (u8, u8))) {
        let [manifest_name, lock_name] = tool.files();
        match (&self.lock, &self.manifest) {
            (Some(Err(why)), _) => evidence.reasons.push(Reason::doubt("BASE-41", NOWHERE, format!("{lock_name}: {why}"))),
            (Some(Ok(lock)), manifest) => {
                let roots = manifest.as_ref().and_then(|found| found.as_ref().ok()).map(|found| {
                    let names = chosen(found, selection).map(|dependency| dependency.name.clone());
                    names.collect::<Vec<_>>()
                });
                let misfits = self.misfits(lock, selection, python);
                let is_other = |name: &str| misfits.iter().any(|(dependency, _)| dependency.name == name);
                let installed = lock.installed(selection, &roots.unwrap_or_default(), python);
                for package in installed.into_iter().filter(|package| !is_other(&package.name)) {
                    evidence.locked(package, python);
                }
                evidence.notes.extend(fit::told(lock_name, manifest_name, &misfits));
                for (dependency, _) in misfits {
                    evidence.is_shallow = true;
                    manifest_package(dependency, (evidence, python));
                }
            }
            (None, Some(Ok(manifest))) => {
                evidence.is_shallow = true;
                manifest_packages(manifest, selection, (evidence, python));
            }
            (None, Some(Err(why))) => evidence.reasons.push(Reason::doubt("BASE-41", NOWHERE, format!("{manifest_name}: {why}"))),
            (None, None) => evidence.reasons.push(Reason::doubt("PIP-15", NOWHERE, format!(
                "what {} installs is not known: neither {lock_name} nor {manifest_name} is in the build context",
                tool.name()
            ))),
        }
    }
}

/// The dependencies that a selection takes.
fn chosen<'p>(project: &'p PyProject, selection: &'p Selection) -> impl Iterator<Item = &'p Dependency> {
    let optional = project.optional.iter().filter(|(group, _)| selection.takes(Some(group)));
    project.dependencies.iter().chain(optional.map(|(_, dependency)| dependency))
}

fn manifest_packages(
    project: &PyProject,
    selection: &Selection,
    (evidence, python): (&mut Evidence, (u8, u8)),
) {
    for dependency in chosen(project, selection).filter(|dependency| dependency.applies(python)) {
        manifest_package(dependency, (evidence, python));
    }
    let unread =
        |text: &String| Reason::doubt("BASE-41", NOWHERE, "a dependency that is not understood").about(text);
    evidence.reasons.extend(project.unread.iter().map(unread));
}

fn manifest_package(dependency: &Dependency, (evidence, python): (&mut Evidence, (u8, u8))) {
    match &dependency.specifiers {
        Some(specifiers) if !dependency.is_direct => {
            evidence.package(&dependency.name, specifiers, python);
            evidence.asks(&dependency.name, &dependency.extras);
        }
        Some(_) | None if dependency.is_direct => {
            evidence.reasons.push(Reason::doubt(
                "BASE-41",
                NOWHERE,
                format!("{} comes from an address or a folder", dependency.name),
            ));
        }
        _ => evidence.reasons.push(Reason::doubt(
            "BASE-41",
            NOWHERE,
            format!("the version of {} is not understood", dependency.name),
        )),
    }
}

impl Evidence {
    /// Takes in a package as a lock file pins it.
    fn locked(&mut self, package: &LockedPackage, python: (u8, u8)) {
        match &package.source {
            Origin::Project | Origin::Index => {}
            Origin::Local(path) => {
                self.reasons.push(Reason::doubt(
                    "MS-09",
                    NOWHERE,
                    format!("{} is installed from {path}", package.name),
                ));
                return;
            }
            Origin::Remote(url) => {
                self.reasons.push(Reason::doubt(
                    "PIP-13",
                    NOWHERE,
                    format!("{} is built from {url}", package.name),
                ));
                return;
            }
        }
        let name = package.name.as_str();
        let version = package.version.as_ref();
        self.pinned.extend(version.map(|version| (name.to_owned(), version.clone())));
        let wanted = version.map_or(Wanted::Newest, Wanted::Exactly);
        let is_own = self.knowledge.wheels.contains_key(name);
        let Some(files) = package.files.as_ref().filter(|_| !is_own) else {
            let verdict = self.knowledge.wheel(name, wanted, python);
            self.verdict(name, verdict);
            return;
        };
        let wheel_names: Vec<WheelName> = files.iter().filter_map(|file| WheelName::parse(file)).collect();
        let fits = |processor| wheel_names.iter().any(|wheel| wheel.fits_musl(python, processor));
        if !fits(Processor::X86) {
            let verdict = self.knowledge.without_wheel(name, wanted, python);
            self.verdict(name, verdict);
            return;
        }
        self.known.insert(name.to_owned());
        self.calls(name, wheels::runtime_of(name));
        if !fits(Processor::Arm) {
            self.without_arm64.insert(name.to_owned());
        }
    }
}
