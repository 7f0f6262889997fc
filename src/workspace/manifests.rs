//! Manifests that passes may change: those that name a server which another is to replace.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Entry, Workspace, disk::Disk, path, projects::Roots};
use crate::{
    documents::Documents,
    source::{FileKind, SourceFile},
};

/// The package that a requirement may be added beside.
const BESIDE: &str = "uvicorn";

/// Whether a Dockerfile starts several workers.
fn starts_workers(text: &str) -> bool {
    text.contains(BESIDE) && (text.contains("--workers") || text.contains("WEB_CONCURRENCY"))
}

/// The manifests that the Dockerfile at `path` may install from, when it starts several workers; seen from its own
/// folder or from one above. Two Dockerfiles that name the same one belong together.
pub(super) fn of_dockerfile(base: &Path, path: &str) -> Vec<String> {
    let Ok(text) = Disk::new(base).text(path) else { return Vec::new() };
    if !starts_workers(&text) {
        return Vec::new();
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    let words = text.split(|c: char| !is_part(c)).filter(|word| is_manifest(word));
    let words: BTreeSet<&str> = words.chain(["pyproject.toml"]).collect();
    let mut found = Vec::new();
    let mut folder = path::parent(path);
    loop {
        let there = words.iter().map(|word| path::join(folder, word));
        found.extend(there.filter(|path| base.join(path).is_file()));
        if folder.is_empty() {
            return found;
        }
        folder = path::parent(folder);
    }
}

/// Takes the manifests in that stand in the build context of an image which starts several workers.
pub(super) fn take_in(ws: &mut Workspace, documents: &Documents, roots: &Roots) {
    let starts_workers = |id| documents.dockerfiles.contains_key(&id) && starts_workers(&ws.file(id).text);
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
