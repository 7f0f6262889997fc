//! Reading a project: its Dockerfiles, compose files, and what their build contexts hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Entry, Image, Neighbours, Sources, Workspace,
    code::Library,
    consumers, discover,
    disk::Disk,
    gather::gather,
    manifests, path,
    projects::{Project, Request, Roots},
    runs,
    sources::{look_at, read_env_files},
};
use crate::{
    compose::{Compose, scalar::with_defaults},
    documents::{DocumentError, Documents},
    effects::World,
    facts::{build_context, generated, sources},
    plan::Skip,
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
        Some(place(self.text.as_deref()?, self.span?.start()))
    }
}

/// A project as it was read, with what could not be.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The folder that all paths are relative to.
    pub base: PathBuf,
    /// The files.
    pub ws: Workspace,
    /// The same files, parsed.
    pub documents: Documents,
    /// Files that are left out, and why.
    pub errors: Vec<InputError>,
    /// Files that are no Dockerfile or compose file yet, but what one is made from.
    pub skips: Vec<Skip>,
}

/// Reads what is at `target` as one project: a folder, a compose file or a Dockerfile, relative to `base`.
///
/// # Errors
/// When the target itself cannot be read; faults in single files are in `Loaded::errors`.
pub fn load(base: &Path, target: &Path) -> Result<Loaded, InputError> {
    let mut request = Request::new(base, &[target.to_owned()]);
    if let Some(error) = request.errors.pop() {
        return Err(error);
    }
    let base = request.base.clone();
    Ok(load_project(&base, &request.whole(), &Neighbours::default()))
}

/// Reads the files of a project below `base`; `neighbours` are those of the run; faults in single files are in `Loaded::errors`.
pub fn load_project(base: &Path, project: &Project, neighbours: &Neighbours) -> Loaded {
    let roots = project.roots.clone();
    let mut loader = Loader { disk: Disk::new(base), roots, ..Loader::default() };
    project.siblings.iter().for_each(|path| loader.read_sibling(path));
    for path in &project.files {
        loader.read_file(path);
    }
    for path in &project.read_only {
        let id = loader.read_file(path);
        loader.ws.read_only.extend(id);
    }
    loader.finish(base.to_owned(), neighbours)
}

/// A project of one Dockerfile with this text; its build context is `base`.
pub fn load_text(base: &Path, path: &str, text: &str) -> Loaded {
    let mut loader = Loader { disk: Disk::new(base), ..Loader::default() };
    loader.take(path, text.into());
    loader.finish(base.to_owned(), &Neighbours::default())
}

/// A service that a compose file builds.
pub(super) struct Build {
    service: String,
    context: String,
    /// The Dockerfile that it names.
    pub(super) dockerfile: String,
}

/// What the compose file at `path` builds from files.
pub(super) fn builds(compose: &Compose, path: &str) -> Vec<Build> {
    let folder = path::parent(path);
    let builds = compose.services.iter().filter_map(|service| {
        let build = service.build.as_ref().filter(|build| build.dockerfile_inline.is_none())?;
        let context = build.context.as_ref().map_or(".", |context| context.value.as_str());
        if context.contains("://") {
            return None;
        }
        let context = path::join(folder, &with_defaults(context)?);
        let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.value.as_str());
        let dockerfile = path::join(&context, &with_defaults(name)?);
        Some(Build { service: service.name.clone(), context, dockerfile })
    });
    builds.collect()
}

pub(super) fn fault(path: &str, what: impl Into<String>, help: &str) -> InputError {
    InputError { path: path.to_owned(), text: None, span: None, what: what.into(), help: help.to_owned() }
}

#[derive(Default)]
struct Loader {
    disk: Disk,
    ws: Workspace,
    errors: Vec<InputError>,
    skips: Vec<Skip>,
    roots: Roots,
    /// What was read; nothing for a file that could not be.
    known: BTreeMap<String, Option<FileId>>,
    documents: Documents,
}

