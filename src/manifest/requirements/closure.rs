//! A requirements file together with the files it includes.

use std::{collections::BTreeMap, sync::Arc};

use pep440_rs::{VersionSpecifier, VersionSpecifiers};

use super::{ItemKind, Package, read};
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

/// Reads `root` and every file that it includes; each file once.
///
/// `read_file` gives the text of a path with `/` between parts, or nothing.
pub fn closure(root: &str, read_file: &dyn Fn(&str) -> Option<Arc<str>>) -> Closure {
    let mut closure = Closure::default();
    let mut seen: Vec<(String, bool)> = Vec::new();
    let mut waiting = vec![(root.to_owned(), false)];
    while let Some((path, is_constraint)) = waiting.pop() {
        if seen.contains(&(path.clone(), is_constraint)) {
            continue;
        }
        seen.push((path.clone(), is_constraint));
        let Some(text) = read_file(&path) else {
            push_once(&mut closure.missing, path);
            continue;
        };
        let includes = closure.take_in(&path, &text, is_constraint);
        waiting.extend(includes.into_iter().rev());
        push_once(&mut closure.files, path);
    }
    closure
}

impl Closure {
    /// Adds the items of one file and gives the files that it includes.
    fn take_in(&mut self, file: &str, text: &str, is_constraint: bool) -> Vec<(String, bool)> {
        let mut includes = Vec::new();
        for item in read(text).items {
            let file = file.to_owned();
            match item.kind {
                ItemKind::Package(value) if is_constraint => {
                    self.constraints.push(Located { file, span: item.span, value });
                }
                ItemKind::Package(value) => self.packages.push(Located { file, span: item.span, value }),
                ItemKind::Include { path, is_constraint } => match beside(&file, &path) {
                    Some(path) => includes.push((path, is_constraint)),
                    None => push_once(&mut self.outside, path),
                },
                value => self.others.push(Located { file, span: item.span, value }),
            }
        }
        includes
    }
}

fn push_once(list: &mut Vec<String>, path: String) {
    if !list.contains(&path) {
        list.push(path);
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
