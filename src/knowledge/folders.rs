//! Folders and devices of the system that images have in common.

use super::table::Table;

const FOLDERS: Table = Table::new(include_str!("../../knowledge/folders.tsv"));

/// What is known of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// Every image has it, so that a file which is copied there goes below it.
    Present,
    /// Everybody may write to it, or it is no folder of a disk.
    Everybody,
    /// Services read from it more than they write.
    Read,
    /// A device that everybody may open.
    Device,
}

/// The folders of which this is known.
pub fn that_are(wanted: Trait) -> impl Iterator<Item = &'static str> {
    let word = match wanted {
        Trait::Present => "present",
        Trait::Everybody => "everybody",
        Trait::Read => "read",
        Trait::Device => "device",
    };
    FOLDERS.keys_with(1, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trait_has_its_folders() {
        for (wanted, count) in
            [(Trait::Present, 8), (Trait::Everybody, 5), (Trait::Read, 9), (Trait::Device, 6)]
        {
            assert_eq!(that_are(wanted).count(), count, "{wanted:?}");
        }
    }
}
