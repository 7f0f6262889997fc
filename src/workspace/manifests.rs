//! Manifests that passes may change: those that name a server which another is to replace.

use std::collections::BTreeMap;

use super::{Entry, Workspace, path, projects::Roots};
use crate::{
    documents::Documents,
    source::{FileKind, SourceFile},
};

/// The package that a requirement may be added beside.
const BESIDE: &str = "uvicorn";

/// Takes the manifests in that stand in the build context of an image which starts several workers.
pub(super) fn take_in(ws: &mut Workspace, documents: &Documents, roots: &Roots) {
    let starts_workers = |id| {
        documents.dockerfiles.contains_key(&id) && {
            let text = &ws.file(id).text;
            text.contains(BESIDE) && (text.contains("--workers") || text.contains("WEB_CONCURRENCY"))
        }
    };
    let images = ws.images.iter().filter(|image| starts_workers(image.dockerfile));
    let is_within =
        |path: &str, context: &str| context.is_empty() || path.starts_with(&format!("{context}/"));
    let texts = images.flat_map(|image| image.world.entries().map(move |(path, entry)| (image, path, entry)));
    let texts = texts.filter_map(|(image, path, entry)| match entry {
        Entry::File(Some(text))
            if is_manifest(path) && is_within(path, &image.context) && text.contains(BESIDE) =>
        {
            Some((path.clone(), text.clone()))
        }
        _ => None,
    });
    let found: BTreeMap<_, _> =
        texts.filter(|(path, _)| roots.hold(path) && ws.find(path).is_none()).collect();
    for (path, text) in found {
        let (on_disk, kind) = (text.clone(), FileKind::Manifest);
        ws.files.push(SourceFile { path, kind, text, on_disk });
    }
}

fn is_manifest(path: &str) -> bool {
    let name = path::name(path);
    name == "pyproject.toml" || name.ends_with(".txt") && name.contains("requirements")
}
