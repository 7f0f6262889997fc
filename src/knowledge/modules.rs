//! npm packages with native code: which have builds for musl, which compile, which need glibc.

use super::table::{Row, Table};

const MODULES: Table = Table::new(include_str!("../../knowledge/native-modules.tsv"));

/// How a package with native code or an install script installs on musl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFact {
    /// How.
    pub kind: ModuleKind,
    /// The first version of which that was seen, or empty.
    pub since: &'static str,
    /// Alpine packages to compile it.
    pub build: Vec<&'static str>,
    /// Alpine packages to run it.
    pub runtime: Vec<&'static str>,
    /// A caveat, or empty.
    pub note: &'static str,
}

/// How a package installs on musl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// With a file built for musl that the package holds.
    Prebuilt,
    /// By compiling.
    Builds,
    /// From an optional package for musl, which the lock file lists.
    Locked,
    /// Prisma's engines: as the schema names them.
    Engine,
    /// Nothing native is needed.
    Harmless,
    /// Not at all: it needs glibc.
    Stays,
}

/// What the table says about an npm package.
pub fn lookup(name: &str) -> Option<ModuleFact> {
    let row: Row = MODULES.row(name)?;
    let kind = match row.cell(1) {
        "prebuilt" => ModuleKind::Prebuilt,
        "build" => ModuleKind::Builds,
        "locked" => ModuleKind::Locked,
        "engine" => ModuleKind::Engine,
        "stay" => ModuleKind::Stays,
        _ => ModuleKind::Harmless,
    };
    let (build, runtime) = (row.words(3), row.words(4));
    Some(ModuleFact { kind, since: row.cell(2), build, runtime, note: row.cell(5) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_modules_install() {
        assert_eq!(
            lookup("bcrypt").map(|fact| (fact.kind, fact.since)),
            Some((ModuleKind::Prebuilt, "6.0.0"))
        );
        assert_eq!(lookup("canvas").map(|fact| fact.runtime.contains(&"cairo")), Some(true));
        assert_eq!(lookup("@tensorflow/tfjs-node").map(|fact| fact.kind), Some(ModuleKind::Stays));
        assert_eq!(lookup("express"), None);
    }
}
