//! The evidence for the npm packages of a stage: native code, and lock files made for the wrong C library.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    super::{
        Context, ImageView,
        build_context::{Site, Steps},
        contract::join_path,
        node::{self as managers, Action, Manager},
        node_inputs, sources,
    },
    Build, Evidence, NOWHERE,
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::{
        modules::{self, ModuleKind},
        package_effects::{self, Ecosystem, Effect, has},
    },
    manifest::{
        node_lock::{self, LockedModule},
        package_json::{self, PackageJson},
    },
    reason::Reason,
    workspace::path,
};

/// What the manifests of a Node project say.
#[derive(Clone, Debug)]
pub struct NodeProject {
    /// Who installs.
    pub manager: Manager,
    /// Whether the installation leaves development dependencies out.
    pub is_production: bool,
    /// package.json.
    pub package: Arc<PackageJson>,
    /// The packages of the lock file; none when there is no lock.
    pub lock: Option<Arc<Vec<LockedModule>>>,
}

/// The evidence for the npm packages that the stage in view installs.
pub fn node(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence::default();
    for project in projects(cx, image) {
        match project {
            Err(why) => evidence.reasons.push(Reason::doubt("BASE-41", NOWHERE, why)),
            Ok(project) => evidence.node_project(&project),
        }
    }
    evidence.reasons.extend(brought_along(cx, image));
    for name in global_programs(image) {
        let end = name.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(name.len(), |(at, _)| at);
        let name = &name[..end];
        evidence.module(&LockedModule { name: name.to_owned(), ..LockedModule::default() });
        evidence.is_shallow = true;
        evidence.unfollowed.insert(name.to_owned());
        if !has(Effect::BringsNoNativeCode, Ecosystem::Npm, name) {
            let what = "installed for the whole image, and which native code it brings along is not known";
            evidence.reasons.push(Reason::doubt("BASE-04", NOWHERE, what).about(name));
        }
    }
    evidence.tidy();
    evidence
}

/// Whether a step of the stage in view installs packages of npm.
pub fn installs_for_node(image: &ImageView) -> bool {
    let mut steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps.any(|step| managers::installation(image.script(step)).is_some())
        || !global_programs(image).is_empty()
}

/// The first project whose dependencies the stage in view installs; none when it installs none.
///
/// # Errors
/// Why its manifests are not known.
pub fn project(cx: &Context, image: &ImageView) -> Option<Result<NodeProject, String>> {
    projects(cx, image).into_iter().next()
}

/// The projects, each once for all steps that install the same of it.
fn projects(cx: &Context, image: &ImageView) -> Vec<Result<NodeProject, String>> {
    let steps = Steps::of(cx, image);
    let mut seen = BTreeSet::new();
    let installs = steps.runs().filter_map(|(index, step)| {
        let script = image.script(step);
        let (manager, is_production) = managers::installation(script)?;
        if script.commands.iter().any(|command| command.name() == "cd") {
            let line = image.line(step);
            return Some(Err(format!(
                "line {line} changes the folder before {} installs, and what it installs there is not read",
                manager.name()
            )));
        }
        if let Some(what) = node_inputs::of_words(script) {
            let line = image.line(step);
            return Some(Err(format!("line {line} installs elsewhere, and that is not read: {what}")));
        }
        let is_set = steps.states[index].env.get("NODE_ENV").is_some_and(|value| value == "production");
        let (site, is_production) = (steps.site(index), is_production || is_set);
        let names = manager.lock_files().iter().copied().chain(["package.json"]);
        let files: Vec<Option<String>> = names.map(|name| site.file(cx, image, name)).collect();
        let is_new = seen.insert((manager.name(), is_production, files));
        is_new.then(|| read(cx, image, &site, (manager, is_production)))
    });
    installs.collect()
}

