//! The lock files of poetry, uv, pdm and pipenv: exact versions, their files, and what needs what.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    str::FromStr,
};

use pep440_rs::Version;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::{markers, normal_name, python_project::TomlError};

/// A lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The packages in their order.
    pub packages: Vec<LockedPackage>,
}

/// A package of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedPackage {
    /// The name in PyPI's normal form.
    pub name: String,
    /// The version, if it is one that PEP 440 knows.
    pub version: Option<Version>,
    /// The file names of its wheels and source archives; none when the lock names no files.
    pub files: Option<Vec<String>>,
    /// Where it comes from, when not from the package index.
    pub source: Origin,
    /// What it needs.
    pub needs: Vec<Need>,
    /// The groups that ask for it; empty when the lock does not say.
    pub groups: Vec<String>,
    /// When it is installed at all.
    marker: Option<String>,
}

/// Where a locked package comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// A package index.
    #[default]
    Index,
    /// The project itself: a virtual or editable package at the root.
    Project,
    /// A folder or archive of the project, as written.
    Local(String),
    /// A repository or an address, as written.
    Remote(String),
}

/// A package that another one needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The name in PyPI's normal form.
    pub name: String,
    /// The extra or group of the needing package that asks for it; none for its own needs.
    pub group: Option<String>,
    marker: Option<String>,
}

/// Which part of a lock is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// Every group, that of development too.
    pub has_all: bool,
    /// Further groups and extras in normal form.
    pub groups: Vec<String>,
    /// Groups that are left out all the same.
    pub without: Vec<String>,
}

impl Selection {
    /// Whether it takes the packages of this group or extra; none stands for the project's own needs.
    pub fn takes(&self, group: Option<&str>) -> bool {
        let takes =
            |name: &str| matches!(name, "main" | "default") || self.groups.iter().any(|known| known == name);
        let is_left_out = group.is_some_and(|name| self.without.iter().any(|known| known == name));
        !is_left_out && (self.has_all || group.is_none_or(takes))
    }
}

/// Reads a `poetry.lock`, `uv.lock` or `pdm.lock`.
///
/// # Errors
/// When it is no TOML.
pub fn read(text: &str) -> Result<Lock, TomlError> {
    let text = text.trim_start_matches('\u{feff}');
    match read_by_package(text) {
        Ok(lock) => Ok(lock),
        // The text as a whole tells where it is wrong.
        Err(_) => read_chunks([text]),
    }
}

/// Reads a lock one package after the other, so that no more than one is held as a tree.
///
/// A cut inside a text or an array leaves it open, which is an error: where all chunks are TOML, none was.
fn read_by_package(text: &str) -> Result<Lock, TomlError> {
    let cuts = text.match_indices("\n[[package]]").map(|(at, _)| at + 1);
    let mut starts: Vec<usize> = iter::once(0).chain(cuts).collect();
    starts.push(text.len());
    read_chunks(starts.windows(2).map(|pair| &text[pair[0]..pair[1]]))
}

fn read_chunks<'t>(chunks: impl IntoIterator<Item = &'t str>) -> Result<Lock, TomlError> {
    let mut lock = Lock::default();
    let mut listed = BTreeMap::new();
    for chunk in chunks {
        let root: Table = chunk.parse()?;
        let packages = root.get("package").and_then(Value::as_array).into_iter().flatten();
        lock.packages.extend(packages.filter_map(Value::as_table).filter_map(locked));
        // poetry before 1.3 lists the files of all packages in one table.
        let tables = root.get("metadata").and_then(|metadata| metadata.get("files")?.as_table());
        for (name, files) in tables.into_iter().flatten() {
            listed.extend(
                file_names(files.as_array().into_iter().flatten()).map(|names| (normal_name(name), names)),
            );
        }
    }
    for package in lock.packages.iter_mut().filter(|package| package.files.is_none()) {
        package.files = listed.get(&package.name).cloned();
    }
    Ok(lock)
}

