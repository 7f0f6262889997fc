//! Files that are not UTF-8, which BuildKit reads as well: a mark stands for each byte that is no text.
//!
//! The marks are noncharacters, which no text is meant to hold. They are as long as U+FFFD, which takes their
//! place in what is shown: spans fit both.

use std::borrow::Cow;

/// A byte that BuildKit takes for a Latin-1 blank where it reads byte by byte: 0x85 or 0xA0.
pub(super) const BLANK: char = '\u{fde0}';

/// Any other byte that is no text.
const OTHER: char = '\u{fdd0}';

/// How many bytes longer a mark is than the byte that it stands for.
const EXCESS: usize = BLANK.len_utf8() - 1;

/// The text of a file, with a mark for each byte that is no text; this is not to be written anywhere.
pub fn marked(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(
            chunk.invalid().iter().map(|byte| if matches!(byte, 0x85 | 0xa0) { BLANK } else { OTHER }),
        );
    }
    text.into()
}

/// `text` with U+FFFD for each mark.
pub fn shown(text: &str) -> String {
    text.replace(is_mark, "\u{fffd}")
}

/// Whether `c` stands for a byte that is no text.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, BLANK | OTHER)
}

/// The bytes that `text` takes in its file.
pub(super) fn length(text: &str) -> usize {
    text.len() - EXCESS * text.matches(is_mark).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_byte_has_a_mark() {
        assert_eq!(marked("a\u{e9}".as_bytes()), "a\u{e9}");
        let text = marked(b"a\xe2\x82b\xa0\xc3\xa9\xff");
        assert_eq!(shown(&text), "a\u{fffd}\u{fffd}b\u{fffd}\u{e9}\u{fffd}");
        assert_eq!((shown(&text).len(), length(&text)), (text.len(), 8));
    }
}
