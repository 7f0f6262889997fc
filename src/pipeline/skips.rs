//! Files that no pass may change: their author says so, or a program writes them.

use std::collections::BTreeMap;

use super::pragmas::Pragmas;
use crate::{
    compose, docker,
    documents::Documents,
    facts::generated,
    pass::Change,
    plan::Skip,
    source::{FileId, FileKind, place},
    workspace::{Image, Workspace},
};

const OUTSIDE: &str = "it lies outside the folders that were named; name it or its folder as well";

/// How many services a compose file may have: each may change, and a change takes some 30 KB of memory.
const MOST_SERVICES: usize = 1_000;
/// How many values may be read to try out the edits of a compose file: all of the file for each service whose
/// anchor another one uses.
const MOST_TRIED: usize = 250_000;
/// How many instructions the services of a compose file may run, those of an image counted for each service.
const MOST_RUN: usize = 500_000;

/// What in a compose file is too much to change it.
fn too_much(ws: &Workspace, documents: &Documents, (id, text): (FileId, &str)) -> Option<(usize, String)> {
    let compose = documents.composes.get(&id)?;
    let count = compose.services.len();
    let why = if count > MOST_SERVICES {
        format!("it has {count} services; files with more than {MOST_SERVICES} are only read")
    } else if instructions_run(ws, documents, id) > MOST_RUN {
        format!("its services run more than {MOST_RUN} instructions; give them fewer or shorter Dockerfiles")
    } else if compose::values_tried(text, compose, MOST_TRIED) > MOST_TRIED {
        "its services share too many anchors to try out a change of each; use extension fields (x-…)"
            .to_owned()
    } else {
        return None;
    };
    Some((0, why))
}

/// The instructions of the images that the services of a compose file run, for each service.
fn instructions_run(ws: &Workspace, documents: &Documents, id: FileId) -> usize {
    let of_image = |image: &Image| {
        let services = image.services.iter().filter(|(file, _)| *file == id).count();
        let file = documents.dockerfiles.get(&image.dockerfile);
        services * file.map_or(0, |file| file.instructions.len())
    };
    ws.images.iter().map(of_image).sum()
}

/// A name that a continuation cuts is read as BuildKit reads it, but no line holds it to rewrite.
fn cut_name(documents: &Documents, (id, text): (FileId, &str)) -> Option<(usize, String)> {
    let mut names = documents.dockerfiles.get(&id)?.instructions.iter().map(|step| step.keyword_span);
    let cut = names.find(|name| name.of(text).contains('\n'))?;
    Some((cut.start(), "the name of an instruction goes on in the next line; write it in one".to_owned()))
}

/// A FROM that starts no stage is a slip of the author, and no change around it would be one that they expect.
fn hidden_stage(documents: &Documents, (id, text): (FileId, &str)) -> Option<(usize, String)> {
    let hidden = docker::hidden_stage(documents.dockerfiles.get(&id)?, text)?;
    let why = "this FROM is read as a part of the instruction above it, whose last line ends in a backslash";
    Some((hidden.start(), why.to_owned()))
}

fn is_outside(ws: &Workspace, id: FileId) -> bool {
    ws.file(id).kind == FileKind::Dockerfile && ws.read_only.contains(&id)
}

/// The files that are left alone, and why.
#[derive(Debug, Default)]
pub(super) struct Skips(BTreeMap<FileId, Skip>);

impl Skips {
    /// The files of `ws` that are left alone.
    pub(super) fn of(ws: &Workspace, documents: &Documents, pragmas: &Pragmas) -> Self {
        let skips = ws.files.iter().enumerate().filter_map(|(index, file)| {
            let id = FileId(index);
            let (offset, why) = match pragmas.skipping(id) {
                Some(pragma) if pragma.reason.is_empty() => {
                    (pragma.span.start(), "a pragma asks for it".to_owned())
                }
                Some(pragma) => (pragma.span.start(), format!("a pragma asks for it: {}", pragma.reason)),
                None if is_outside(ws, id) => (0, OUTSIDE.to_owned()),
                None => generated::sign(file.kind, &file.text)
                    .or_else(|| too_much(ws, documents, (id, &file.text)))
                    .or_else(|| cut_name(documents, (id, &file.text)))
                    .or_else(|| hidden_stage(documents, (id, &file.text)))?,
            };
            let line = place(&file.text, offset).line;
            Some((id, Skip { path: file.path.clone(), line, why }))
        });
        Self(skips.collect())
    }

    /// The files.
    pub(super) fn ids(&self) -> impl Iterator<Item = FileId> {
        self.0.keys().copied()
    }

    /// Whether nothing is said of this file but that it is left alone.
    pub(super) fn contains(&self, id: FileId) -> bool {
        self.0.contains_key(&id)
    }

    /// Why a change of another file cannot be made without one of these.
    pub(super) fn in_the_way(&self, change: &Change) -> Option<String> {
        let skip = change.edits.iter().find_map(|edit| self.0.get(&edit.file))?;
        Some(format!("it would change {} as well, which is left alone: {}", skip.path, skip.why))
    }

    /// For the plan.
    pub(super) fn into_list(self) -> Vec<Skip> {
        self.0.into_values().collect()
    }
}
