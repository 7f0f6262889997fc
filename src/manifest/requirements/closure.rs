//! A requirements file together with the files it includes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use pep440_rs::{VersionSpecifier, VersionSpecifiers};

use super::{ItemKind, Package, items};
use crate::source::Span;

/// Something said in a file of a closure.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The file's path from the root that the first path was given in.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// What is said.
    pub value: T,
}

/// All that a requirements file and its includes ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closure {
    /// The files that were read, the root first.
    pub files: Vec<String>,
    /// The packages to install.
    pub packages: Vec<Located<Package>>,
    /// The packages whose versions are limited only.
    pub constraints: Vec<Located<Package>>,
    /// Everything else: editable installs, addresses, local paths, options, invalid lines.
    pub others: Vec<Located<ItemKind>>,
    /// Included files that cannot be read.
    pub missing: Vec<String>,
    /// Includes that are addresses, absolute paths, or paths above the root.
    pub outside: Vec<String>,
    /// The file in which the limit on what is read was reached; what follows is not known.
    pub excess: Option<String>,
}

impl Closure {
    /// The versions that all requirements and constraints for this Python allow together, by name.
    pub fn specifiers(&self, python: (u8, u8)) -> BTreeMap<&str, VersionSpecifiers> {
        let packages = self.packages.iter().chain(&self.constraints).map(|located| &located.value);
        let mut by_name: BTreeMap<&str, Vec<VersionSpecifier>> = BTreeMap::new();
        for package in packages.filter(|package| package.applies(python)) {
            by_name.entry(&package.name).or_default().extend(package.specifiers.iter().cloned());
        }
        by_name.into_iter().map(|(name, specifiers)| (name, specifiers.into_iter().collect())).collect()
    }
}

/// The most items that are read: nobody installs as many packages, and each takes some 500 bytes.
pub const MOST_ITEMS: usize = 20_000;

/// Reads `root` and every file that it includes; each file once.
///
/// `read_file` gives the text of a path with `/` between parts, or nothing.
pub fn closure(root: &str, read_file: &dyn Fn(&str) -> Option<Arc<str>>) -> Closure {
    let mut closure = Closure::default();
    let mut seen: BTreeSet<(String, bool)> = BTreeSet::new();
    let mut waiting = vec![(root.to_owned(), false)];
    while let Some((path, is_constraint)) = waiting.pop().filter(|_| closure.excess.is_none()) {
        if !seen.insert((path.clone(), is_constraint)) {
            continue;
        }
        // A file may be named both to install and to limit.
        let is_new = !seen.contains(&(path.clone(), !is_constraint));
        let Some(text) = read_file(&path) else {
            closure.missing.extend(is_new.then_some(path));
            continue;
        };
        let includes = closure.take_in(&path, &text, is_constraint);
        waiting.extend(includes.into_iter().rev());
        closure.files.extend(is_new.then_some(path));
    }
    let mut once = BTreeSet::new();
    closure.outside.retain(|path| once.insert(path.clone()));
    closure
}

impl Closure {
    /// Adds the items of one file and gives the files that it includes.
    fn take_in(&mut self, file: &str, text: &str, is_constraint: bool) -> Vec<(String, bool)> {
        let mut includes = Vec::new();
        for item in items(text) {
            if self.packages.len() + self.constraints.len() + self.others.len() + includes.len() == MOST_ITEMS
            {
                self.excess = Some(file.to_owned());
                break;
            }
            let file = file.to_owned();
            match item.kind {
                ItemKind::Package(value) if is_constraint => {
                    self.constraints.push(Located { file, span: item.span, value });
                }
                ItemKind::Package(value) => self.packages.push(Located { file, span: item.span, value }),
                ItemKind::Include { path, is_constraint } => match beside(&file, &path) {
                    Some(path) => includes.push((path, is_constraint)),
                    None => self.outside.push(path),
                },
                value => self.others.push(Located { file, span: item.span, value }),
            }
        }
        includes
    }
}

/// `path` as seen from the folder of `file`; none when it leaves the root.
fn beside(file: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") || path.contains('$') {
        return None;
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
