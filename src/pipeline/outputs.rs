//! What a finished run writes: changed files, or optimized siblings beside the originals.

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
        let base = Base::Copy { path: file.path.clone(), text: old };
        let was_current = push_new(
            ws,
            options.force,
            &mut outputs,
            &mut conflicts,
            Output { path: sibling.clone(), of: of.clone(), text, base },
        );
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

/// Adds a new file unless it is there already; `true` when it is there with the same text.
fn push_new(
    ws: &Workspace,
    force: bool,
    outputs: &mut Vec<Output>,
    conflicts: &mut Vec<Conflict>,
    output: Output,
) -> bool {
    match ws.siblings.get(&output.path) {
        Some(text) if **text == *output.text => return true,
        Some(text) if force => {
            let base = Base::Same(text.to_string());
            outputs.push(Output { base, ..output });
        }
        Some(_) => conflicts.push(Conflict { path: output.path, of: output.of }),
        None => outputs.push(output),
    }
    false
}