impl Loader {
    fn read_sibling(&mut self, path: &str) {
        match self.disk.text(path) {
            Ok(text) => drop(self.ws.siblings.insert(path.to_owned(), text)),
            Err(error) => self.errors.push(error),
        }
    }

    fn read_file(&mut self, path: &str) -> Option<FileId> {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        match self.disk.text(path) {
            Ok(text) => self.take(path, text),
            Err(error) => {
                self.known.insert(path.to_owned(), None);
                self.errors.push(error);
                None
            }
        }
    }

    /// Takes a file in, if it parses.
    fn take(&mut self, path: &str, text: Arc<str>) -> Option<FileId> {
        let id = FileId(self.ws.files.len());
        // No Dockerfile is called so.
        let kind = if discover::is_yaml(path) { FileKind::Compose } else { FileKind::Dockerfile };
        let file = SourceFile { path: path.to_owned(), kind, on_disk: text.clone(), text: text.clone() };
        let parsed = self.documents.read(id, &file);
        self.known.insert(path.to_owned(), parsed.is_ok().then_some(id));
        let (span, what, help) = match parsed {
            Ok(()) => {
                self.ws.files.push(file);
                return Some(id);
            }
            Err(DocumentError::Dockerfile(error)) => (error.span, error.what, error.help),
            Err(DocumentError::Compose(error)) => (error.span, error.message, "correct the YAML".to_owned()),
        };
        match generated::template(&text) {
            Some((offset, why)) => {
                let line = place(&text, offset).line;
                self.skips.push(Skip { path: path.to_owned(), line, why });
            }
            None => {
                let span = Some(span);
                self.errors.push(InputError { path: path.to_owned(), text: Some(text), span, what, help });
            }
        }
        None
    }

    fn finish(mut self, base: PathBuf, neighbours: &Neighbours) -> Loaded {
        self.read_parts();
        self.link_services();
        self.read_siblings();
        let linked: BTreeSet<FileId> = self.ws.images.iter().map(|image| image.dockerfile).collect();
        let rest: Vec<FileId> =
            self.documents.dockerfiles.keys().filter(|id| !linked.contains(id)).copied().collect();
        for id in rest {
            let context = self.guess_context(id);
            self.ws.images.push(Image {
                dockerfile: id,
                context,
                services: Vec::new(),
                world: World::default(),
            });
        }
        self.ws
            .images
            .sort_by(|a, b| self.ws.files[a.dockerfile.0].path.cmp(&self.ws.files[b.dockerfile.0].path));
        let library = Arc::new(Library::new(&base));
        let mut images = std::mem::take(&mut self.ws.images);
        images.iter_mut().for_each(|image| image.world = self.world_of(image, &library));
        self.ws.images = images;
        consumers::find(&self.disk, &mut self.ws, neighbours);
        self.ws.merges = consumers::find_merges(&self.disk, &self.ws, neighbours);
        manifests::take_in(&mut self.ws, &self.documents, &self.roots);
        let Self { ws, documents, errors, skips, .. } = self;
        Loaded { base, ws, documents, errors, skips }
    }

    /// Looks at what an image takes from its build context: that, and nothing of what others take.
    fn world_of(&self, image: &Image, library: &Arc<Library>) -> World {
        let Some(dockerfile) = self.documents.dockerfiles.get(&image.dockerfile) else {
            return World::default();
        };
        self.disk.forget_asked();
        gather(&self.disk, &self.ws.file(image.dockerfile).text, dockerfile, &image.context);
        look_at(&self.disk, image, dockerfile, &self.documents.composes);
        runs::read(&self.disk, image, dockerfile, &self.documents.composes);
        for (id, name) in &image.services {
            let service = self.documents.composes.get(id).and_then(|compose| compose.service(name));
            read_env_files(&self.disk, path::parent(&self.ws.file(*id).path), service.into_iter());
        }
        let own = &self.ws.file(image.dockerfile).path;
        self.disk.read(&format!("{own}.dockerignore"));
        self.disk.read(&path::join(&image.context, ".dockerignore"));
        let asked = World::new(self.disk.asked(), Sources::default());
        let ignore = sources::ignore_file(&asked, own, &image.context).map(|(_, ignore)| ignore);
        World::new(self.disk.asked(), Sources::of(library, (image, dockerfile), ignore))
    }

