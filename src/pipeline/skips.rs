//! Files that no pass may change: their author says so, or a program writes them.

use std::collections::BTreeMap;

use super::pragmas::Pragmas;
use crate::{
    documents::Documents,
    facts::generated,
    pass::Change,
    plan::Skip,
    source::{FileId, FileKind, place},
    workspace::Workspace,
};

const OUTSIDE: &str = "it lies outside the folders that were named; name it or its folder as well";

/// How many services a compose file may have: each edit is tried out on the whole file.
const MOST_SERVICES: usize = 1_000;
/// How many instructions a Dockerfile may have: some facts look at every pair of them.
const MOST_INSTRUCTIONS: usize = 4_000;

fn too_many(documents: &Documents, id: FileId) -> Option<(usize, String)> {
    let services =
        documents.composes.get(&id).map(|compose| (compose.services.len(), MOST_SERVICES, "services"));
    let instructions = documents.dockerfiles.get(&id);
    let instructions = instructions.map(|file| (file.instructions.len(), MOST_INSTRUCTIONS, "instructions"));
    let (count, most, what) = services.or(instructions).filter(|(count, most, _)| count > most)?;
    Some((0, format!("it has {count} {what}; files with more than {most} are only read")))
}

/// A name that a continuation cuts is read as BuildKit reads it, but no line holds it to rewrite.
fn cut_name(documents: &Documents, (id, text): (FileId, &str)) -> Option<(usize, String)> {
    let mut names = documents.dockerfiles.get(&id)?.instructions.iter().map(|step| step.keyword_span);
    let cut = names.find(|name| name.of(text).contains('\n'))?;
    Some((cut.start, "the name of an instruction goes on in the next line; write it in one".to_owned()))
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
                    (pragma.span.start, "a pragma asks for it".to_owned())
                }
                Some(pragma) => (pragma.span.start, format!("a pragma asks for it: {}", pragma.reason)),
                None if is_outside(ws, id) => (0, OUTSIDE.to_owned()),
                None => generated::sign(file.kind, &file.text)
                    .or_else(|| too_many(documents, id))
                    .or_else(|| cut_name(documents, (id, &file.text)))?,
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

    /// Takes the images out whose Dockerfile is too large to look at.
    pub(super) fn leave_out(&self, ws: &mut Workspace, documents: &Documents) {
        ws.images.retain(|image| {
            !self.contains(image.dockerfile) || too_many(documents, image.dockerfile).is_none()
        });
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
