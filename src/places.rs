//! Places in the files as they were read, each file compared once a text.

use std::sync::OnceLock;

use crate::source::{FileId, LineMap, Lines, Place, SourceFile, place};

/// Where the text of each file stood when it was read.
///
/// A file is compared with what was read when somebody first asks for a place in it, and its lines are counted
/// then: to count them for each place would cost the square of a long file.
#[derive(Clone, Debug, Default)]
pub struct Places {
    maps: Vec<OnceLock<(Lines, LineMap)>>,
}

impl Places {
    /// The place that `offset` had in the text that was read: that of the same line, or of the line that it
    /// replaced. `file` is the file `id` as it is now.
    pub fn place(&self, id: FileId, file: &SourceFile, offset: usize) -> Place {
        let Some(cell) = self.maps.get(id.0) else { return place(&file.text, offset) };
        let (lines, map) = cell.get_or_init(|| (Lines::of(&file.text), LineMap::of(file)));
        map.as_read(lines.place(&file.text, offset))
    }

    /// Forgets what is known of the file `id`, whose text is new or changed.
    pub fn forget(&mut self, id: FileId) {
        if self.maps.len() <= id.0 {
            self.maps.resize_with(id.0 + 1, OnceLock::new);
        }
        self.maps[id.0].take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileKind;

    #[test]
    fn lines_keep_the_numbers_that_they_had() {
        let file = |text: &str| SourceFile {
            path: "Dockerfile".to_owned(),
            kind: FileKind::Dockerfile,
            text: text.into(),
            on_disk: "a\nb\nc\n".into(),
        };
        let mut places = Places::default();
        places.forget(FileId(0));
        assert_eq!(places.place(FileId(0), &file("a\nb\nc\n"), 4), Place { line: 3, column: 1 });
        let changed = file("new\na\nB\nc\n");
        places.forget(FileId(0));
        let lines = [0, 4, 6, 8].map(|offset| places.place(FileId(0), &changed, offset).line);
        assert_eq!(lines, [1, 1, 2, 3]);
    }
}
