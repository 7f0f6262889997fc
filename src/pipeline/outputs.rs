//! What a finished run writes: changed files, or optimized siblings beside the originals.

use super::mark;
use crate::{
    documents::Documents,
    facts::{beside, is_alpine},
    options::Options,
    plan::{Base, Conflict, Output},
    source::{FileId, FileKind},
    workspace::{Workspace, path},
};

/// The outputs of `ws`, by path, and the siblings that are in the way.
pub(super) fn of(ws: &Workspace, documents: &Documents, options: &Options) -> (Vec<Output>, Vec<Conflict>) {
    let mut outputs = Vec::new();
    let mut conflicts = Vec::new();
    for (index, file) in ws.files.iter().enumerate().filter(|(_, file)| file.is_changed()) {
        let (old, text) = (file.on_disk.to_string(), file.text.to_string());
        let of = file.path.clone();
        let dockerfile = documents.dockerfiles.get(&FileId(index));
        let is_beside = dockerfile.is_some_and(|after| beside::is_beside(file, after, options));
        if file.kind != FileKind::Dockerfile || !is_beside {
            outputs.push(Output { path: of.clone(), of, text, base: Base::Same(old) });
            continue;
        }
        let flavour = if dockerfile.is_some_and(is_alpine) { "alpine" } else { "slim" };
        let sibling = path::sibling(&file.path, flavour);
        let text = mark::marked(&text, (path::name(&file.path), &old));
        let base = Base::Copy { path: file.path.clone(), text: old };
        let output = Output { path: sibling.clone(), of: of.clone(), text, base };
        let was_current = match beside(ws, options.force, output) {
            Beside::Current => true,
            Beside::New(output) => {
                outputs.push(output);
                false
            }
            Beside::InTheWay(conflict) => {
                conflicts.push(conflict);
                false
            }
        };
        let ignore = format!("{}.dockerignore", file.path);
        let mut images = ws.images.iter().filter(|image| image.dockerfile.0 == index);
        let rules = images.find_map(|image| image.world.text(&ignore));
        if let (Some(rules), false) = (rules, was_current) {
            let read = ws.ignores.get(&ignore).and_then(|ignored| ignored.read.clone());
            let read = read.unwrap_or_else(|| rules.clone());
            let base = Base::Copy { path: ignore, text: read.to_string() };
            let path = format!("{sibling}.dockerignore");
            outputs.push(Output { path, of, text: rules.to_string(), base });
        }
    }
    outputs.extend(ignores(ws, options));
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    (outputs, conflicts)
}

/// The ignore files that changes added to; one that goes along with a sibling stays as it is.
fn ignores(ws: &Workspace, options: &Options) -> Vec<Output> {
    let of_sibling = |path: &str| {
        let dockerfile = path.strip_suffix(".dockerignore").unwrap_or_default();
        !options.in_place && ws.find(dockerfile).is_some()
    };
    let changed = ws.ignores.iter().filter(|(path, _)| !of_sibling(path));
    let outputs = changed.filter_map(|(path, ignored)| {
        let id = ws.find(&ignored.dockerfile)?;
        let image = ws.images.iter().find(|image| image.dockerfile == id)?;
        let text = image.world.text(path)?.to_string();
        let base = match &ignored.read {
            Some(text) => Base::Same(text.to_string()),
            None => Base::New { like: ignored.dockerfile.clone() },
        };
        Some(Output { path: path.clone(), of: path.clone(), text, base })
    });
    outputs.collect()
}

/// What becomes of a sibling.
enum Beside {
    /// It is there with the same text.
    Current,
    /// It is to be written.
    New(Output),
    /// It holds what somebody else wrote.
    InTheWay(Conflict),
}

/// What becomes of a sibling, with what stands there now.
fn beside(ws: &Workspace, force: bool, output: Output) -> Beside {
    let Some(text) = ws.siblings.get(&output.path) else { return Beside::New(output) };
    let wanted = mark::unmarked(&output.text);
    if **text == *output.text || **text == *wanted {
        return Beside::Current;
    }
    let source = match &output.base {
        Base::Copy { text, .. } | Base::Same(text) => text.as_str(),
        Base::New { .. } => "",
    };
    let state = mark::state(text, source);
    if force || state == mark::State::Untouched {
        let base = Base::Same(text.to_string());
        return Beside::New(Output { base, ..output });
    }
    let is_old = state == mark::State::EditedAndOld;
    Beside::InTheWay(Conflict { path: output.path, of: output.of, is_old })
}
