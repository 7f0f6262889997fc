//! Reading a project: its Dockerfiles, compose files, and what their build contexts hold.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Entry, Image, Workspace, consumers, discover, disk::Disk, path, scripts::read_called, sources::look_at,
};
use crate::{
    compose::Compose,
    docker::{self, Dockerfile, Keyword},
    facts::{
        build_context::{self, Site},
        contract::join_path,
        node, python, scripts,
    },
    manifest::requirements,
    shell::Script,
    source::{FileId, FileKind, Place, SourceFile, place},
};

/// A file that could not be read or parsed, with the place where that is known.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct InputError {
    /// The file.
    pub path: String,
    /// The text, for a snippet.
    pub text: Option<Arc<str>>,
    /// The byte span of the fault.
    pub span: Option<crate::source::Span>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl InputError {
    /// Line and column of the fault.
    pub fn place(&self) -> Option<Place> {
        Some(place(self.text.as_deref()?, self.span?.start))
    }
}

/// A project as it was read, with what could not be.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The folder that all paths are relative to.
    pub base: PathBuf,
    /// The files.
    pub ws: Workspace,
    /// Files that are left out, and why.
    pub errors: Vec<InputError>,
}

/// Reads the project at `target`: a folder, a compose file or a Dockerfile, relative to `base`.
///
/// # Errors
/// When the target itself cannot be read; faults in single files are in `Loaded::errors`.
pub fn load(base: &Path, target: &Path) -> Result<Loaded, InputError> {
    let full = base.join(target);
    let shown = target.display().to_string();
    let kind = std::fs::metadata(&full)
        .map_err(|error| fault(&shown, error.to_string(), "name a folder, a compose file or a Dockerfile"))?;
    let (base, full) = match full.strip_prefix(base) {
        Ok(_) if !target.components().any(|part| part.as_os_str() == "..") => (base.to_owned(), full),
        _ if kind.is_dir() => (full.clone(), full.clone()),
        _ => (full.parent().unwrap_or(base).to_owned(), full.clone()),
    };
    let target = full.strip_prefix(&base).unwrap_or(&full).to_string_lossy().replace('\\', "/");
    let target = path::join("", &target);
    let mut loader = Loader { disk: Disk::new(&base), ..Loader::default() };
    if kind.is_dir() {
        let paths = discover::walk(&base, &full);
        loader.read_all(&paths);
    } else if discover::is_compose(&target) {
        loader.read_all(std::slice::from_ref(&target));
    } else {
        loader.read_all(std::slice::from_ref(&target));
        loader.find_compose_above(&target);
    }
    let mut loaded = loader.finish(base);
    if let Some(id) = loaded.ws.find(&target).filter(|id| loaded.ws.file(*id).kind == FileKind::Dockerfile) {
        loaded.ws.images.retain(|image| image.dockerfile == id);
    }
    Ok(loaded)
}

pub(super) fn fault(path: &str, what: impl Into<String>, help: &str) -> InputError {
    InputError { path: path.to_owned(), text: None, span: None, what: what.into(), help: help.to_owned() }
}

#[derive(Default)]
struct Loader {
    disk: Disk,
    ws: Workspace,
    errors: Vec<InputError>,
    dockerfiles: BTreeMap<FileId, Dockerfile>,
    composes: BTreeMap<FileId, Compose>,
}

impl Loader {
    fn read_all(&mut self, paths: &[String]) {
        for path in paths {
            if discover::is_sibling(path, paths) {
                self.read_sibling(path);
            } else {
                self.read_file(path);
            }
        }
    }

    fn read_sibling(&mut self, path: &str) {
        match self.disk.text(path) {
            Ok(text) => drop(self.ws.siblings.insert(path.to_owned(), text)),
            Err(error) => self.errors.push(error),
        }
    }

    fn read_file(&mut self, path: &str) -> Option<FileId> {
        if let Some(id) = self.ws.find(path) {
            return Some(id);
        }
        let text = match self.disk.text(path) {
            Ok(text) => text,
            Err(error) => {
                self.errors.push(error);
                return None;
            }
        };
        let id = FileId(self.ws.files.len());
        let kind = if discover::is_compose(path) { FileKind::Compose } else { FileKind::Dockerfile };
        let parsed = match kind {
            FileKind::Compose => Compose::parse(&text)
                .map(|compose| drop(self.composes.insert(id, compose)))
                .map_err(|error| (error.span, error.message, "correct the YAML".to_owned())),
            _ => docker::parse(&text)
                .map(|dockerfile| drop(self.dockerfiles.insert(id, dockerfile)))
                .map_err(|error| (error.span, error.what, error.help)),
        };
        match parsed {
            Ok(()) => {
                self.ws.files.push(SourceFile {
                    path: path.to_owned(),
                    kind,
                    text: text.clone(),
                    on_disk: text,
                });
                Some(id)
            }
            Err((span, what, help)) => {
                let error =
                    InputError { path: path.to_owned(), text: Some(text), span: Some(span), what, help };
                self.errors.push(error);
                None
            }
        }
    }

