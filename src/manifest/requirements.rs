//! pip requirements files, read as pip reads them.

mod closure;
mod line;
mod logical;

use pep440_rs::VersionSpecifiers;
use pep508_rs::MarkerTree;

pub use closure::{Closure, Located, MOST_ITEMS, closure};

use super::markers;
use crate::source::Span;

/// A requirements file as the items that pip acts on, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirements {
    /// The items; comments and blank lines are none.
    pub items: Vec<Item>,
}

/// One thing that a line of a requirements file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The line with its continuations, without comment and outer spaces.
    pub span: Span,
    /// What it says.
    pub kind: ItemKind,
}

/// What a line of a requirements file says.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// A package from the index.
    Package(Package),
    /// `-r` or `-c`: another file of the same kind.
    Include {
        /// The path or address as written.
        path: String,
        /// Whether the file only limits versions.
        is_constraint: bool,
    },
    /// `-e`: a path or repository that is installed in place.
    Editable {
        /// The path or address as written.
        target: String,
    },
    /// A package from an address.
    Url {
        /// The address as written.
        url: String,
        /// The package's name in PyPI's normal form, if written.
        name: Option<String>,
    },
    /// A package from a version control system, such as `git+https://…`.
    Vcs {
        /// The address as written.
        url: String,
        /// The package's name in PyPI's normal form, if written.
        name: Option<String>,
    },
    /// A package from a path of the project.
    LocalPath {
        /// The path as written, without extras.
        path: String,
    },
    /// An option of pip.
    Option {
        /// The long name, as `--index-url`.
        name: &'static str,
        /// Its value, if it takes one.
        value: Option<String>,
    },
    /// A line that pip refuses or that holds a variable where a name belongs.
    Invalid {
        /// Why.
        why: String,
    },
}

/// A package from the index.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// The name in PyPI's normal form.
    pub name: String,
    /// The versions that are allowed; empty allows all.
    pub specifiers: VersionSpecifiers,
    /// When the requirement applies.
    pub marker: MarkerTree,
    /// The extras asked for, in normal form.
    pub extras: Vec<String>,
    /// The hashes, as `sha256:…`.
    pub hashes: Vec<String>,
}

impl Package {
    /// Whether the requirement may apply to this Python on Linux, whatever the processor and patch level.
    pub fn applies(&self, python: (u8, u8)) -> bool {
        markers::may_hold(&self.marker, python)
    }

    /// The one version that is allowed, if the specifiers are a plain `==`.
    pub fn exact_version(&self) -> Option<&pep440_rs::Version> {
        let mut exact = self.specifiers.iter().filter(|specifier| {
            matches!(specifier.operator(), pep440_rs::Operator::Equal | pep440_rs::Operator::ExactEqual)
        });
        exact.next().map(pep440_rs::VersionSpecifier::version)
    }
}

/// Reads the text of a requirements file. Every text has a reading; what pip refuses is an `Invalid` item.
pub fn read(text: &str) -> Requirements {
    Requirements { items: items(text).collect() }
}

/// The items of a requirements file, read one by one.
fn items(text: &str) -> impl Iterator<Item = Item> {
    // pip takes a mark in front for the encoding.
    let rest = text.trim_start_matches('\u{feff}');
    let mark = text.len() - rest.len();
    logical::lines(rest).flat_map(move |line| {
        let span = line.span.shifted(mark);
        line::kinds(&line.text).into_iter().map(move |kind| Item { span, kind })
    })
}

#[cfg(test)]
mod tests;
