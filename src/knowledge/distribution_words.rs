//! Words with which an author speaks of a distribution or of its C library.

use super::table::Table;

const WORDS: Table = Table::new(include_str!("../../knowledge/distribution-words.tsv"));

/// What a word tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A comment with it speaks of Debian or of its package manager.
    Debian,
    /// A comment with it speaks of a C library, or of the distribution that has another one.
    Decides,
    /// A Dockerfile with it in its name is not meant for Alpine.
    File,
}

/// The words that tell this.
pub fn that_tell(wanted: Said) -> impl Iterator<Item = &'static str> {
    let name = match wanted {
        Said::Debian => "debian",
        Said::Decides => "decides",
        Said::File => "file",
    };
    WORDS.keys_with(1, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_saying_has_its_words() {
        for (wanted, count) in [(Said::Debian, 8), (Said::Decides, 3), (Said::File, 7)] {
            assert_eq!(that_tell(wanted).count(), count, "{wanted:?}");
        }
    }
}
