//! The lock files of npm, yarn and pnpm: packages, versions, and which run a script when installed.

use serde_json::{Map, Value};

use super::package_json::JsonError;

/// A package of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedModule {
    /// The name, with its scope.
    pub name: String,
    /// The version as written, or empty.
    pub version: String,
    /// Whether it runs a script when it is installed; none when the lock does not say.
    pub has_script: Option<bool>,
    /// Whether only development needs it.
    pub is_dev: bool,
    /// Whether the lock limits it to other systems than Linux.
    pub is_elsewhere: bool,
}

/// Reads a `package-lock.json` or `npm-shrinkwrap.json`.
///
/// # Errors
/// When it is no JSON object.
pub fn read_npm(text: &str) -> Result<Vec<LockedModule>, JsonError> {
    let object = super::package_json::object(text)?;
    let packages = object.get("packages").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<LockedModule> = packages
        .filter_map(|(path, entry)| Some(of_npm(path.rsplit_once("node_modules/")?.1, entry)))
        .collect();
    if found.is_empty() {
        // Version 1 nests dependencies and does not tell of scripts.
        older(object.get("dependencies"), &mut found);
    }
    Ok(found)
}

fn of_npm(name: &str, entry: &Value) -> LockedModule {
    let is = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
    LockedModule {
        name: name.to_owned(),
        version: entry.get("version").and_then(Value::as_str).unwrap_or_default().to_owned(),
        has_script: Some(is("hasInstallScript")),
        is_dev: is("dev") || is("devOptional"),
        is_elsewhere: is_elsewhere(entry),
    }
}

fn older(dependencies: Option<&Value>, found: &mut Vec<LockedModule>) {
    for (name, entry) in dependencies.and_then(Value::as_object).into_iter().flatten() {
        found.push(LockedModule { has_script: None, ..of_npm(name, entry) });
        older(entry.get("dependencies"), found);
    }
}

/// Whether an `os` list names systems and Linux is not among them.
fn is_elsewhere(entry: &Value) -> bool {
    let systems: Option<Vec<&str>> =
        entry.get("os").and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect());
    systems.is_some_and(|systems| !systems.is_empty() && !systems.contains(&"linux"))
}

/// Reads a `yarn.lock` of any version: the name of each entry and the version below it.
///
/// Lines are enough for that. The crate that reads the whole format refuses files without yarn's two
/// header lines, and has branches that panic.
pub fn read_yarn(text: &str) -> Vec<LockedModule> {
    let mut modules: Vec<LockedModule> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let is_indented = line.starts_with([' ', '\t']);
        if !is_indented {
            is_open = false;
        }
        if let Some(name) = (!is_indented && !line.starts_with('#')).then(|| yarn_name(line)).flatten() {
            modules.push(LockedModule { name: name.to_owned(), ..LockedModule::default() });
            is_open = true;
        } else if let (true, Some(version)) = (is_open, line.trim_start().strip_prefix("version")) {
            let version = version.trim_matches([':', ' ', '"', '\r']);
            if let Some(module) = modules.last_mut() {
                module.version = version.to_owned();
            }
            is_open = false;
        }
    }
    modules
}

/// The package of an entry's first line: `"@scope/name@npm:^1", other@2:`.
fn yarn_name(line: &str) -> Option<&str> {
    let first = line.trim_end().strip_suffix(':')?.split(',').next()?.trim_matches('"');
    let (at, _) = first.char_indices().skip(1).find(|(_, c)| *c == '@')?;
    (!first[at..].starts_with("@workspace:")).then_some(&first[..at])
}

/// Reads a `pnpm-lock.yaml`.
///
/// # Errors
/// When it is no YAML.
pub fn read_pnpm(text: &str) -> Result<Vec<LockedModule>, String> {
    // pnpm writes no anchors; without them a text cannot grow when it is read.
    if text.contains(": &") || text.contains("- &") {
        return Err("it holds YAML anchors, which pnpm does not write".to_owned());
    }
    // A lock is long and not deep: the reader takes its part of the stack for each level, and has a limit of its own.
    let budget = serde_saphyr::budget! { max_events: usize::MAX, max_nodes: usize::MAX };
    let settings = serde_saphyr::options! { budget: budget };
    let root: Value =
        serde_saphyr::from_str_with_options(text, settings).map_err(|error| error.to_string())?;
    let empty = Map::new();
    let packages = root.get("packages").and_then(Value::as_object).unwrap_or(&empty);
    Ok(packages.iter().filter_map(|(key, entry)| of_pnpm(key, entry)).collect())
}

