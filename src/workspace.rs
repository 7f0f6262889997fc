//! The project's files as text. Reading is in `load`, writing in `store`: the only I/O.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    effects::World,
    source::{FileId, SourceFile},
};

mod build_args;
mod code;
mod consumers;
pub mod discover;
mod disk;
mod gather;
pub mod load;
mod manifests;
mod merges;
pub mod path;
mod program;
pub mod projects;
mod run_mounts;
mod runs;
mod scripts;
mod sources;
pub mod store;

pub use build_args::BuildArgument;
pub use code::Sources;
pub use consumers::{Consumer, Neighbours};
pub use merges::Merge;
pub use program::Program;
pub use run_mounts::RunMount;

/// What stands at a path of the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A folder.
    Folder,
    /// A file; its text where it was read and is UTF-8.
    File(Option<Arc<str>>),
}

/// A Dockerfile with its build context and the services that run it.
#[derive(Clone, Debug)]
pub struct Image {
    /// The Dockerfile.
    pub dockerfile: FileId,
    /// The context folder; empty for the folder that paths are relative to.
    pub context: String,
    /// Compose file and name of each service that is built from it.
    pub services: Vec<(FileId, String)>,
    /// What its build context holds, as far as it is asked for.
    pub world: World,
}

/// An ignore file that a change added to.
#[derive(Clone, Debug)]
pub struct Ignored {
    /// Its text as it was read; none where it is new.
    pub read: Option<Arc<str>>,
    /// The Dockerfile that needs the entry.
    pub dockerfile: String,
}

/// The files of a project: what may change, and what was looked at.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Files that passes may change.
    pub files: Vec<SourceFile>,
    /// The images to be built.
    pub images: Vec<Image>,
    /// Ignore files that changes of this run added to.
    pub ignores: BTreeMap<String, Ignored>,
    /// Siblings that exist already, with their text.
    pub siblings: BTreeMap<String, Arc<str>>,
    /// Who else names the Dockerfiles.
    pub consumers: Vec<Consumer>,
    /// Lists of compose files that something in the project has compose read together.
    pub merges: Vec<Merge>,
    /// What makefiles, scripts and workflows mount where they start the image of a Dockerfile.
    pub run_mounts: BTreeMap<FileId, Vec<RunMount>>,
    /// What makefiles, scripts and workflows pass where they build the image of a Dockerfile.
    pub build_arguments: BTreeMap<FileId, Vec<BuildArgument>>,
    /// Files that are not to be changed in this run, only looked at.
    pub read_only: Vec<FileId>,
}

impl Workspace {
    /// The file with this id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0]
    }

    /// The file at `path`.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.iter().position(|file| file.path == path).map(FileId)
    }

    /// Puts another text in place of a file's, for those too who see it in a build context.
    pub fn replace(&mut self, id: FileId, file: SourceFile) {
        self.images.iter_mut().for_each(|image| image.world.replace(&file.path, &file.text));
        self.files[id.0] = file;
    }

    /// The same workspace with another text for one file.
    pub fn with_text(&self, id: FileId, text: impl Into<Arc<str>>) -> Workspace {
        let mut next = self.clone();
        next.files[id.0].text = text.into();
        next
    }

    /// Who else names the Dockerfile `id`.
    pub fn consumers_of(&self, id: FileId) -> impl Iterator<Item = &Consumer> {
        self.consumers.iter().filter(move |consumer| consumer.dockerfile == id)
    }
}
