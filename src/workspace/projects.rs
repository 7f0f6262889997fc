//! Cutting what a run looks at into projects: sets of files that say nothing of each other.
//!
//! A compose file and the Dockerfiles that it builds are one project, and so are two compose files that build
//! the same Dockerfile, or speak of the same service; so are Dockerfiles that install from one manifest which may be
//! changed. A Dockerfile that no compose file builds is a project of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;

use super::{
    discover,
    disk::Disk,
    load::{InputError, fault},
    manifests, path,
};
use crate::compose::Compose;

/// What compose files are called that compose finds by itself.
pub const COMPOSE_NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// In how many folders they are looked for.
const FOLDERS_ABOVE: usize = 4;

/// Files that are read together, relative to the base of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Dockerfiles and compose files, sorted.
    pub files: Vec<String>,
    /// Optimized siblings that stand beside them already.
    pub siblings: Vec<String>,
    /// Compose files that are looked at and not changed.
    pub read_only: Vec<String>,
    /// Which of the paths that were asked for led here.
    pub asked: usize,
    /// Where files may be changed.
    pub roots: Roots,
}

/// The folders in which files may be changed, relative to the base of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(Arc<BTreeSet<String>>);

impl Roots {
    /// Whether `path` lies in one of them.
    pub fn hold(&self, path: &str) -> bool {
        let mut folder = path;
        while !folder.is_empty() {
            if self.0.contains(folder) {
                return true;
            }
            folder = path::parent(folder);
        }
        self.0.contains("")
    }

    /// The folders.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }
}

/// What a run looks at.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The folder that all paths are relative to.
    pub base: PathBuf,
    roots: Vec<String>,
    /// Dockerfiles and compose files, each with the path asked for that led to it.
    files: BTreeMap<String, usize>,
    /// Compose files around Dockerfiles that were asked for by name.
    read_only: BTreeMap<String, usize>,
    /// What could not be looked at.
    pub errors: Vec<InputError>,
}

impl Request {
    /// What there is at `asked`: folders, compose files and Dockerfiles, seen from the folder `current`.
    pub fn new(current: &Path, asked: &[PathBuf]) -> Self {
        let mut request = Self { base: base(current, asked), ..Self::default() };
        for (index, target) in asked.iter().enumerate() {
            request.add(&current.join(target), (index, &target.display().to_string()));
        }
        request
    }

    fn add(&mut self, full: &Path, (index, shown): (usize, &str)) {
        let help = "name a folder, a compose file or a Dockerfile";
        let is_folder = match std::fs::metadata(full) {
            Ok(kind) => kind.is_dir(),
            Err(error) => return self.errors.push(fault(shown, error.to_string(), help)),
        };
        let relative = match full.strip_prefix(&self.base) {
            Ok(relative) if !has_parents(relative) => relative.to_owned(),
            _ => match full
                .canonicalize()
                .ok()
                .and_then(|full| Some(full.strip_prefix(&self.base).ok()?.to_owned()))
            {
                Some(relative) => relative,
                None => return self.errors.push(fault(shown, "the path cannot be followed", help)),
            },
        };
        let Some(relative) = relative.to_str().map(|path| path::join("", &path.replace('\\', "/"))) else {
            return self.errors.push(fault(shown, "the path is not UTF-8", "rename it"));
        };
        if is_folder {
            let folder = self.base.join(&relative);
            let (found, errors) = discover::walk(&self.base, &folder);
            for path in found {
                self.files.entry(path).or_insert(index);
            }
            self.errors.extend(errors);
            if !relative.is_empty() {
                self.look_around(path::parent(&relative), index);
            }
            self.roots.push(relative);
            return;
        }
        match discover::is_yaml(&relative) {
            true => self.look_beside(&relative, index),
            false => self.look_around(path::parent(&relative), index),
        }
        self.files.entry(relative).or_insert(index);
        self.roots.push(String::new());
    }

    /// Compose files in a folder and in those above it, to know who runs what was asked for.
    fn look_around(&mut self, folder: &str, index: usize) {
        let mut folder = folder;
        for _ in 0..FOLDERS_ABOVE {
            for candidate in COMPOSE_NAMES.map(|name| path::join(folder, name)) {
                if !self.read_only.contains_key(&candidate) && self.base.join(&candidate).is_file() {
                    self.read_only.insert(candidate, index);
                }
            }
            if folder.is_empty() {
                return;
            }
            folder = path::parent(folder);
        }
    }

