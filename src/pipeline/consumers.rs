//! What is said of the files that name a changed Dockerfile and are not edited.

use crate::{
    plan::{Base, Finding, Output},
    source::{FileId, FileKind, Place},
    workspace::{Consumer, Workspace},
};

/// How many places are named; the rest is counted.
const MOST: usize = 8;

/// A finding for each Dockerfile that is written and that other files name.
pub(super) fn findings(ws: &Workspace, outputs: &[Output]) -> Vec<Finding> {
    let dockerfiles = ws.files.iter().enumerate().filter(|(_, file)| file.kind == FileKind::Dockerfile);
    let finding = |(index, path): (usize, &String)| {
        let id = FileId(index);
        let output = outputs.iter().find(|output| match &output.base {
            Base::Copy { path: from, .. } => from == path,
            Base::Same(_) | Base::New { .. } => output.path == *path,
        })?;
        let places = places(ws.consumers_of(id))?;
        let outcome = match output.path == *path {
            true => "takes the changed file from now on".to_owned(),
            false => format!("goes on with {path}"),
        };
        let what = format!("Also named in {places}. That is not edited and {outcome} (FILE-01).");
        let place = Place { line: 1, column: 1 };
        Some(Finding { topic: "consumers", file: id, place, what })
    };
    dockerfiles.map(|(index, file)| (index, &file.path)).filter_map(finding).collect()
}

fn places<'c>(consumers: impl Iterator<Item = &'c Consumer>) -> Option<String> {
    let all: Vec<String> = consumers.map(|consumer| format!("{}:{}", consumer.path, consumer.line)).collect();
    match (all.len(), all.len().saturating_sub(MOST)) {
        (0, _) => None,
        (_, 0) => Some(all.join(", ")),
        (_, more) => Some(format!("{} and {more} more", all[..MOST].join(", "))),
    }
}
