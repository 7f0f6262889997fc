//! Which files of a folder are Dockerfiles and compose files, by name.

use std::path::Path;

use super::{
    load::{InputError, fault},
    path::name,
};

/// Whether a file with this name is a Dockerfile.
pub fn is_dockerfile(path: &str) -> bool {
    let name = name(path);
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".dockerignore") || is_template(&lower) || is_source(name) {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|stem| {
        lower == *stem || lower.starts_with(&format!("{stem}.")) || lower.ends_with(&format!(".{stem}"))
    })
}

fn is_template(name: &str) -> bool {
    [".j2", ".tpl", ".tmpl", ".template", ".erb", ".in", ".md", ".bak", ".orig", ".swp"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// A program or a page about Dockerfiles, such as `dockerfile.py`; `Dockerfile.py` is the one for Python.
fn is_source(name: &str) -> bool {
    let endings =
        ["py", "go", "js", "mjs", "ts", "rs", "rb", "php", "java", "txt", "json", "yml", "yaml", "html"];
    ["dockerfile.", "containerfile."]
        .iter()
        .filter_map(|stem| name.strip_prefix(stem))
        .any(|rest| rest.rsplit('.').next().is_some_and(|ending| endings.contains(&ending)))
}

/// Whether a file with this name is a compose file.
pub fn is_compose(path: &str) -> bool {
    let lower = name(path).to_ascii_lowercase();
    let Some(stem) = lower.strip_suffix(".yml").or_else(|| lower.strip_suffix(".yaml")) else { return false };
    ["docker-compose", "compose"].iter().any(|known| {
        stem == *known || stem.starts_with(&format!("{known}.")) || stem.starts_with(&format!("{known}-"))
    })
}

/// Whether a file with this name holds YAML.
pub fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// The Dockerfiles and compose files below `folder`, relative to `base`, sorted; ignored files are left out, and so are
/// those of vendored packages.
///
/// What could not be looked at comes second.
pub fn walk(base: &Path, folder: &Path) -> (Vec<String>, Vec<InputError>) {
    let mut walker = ignore::WalkBuilder::new(folder);
    walker.require_git(false).follow_links(false).filter_entry(|entry| !is_of_others(entry.path()));
    let walker = walker.build();
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for entry in walker {
        match entry {
            Err(error) => errors.push(unseen(base, folder, &error)),
            Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => {
                found.extend(wanted(base, entry.path()));
            }
            Ok(_) => {}
        }
    }
    found.sort();
    (found, errors)
}

/// Whether a folder holds the packages of a project: what Go, Composer and npm bring along.
fn is_of_others(path: &Path) -> bool {
    let is_called = |name: &str| path.file_name().is_some_and(|own| own == name);
    let has = |name: &str| path.join(name).is_file();
    is_called("node_modules") || (is_called("vendor") && (has("modules.txt") || has("autoload.php")))
}

fn wanted(base: &Path, path: &Path) -> Option<String> {
    let path = path.strip_prefix(base).ok()?.to_str()?.replace('\\', "/");
    (is_dockerfile(&path) || is_compose(&path)).then_some(path)
}

fn unseen(base: &Path, folder: &Path, error: &ignore::Error) -> InputError {
    let path = match error {
        ignore::Error::WithDepth { err, .. } => match &**err {
            ignore::Error::WithPath { path, .. } => path.as_path(),
            _ => folder,
        },
        ignore::Error::WithPath { path, .. } => path,
        _ => folder,
    };
    let shown = path.strip_prefix(base).unwrap_or(path).display().to_string();
    let what = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    fault(&shown, what, "make it readable, or name it in .gitignore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide() {
        for path in [
            "Dockerfile",
            "a/b.Dockerfile",
            "Dockerfile.prod",
            "Dockerfile.py",
            "Containerfile",
            "x.dockerfile",
            "dockerfile.prod",
        ] {
            assert!(is_dockerfile(path), "{path}");
        }
        for path in [
            "Dockerfile.dockerignore",
            "Dockerfile.j2",
            "mydockerfile",
            "dockerfile_utils.py",
            "dockerfile.py",
            "src/dockerfile.test.ts",
        ] {
            assert!(!is_dockerfile(path), "{path}");
        }
        for path in ["compose.yaml", "docker-compose.staging.yml", "docker-compose-dev.yml"] {
            assert!(is_compose(path), "{path}");
        }
        assert!(!is_compose("composer.yml"));
    }
}
