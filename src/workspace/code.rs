//! Reading the program text that an image holds, when somebody asks what it tells.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Entry, Image, path};
use crate::{
    docker::{Dockerfile, ignore::Ignore},
    effects::{Finding, ProgramText, program::found_in},
    facts::build_context,
    knowledge::signs,
};

/// How many files and folders of an image are looked at, and how many bytes of program text are read.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: usize = 16 << 20;

/// The largest file that is read; larger ones are made by tools.
const LARGEST: u64 = 1 << 20;

/// What a file tells, whether that is all of it, and how long it is.
#[derive(Debug)]
struct Told {
    findings: Arc<[Finding]>,
    is_cut: bool,
    bytes: usize,
}

/// The folder of a project, and what its program text tells: each file is read once, whoever asks.
#[derive(Debug, Default)]
pub(super) struct Library {
    base: PathBuf,
    read: Mutex<BTreeMap<String, Arc<Told>>>,
}

impl Library {
    /// The files below `base`.
    pub(super) fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), read: Mutex::default() }
    }

    /// What a file tells; none where it is no program text, too large or not UTF-8.
    fn told(&self, file: &str) -> Option<Arc<Told>> {
        let language = signs::language(file)?;
        if let Some(known) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(file) {
            return Some(known.clone());
        }
        let full = self.base.join(file);
        if std::fs::metadata(&full).ok()?.len() > LARGEST {
            return None;
        }
        let text = std::fs::read_to_string(full).ok()?;
        let (findings, is_cut) = found_in(&file.into(), language, &text);
        let told = Arc::new(Told { findings: findings.into(), is_cut, bytes: text.len() });
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        Some(read.entry(file.to_owned()).or_insert(told).clone())
    }

    /// The names of what stands in `folder`, each with whether it is a folder; links are left out.
    fn below(&self, folder: &str) -> Vec<(String, bool)> {
        let Ok(entries) = std::fs::read_dir(self.base.join(folder)) else { return Vec::new() };
        let own = entries.flatten().filter_map(|entry| {
            let kind = entry.file_type().ok().filter(|kind| kind.is_dir() || kind.is_file())?;
            Some((entry.file_name().into_string().ok()?, kind.is_dir()))
        });
        own.collect()
    }

    fn entry(&self, path: &str) -> Entry {
        match std::fs::metadata(self.base.join(path)) {
            Err(_) => Entry::Missing,
            Ok(kind) if kind.is_dir() => Entry::Folder,
            Ok(_) => Entry::File(None),
        }
    }
}

/// Where the program text of an image stands: what its Dockerfile copies, without what an ignore file keeps out.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    library: Arc<Library>,
    context: String,
    copied: Vec<Copied>,
    ignore: Option<Ignore>,
}

/// A file or folder that is copied, or the folder of those files whose names fit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Copied {
    path: String,
    pattern: Option<String>,
}

impl Copied {
    fn of(context: &str, source: &str) -> Self {
        let Some(at) = source.find(['*', '?', '[', '$']) else {
            return Self { path: build_context::context_path(context, source), pattern: None };
        };
        let (folder, from) = source[..at].rfind('/').map_or((".", 0), |slash| (&source[..slash], slash + 1));
        let first = source[from..].split('/').next().filter(|first| is_glob(first));
        Self { path: build_context::context_path(context, folder), pattern: first.map(str::to_owned) }
    }
}

impl Sources {
    /// Those of an image, of whose context these rules keep files out.
    pub(super) fn of(
        library: &Arc<Library>,
        (image, dockerfile): (&Image, &Dockerfile),
        ignore: Option<Ignore>,
    ) -> Self {
        let copies = dockerfile.instructions.iter().filter_map(build_context::local_copy);
        let sources = copies.flat_map(|(sources, _)| sources);
        let mut copied: Vec<Copied> =
            sources.map(|source| Copied::of(&image.context, &source.text)).collect();
        copied.sort_unstable();
        copied.dedup();
        let whole: Vec<String> = copied
            .iter()
            .filter(|copied| copied.pattern.is_none())
            .map(|copied| copied.path.clone())
            .collect();
        // What lies in another source is read with it.
        copied.retain(|copied| {
            let is_in = |other: &String| {
                is_in(&copied.path, other) || (copied.pattern.is_some() && copied.path == *other)
            };
            !whole.iter().any(is_in)
        });
        Self { library: library.clone(), context: image.context.clone(), copied, ignore }
    }

    /// What it all tells.
    pub(crate) fn read(&self) -> ProgramText {
        let mut walk = Walk { sources: self, text: ProgramText::default(), entries: 0, bytes: 0 };
        self.copied.iter().for_each(|copied| walk.enter(copied));
        walk.text
    }

    /// Whether the builder does not get to see a file, or anything in a folder.
    fn is_kept_out(&self, path: &str, is_folder: bool) -> bool {
        let Some(ignore) = &self.ignore else { return false };
        let own = path::relative(&self.context, path);
        ignore.hides(&own).is_some() && !(is_folder && ignore.may_show_below(&own))
    }
}

fn is_in(path: &str, folder: &str) -> bool {
    path != folder
        && (folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether the name has wildcards, and nothing in it that is not worked out.
fn is_glob(name: &str) -> bool {
    name.contains(['*', '?']) && !name.contains(['$', '['])
}

struct Walk<'s> {
    sources: &'s Sources,
    text: ProgramText,
    entries: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn enter(&mut self, copied: &Copied) {
        let library = &self.sources.library;
        let mut waiting = match library.entry(&copied.path) {
            Entry::Folder => vec![copied.path.clone()],
            Entry::File(_) => return self.read(&copied.path),
            Entry::Missing => return,
        };
        let mut pattern = copied.pattern.as_deref();
        while let Some(at) = waiting.pop() {
            let mut below = library.below(&at);
            if let Some(pattern) = pattern.take() {
                below.retain(|(name, _)| build_context::matches_glob(pattern, name));
            }
            self.entries += below.len();
            if self.entries > MOST_ENTRIES || self.bytes > MOST_BYTES {
                self.text.is_cut = true;
                return;
            }
            below.retain(|(name, is_folder)| {
                !name.starts_with('.')
                    && if *is_folder { !signs::is_left_out(name) } else { signs::language(name).is_some() }
            });
            below.sort_unstable();
            for (name, is_folder) in below {
                let path = path::join(&at, &name);
                if self.sources.is_kept_out(&path, is_folder) {
                    continue;
                }
                if is_folder { waiting.push(path) } else { self.read(&path) }
            }
        }
    }

    fn read(&mut self, file: &str) {
        let Some(told) = self.sources.library.told(file) else { return };
        self.bytes += told.bytes;
        self.text.is_cut |= told.is_cut;
        self.text.files.push((file.into(), told.findings.clone()));
    }
}