    /// Reads the files that compose files include, and those whose services theirs extend, whatever they are called.
    fn read_parts(&mut self) {
        let mut waiting: Vec<FileId> = self.documents.composes.keys().copied().collect();
        while let Some(id) = waiting.pop() {
            let folder = path::parent(&self.ws.file(id).path).to_owned();
            let parts = self.documents.composes.get(&id).map(Compose::parts).unwrap_or_default();
            let paths = parts.iter().filter(|part| !part.contains("://"));
            for path in paths.filter_map(|part| Some(path::join(&folder, &with_defaults(part)?))) {
                let is_new = !self.known.contains_key(&path) && discover::is_yaml(&path);
                waiting.extend(is_new.then(|| self.read_named(id, &path)).flatten());
            }
        }
    }

    /// Finds the Dockerfile of each built service, reading it if a compose file alone was named.
    fn link_services(&mut self) {
        let of_file = |(id, compose): (&FileId, &Compose)| {
            let builds = builds(compose, &self.ws.file(*id).path).into_iter();
            builds.map(|build| (*id, build)).collect::<Vec<_>>()
        };
        let wanted: Vec<(FileId, Build)> = self.documents.composes.iter().flat_map(of_file).collect();
        let mut images: BTreeMap<FileId, usize> = BTreeMap::new();
        for (compose, build) in wanted {
            let original = self.original_of(&build.dockerfile);
            let Some(id) = self.read_named(compose, &original) else { continue };
            let index = *images.entry(id).or_insert_with(|| {
                let context = build.context.clone();
                self.ws.images.push(Image {
                    dockerfile: id,
                    context,
                    services: Vec::new(),
                    world: World::default(),
                });
                self.ws.images.len() - 1
            });
            let image = &mut self.ws.images[index];
            if image.context == build.context {
                image.services.push((compose, build.service));
            }
        }
    }

    /// Reads what stands where the optimized siblings of the Dockerfiles would, however these were found.
    fn read_siblings(&mut self) {
        let dockerfiles = self.ws.files.iter().filter(|file| file.kind == FileKind::Dockerfile);
        let all: Vec<String> = dockerfiles
            .flat_map(|file| ["alpine", "slim"].map(|flavour| path::sibling(&file.path, flavour)))
            .collect();
        for sibling in all {
            let is_new = !self.known.contains_key(&sibling) && !self.ws.siblings.contains_key(&sibling);
            if is_new && matches!(self.disk.entry(&sibling), Entry::File(_)) {
                self.read_sibling(&sibling);
            }
        }
    }

    /// The Dockerfile whose optimized sibling `path` is, or `path` itself.
    fn original_of(&mut self, path: &str) -> String {
        let is_file = |path: &str| matches!(self.disk.entry(path), Entry::File(_));
        let originals = path::originals(path).into_iter().map(|(_, original)| original);
        let Some(original) = originals.into_iter().find(|original| is_file(original)) else {
            return path.to_owned();
        };
        if !self.ws.siblings.contains_key(path) && is_file(path) {
            self.read_sibling(path);
        }
        original
    }

    /// Reads a Dockerfile that `compose` names; one that is only looked at names none that was not asked for.
    fn read_named(&mut self, compose: FileId, path: &str) -> Option<FileId> {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let is_asked_for = !self.ws.read_only.contains(&compose);
        let is_there = is_asked_for && !path.starts_with("..") && self.disk.entry(path) != Entry::Missing;
        let id = is_there.then(|| self.read_file(path)).flatten()?;
        if !self.roots.hold(path) {
            self.ws.read_only.push(id);
        }
        Some(id)
    }

    /// The nearest folder, from the Dockerfile's own upwards, that holds every literal COPY source.
    fn guess_context(&self, id: FileId) -> String {
        let own = path::parent(&self.ws.file(id).path).to_owned();
        let sources: Vec<String> = self.documents.dockerfiles[&id]
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
}
