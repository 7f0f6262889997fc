//! Signs in program text: what a piece of a line tells of what the program does.

use std::{collections::BTreeMap, sync::LazyLock};

use super::table::Table;

const SIGNS: Table = Table::new(include_str!("../../knowledge/text-signs.tsv"));

/// A language that program text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// JavaScript or TypeScript.
    Node,
    /// Python.
    Python,
    /// Settings, whose values may be paths without quotes.
    Settings,
}

/// What a sign tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    /// A place counted from the file's own.
    Above,
    /// The line speaks of addresses.
    Address,
    /// An ending of files that a service writes.
    Data,
    /// An ending of files that are read.
    File,
    /// A package that is imported.
    Imports,
    /// A shared library that is looked for by name.
    Library,
    /// Messages under the name of the server.
    Logs,
    /// A running event loop is needed.
    Loop,
    /// A mode of `open` that writes.
    Mode,
    /// A folder that a service may write to.
    Names,
    /// A folder that no service writes to.
    Never,
    /// What only root may do.
    Root,
    /// Files that are not read, and folders.
    Skip,
    /// Uploads are spooled to the folder for temporary files.
    Spools,
    /// Another program is started.
    Starts,
    /// A variable is read.
    Variable,
    /// A call that writes.
    Writes,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    /// The piece of text.
    pub text: &'static str,
    /// What it tells.
    pub tells: Tells,
    /// Where it has to stand, or how it is read; empty for anywhere.
    pub place: &'static str,
    /// What the row says of it.
    pub argument: &'static str,
    /// On what lines it counts for nothing.
    pub unless: &'static str,
    languages: &'static str,
}

impl Sign {
    /// Whether it is one of this language.
    pub fn is_of(&self, language: Language) -> bool {
        let name = match language {
            Language::Node => "js",
            Language::Python => "py",
            Language::Settings => "settings",
        };
        self.languages.split(' ').any(|known| known == name)
    }
}

/// The signs that tell this, in the order of the table.
pub fn signs(tells: Tells) -> &'static [Sign] {
    static BY_KIND: LazyLock<BTreeMap<Tells, Vec<Sign>>> = LazyLock::new(|| {
        let mut by_kind: BTreeMap<Tells, Vec<Sign>> = BTreeMap::new();
        for row in SIGNS.rows() {
            let Some(tells) = tells_of(row.cell(2)) else { continue };
            let (text, languages) = (row.cell(0), row.cell(1));
            let (place, argument, unless) = (row.cell(3), row.cell(4), row.cell(5));
            by_kind.entry(tells).or_default().push(Sign { text, tells, place, argument, unless, languages });
        }
        by_kind
    });
    BY_KIND.get(&tells).map_or(&[], Vec::as_slice)
}

fn tells_of(word: &str) -> Option<Tells> {
    Some(match word {
        "above" => Tells::Above,
        "address" => Tells::Address,
        "data" => Tells::Data,
        "file" => Tells::File,
        "imports" => Tells::Imports,
        "library" => Tells::Library,
        "logs" => Tells::Logs,
        "loop" => Tells::Loop,
        "mode" => Tells::Mode,
        "names" => Tells::Names,
        "never" => Tells::Never,
        "root" => Tells::Root,
        "skip" => Tells::Skip,
        "spools" => Tells::Spools,
        "starts" => Tells::Starts,
        "variable" => Tells::Variable,
        "writes" => Tells::Writes,
        _ => return None,
    })
}

/// The language of the file at `path`; none where it is not read.
pub fn language(path: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rfind('.').map(|at| &name[at..])?;
    let sign = signs(Tells::File).iter().find(|sign| sign.text == ending)?;
    let all = [Language::Node, Language::Python, Language::Settings];
    let language = all.into_iter().find(|language| sign.is_of(*language))?;
    let is_skipped = |sign: &Sign| match sign.place {
        "start" => name.starts_with(sign.text),
        "end" => name.ends_with(sign.text),
        "inside" => name.contains(sign.text),
        _ => false,
    };
    let mut skips = signs(Tells::Skip).iter().filter(|sign| sign.is_of(language));
    (!skips.any(is_skipped)).then_some(language)
}

/// Whether a folder of this name holds no program text of a service's own.
pub fn is_left_out(folder: &str) -> bool {
    signs(Tells::Skip).iter().any(|sign| sign.place == "folder" && sign.text == folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_language() {
        for (path, expected) in [
            ("a/b.py", Some(Language::Python)),
            ("b.mts", Some(Language::Node)),
            ("logging.ini", Some(Language::Settings)),
            ("package.json", None),
            ("poetry.lock", None),
            ("x.min.js", None),
            ("x.d.ts", None),
            ("test_x.py", None),
            ("a/x.spec.ts", None),
            ("py", None),
        ] {
            assert_eq!(language(path), expected, "{path}");
        }
        assert!(is_left_out("tests") && !is_left_out("src"));
    }

    #[test]
    fn every_row_is_understood() {
        assert!(SIGNS.rows().all(|row| tells_of(row.cell(2)).is_some()));
    }
}