    /// A compose file above the base of the run that builds what was asked for, and that nobody looks at: all paths
    /// are shown from the base. The search ends where a repository starts.
    pub fn unheard(&self) -> Option<String> {
        let mut folder = self.base.as_path();
        let mut up = String::new();
        for _ in 0..FOLDERS_ABOVE {
            if folder.join(".git").exists() {
                return None;
            }
            folder = folder.parent()?;
            up += "../";
            let builds_one = |name: &str| {
                let Ok(text) = Disk::new(folder).text(name) else { return false };
                let builds = Compose::parse(&text).map(|parsed| super::load::builds(&parsed, name));
                let built = builds.into_iter().flatten().map(|build| folder.join(build.dockerfile));
                built.into_iter().any(|file| self.asks_for(&file))
            };
            if let Some(name) = COMPOSE_NAMES.iter().find(|name| builds_one(name)) {
                return Some(format!("{up}{name}"));
            }
        }
        None
    }

    /// The base of the run, seen from the top of the git repository that it lies in; empty where it lies in none.
    pub fn folder_in_repository(&self) -> String {
        let base = self.base.canonicalize().unwrap_or_else(|_| self.base.clone());
        let top = base.ancestors().find(|folder| folder.join(".git").exists());
        let below = top.and_then(|top| base.strip_prefix(top).ok()?.to_str().map(str::to_owned));
        path::join("", &below.unwrap_or_default().replace('\\', "/"))
    }

    fn asks_for(&self, file: &Path) -> bool {
        let path = file.strip_prefix(&self.base).ok().and_then(Path::to_str);
        path.is_some_and(|path| self.files.contains_key(&path.replace('\\', "/")))
    }

    /// The other compose files of the folder, which may be read together with this one.
    fn look_beside(&mut self, compose: &str, index: usize) {
        let folder = path::parent(compose);
        for name in Disk::new(&self.base).names(folder).into_iter().filter(|name| discover::is_compose(name))
        {
            self.read_only.entry(path::join(folder, &name)).or_insert(index);
        }
    }

    /// All of it as one project.
    pub fn whole(self) -> Project {
        let roots = self.roots();
        let siblings = self.siblings();
        let (siblings, files) = self.files.into_keys().partition(|path| siblings.contains(path));
        let files: Vec<String> = files;
        let known: BTreeSet<&String> = files.iter().collect();
        let read_only = self.read_only.into_keys().filter(|path| !known.contains(path)).collect();
        Project { files, siblings, read_only, asked: 0, roots }
    }

    /// Where files may be changed.
    pub fn roots(&self) -> Roots {
        Roots(Arc::new(self.roots.iter().cloned().collect()))
    }

    /// The projects, in the order of their first files.
    pub fn cut(&self) -> Vec<Project> {
        let siblings = self.siblings();
        let read_only = self.read_only.iter().filter(|(path, _)| !self.files.contains_key(*path));
        let composes: Vec<&String> = self
            .files
            .keys()
            .filter(|path| discover::is_yaml(path))
            .chain(read_only.clone().map(|(path, _)| path))
            .collect();
        let mut groups = Groups::default();
        let named: Vec<Vec<String>> = composes.par_iter().map(|path| named(&self.base, path)).collect();
        for (compose, named) in composes.into_iter().zip(named) {
            groups.add(compose);
            named.iter().for_each(|other| groups.join(compose, other));
        }
        let dockerfiles: Vec<&String> = self.files.keys().filter(|path| !discover::is_yaml(path)).collect();
        let installed: Vec<Vec<String>> =
            dockerfiles.par_iter().map(|path| manifests::of_dockerfile(&self.base, path)).collect();
        for (dockerfile, installed) in dockerfiles.into_iter().zip(installed) {
            installed.iter().for_each(|manifest| groups.join(dockerfile, manifest));
        }
        for path in self.files.keys().filter(|path| !siblings.contains(*path)) {
            for flavour in ["alpine", "slim"] {
                let sibling = path::sibling(path, flavour);
                if siblings.contains(&sibling) {
                    groups.join(path, &sibling);
                }
            }
        }
        let roots = self.roots();
        let mut projects: BTreeMap<usize, Project> = BTreeMap::new();
        for (path, asked) in &self.files {
            let new = || Project { asked: *asked, roots: roots.clone(), ..Project::default() };
            let project = projects.entry(groups.root_of(path)).or_insert_with(new);
            project.asked = project.asked.min(*asked);
            let list = if siblings.contains(path) { &mut project.siblings } else { &mut project.files };
            list.push(path.clone());
        }
        for (path, _) in read_only {
            if let Some(project) = projects.get_mut(&groups.root_of(path)) {
                project.read_only.push(path.clone());
            }
        }
        let mut projects: Vec<Project> = projects.into_values().collect();
        projects.sort_by(|a, b| a.files.first().cmp(&b.files.first()));
        projects
    }

