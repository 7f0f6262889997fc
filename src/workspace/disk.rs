//! Files below one folder, each read once.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Entry,
    load::{InputError, fault},
    program::{LOOKED_AT, Program},
};

const LARGEST: u64 = 64 << 20;

/// Reads files below a folder, each once.
#[derive(Default)]
pub(super) struct Disk {
    base: PathBuf,
    /// What is known of each path.
    seen: RefCell<BTreeMap<String, Entry>>,
    /// What each file is to the kernel, and whether it names an interpreter.
    programs: RefCell<BTreeMap<String, (Program, bool)>>,
    /// What is known for the image in view.
    asked: RefCell<BTreeMap<String, Entry>>,
    asked_programs: RefCell<BTreeMap<String, Program>>,
}

impl Disk {
    /// The files below `base`.
    pub(super) fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), ..Self::default() }
    }

    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is not UTF-8.
    pub(super) fn text(&self, path: &str) -> Result<Arc<str>, InputError> {
        let full = self.base.join(path);
        let help = "check that the file exists and may be read";
        let kind = std::fs::metadata(&full).map_err(|error| fault(path, error.to_string(), help))?;
        if !kind.is_file() {
            return Err(fault(path, "it is no file", "leave it out"));
        }
        let size = kind.len();
        if size > LARGEST {
            return Err(fault(
                path,
                format!("the file has {size} bytes, more than {LARGEST}"),
                "leave it out",
            ));
        }
        let bytes = std::fs::read(&full).map_err(|error| fault(path, error.to_string(), help))?;
        String::from_utf8(bytes).map(Arc::from).map_err(|error| {
            let good =
                String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
            let span = crate::source::Span::at(good.len());
            let what = "the file is not UTF-8".to_owned();
            let help = "save it as UTF-8".to_owned();
            InputError { path: path.to_owned(), text: Some(good.into()), span: Some(span), what, help }
        })
    }

    /// The names of the files in `folder`; none where it cannot be read.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.base.join(folder)) else { return Vec::new() };
        let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// The text of a file of at most `largest` bytes, if it is UTF-8; it is not kept.
    pub(super) fn small_text(&self, path: &str, largest: usize) -> Option<String> {
        let full = self.base.join(path);
        let size = std::fs::metadata(&full).ok()?.len();
        (size <= largest as u64).then(|| std::fs::read_to_string(full).ok()).flatten()
    }

    /// What stands at `path`; its text only where this was asked for, too.
    pub(super) fn entry(&self, path: &str) -> Entry {
        if let Some(entry) = self.asked.borrow().get(path) {
            return entry.clone();
        }
        let seen = self.seen.borrow_mut().entry(path.to_owned()).or_insert_with(|| self.look(path)).clone();
        let entry = if matches!(seen, Entry::File(_)) { Entry::File(None) } else { seen };
        self.asked.borrow_mut().insert(path.to_owned(), entry.clone());
        entry
    }

    fn look(&self, path: &str) -> Entry {
        let full = self.base.join(path);
        match std::fs::metadata(&full) {
            // A link to nowhere, or a folder that may not be read, is something all the same.
            Err(_) if std::fs::symlink_metadata(&full).is_ok() => Entry::File(None),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Entry::File(None),
            Err(_) => Entry::Missing,
            Ok(kind) if kind.is_dir() => Entry::Folder,
            Ok(_) => Entry::File(None),
        }
    }

    /// Reads a context file's text into the cache, if it is one of at most 64 MiB that alpinist can read.
    pub(super) fn read(&self, path: &str) -> Option<Arc<str>> {
        match self.entry(path) {
            Entry::File(Some(text)) => return Some(text),
            Entry::File(None) => {}
            _ => return None,
        }
        let known = match self.seen.borrow().get(path) {
            Some(Entry::File(text)) => text.clone(),
            _ => None,
        };
        let text = known.or_else(|| self.text(path).ok()).or_else(|| self.wide_text(path))?;
        for cache in [&self.seen, &self.asked] {
            cache.borrow_mut().insert(path.to_owned(), Entry::File(Some(text.clone())));
        }
        Some(text)
    }

    /// The text of a list for pip in UTF-16, which pip reads by its mark; Windows' shell writes such files.
    fn wide_text(&self, path: &str) -> Option<Arc<str>> {
        let full = self.base.join(path);
        let is_fit = path.ends_with(".txt") && std::fs::metadata(&full).ok()?.len() <= LARGEST;
        let bytes = if is_fit { std::fs::read(full).ok()? } else { return None };
        let unit: fn([u8; 2]) -> u16 = match bytes.first_chunk()? {
            [0xff, 0xfe] => u16::from_le_bytes,
            [0xfe, 0xff] => u16::from_be_bytes,
            _ => return None,
        };
        let (pairs, rest) = bytes[2..].as_chunks();
        let units = pairs.iter().map(|pair| unit(*pair));
        rest.is_empty().then(|| char::decode_utf16(units))?.collect::<Result<String, _>>().ok().map(Arc::from)
    }

    /// Looks at the front of a context file, to tell how it is started.
    pub(super) fn look_inside(&self, path: &str) {
        let is_file = matches!(self.entry(path), Entry::File(_));
        if !is_file || self.asked_programs.borrow().contains_key(path) {
            return;
        }
        let known = self.programs.borrow().get(path).cloned();
        let (program, is_script) = known.unwrap_or_else(|| {
            let head = self.head(path);
            let is_script = head.as_ref().is_ok_and(|head| head.starts_with(b"#!"));
            (head.map_or(Program::Unknown, |head| Program::of(&head)), is_script)
        });
        if is_script {
            self.read(path);
        }
        self.programs.borrow_mut().insert(path.to_owned(), (program.clone(), is_script));
        self.asked_programs.borrow_mut().insert(path.to_owned(), program);
    }

    fn head(&self, path: &str) -> io::Result<Vec<u8>> {
        let full = self.base.join(path);
        // To open a pipe is to wait for its writer.
        if !std::fs::metadata(&full)?.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut head = Vec::new();
        File::open(full)?.take(LOOKED_AT).read_to_end(&mut head)?;
        Ok(head)
    }

    /// Starts over with what is asked for, without reading anything again.
    pub(super) fn forget_asked(&self) {
        self.asked.borrow_mut().clear();
        self.asked_programs.borrow_mut().clear();
    }

    /// What was asked for since then.
    pub(super) fn asked(&self) -> (BTreeMap<String, Entry>, BTreeMap<String, Program>) {
        (self.asked.borrow().clone(), self.asked_programs.borrow().clone())
    }
}
