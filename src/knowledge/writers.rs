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
    /// The end of the name of a variable that holds a folder.
    Ending,
    /// A command that writes the files it is given.
    File,
    /// A word of a command that fills a database.
    Fills,
    /// A folder name that services give to what they write.
    Folder,
    /// An option, of any program or of one, whose value is a file to write.
    Option,
    /// An option or word with a port or an address behind it.
    Port,
    /// A program that needs root.
    Root,
    /// A package that spools uploads.
    Spool,
    /// A program that writes when the container starts.
    Start,
    /// A command that changes users or owners.
    Switch,
    /// A system package whose programs need root.
    System,
    /// A word of any command that makes it write.
    Verb,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterFact {
    /// Where it writes; relative to the working directory, `~` for the home folder, `-` when not known.
    pub path: &'static str,
    /// Whether it does so each time that it is used.
    pub is_sure: bool,
    /// What it does, as the end of a sentence.
    pub what: &'static str,
}

/// What is known of `word` as a name of this kind.
pub fn lookup(kind: Kind, word: &str) -> Option<WriterFact> {
    let prefix = match kind {
        Kind::Base => "base",
        Kind::Develop => "develop",
        Kind::Ending => "ending",
        Kind::File => "file",
        Kind::Fills => "fills",
        Kind::Folder => "folder",
        Kind::Option => "option",
        Kind::Port => "port",
        Kind::Root => "root",
        Kind::Spool => "spool",
        Kind::Start => "start",
        Kind::Verb => "verb",
        Kind::Switch => "switch",
        Kind::System => "system",
    };
    let row = WRITERS.row(&format!("{prefix} {word}"))?;
    Some(WriterFact { path: row.cell(1), is_sure: row.cell(2) == "does", what: row.cell(3) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_apart() {
        assert_eq!(lookup(Kind::Verb, "beat").map(|fact| fact.path), Some("celerybeat-schedule"));
        assert!(lookup(Kind::Switch, "gosu").is_some());
        assert!(lookup(Kind::Start, "gosu").is_none());
    }
}