    /// Those of the files that are what alpinist calls the optimized sibling of another.
    fn siblings(&self) -> BTreeSet<String> {
        let both =
            self.files.keys().flat_map(|path| ["alpine", "slim"].map(|flavour| path::sibling(path, flavour)));
        both.filter(|sibling| self.files.contains_key(sibling)).collect()
    }
}

/// The folder that all paths are shown from: the current one, or the one that holds everything that was asked for.
fn base(current: &Path, asked: &[PathBuf]) -> PathBuf {
    let is_below = |path: &PathBuf| {
        let full = current.join(path);
        full.strip_prefix(current).is_ok_and(|rest| !has_parents(rest))
    };
    if asked.iter().all(is_below) {
        return current.to_owned();
    }
    let folder_of = |path: &PathBuf| {
        let full = current.join(path).canonicalize().ok()?;
        if full.is_dir() { Some(full) } else { full.parent().map(Path::to_owned) }
    };
    let folders = asked.iter().filter_map(folder_of);
    folders.reduce(|a, b| common(&a, &b)).unwrap_or_else(|| current.to_owned())
}

fn has_parents(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "..")
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// What ties a compose file to others: the Dockerfiles that it builds, those whose optimized siblings it builds, the
/// files that it includes or whose services it extends, and its services, since another file of the folder may speak of the same ones.
fn named(base: &Path, compose: &str) -> Vec<String> {
    let disk = Disk::new(base);
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut waiting = vec![compose.to_owned()];
    while let Some(path) = waiting.pop() {
        // What cannot be read is reported when the project is loaded.
        let Some(parsed) = disk.text(&path).ok().and_then(|text| Compose::parse(&text).ok()) else {
            continue;
        };
        let folder = path::parent(&path);
        let built = super::load::builds(&parsed, &path).into_iter().map(|build| build.dockerfile);
        found.extend(
            built.flat_map(|path| {
                path::originals(&path).into_iter().map(|(_, original)| original).chain([path])
            }),
        );
        // No path holds this character.
        found.extend(parsed.services.iter().map(|service| format!("{folder}\0{}", service.name)));
        for part in parsed.parts().into_iter().map(|part| path::join(folder, &part)) {
            if discover::is_yaml(&part) && seen.insert(part.clone()) {
                waiting.push(part.clone());
            }
            found.push(part);
        }
    }
    found
}

/// Paths that belong together.
#[derive(Debug, Default)]
struct Groups {
    ids: BTreeMap<String, usize>,
    parents: Vec<usize>,
}

impl Groups {
    fn add(&mut self, path: &str) -> usize {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        let id = self.parents.len();
        self.parents.push(id);
        self.ids.insert(path.to_owned(), id);
        id
    }

    fn root_of(&mut self, path: &str) -> usize {
        let mut id = self.add(path);
        while self.parents[id] != id {
            self.parents[id] = self.parents[self.parents[id]];
            id = self.parents[id];
        }
        id
    }

    fn join(&mut self, a: &str, b: &str) {
        let (a, b) = (self.root_of(a), self.root_of(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_what_is_joined() {
        let mut groups = Groups::default();
        groups.join("a", "b");
        groups.join("c", "d");
        groups.join("b", "d");
        assert_eq!(groups.root_of("a"), groups.root_of("c"));
        assert_ne!(groups.root_of("a"), groups.root_of("e"));
    }

    #[test]
    fn paths_are_seen_from_the_folder_that_holds_all() {
        assert_eq!(common(Path::new("/a/b/c"), Path::new("/a/b/d/e")), Path::new("/a/b"));
        assert_eq!(base(Path::new("/"), &[PathBuf::from("x"), PathBuf::from("./y/z")]), Path::new("/"));
    }
}