/// `/name/1.0`, `/name@1.0(peer)` or `name@1.0`, by the version of the lock.
fn of_pnpm(key: &str, entry: &Value) -> Option<LockedModule> {
    // Version 5 writes peers after an underscore: `/name/1.0_peer@2`.
    let key = key.trim_start_matches('/').split('(').next()?;
    let peerless = key.split_once('_').filter(|(head, _)| !head.contains('@') || head.starts_with('@'));
    let key = peerless.map_or(key, |(head, _)| head);
    let (name, version) = match key.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (&key[..at], &key[at + 1..]),
        None => key.rsplit_once('/')?,
    };
    let is = |field: &str| entry.get(field).and_then(Value::as_bool);
    Some(LockedModule {
        name: name.to_owned(),
        version: version.split('_').next()?.to_owned(),
        has_script: is("requiresBuild"),
        is_dev: is("dev").unwrap_or(false),
        is_elsewhere: is_elsewhere(entry),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(modules: &[LockedModule]) -> Vec<String> {
        modules.iter().map(|module| format!("{} {}", module.name, module.version)).collect()
    }

    #[test]
    fn reads_npm() {
        let text = r#"{"packages": {"": {}, "node_modules/bcrypt": {"version": "5.1.1", "hasInstallScript": true},
            "node_modules/a/node_modules/@b/c": {"version": "1", "dev": true},
            "node_modules/fsevents": {"version": "2", "os": ["darwin"], "hasInstallScript": true}}}"#;
        let modules = read_npm(text).expect("valid");
        assert_eq!(shown(&modules), ["bcrypt 5.1.1", "@b/c 1", "fsevents 2"]);
        assert_eq!(modules[0].has_script, Some(true));
        assert!(modules[1].is_dev && modules[2].is_elsewhere);
        let old = r#"{"dependencies": {"a": {"version": "1", "dependencies": {"b": {"version": "2"}}}}}"#;
        assert_eq!(shown(&read_npm(old).expect("valid")), ["a 1", "b 2"]);
        assert!(read_npm("[").is_err());
    }

    #[test]
    fn reads_yarn() {
        let text = "# yarn lockfile v1\n\n\n\"@babel/core@^7.0.0\", \"@babel/core@^7.1.0\":\n  version \"7.24.0\"\n  resolved \"https://h/x\"\n  integrity sha512-x\n\nbcrypt@^5:\n  version \"5.1.1\"\n  resolved \"https://h/y\"\n  integrity sha512-y\n";
        assert_eq!(shown(&read_yarn(text)), ["@babel/core 7.24.0", "bcrypt 5.1.1"]);
        let berry = "__metadata:\n  version: 8\n\n\"a@npm:^1, a@npm:^1.1\":\n  version: 1.2.0\n  dependencies:\n    version: \"npm:1\"\n\n\"own@workspace:.\":\n  version: 0\n";
        assert_eq!(shown(&read_yarn(berry)), ["a 1.2.0"]);
    }

    #[test]
    fn reads_pnpm() {
        let text = "lockfileVersion: '9.0'\npackages:\n  '@img/sharp@1.0(x@2)':\n    os: [linux]\n  bcrypt@5.1.1:\n    requiresBuild: true\n  /old/1.2.3_peer@1:\n    dev: true\n  /older@2.0.0: {}\n";
        let modules = read_pnpm(text).expect("valid");
        assert_eq!(shown(&modules), ["@img/sharp 1.0", "bcrypt 5.1.1", "old 1.2.3", "older 2.0.0"]);
        assert_eq!(modules[1].has_script, Some(true));
        assert!(modules[2].is_dev);
    }
}