/// Reads a `Pipfile.lock`.
///
/// # Errors
/// When it is no JSON.
pub fn read_pipfile(text: &str) -> Result<Lock, serde_json::Error> {
    let root: Json = serde_json::from_str(text)?;
    let mut lock = Lock::default();
    for (section, group) in [("default", "default"), ("develop", "dev")] {
        let entries = root.get(section).and_then(Json::as_object).into_iter().flatten();
        for (name, entry) in entries {
            let text = |key: &str| entry.get(key).and_then(Json::as_str).map(str::to_owned);
            let remote = text("git").or_else(|| text("file")).map(Origin::Remote);
            lock.packages.push(LockedPackage {
                name: normal_name(name),
                version: text("version")
                    .and_then(|version| Version::from_str(version.trim_start_matches('=')).ok()),
                source: text("path").map(Origin::Local).or(remote).unwrap_or_default(),
                groups: vec![group.to_owned()],
                marker: text("markers"),
                ..LockedPackage::default()
            });
        }
    }
    Ok(lock)
}

impl Lock {
    /// The packages that `selection` installs for this Python, starting from `roots` where the lock itself
    /// does not say which group a package belongs to.
    pub fn installed(
        &self,
        selection: &Selection,
        roots: &[String],
        python: (u8, u8),
    ) -> Vec<&LockedPackage> {
        let applies = |package: &&LockedPackage| holds(package.marker.as_deref(), python);
        let is_ours = |package: &&LockedPackage| package.source != Origin::Project;
        let has_groups = self.packages.iter().any(|package| !package.groups.is_empty());
        let project = self.packages.iter().find(|package| package.source == Origin::Project);
        let has_everything = selection.has_all && selection.without.is_empty();
        if has_everything || (!has_groups && project.is_none() && roots.is_empty()) {
            return self.packages.iter().filter(is_ours).filter(applies).collect();
        }
        if has_groups {
            let takes = |package: &&LockedPackage| {
                package.groups.is_empty() || package.groups.iter().any(|group| selection.takes(Some(group)))
            };
            return self.packages.iter().filter(is_ours).filter(takes).filter(applies).collect();
        }
        let mut start: Vec<&str> = roots.iter().map(String::as_str).collect();
        let own = project.map(|project| project.needs.as_slice()).unwrap_or_default();
        let taken = own.iter().filter(|need| selection.takes(need.group.as_deref()) && need.applies(python));
        start.extend(taken.map(|need| need.name.as_str()));
        let reached = self.reached(start, python);
        self.packages
            .iter()
            .filter(is_ours)
            .filter(|package| reached.contains(package.name.as_str()))
            .filter(applies)
            .collect()
    }

    /// All packages that these need, with all their extras: at least what is installed.
    fn reached<'l>(&'l self, start: Vec<&'l str>, python: (u8, u8)) -> BTreeSet<&'l str> {
        let mut by_name: BTreeMap<&str, Vec<&LockedPackage>> = BTreeMap::new();
        for package in &self.packages {
            by_name.entry(&package.name).or_default().push(package);
        }
        let mut reached = BTreeSet::new();
        let mut waiting = start;
        while let Some(name) = waiting.pop() {
            if !reached.insert(name) {
                continue;
            }
            for package in by_name.get(name).into_iter().flatten() {
                let needs = package.needs.iter().filter(|need| need.applies(python));
                waiting.extend(needs.map(|need| need.name.as_str()));
            }
        }
        reached
    }
}

impl Need {
    fn applies(&self, python: (u8, u8)) -> bool {
        holds(self.marker.as_deref(), python)
    }
}

fn holds(marker: Option<&str>, python: (u8, u8)) -> bool {
    marker.is_none_or(|marker| markers::text_may_hold(marker, python))
}

fn locked(package: &Table) -> Option<LockedPackage> {
    let name = package.get("name")?.as_str()?;
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    // poetry before 1.5 names one category, since 2.0 it names groups.
    let groups = package.get("groups").and_then(Value::as_array).into_iter().flatten();
    let groups = groups.filter_map(Value::as_str).chain(text("category"));
    Some(LockedPackage {
        name: normal_name(name),
        version: text("version").and_then(|version| Version::from_str(version).ok()),
        files: files(package),
        source: origin(package),
        needs: needs(package),
        groups: groups.map(normal_name).collect(),
        marker: text("markers").or_else(|| text("marker")).map(str::to_owned),
    })
}

