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
            let base = Base::Copy { path: ignore, text: rules.to_string() };
            let path = format!("{sibling}.dockerignore");
            outputs.push(Output { path, of, text: rules.to_string(), base });
        }
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    (outputs, conflicts)
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
