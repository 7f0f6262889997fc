//! Files as text, and byte spans into them.

use std::{iter, ops::Range, sync::Arc};

/// A half-open byte range of one file's text; both ends are on char boundaries.
///
/// Small, since an instruction has many: no text that is read comes near 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The span from `start` up to and not including `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Self { start: offset(start), end: offset(end) }
    }

    /// First byte.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// One past the last byte.
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// The empty span at the start of a text.
    pub const START: Self = Self { start: 0, end: 0 };

    /// The empty span at `offset`: where an insertion goes.
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The text that this span covers.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.range()]
    }

    /// Whether `other` lies wholly inside this span.
    pub fn contains(&self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.end() - self.start()
    }

    /// The offsets that it covers.
    pub fn range(&self) -> Range<usize> {
        self.start()..self.end()
    }

    /// Whether the span covers no byte.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The same span moved right by `by` bytes.
    pub fn shifted(&self, by: usize) -> Self {
        Self::new(self.start() + by, self.end() + by)
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// `at` in a text that is shorter than 4 GiB.
fn offset(at: usize) -> u32 {
    debug_assert!(u32::try_from(at).is_ok());
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A place in a text as people count it: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The place of a byte offset in `text`; an offset past the end is the end. For one place: [`Lines`] are for many.
pub fn place(text: &str, offset: usize) -> Place {
    Lines::of(&text[..boundary(text, offset)]).place(text, offset)
}

/// Where the lines of a text start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Ascending; the first is 0.
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { starts: iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect() }
    }

    /// The place of a byte offset in `text`, which these are the lines of; an offset past the end is the end.
    pub fn place(&self, text: &str, offset: usize) -> Place {
        let offset = boundary(text, offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = text[self.starts[line - 1]..offset].chars().count() + 1;
        Place { line, column }
    }
}

/// The last place at or before `offset` where a character of `text` starts.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The lines of a file as it is now, and the lines that they were when it was read.
#[derive(Clone, Debug, Default)]
pub struct LineMap {
    changes: Vec<similar::DiffOp>,
}

impl LineMap {
    /// The map of `file`; a file that nobody changed costs nothing.
    pub fn of(file: &SourceFile) -> Self {
        let diff = || similar::TextDiff::from_lines(&*file.on_disk, &*file.text).ops().to_vec();
        Self { changes: if file.is_changed() { diff() } else { Vec::new() } }
    }

    /// The place in the text as it was read of what stands at `seen` now: that of the same line, or of the one
    /// that it replaced.
    pub fn as_read(&self, seen: Place) -> Place {
        let new = seen.line - 1;
        let at = self.changes.partition_point(|op| op.new_range().end <= new);
        match self.changes.get(at).filter(|op| op.new_range().contains(&new)) {
            Some(op) if op.tag() == similar::DiffTag::Equal => {
                Place { line: op.old_range().start + new - op.new_range().start + 1, ..seen }
            }
            Some(op) => {
                let within = (new - op.new_range().start).min(op.old_range().len().saturating_sub(1));
                Place { line: op.old_range().start + within + 1, column: 1 }
            }
            None => seen,
        }
    }
}

/// A file of a workspace: an index into `Workspace::files`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub usize);

/// What a file is to us, decided by its name and by who refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A compose file.
    Compose,
    /// A dependency manifest or lock file.
    Manifest,
    /// A `.dockerignore`.
    Ignore,
    /// A script that the image runs.
    Script,
}

/// One file as text: as it is now, and as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the workspace root, with `/` between parts.
    pub path: String,
    /// What the file is.
    pub kind: FileKind,
    /// The text as the passes have left it.
    pub text: Arc<str>,
    /// The text as it was read from disk.
    pub on_disk: Arc<str>,
}

impl SourceFile {
    /// Whether the passes changed this file.
    pub fn is_changed(&self) -> bool {
        self.text != self.on_disk
    }
}
