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
    /// A package that writes when it is used.
    Install,
    /// A word of a command that writes when the container starts.
    Start,
    /// A command that changes users or owners.
    Switch,
    /// A variable that names a folder to write to.
    Variable,
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
        Kind::Install => "install",
        Kind::Start => "start",
        Kind::Switch => "switch",
        Kind::Variable => "variable",
    };
    let row = WRITERS.row(&format!("{prefix} {word}"))?;
    Some(WriterFact { path: row.cell(1), what: row.cell(2) })
}

/// Whether the package called `name` keeps what it downloads in the home folder.
pub fn keeps_downloads(name: &str) -> bool {
    lookup(Kind::Install, name).is_some_and(|fact| fact.path.starts_with('~'))
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
