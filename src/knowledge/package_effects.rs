//! What packages do beside being installed: libraries that they look up, folders that they write, what they call.
//!
//! A row's key is the effect, the ecosystem and the package, with the extra that brings the effect:
//! `finds-library pypi:discord-py[voice]`. Rows of the ecosystem `text` stand for words of a Python program.

use super::table::{Row, Table};

const EFFECTS: Table = Table::new(include_str!("../../knowledge/package-effects.tsv"));

/// Where a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// Python packages, in PyPI's normal form.
    Pypi,
    /// Packages of npm.
    Npm,
    /// Words in the text of a Python program.
    Text,
}

/// What a package does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It brings a library along, which the package named by the argument then does not look up.
    BringsLibrary,
    /// It brings no native code, or brings it for musl as well.
    BringsNoNativeCode,
    /// Packages with native code are built or loaded with it.
    BuildsNativeCode,
    /// It calls the pip of its environment when it runs.
    CallsPip,
    /// It does so in a notebook.
    CallsPipInNotebook,
    /// It compiles when it runs, or does so where it can.
    Compiles,
    /// It finds the library of the argument with `ctypes.util.find_library`.
    FindsLibrary,
    /// It imports pkg_resources without requiring setuptools, in the versions of the argument.
    ImportsPkgResources,
    /// Its wheels load the OpenMP of the system, which comes along with gcc on Debian.
    LoadsOpenmp,
    /// It talks to devices, raw sockets or the engine.
    UsesDevices,
    /// The variables of the argument name a path that it writes to.
    Variable,
    /// It writes below the path of the argument; relative to the working directory, `~` for the home folder, `-` when
    /// not known.
    Writes,
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectFact {
    /// The package, with its extra in brackets, or the word.
    pub package: &'static str,
    /// What the effect is about, or empty.
    pub argument: &'static str,
    /// What it does, as the end of a sentence, or empty.
    pub what: &'static str,
}

/// What the table says of this effect of a package.
pub fn lookup(effect: Effect, ecosystem: Ecosystem, package: &str) -> Option<EffectFact> {
    EFFECTS.row(&format!("{}{package}", prefix(effect, ecosystem))).map(fact)
}

/// Whether a package has this effect.
pub fn has(effect: Effect, ecosystem: Ecosystem, package: &str) -> bool {
    lookup(effect, ecosystem, package).is_some()
}

/// All packages of an ecosystem that have this effect.
pub fn all(effect: Effect, ecosystem: Ecosystem) -> impl Iterator<Item = EffectFact> {
    EFFECTS.rows_with_prefix(&prefix(effect, ecosystem)).map(fact)
}

/// Whether the package called `name` keeps what it downloads in the home folder.
pub fn keeps_downloads(name: &str) -> bool {
    let of = |ecosystem| lookup(Effect::Writes, ecosystem, name);
    [Ecosystem::Pypi, Ecosystem::Npm].into_iter().filter_map(of).any(|fact| fact.argument.starts_with('~'))
}

fn fact(row: Row) -> EffectFact {
    let package = row.cell(0).split_once(':').map_or("", |(_, package)| package);
    EffectFact { package, argument: row.cell(1), what: row.cell(2) }
}

fn prefix(effect: Effect, ecosystem: Ecosystem) -> String {
    let effect = match effect {
        Effect::BringsLibrary => "brings-library",
        Effect::BringsNoNativeCode => "brings-no-native-code",
        Effect::BuildsNativeCode => "builds-native-code",
        Effect::CallsPip => "calls-pip",
        Effect::CallsPipInNotebook => "calls-pip-in-notebook",
        Effect::Compiles => "compiles",
        Effect::FindsLibrary => "finds-library",
        Effect::ImportsPkgResources => "imports-pkg-resources",
        Effect::LoadsOpenmp => "loads-openmp",
        Effect::UsesDevices => "uses-devices",
        Effect::Variable => "variable",
        Effect::Writes => "writes",
    };
    let ecosystem = match ecosystem {
        Ecosystem::Pypi => "pypi",
        Ecosystem::Npm => "npm",
        Ecosystem::Text => "text",
    };
    format!("{effect} {ecosystem}:")
}

#[cfg(test)]
mod tests {
    use pep440_rs::VersionSpecifiers;

    use super::*;

    #[test]
    fn effects_are_known_by_package_and_extra() {
        assert!(has(Effect::FindsLibrary, Ecosystem::Pypi, "discord-py[voice]"));
        assert!(!has(Effect::FindsLibrary, Ecosystem::Pypi, "discord-py"));
        assert!(!has(Effect::CallsPip, Ecosystem::Pypi, "ipython"));
        assert_eq!(all(Effect::LoadsOpenmp, Ecosystem::Pypi).count(), 2);
        assert!(keeps_downloads("puppeteer") && keeps_downloads("mem0ai"));
    }

    #[test]
    fn versions_of_a_row_can_be_read() {
        for fact in all(Effect::ImportsPkgResources, Ecosystem::Pypi).filter(|fact| !fact.argument.is_empty())
        {
            assert!(fact.argument.parse::<VersionSpecifiers>().is_ok(), "{}", fact.package);
        }
    }
}
