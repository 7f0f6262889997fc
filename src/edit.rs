//! Edits: replacements of byte spans, applied all or not at all.

use crate::source::{FileId, Span};

/// Replaces `span` of `file` by `text`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file to change.
    pub file: FileId,
    /// The bytes to replace.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn replace(file: FileId, span: Span, text: impl Into<String>) -> Self {
        Self { file, span, text: text.into() }
    }

    /// Inserts `text` before the byte at `offset`.
    pub fn insert(file: FileId, offset: usize, text: impl Into<String>) -> Self {
        Self::replace(file, Span::at(offset), text)
    }

    /// Deletes `span`.
    pub fn delete(file: FileId, span: Span) -> Self {
        Self::replace(file, span, "")
    }
}

/// Why a set of edits cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits touch the same bytes, or insert at the same place.
    #[error("two edits overlap at bytes {}..{} and {}..{}", .first.start(), .first.end(), .second.start(), .second.end())]
    Overlap {
        /// The edit that starts first.
        first: Span,
        /// The edit that runs into it.
        second: Span,
    },
    /// An edit reaches past the end of the text or cuts a character.
    #[error("an edit at bytes {}..{} is not inside the text", .span.start(), .span.end())]
    OutOfBounds {
        /// The offending span.
        span: Span,
    },
}

/// The text after all `edits` (of one file, in any order, in coordinates of `text`).
///
/// # Errors
/// When two edits overlap or one is out of bounds; nothing is applied then.
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.into_iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start(), edit.span.end()));
    let mut out = String::with_capacity(text.len() + 256);
    let mut at = 0;
    let mut last: Option<Span> = None;
    for edit in sorted {
        let span = edit.span;
        if span.end() > text.len()
            || !text.is_char_boundary(span.start())
            || !text.is_char_boundary(span.end())
        {
            return Err(EditError::OutOfBounds { span });
        }
        if let Some(first) = last
            && (span.start() < first.end() || span == first)
        {
            return Err(EditError::Overlap { first, second: span });
        }
        out.push_str(&text[at..span.start()]);
        out.push_str(&edit.text);
        at = span.end();
        last = Some(span);
    }
    out.push_str(&text[at..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit::replace(FileId(0), Span::new(start, end), text)
    }

    #[test]
    fn applies_in_any_order() {
        let edits = [edit(4, 5, "E"), edit(0, 1, "A"), edit(2, 2, "-")];
        assert_eq!(apply("abcde", &edits).as_deref(), Ok("Ab-cdE"));
    }

    #[test]
    fn refuses_overlaps_and_cut_characters() {
        assert!(matches!(apply("abcde", &[edit(0, 3, ""), edit(2, 4, "")]), Err(EditError::Overlap { .. })));
        assert!(matches!(apply("abc", &[edit(1, 1, "x"), edit(1, 1, "y")]), Err(EditError::Overlap { .. })));
        assert!(matches!(apply("é", &[edit(1, 2, "")]), Err(EditError::OutOfBounds { .. })));
    }
}
