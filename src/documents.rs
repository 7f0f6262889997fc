//! Files as trees, parsed once a text.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    compose::{Compose, ComposeError},
    docker::{self, Dockerfile, DockerfileError},
    manifest::read_once::Manifests,
    places::Places,
    source::{FileId, FileKind, SourceFile},
};

/// The Dockerfiles and compose files of a workspace, parsed.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// The Dockerfiles.
    pub dockerfiles: BTreeMap<FileId, Dockerfile>,
    /// The compose files.
    pub composes: BTreeMap<FileId, Compose>,
    /// Where the files stood as they were read.
    pub places: Places,
    /// The manifests and locks that were asked for.
    pub manifests: Arc<Manifests>,
}

/// Why a text is no Dockerfile or no compose file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DocumentError {
    /// BuildKit would refuse it.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// It is no YAML, or no compose file.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

impl Documents {
    /// Parses `files`, each under its position; one that does not parse is left out.
    pub fn of(files: &[SourceFile]) -> Self {
        let mut documents = Self::default();
        for (index, file) in files.iter().enumerate() {
            // Files that do not parse never get into a workspace.
            let _ = documents.read(FileId(index), file);
        }
        documents
    }

    /// Parses `file` as the file `id`.
    ///
    /// # Errors
    /// When it does not parse; what was held of that file then stays.
    pub fn read(&mut self, id: FileId, file: &SourceFile) -> Result<(), DocumentError> {
        match file.kind {
            FileKind::Compose => drop(self.composes.insert(id, Compose::parse(&file.text)?)),
            FileKind::Dockerfile => {
                // What passes make of a file may be longer than what is taken in.
                let parse = if file.is_changed() { docker::parse } else { docker::parse_bounded };
                self.dockerfiles.insert(id, parse(&file.text)?);
            }
            _ => {}
        }
        self.places.forget(id);
        Ok(())
    }

    /// Takes over what `fresh` holds, in place of what was held of those files.
    pub fn replace(&mut self, mut fresh: Documents) {
        for &id in fresh.dockerfiles.keys().chain(fresh.composes.keys()) {
            self.places.forget(id);
        }
        self.dockerfiles.append(&mut fresh.dockerfiles);
        self.composes.append(&mut fresh.composes);
    }
}