fn read(
    cx: &Context,
    image: &ImageView,
    site: &Site,
    (manager, is_production): (Manager, bool),
) -> Result<NodeProject, String> {
    let file = |name: &str| {
        let path = site.file(cx, image, name)?;
        let text = cx.files_of(image).text(&path)?;
        Some((path, text))
    };
    let Some((path, text)) = file("package.json") else {
        return Err("package.json is not in the build context".to_owned());
    };
    let package = cx.manifests.packages.get_or_read(&path, || package_json::read(text));
    let package = package.map_err(|why| format!("package.json: {why}"))?;
    let locked = manager.lock_files().iter().find_map(|name| Some((name, file(name)?)));
    let lock = locked.map(|(name, (path, text))| {
        let read = cx.manifests.node_locks.get_or_read(&path, || read_lock(manager, text));
        read.map_err(|why| format!("{name}: {why}"))
    });
    let lock = lock.transpose()?;
    Ok(NodeProject { manager, is_production, package, lock })
}

fn read_lock(manager: Manager, text: &str) -> Result<Vec<LockedModule>, String> {
    match manager {
        Manager::Npm => node_lock::read_npm(text).map_err(|error| error.to_string()),
        Manager::Yarn => Ok(node_lock::read_yarn(text)),
        Manager::Pnpm => node_lock::read_pnpm(text),
    }
}

/// Says so when nothing installs what package.json depends on, and a COPY takes the folder for it from the context.
fn brought_along(cx: &Context, image: &ImageView) -> Option<Reason> {
    let installs = |step: &&Instruction| {
        step.keyword == Keyword::Run && managers::installation(image.script(step)).is_some()
    };
    let is_installed = image.dockerfile.instructions.iter().any(|step| installs(&step));
    let from_stage = image.lineage().into_iter().find(|step| {
        step.keyword == Keyword::Copy && step.flag("from").is_some() && step.body.text.contains(INSTALLED)
    });
    if let Some(step) = from_stage.filter(|_| !is_installed) {
        let what = "no installation that is known fills the folder that is copied";
        return Some(Reason::doubt("BASE-05", step.span, what));
    }
    if from_stage.is_some() || image.lineage().iter().any(installs) {
        return None;
    }
    let steps = Steps::of(cx, image);
    let (end, workdir) = (steps.instructions.len(), &steps.states[steps.instructions.len()].workdir);
    let (_, manifest) = steps.origin(cx, 0..end, &join_path(workdir, "package.json"))?;
    let text = cx.files_of(image).text(&manifest)?;
    let package = cx.manifests.packages.get_or_read(&manifest, || package_json::read(text)).ok()?;
    let folder = path::join(path::parent(&manifest), INSTALLED);
    let comes_along = steps.would_bring(cx, &folder, &join_path(workdir, INSTALLED))
        && !sources::is_kept_out(cx, image, &folder);
    (comes_along && !package.dependencies.is_empty()).then(|| {
        let what = "nothing installs what package.json depends on, so it comes along with the build context, and for \
                    which C library it was made is not known";
        Reason::doubt("BASE-05", NOWHERE, what)
    })
}

/// Where packages are installed, beside their manifest.
const INSTALLED: &str = "node_modules";

/// Programs that RUN steps install for the whole image.
fn global_programs(image: &ImageView) -> Vec<String> {
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let actions = steps
        .flat_map(|step| image.script(step).commands.iter().filter_map(managers::action).collect::<Vec<_>>());
    actions
        .filter_map(|(_, action)| match action {
            Action::InstallsGlobally(names) => Some(names),
            _ => None,
        })
        .flatten()
        .collect()
}

/// Whether a dependency comes from a repository, so that git must be there to fetch it.
pub fn fetches_with_git(project: &NodeProject) -> bool {
    let all = project.package.dependencies.iter().chain(&project.package.dev_dependencies);
    let mut ranges = all.map(|(_, range)| range.as_str());
    ranges.any(|range| range.starts_with("git") || (range.contains('/') && !range.contains(':')))
}

