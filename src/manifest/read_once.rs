//! The manifests and locks of a project, each read once: many passes ask for them, and a lock may be long.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    node_lock::LockedModule, package_json::PackageJson, python_lock::Lock, python_project::PyProject,
};

/// What the files of a build context said that were read as manifests or locks. No pass changes such a file.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Locks of npm, yarn and pnpm.
    pub node_locks: Once<Vec<LockedModule>>,
    /// `package.json`.
    pub packages: Once<PackageJson>,
    /// Locks of poetry, uv, pdm and pipenv.
    pub python_locks: Once<Lock>,
    /// `pyproject.toml` and Pipfile.
    pub projects: Once<PyProject>,
}

/// Files of one kind, by path: what they say, or why they cannot be read.
#[derive(Debug)]
pub struct Once<T>(Mutex<BTreeMap<String, Result<Arc<T>, String>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Once<T> {
    /// What the file at `path` says; `read` makes it when nobody asked before.
    ///
    /// # Errors
    /// What `read` returned.
    pub fn get_or_read<E: ToString>(
        &self,
        path: &str,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(path) {
            return found.clone();
        }
        let found = read().map(Arc::new).map_err(|error| error.to_string());
        known.insert(path.to_owned(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once() {
        let once = Once::default();
        assert_eq!(once.get_or_read("a", || Ok::<_, String>(1)).as_deref(), Ok(&1));
        assert_eq!(once.get_or_read("a", || Ok::<_, String>(2)).as_deref(), Ok(&1));
        assert_eq!(once.get_or_read("b", || Err("no JSON")), Err("no JSON".to_owned()));
        assert_eq!(once.get_or_read("b", || Ok::<_, String>(3)), Err("no JSON".to_owned()));
    }
}