/// uv lists wheels and an sdist, poetry and pdm list files.
fn files(package: &Table) -> Option<Vec<String>> {
    let arrays = ["files", "wheels"].into_iter().filter_map(|key| package.get(key)?.as_array());
    file_names(arrays.flatten().chain(package.get("sdist")))
}

fn file_names<'v>(entries: impl Iterator<Item = &'v Value>) -> Option<Vec<String>> {
    let file_name = |entry: &Value| {
        let named = ["file", "filename", "url", "path"].iter().find_map(|key| entry.get(key)?.as_str())?;
        named.split(['#', '?']).next()?.rsplit('/').next().map(str::to_owned)
    };
    let names: Vec<String> = entries.filter_map(file_name).collect();
    (!names.is_empty()).then_some(names)
}

fn origin(package: &Table) -> Origin {
    let source = package.get("source").and_then(Value::as_table);
    let of = |key: &str| source?.get(key)?.as_str().map(str::to_owned);
    if let Some(path) = of("virtual").or_else(|| of("editable")).filter(|path| path == ".") {
        drop(path);
        return Origin::Project;
    }
    let folder = ["editable", "directory", "path", "virtual"].iter().find_map(|key| of(key));
    let remote = ["git", "url"].iter().find_map(|key| of(key));
    match (of("type").as_deref(), folder, remote) {
        (Some("directory" | "file"), _, url) => Origin::Local(url.unwrap_or_default()),
        (Some("git" | "url"), _, url) => Origin::Remote(url.unwrap_or_default()),
        (Some(_), _, _) => Origin::Index,
        (None, Some(folder), _) => Origin::Local(folder),
        (None, None, Some(url)) => Origin::Remote(url),
        (None, None, None) => pdm_origin(package),
    }
}

/// pdm writes the source into the package itself.
fn pdm_origin(package: &Table) -> Origin {
    let of = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let remote = of("git").or_else(|| of("url")).map(Origin::Remote);
    of("path").map(Origin::Local).or(remote).unwrap_or_default()
}

fn needs(package: &Table) -> Vec<Need> {
    let mut found = list(package.get("dependencies"), None);
    for key in ["optional-dependencies", "dev-dependencies"] {
        for (group, entries) in package.get(key).and_then(Value::as_table).into_iter().flatten() {
            found.extend(list(Some(entries), Some(&normal_name(group))));
        }
    }
    found
}