    /// Compose files beside a Dockerfile and in the folders above it, to know who runs it.
    fn find_compose_above(&mut self, dockerfile: &str) {
        let names = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
        let mut folder = path::parent(dockerfile).to_owned();
        for _ in 0..4 {
            for name in names {
                let candidate = path::join(&folder, name);
                if self.disk.entry(&candidate) == Entry::File(None) {
                    let id = self.read_file(&candidate);
                    self.ws.read_only.extend(id);
                }
            }
            if folder.is_empty() {
                return;
            }
            folder = path::parent(&folder).to_owned();
        }
    }

    fn finish(mut self, base: PathBuf) -> Loaded {
        self.link_services();
        let linked: Vec<FileId> = self.ws.images.iter().map(|image| image.dockerfile).collect();
        let rest: Vec<FileId> = self.dockerfiles.keys().filter(|id| !linked.contains(id)).copied().collect();
        for id in rest {
            let context = self.guess_context(id);
            self.ws.images.push(Image { dockerfile: id, context, services: Vec::new() });
        }
        self.ws
            .images
            .sort_by(|a, b| self.ws.files[a.dockerfile.0].path.cmp(&self.ws.files[b.dockerfile.0].path));
        for image in &self.ws.images {
            if let Some(dockerfile) = self.dockerfiles.get(&image.dockerfile) {
                gather(&self.disk, &self.ws.file(image.dockerfile).text, dockerfile, &image.context);
                look_at(&self.disk, image, dockerfile, &self.composes);
            }
        }
        self.read_ignore_files();
        self.ws.consumers = consumers::find(&self.disk, &self.ws);
        self.ws.context = self.disk.into_seen();
        Loaded { base, ws: self.ws, errors: self.errors }
    }

    /// Finds the Dockerfile of each built service, reading it if a compose file alone was named.
    fn link_services(&mut self) {
        let mut wanted: Vec<(FileId, String, String, String)> = Vec::new();
        for (id, compose) in &self.composes {
            let folder = path::parent(&self.ws.file(*id).path).to_owned();
            for service in &compose.services {
                let Some(build) = service.build.as_ref().filter(|build| build.dockerfile_inline.is_none())
                else {
                    continue;
                };
                let context = build.context.as_ref().map_or(".", |context| context.value.as_str());
                if context.contains("://") || context.contains('$') {
                    continue;
                }
                let context = path::join(&folder, context);
                let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.value.as_str());
                wanted.push((*id, service.name.clone(), path::join(&context, name), context));
            }
        }
        for (compose, service, dockerfile, context) in wanted {
            let original = self.original_of(&dockerfile);
            let Some(id) = self.read_named(&original) else { continue };
            match self.ws.images.iter_mut().find(|image| image.dockerfile == id && image.context == context) {
                Some(image) => image.services.push((compose, service)),
                None => {
                    let known = self.ws.images.iter().any(|image| image.dockerfile == id);
                    if !known {
                        self.ws.images.push(Image {
                            dockerfile: id,
                            context,
                            services: vec![(compose, service)],
                        });
                    }
                }
            }
        }
    }

    /// The Dockerfile whose optimized sibling `path` is, or `path` itself.
    fn original_of(&mut self, path: &str) -> String {
        for flavour in ["alpine", "slim"] {
            let stem = [format!(".{flavour}."), format!(".{flavour}")];
            let candidates =
                [path.replacen(&stem[0], ".", 1), path.strip_suffix(&stem[1]).unwrap_or(path).to_owned()];
            for original in candidates {
                let is_sibling = original != path && path::sibling(&original, flavour) == path;
                if is_sibling && matches!(self.disk.entry(&original), Entry::File(_)) {
                    if !self.ws.siblings.contains_key(path) && matches!(self.disk.entry(path), Entry::File(_))
                    {
                        self.read_sibling(path);
                    }
                    return original;
                }
            }
        }
        path.to_owned()
    }

    fn read_named(&mut self, path: &str) -> Option<FileId> {
        let is_outside = path.starts_with("..");
        let is_known = self.ws.find(path).is_some() || self.errors.iter().any(|error| error.path == path);
        if is_outside || (!is_known && self.disk.entry(path) == Entry::Missing) {
            return None;
        }
        self.ws.find(path).or_else(|| if is_known { None } else { self.read_file(path) })
    }

    /// The nearest folder, from the Dockerfile's own upwards, that holds every literal COPY source.
    fn guess_context(&self, id: FileId) -> String {
        let own = path::parent(&self.ws.file(id).path).to_owned();
        let sources: Vec<String> = self.dockerfiles[&id]
            .instructions
            .iter()
            .filter_map(build_context::local_copy)
            .flat_map(|(sources, _)| sources.iter().map(|word| word.text.clone()))
            .filter(|source| !build_context::is_pattern(source) && !build_context::is_whole_context(source))
            .collect();
        let mut folder = own.clone();
        loop {
            let holds_all = sources.iter().all(|source| {
                self.disk.entry(&build_context::context_path(&folder, source)) != Entry::Missing
            });
            if holds_all {
                return folder;
            }
            if folder.is_empty() {
                return own;
            }
            folder = path::parent(&folder).to_owned();
        }
    }

    fn read_ignore_files(&self) {
        for image in &self.ws.images {
            self.disk.read(&format!("{}.dockerignore", self.ws.file(image.dockerfile).path));
            self.disk.read(&path::join(&image.context, ".dockerignore"));
        }
    }
}

