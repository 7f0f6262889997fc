//! What writes files, changes users or marks a development set-up, by name.

use super::table::Table;

const WRITERS: Table = Table::new(include_str!("../../knowledge/writers.tsv"));

/// What kind of name is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A base image whose own entrypoint writes nothing.
    Base,
    /// A word of a command that marks a development set-up.
    Develop,
    /// A command that writes the files it is given.
    File,
    /// A folder name that services give to what they write.
    Folder,
    /// A word of a command that writes when the container starts.
    Start,
    /// A command that changes users or owners.
    Switch,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterFact {
    /// Where it writes; relative to the working directory, `~` for the home folder, `-` when not known.
    pub path: &'static str,
    /// What it does, as the end of a sentence.
    pub what: &'static str,
}

/// What is known of `word` as a name of this kind.
pub fn lookup(kind: Kind, word: &str) -> Option<WriterFact> {
    let prefix = match kind {
        Kind::Base => "base",
        Kind::Develop => "develop",
        Kind::File => "file",
        Kind::Folder => "folder",
        Kind::Start => "start",
        Kind::Switch => "switch",
    };
    let row = WRITERS.row(&format!("{prefix} {word}"))?;
    Some(WriterFact { path: row.cell(1), what: row.cell(2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_apart() {
        assert_eq!(lookup(Kind::Start, "beat").map(|fact| fact.path), Some("celerybeat-schedule"));
        assert!(lookup(Kind::Switch, "gosu").is_some());
        assert!(lookup(Kind::Start, "gosu").is_none());
    }
}