/// uv's tables, pdm's texts, poetry's table by name.
fn list(entries: Option<&Value>, group: Option<&str>) -> Vec<Need> {
    let need = |name: &str, marker: Option<&str>| Need {
        name: normal_name(name),
        group: group.map(str::to_owned),
        marker: marker.map(str::to_owned),
    };
    let marker_of =
        |entry: &Value| entry.get("markers").or_else(|| entry.get("marker"))?.as_str().map(str::to_owned);
    match entries {
        Some(Value::Table(table)) => {
            table.iter().map(|(name, entry)| need(name, marker_of(entry).as_deref())).collect()
        }
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| match item.as_str() {
                Some(text) => {
                    let (head, marker) =
                        text.split_once(';').map_or((text, None), |(a, b)| (a, Some(b.trim())));
                    let name =
                        head.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next()?;
                    Some(need(name, marker))
                }
                None => Some(need(item.get("name")?.as_str()?, marker_of(item).as_deref())),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lock: &Lock, selection: &Selection, roots: &[&str]) -> Vec<String> {
        let roots: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
        lock.installed(selection, &roots, (3, 11)).iter().map(|package| package.name.clone()).collect()
    }

    fn groups(names: &[&str]) -> Selection {
        let groups = names.iter().map(|name| (*name).to_owned()).collect();
        Selection { groups, ..Selection::default() }
    }

    const UV: &str = "[[package]]\nname = 'demo'\nsource = { virtual = '.' }\n\
        dependencies = [{ name = 'six' }, { name = 'colorama', marker = \"sys_platform == 'win32'\" }]\n\
        [package.optional-dependencies]\nx = [{ name = 'idna' }]\n\
        [package.dev-dependencies]\ndev = [{ name = 'ruff' }]\n\
        [[package]]\nname = 'six'\nversion = '1.17'\nsource = { registry = 'i' }\ndependencies = [{ name = 'MarkupSafe' }]\n\
        sdist = { url = 'https://h/six-1.17.tar.gz' }\nwheels = [{ url = 'https://h/six-1.17-py3-none-any.whl' }]\n\
        [[package]]\nname = 'markupsafe'\nsource = { git = 'https://h/m?rev=1#ab' }\n\
        [[package]]\nname = 'idna'\n[[package]]\nname = 'ruff'\n[[package]]\nname = 'colorama'\n\
        [[package]]\nname = 'member'\nsource = { editable = 'packages/member' }\n";

    #[test]
    fn follows_what_uv_locks() {
        let lock = read(UV).expect("valid");
        assert_eq!(names(&lock, &groups(&[]), &[]), ["six", "markupsafe"]);
        assert_eq!(names(&lock, &groups(&["x"]), &[]), ["six", "markupsafe", "idna"]);
        let all = Selection { has_all: true, ..Selection::default() };
        assert_eq!(names(&lock, &all, &[]).len(), 6);
        assert_eq!(lock.packages[1].files.as_ref().map(Vec::len), Some(2));
        assert!(matches!(&lock.packages[2].source, Origin::Remote(url) if url.starts_with("https://h/m")));
        assert_eq!(lock.packages[6].source, Origin::Local("packages/member".to_owned()));
    }

    #[test]
    fn follows_what_poetry_locks() {
        let old = "[[package]]\nname = 'a'\nversion = '1'\n[package.dependencies]\nb = '*'\nwin = {version = '*', markers = \"sys_platform == 'win32'\"}\n\
            [[package]]\nname = 'b'\n[[package]]\nname = 'win'\n[[package]]\nname = 'pytest'\n\
            [metadata.files]\na = [{file = 'a-1-py3-none-any.whl'}]\n";
        let lock = read(old).expect("valid");
        assert_eq!(names(&lock, &groups(&[]), &["a"]), ["a", "b"]);
        assert_eq!(lock.packages[0].files.as_deref(), Some(&["a-1-py3-none-any.whl".to_owned()][..]));
        let new = "[[package]]\nname = 'a'\ngroups = ['main']\nmarkers = \"python_version < '3'\"\n[[package]]\nname = 'b'\ngroups = ['main', 'dev']\n\
            [[package]]\nname = 'c'\ngroups = ['dev']\n";
        let lock = read(new).expect("valid");
        assert_eq!(names(&lock, &groups(&[]), &[]), ["b"]);
        assert_eq!(names(&lock, &groups(&["dev"]), &[]), ["b", "c"]);
        let without = Selection { has_all: true, without: vec!["dev".to_owned()], ..Selection::default() };
        assert_eq!(names(&lock, &without, &[]), ["b"]);
    }

    #[test]
    fn a_header_inside_a_text_cuts_nothing() {
        let text = "[[package]]\nname = 'a'\ndescription = '''\n[[package]]\nname = 'b'\n'''\nversion = '1'\n[[package]]\nname = 'c'\n";
        let lock = read(text).expect("valid");
        let found: Vec<&str> = lock.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(found, ["a", "c"]);
        assert_eq!(lock.packages[0].version, "1".parse().ok());
        assert!(read(&format!("{text}version = 'open\n")).is_err());
    }

    #[test]
    fn reads_pdm_and_pipenv() {
        let pdm = "[[package]]\nname = 'a'\ngroups = ['default']\ndependencies = [\"b>=1; sys_platform == 'linux'\", 'C_d[x]']\n";
        let lock = read(pdm).expect("valid");
        let needs: Vec<&str> = lock.packages[0].needs.iter().map(|need| need.name.as_str()).collect();
        assert_eq!(needs, ["b", "c-d"]);
        let pipenv = r#"{"default": {"Six": {"version": "==1.17.0"}, "own": {"path": "."}}, "develop": {"ruff": {"version": "==1"}}}"#;
        let lock = read_pipfile(pipenv).expect("valid");
        assert_eq!(names(&lock, &groups(&[]), &[]), ["six", "own"]);
        assert_eq!(lock.packages[0].version, "1.17.0".parse().ok());
        assert!(read_pipfile("{").is_err() && read("[").is_err());
    }
}
