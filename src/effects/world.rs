//! File questions of one image, answered from its own build context alone.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::program::ProgramText;
use crate::workspace::{Entry, Program, Sources};

/// What one image may know of the files beside it; what other images were told is not in it.
#[derive(Clone, Debug, Default)]
pub struct World {
    entries: Arc<BTreeMap<String, Entry>>,
    programs: Arc<BTreeMap<String, Program>>,
    /// Where its program text stands; read when somebody asks.
    sources: Arc<Sources>,
    told: Arc<OnceLock<ProgramText>>,
}

impl World {
    /// What was looked at for an image, and where its program text stands.
    pub fn new(
        (entries, programs): (BTreeMap<String, Entry>, BTreeMap<String, Program>),
        sources: Sources,
    ) -> Self {
        Self {
            entries: Arc::new(entries),
            programs: Arc::new(programs),
            sources: Arc::new(sources),
            told: Arc::default(),
        }
    }

    /// One of these entries, without program text.
    pub fn of(entries: BTreeMap<String, Entry>) -> Self {
        Self { entries: Arc::new(entries), ..Self::default() }
    }

    /// What stands at `path`, if anybody looked.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// All that was looked at.
    pub fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// The text of a file, if it was read.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        match self.entries.get(path)? {
            Entry::File(text) => text.as_ref(),
            _ => None,
        }
    }

    /// Puts a text where somebody looked, whether there was a file or not.
    pub fn write(&mut self, path: &str, text: &Arc<str>) {
        if self.entry(path).is_some() {
            Arc::make_mut(&mut self.entries).insert(path.to_owned(), Entry::File(Some(text.clone())));
        }
    }

    /// Puts another text in place of a file's that was read.
    pub fn replace(&mut self, path: &str, text: &Arc<str>) {
        if self.text(path).is_some() {
            Arc::make_mut(&mut self.entries).insert(path.to_owned(), Entry::File(Some(text.clone())));
        }
    }

    /// The paths of all that was looked at, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    /// What the file at `path` is to the kernel, if anybody looked.
    pub fn program(&self, path: &str) -> Option<&Program> {
        self.programs.get(path)
    }

    /// What the program text that the image copies tells; read at the first question.
    pub fn program_text(&self) -> &ProgramText {
        self.told.get_or_init(|| self.sources.read())
    }
}
