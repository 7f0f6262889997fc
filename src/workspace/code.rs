//! Reading the program text that an image copies, where somebody asks what its service writes.

use std::{collections::BTreeMap, sync::Arc};

use super::{Entry, Image, disk::Disk, path};
use crate::{
    docker::{Dockerfile, Keyword},
    facts::{build_context, program_text, root_image},
};

/// How many files and folders of one source are looked at, and how many bytes of program text are read.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: usize = 16 << 20;

/// The largest file that is read; larger ones are made by tools.
const LARGEST: usize = 1 << 20;

/// How many lines of one file are kept.
const MOST_TOLD: usize = 1_000;

/// Folders that hold no program text of the service's own.
const LEFT_OUT: [&str; 10] = [
    "__pycache__",
    "__tests__",
    "docs",
    "documentation",
    "examples",
    "node_modules",
    "site-packages",
    "test",
    "tests",
    "venv",
];

/// What the program text that an image copies tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Each line that tells of a file, with the file that it stands in.
    pub told: Vec<(Arc<str>, program_text::Told)>,
    /// The packages that its lines import, each with the file.
    pub imports: Vec<(Arc<str>, program_text::Import)>,
    /// The files.
    pub files: Vec<Arc<str>>,
    /// Those whose first line names the Python in /usr/local/bin.
    pub bound: Vec<Arc<str>>,
    /// Whether there is more of it than is read.
    pub is_cut: bool,
}

/// Reads program text, each source once.
#[derive(Default)]
pub(super) struct Reader {
    read: BTreeMap<String, Arc<Code>>,
}

impl Reader {
    /// What the sources of an image tell of; none where nobody asks.
    pub(super) fn of(&mut self, disk: &Disk, image: &Image, dockerfile: &Dockerfile) -> Vec<Arc<Code>> {
        if !is_asked_for(image, dockerfile) {
            return Vec::new();
        }
        let copies = dockerfile.instructions.iter().filter_map(build_context::local_copy);
        let mut sources: Vec<String> = copies
            .flat_map(|(sources, _)| sources)
            .map(|source| build_context::context_path(&image.context, before_pattern(&source.text)))
            .collect();
        sources.sort_unstable();
        sources.dedup();
        let above = sources.clone();
        // What lies in another source is read with it.
        sources.retain(|source| !above.iter().any(|other| other != source && is_in(source, other)));
        sources.into_iter().map(|source| self.source(disk, source)).collect()
    }

    fn source(&mut self, disk: &Disk, source: String) -> Arc<Code> {
        if let Some(known) = self.read.get(&source) {
            return known.clone();
        }
        let mut walk = Walk { disk, code: Code::default(), entries: 0, bytes: 0 };
        walk.enter(&source);
        let code = Arc::new(walk.code);
        self.read.insert(source, code.clone());
        code
    }
}

fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The folder of a source that holds a wildcard or a variable, or the source itself.
fn before_pattern(source: &str) -> &str {
    match source.find(['*', '?', '[', '$']) {
        Some(at) => source[..at].rsplit_once('/').map_or(".", |(folder, _)| folder),
        None => source,
    }
}

/// Whether a user, a read-only file system or an image without development dependencies may be proposed: the service
/// starts as root on an image of Python, the image is one of Node, or compose runs it.
fn is_asked_for(image: &Image, dockerfile: &Dockerfile) -> bool {
    let Some(stage) = dockerfile.final_stage() else { return false };
    let mut stages = dockerfile.lineage(stage).flat_map(|stage| dockerfile.instructions_of(stage));
    let (mut is_started, mut has_user, mut has_volume) = (false, false, false);
    stages.by_ref().for_each(|step| match step.keyword {
        Keyword::Cmd | Keyword::Entrypoint => is_started = true,
        Keyword::User => has_user = true,
        Keyword::Volume => has_volume = true,
        _ => {}
    });
    let base = root_image(dockerfile, stage).official_name();
    let gets_user = !has_user && !has_volume && base == Some("python");
    !image.services.is_empty() || (is_started && (gets_user || base == Some("node")))
}

struct Walk<'d> {
    disk: &'d Disk,
    code: Code,
    entries: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn enter(&mut self, source: &str) {
        let mut waiting = match self.disk.entry(source) {
            Entry::Folder => vec![source.to_owned()],
            Entry::File(_) => return self.read(source),
            Entry::Missing => return,
        };
        while let Some(at) = waiting.pop() {
            let mut below = self.disk.below(&at);
            self.entries += below.len();
            if self.entries > MOST_ENTRIES || self.bytes > MOST_BYTES {
                self.code.is_cut = true;
                return;
            }
            below.retain(|(name, _)| !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()));
            below.sort_unstable();
            for (name, is_folder) in below {
                let path = path::join(&at, &name);
                if is_folder { waiting.push(path) } else { self.read(&path) }
            }
        }
    }

    fn read(&mut self, file: &str) {
        let is_settings = program_text::is_settings(path::name(file));
        if !program_text::is_read(file) && !is_settings {
            return;
        }
        let Some(text) = self.disk.small_text(file, LARGEST) else { return };
        self.bytes += text.len();
        let file: Arc<str> = file.into();
        let told =
            if is_settings { program_text::told_by_settings(&text) } else { program_text::told_of(&text) };
        let imports = match program_text::is_script(&file) {
            true => program_text::imports(&text),
            false => program_text::imports_pkg_resources(&text).into_iter().collect(),
        };
        self.code.is_cut |= told.len() > MOST_TOLD || imports.len() > MOST_TOLD;
        self.code.told.extend(told.into_iter().take(MOST_TOLD).map(|told| (file.clone(), told)));
        self.code.imports.extend(imports.into_iter().take(MOST_TOLD).map(|import| (file.clone(), import)));
        if text.starts_with("#!/usr/local/bin/python") {
            self.code.bound.push(file.clone());
        }
        self.code.files.push(file);
    }
}
