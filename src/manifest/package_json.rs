//! `package.json` and npm's lock file: scripts, dependencies, and native packages for one C library.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What a `package.json` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageJson {
    /// The package's own name, if given.
    pub name: Option<String>,
    /// The scripts as name and command line, in their order.
    pub scripts: Vec<(String, String)>,
    /// The dependencies at run time as name and range, optional ones included.
    pub dependencies: Vec<(String, String)>,
    /// The dependencies of development as name and range.
    pub dev_dependencies: Vec<(String, String)>,
    /// The dependency, override or patch that names a file or folder of the project.
    pub names_file: Option<String>,
    /// Whether it is the root of a workspace of several packages.
    pub has_workspaces: bool,
}

impl PackageJson {
    /// The command line of the script `name`.
    pub fn script(&self, name: &str) -> Option<&str> {
        self.scripts.iter().find(|(script, _)| script == name).map(|(_, command)| command.as_str())
    }

    /// Whether it depends on `name` at run time or for development.
    pub fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().chain(&self.dev_dependencies).any(|(dependency, _)| dependency == name)
    }
}

/// Why a JSON manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("it is not valid JSON")]
    Syntax(#[from] serde_json::Error),
    /// It is JSON, but no object.
    #[error("it is not a JSON object")]
    NotAnObject,
}

/// Reads the text of a `package.json`.
///
/// # Errors
/// When it is no JSON object.
pub fn read(text: &str) -> Result<PackageJson, JsonError> {
    let object = object(text)?;
    let mut dependencies = pairs(&object, "dependencies");
    dependencies.extend(pairs(&object, "optionalDependencies"));
    Ok(PackageJson {
        name: object.get("name").and_then(Value::as_str).map(str::to_owned),
        scripts: pairs(&object, "scripts"),
        dependencies,
        dev_dependencies: pairs(&object, "devDependencies"),
        names_file: FILED.into_iter().find_map(|key| file_in(key, object.get(key)?, 0)),
        has_workspaces: object.contains_key("workspaces"),
    })
}

/// Keys whose values may name files.
const FILED: [&str; 7] = [
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "overrides",
    "patchedDependencies",
    "pnpm",
    "resolutions",
];

/// The key of the first value, at any depth, that names a file or folder.
fn file_in(key: &str, value: &Value, depth: usize) -> Option<String> {
    const LOCAL: [&str; 9] = ["file:", "link:", "workspace:", "portal:", "patch:", "./", "../", "~/", "/"];
    match value {
        Value::String(text) => {
            let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| text.ends_with(ending));
            let is_local = LOCAL.iter().any(|start| text.starts_with(start)) || text.contains("@patch:");
            (is_local || (is_archive && !text.contains("://"))).then(|| key.to_owned())
        }
        Value::Object(inner) if depth < 8 => {
            let patched = inner.keys().find(|key| *key == "patchedDependencies").cloned();
            patched.or_else(|| inner.iter().find_map(|(key, value)| file_in(key, value, depth + 1)))
        }
        _ => None,
    }
}

/// The packages of a `package-lock.json` that are built for glibc and have no twin for musl in it.
///
/// npm installs only what the lock lists: without the twin the tool finds no binary on Alpine
/// (<https://github.com/npm/cli/issues/4828>).
///
/// # Errors
/// When it is no JSON object.
pub fn locked_without_musl(text: &str) -> Result<Vec<String>, JsonError> {
    let names: Vec<String> =
        super::node_lock::read_npm(text)?.into_iter().map(|module| module.name).collect();
    Ok(without_twins(&names))
}

/// The processors whose builds count. For others many tools have no build for musl at all, and nobody misses it:
/// rollup never had one for s390x, yet each lock with rollup lists its build for glibc.
const PROCESSORS: [&str; 4] = ["x64", "arm64", "x86_64", "aarch64"];

/// Those of `names` that are built for glibc and have no twin for musl among the others, x86-64 and ARM64 only.
pub fn without_twins(names: &[String]) -> Vec<String> {
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let lacks_twin = |name: &&str| {
        musl_twins(name).is_some_and(|twins| !twins.iter().any(|twin| known.contains(twin.as_str())))
    };
    known.iter().copied().filter(lacks_twin).map(str::to_owned).collect()
}

/// The names under which the musl build of a glibc package is published; none for other packages.
fn musl_twins(name: &str) -> Option<Vec<String>> {
    let (scope, rest) = name.rsplit_once('/').map_or(("", name), |(scope, rest)| (scope, rest));
    if !rest.split('-').any(|part| PROCESSORS.contains(&part)) {
        return None;
    }
    if let Some(stem) = rest.strip_suffix("-gnu").filter(|stem| stem.contains("linux")) {
        let prefix = if scope.is_empty() { String::new() } else { format!("{scope}/") };
        return Some(vec![format!("{prefix}{stem}-musl")]);
    }
    // sharp and Biome name the glibc build without suffix.
    let is_bare = (scope == "@img" && rest.contains("linux-") && !rest.contains("linuxmusl"))
        || (scope == "@biomejs" && rest.starts_with("cli-linux-") && !rest.ends_with("-musl"));
    is_bare.then(|| match scope {
        "@img" => vec![format!("@img/{}", rest.replace("linux-", "linuxmusl-"))],
        _ => vec![format!("{name}-musl")],
    })
}

pub(super) fn object(text: &str) -> Result<Map<String, Value>, JsonError> {
    match serde_json::from_str(text.trim_start_matches('\u{feff}'))? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

fn pairs(object: &Map<String, Value>, key: &str) -> Vec<(String, String)> {
    let entries = object.get(key).and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scripts_and_dependencies() {
        let text = r#"{"name": "app", "scripts": {"start": "node server.js", "build": "vite build"},
            "dependencies": {"express": "^4"}, "optionalDependencies": {"sharp": "1"},
            "devDependencies": {"vite": "^5"}}"#;
        let package = read(text).expect("valid");
        assert_eq!(package.script("start"), Some("node server.js"));
        assert!(package.depends_on("express") && package.depends_on("sharp") && package.depends_on("vite"));
        assert_eq!(package.dependencies.len(), 2);
        assert!(!package.has_workspaces);
        assert!(matches!(read("[]"), Err(JsonError::NotAnObject)));
        assert!(matches!(read("{"), Err(JsonError::Syntax(_))));
    }

    #[test]
    fn finds_packages_locked_for_glibc_only() {
        let lock = |names: &[&str]| {
            let packages: Vec<String> =
                names.iter().map(|name| format!(r#""node_modules/{name}": {{}}"#)).collect();
            locked_without_musl(&format!(r#"{{"packages": {{{}}}}}"#, packages.join(","))).expect("valid")
        };
        assert_eq!(lock(&["@rollup/rollup-linux-x64-gnu"]), ["@rollup/rollup-linux-x64-gnu"]);
        assert_eq!(lock(&["@rollup/rollup-linux-x64-gnu", "@rollup/rollup-linux-x64-musl"]), [""; 0]);
        assert_eq!(lock(&["@img/sharp-linux-x64"]), ["@img/sharp-linux-x64"]);
        assert_eq!(lock(&["@img/sharp-linux-x64", "@img/sharp-linuxmusl-x64"]), [""; 0]);
        assert_eq!(lock(&["express", "lightningcss-linux-x64-gnu"]), ["lightningcss-linux-x64-gnu"]);
        assert_eq!(lock(&["@esbuild/linux-x64"]), [""; 0]);
        assert_eq!(lock(&["@rollup/rollup-linux-s390x-gnu", "@img/sharp-linux-ppc64"]), [""; 0]);
    }
}
