//! The project's files as text. Reading is in `load`, writing in `store`: the only I/O.

use std::{collections::BTreeMap, sync::Arc};

use crate::source::{FileId, SourceFile};

mod code;
mod consumers;
pub mod discover;
mod disk;
mod gather;
pub mod load;
pub mod path;
mod program;
pub mod projects;
mod runs;
mod scripts;
mod sources;
pub mod store;

pub use code::Code;
pub use consumers::{Consumer, Neighbours};
pub use program::Program;

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
    /// What the build contexts hold, as far as the Dockerfiles ask for it.
    pub context: BTreeMap<String, Entry>,
    /// Ignore files that changes of this run added to.
    pub ignores: BTreeMap<String, Ignored>,
    /// What those of its files are that an image copies by name or starts.
    pub programs: BTreeMap<String, Program>,
    /// What the program text that a Dockerfile copies tells of, where somebody asks.
    pub code: BTreeMap<FileId, Vec<Arc<Code>>>,
    /// Siblings that exist already, with their text.
    pub siblings: BTreeMap<String, Arc<str>>,
    /// Who else names the Dockerfiles.
    pub consumers: Vec<Consumer>,
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

    /// The same workspace with another text for one file.
    pub fn with_text(&self, id: FileId, text: impl Into<Arc<str>>) -> Workspace {
        let mut next = self.clone();
        next.files[id.0].text = text.into();
        next
    }

    /// What stands at `path` of a build context, if anybody looked.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.context.get(path)
    }

    /// What the file at `path` of a build context is to the kernel, if anybody looked.
    pub fn program(&self, path: &str) -> Option<&Program> {
        self.programs.get(path)
    }

    /// Who else names the Dockerfile `id`.
    pub fn consumers_of(&self, id: FileId) -> impl Iterator<Item = &Consumer> {
        self.consumers.iter().filter(move |consumer| consumer.dockerfile == id)
    }

    /// What the program text that the Dockerfile `id` copies tells of.
    pub fn code_of(&self, id: FileId) -> impl Iterator<Item = &Code> {
        self.code.get(&id).into_iter().flatten().map(|code| &**code)
    }

    /// The text of a context file, if it was read.
    pub fn context_text(&self, path: &str) -> Option<&Arc<str>> {
        match self.context.get(path)? {
            Entry::File(text) => text.as_ref(),
            _ => None,
        }
    }
}
