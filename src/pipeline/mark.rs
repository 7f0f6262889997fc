//! The line in an optimized sibling that tells from what it was made, and whether anybody edited it since.
//!
//! It holds two digests: of the Dockerfile that the sibling was made from, and of the sibling's own text without the
//! line. One that nobody edited may be written anew; one that somebody edited is out of date once the Dockerfile is
//! another. The digests find edits, not attacks: they are FNV-1a, cut to 32 bits
//! (<http://www.isthe.com/chongo/tech/comp/fnv/>). Line endings do not count, since git may change them.

use crate::docker::{self, write::newline_of};

const HEAD: &str = "# Made by alpinist from ";

/// How a sibling on disk stands to its Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is as alpinist wrote it.
    Untouched,
    /// Somebody edited it, and its Dockerfile is as it was then.
    Edited,
    /// Somebody edited it, and its Dockerfile is another now.
    EditedAndOld,
    /// It has no such line.
    Foreign,
}

/// `text`, made from the Dockerfile `name` with the text `source`, with the line: below the parser directives.
pub(super) fn marked(text: &str, (name, source): (&str, &str)) -> String {
    let directives = docker::parse(text).map(|parsed| parsed.directives).unwrap_or_default();
    let byte_order_mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let end = directives.last().map_or(byte_order_mark, |last| last.span.end());
    let at = match directives.is_empty() {
        true => end,
        false => text[end..].find('\n').map_or(text.len(), |newline| end + newline + 1),
    };
    let (own, newline) = (digest(text), newline_of(text));
    format!("{}{HEAD}{name} ({:08x}-{own:08x}){newline}{}", &text[..at], digest(source), &text[at..])
}

/// The sibling without its line.
pub(super) fn unmarked(sibling: &str) -> String {
    sibling.split_inclusive('\n').filter(|line| !line.starts_with(HEAD)).collect()
}

/// How the sibling on disk stands to the Dockerfile with the text `source`.
pub(super) fn state(sibling: &str, source: &str) -> State {
    let digests = sibling.lines().find_map(|line| {
        let (_, digests) = line.strip_prefix(HEAD)?.trim_end().trim_end_matches(')').rsplit_once('(')?;
        let (of_source, own) = digests.split_once('-')?;
        Some((u32::from_str_radix(of_source, 16).ok()?, u32::from_str_radix(own, 16).ok()?))
    });
    match digests {
        None => State::Foreign,
        Some((_, own)) if own == digest(&unmarked(sibling)) => State::Untouched,
        Some((of_source, _)) if of_source == digest(source) => State::Edited,
        Some(_) => State::EditedAndOld,
    }
}

fn digest(text: &str) -> u32 {
    let bytes = text.trim_start_matches('\u{feff}').bytes().filter(|byte| *byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    u32::try_from(hash >> 32 ^ hash & 0xffff_ffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_stay_on_top() {
        let made = marked("# syntax=docker/dockerfile:1\r\nFROM a\r\n", ("Dockerfile", "FROM b\n"));
        assert!(made.starts_with("# syntax=docker/dockerfile:1\r\n# Made by alpinist from Dockerfile ("));
        assert_eq!(unmarked(&made), "# syntax=docker/dockerfile:1\r\nFROM a\r\n");
        assert!(marked("# A\nFROM a\n", ("x", "")).starts_with(HEAD));
    }

    #[test]
    fn edits_are_found() {
        let made = marked("FROM a\n", ("Dockerfile", "FROM b\n"));
        assert_eq!(state(&made, "FROM b\n"), State::Untouched);
        assert_eq!(state(&made.replace('\n', "\r\n"), "FROM c\n"), State::Untouched);
        let edited = made.replace("FROM a", "FROM d");
        assert_eq!(state(&edited, "FROM b\n"), State::Edited);
        assert_eq!(state(&edited, "FROM c\n"), State::EditedAndOld);
        assert_eq!(state("FROM a\n", "FROM b\n"), State::Foreign);
    }
}