/// Looks at everything in the build context that a fact may ask for.
fn gather(disk: &Disk, text: &str, dockerfile: &Dockerfile, context: &str) {
    let lookup = |path: &str| Some(disk.entry(path));
    let instructions = &dockerfile.instructions;
    for instruction in instructions {
        let Some((sources, _)) = build_context::local_copy(instruction) else { continue };
        for source in sources.iter().filter(|source| !build_context::is_pattern(&source.text)) {
            disk.entry(&build_context::context_path(context, &source.text));
        }
    }
    let mut workdir = "/".to_owned();
    for stage in &dockerfile.stages {
        // What an unrelated stage copied does not stand here.
        let first = dockerfile.lineage(stage).last().map_or(0, |root| root.instructions.start);
        for index in stage.instructions.clone() {
            let step = &instructions[index];
            if step.keyword == Keyword::Workdir {
                workdir = join_path(&workdir, &step.body.text);
            }
            let site = Site { before: &instructions[first..index], step, workdir: &workdir };
            let origin = |wanted: &str| site.find(context, wanted, &lookup);
            let wanted = asked_files(step, text);
            for path in wanted.iter().flat_map(|wanted| scripts::places(wanted, &workdir)) {
                if let Some(found) = origin(&path) {
                    read_closure(disk, &found);
                    read_called(disk, &found, (&path, &workdir), &origin);
                }
            }
        }
    }
    for name in ["package.json", "package-lock.json"] {
        let wanted = join_path(&workdir, name);
        if let Some(found) = build_context::origin(instructions, context, &wanted, &lookup) {
            disk.read(&found);
        }
    }
}

/// Container paths of files that an instruction names: requirement files and scripts.
fn asked_files(instruction: &docker::Instruction, text: &str) -> Vec<String> {
    let runs = matches!(
        instruction.keyword,
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck
    );
    if !runs {
        return Vec::new();
    }
    if let (Some(words), true) = (&instruction.json, instruction.keyword != Keyword::Run) {
        return words.iter().map(|word| word.text.clone()).filter(|word| looks_like_file(word)).collect();
    }
    let script = Script::of(instruction, text);
    let mut files: Vec<String> = python::pip_installs(script)
        .into_iter()
        .flat_map(|install| install.requirements.into_iter().chain(install.constraints))
        .collect();
    files.extend(project_files(script));
    let words = script.commands.iter().flat_map(|command| &command.words).map(|word| word.text().to_owned());
    files.extend(words.filter(|word| looks_like_file(word)));
    files
}

/// The manifests and locks that the installations of a script read, and those that describe a local project.
fn project_files(script: &Script) -> Vec<String> {
    let mut files = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        if let Some((tool, _)) = python::project::action(index, command) {
            files.extend(tool.files().map(str::to_owned));
        }
    }
    for local in python::pip_installs(script).iter().flat_map(|install| &install.local) {
        let folder = local.split('[').next().unwrap_or(local).trim_end_matches('/');
        files.push(format!("{folder}/pyproject.toml"));
    }
    let describing =
        ["pyproject.toml", "setup.py", "setup.cfg", "README.md", "README.rst", ".python-version"];
    if !files.is_empty() {
        files.extend(describing.map(str::to_owned));
    }
    if script.commands.iter().any(|command| node::action(command).is_some()) {
        files.extend(node::MANIFESTS.map(str::to_owned));
    }
    files
}

fn looks_like_file(word: &str) -> bool {
    let name = path::name(word);
    [".sh", ".bash", ".py"].iter().any(|ending| name.ends_with(ending)) || name.contains("entrypoint")
}

/// Reads a file and, when it is a requirements file, those that it names.
fn read_closure(disk: &Disk, file: &str) {
    disk.read(file);
    if file.ends_with(".txt") || file.ends_with(".in") {
        requirements::closure(file, &|path| disk.read(path));
    }
}