impl Evidence {
    fn node_project(&mut self, project: &NodeProject) {
        let Some(lock) = &project.lock else {
            let named = project.package.dependencies.iter();
            let dev = project.package.dev_dependencies.iter().filter(|_| !project.is_production);
            let names: Vec<&String> = named.chain(dev).map(|(name, _)| name).collect();
            self.is_shallow = true;
            for name in &names {
                self.module(&LockedModule { name: (*name).clone(), ..LockedModule::default() });
            }
            if !names.is_empty() {
                self.reasons.push(Reason::doubt(
                    "BASE-04",
                    NOWHERE,
                    format!(
                        "{} finds no lock file, so which packages with native code come along is not known",
                        project.manager.name()
                    ),
                ));
            }
            return;
        };
        self.native_helpers(lock);
        self.missing_modules(project, lock);
        let installed = lock.iter().filter(|module| !module.is_elsewhere);
        let installed = installed.filter(|module| !(project.is_production && module.is_dev));
        let mut seen = BTreeSet::new();
        for module in installed.clone().filter(|module| seen.insert((&module.name, &module.version))) {
            self.module(module);
        }
        let names: Vec<String> = installed.map(|module| module.name.clone()).collect();
        for name in package_json::without_twins(&names) {
            self.reasons.push(Reason::known(
                "BASE-05",
                NOWHERE,
                format!(
                    "the lock file lists {name} without its twin for musl: make it anew with a current {}",
                    project.manager.name()
                ),
            ));
        }
    }

    /// A lock that does not tell of scripts still lists what native packages are built with.
    fn native_helpers(&mut self, lock: &[LockedModule]) {
        let tells = lock.iter().any(|module| module.has_script.is_some());
        let is_explained = lock.iter().any(|module| {
            modules::lookup(&module.name)
                .is_some_and(|fact| !matches!(fact.kind, ModuleKind::Harmless | ModuleKind::Locked))
        });
        let mut helpers =
            package_effects::all(Effect::BuildsNativeCode, Ecosystem::Npm).map(|fact| fact.package);
        let helper = helpers.find(|helper| lock.iter().any(|module| module.name == *helper));
        if let Some(helper) = helper.filter(|_| !tells && !is_explained) {
            self.reasons.push(Reason::doubt("BASE-04", NOWHERE, format!(
                "the lock file lists {helper}, so something has native code, and what that is is not known"
            )));
        }
    }

    pub(super) fn module(&mut self, module: &LockedModule) {
        let name = &module.name;
        let Some(fact) = modules::lookup(name) else {
            match module.has_script {
                Some(true) => self.reasons.push(Reason::doubt("BASE-04", NOWHERE, format!(
                    "{name} runs a script when it is installed, and whether that works on musl is not known"
                ))),
                _ => self.knows(module),
            }
            return;
        };
        let is_old = !fact.since.is_empty() && is_before(&module.version, fact.since);
        if fact.kind != ModuleKind::Engine {
            self.knows(module);
        }
        match fact.kind {
            ModuleKind::Stays => {
                self.reasons.push(Reason::known("BASE-04", NOWHERE, format!("{name}: {}", fact.note)))
            }
            ModuleKind::Engine => {
                self.reasons.push(Reason::doubt("BASE-06", NOWHERE, format!("{name}: {}", fact.note)))
            }
            ModuleKind::Builds => self.compiles(name, &fact),
            ModuleKind::Prebuilt | ModuleKind::Locked if is_old => self.compiles(name, &fact),
            ModuleKind::Prebuilt | ModuleKind::Locked | ModuleKind::Harmless => {}
        }
    }

    fn knows(&mut self, module: &LockedModule) {
        self.known.insert(format!("{}@{}", module.name, module.version));
    }

    fn compiles(&mut self, name: &str, fact: &modules::ModuleFact) {
        let note = if fact.note.is_empty() { String::new() } else { format!(": {}", fact.note) };
        self.notes.push(format!("{name} may compile on musl{note} (BASE-04)."));
        self.builds.push(Build {
            name: name.to_owned(),
            build: fact.build.clone(),
            runtime: fact.runtime.clone(),
        });
    }
}

/// Whether the version `text` comes before `since`; a text that is no version does.
fn is_before(text: &str, since: &str) -> bool {
    let key = |text: &str| -> Vec<u64> {
        let digits = text.trim_start_matches(['^', '~', 'v', '=']);
        digits.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
    };
    key(text) < key(since)
}
