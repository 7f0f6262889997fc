//! Whether a lock fits the manifest beside it: what it lacks is judged by the manifest.

use std::collections::BTreeSet;

use super::{Evidence, NOWHERE, NodeProject};
use crate::{
    manifest::{
        node_lock::LockedModule,
        python_lock::{Lock, LockedPackage},
        python_project::Dependency,
    },
    reason::Reason,
};

/// How the lock of a Python project falls short of one of its dependencies.
pub(super) enum Misfit {
    /// It does not hold the package.
    Missing,
    /// It holds the package in versions that are not allowed.
    OtherVersion,
}

/// What a lock lacks of a dependency from an index; none where it fits.
pub(super) fn misfit(lock: &Lock, dependency: &Dependency) -> Option<Misfit> {
    if dependency.is_direct {
        return None;
    }
    let mut locked = lock.packages.iter().filter(|package| package.name == dependency.name).peekable();
    if locked.peek().is_none() {
        return Some(Misfit::Missing);
    }
    let specifiers = dependency.specifiers.as_ref()?;
    let allows =
        |package: &LockedPackage| package.version.as_ref().is_none_or(|version| specifiers.contains(version));
    (!locked.any(allows)).then_some(Misfit::OtherVersion)
}

/// What to say of the dependencies that a lock lacks, as a note; none where it fits.
pub(super) fn told(lock: &str, manifest: &str, misfits: &[(&Dependency, Misfit)]) -> Option<String> {
    let names = |is_wanted: fn(&Misfit) -> bool| {
        let found = misfits
            .iter()
            .filter(|(_, misfit)| is_wanted(misfit))
            .map(|(dependency, _)| dependency.name.as_str());
        found.collect::<Vec<_>>().join(", ")
    };
    let missing = names(|misfit| matches!(misfit, Misfit::Missing));
    let other = names(|misfit| matches!(misfit, Misfit::OtherVersion));
    let what = match (missing.is_empty(), other.is_empty()) {
        (true, true) => return None,
        (false, true) => format!("it lacks {missing}"),
        (true, false) => format!("it has {other} in another version"),
        (false, false) => format!("it lacks {missing}, and has {other} in another version"),
    };
    Some(format!(
        "The file {lock} does not fit {manifest}: {what}. {manifest} is what counts there; lock it anew (PIP-15)."
    ))
}

impl Evidence {
    /// Takes in what package.json asks for and the lock does not hold.
    pub(super) fn missing_modules(&mut self, project: &NodeProject, lock: &[LockedModule]) {
        let locked: BTreeSet<&str> = lock.iter().map(|module| module.name.as_str()).collect();
        let dev = project.package.dev_dependencies.iter().filter(|_| !project.is_production);
        let asked = project.package.dependencies.iter().chain(dev);
        let missing: Vec<&String> = asked
            .filter(|(name, range)| is_of_the_registry(range) && !locked.contains(name.as_str()))
            .map(|(name, _)| name)
            .collect();
        for name in &missing {
            self.module(&LockedModule { name: (*name).clone(), ..LockedModule::default() });
        }
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
            self.reasons.push(Reason::doubt("BASE-04", NOWHERE, format!(
                "the lock file of {} lacks {}, so which native code comes along is not known: lock it anew",
                project.manager.name(),
                names.join(", ")
            )));
        }
    }
}

/// Whether a range asks for versions from the registry under the package's own name.
fn is_of_the_registry(range: &str) -> bool {
    let range = range.trim();
    range.starts_with(|c: char| c.is_ascii_digit() || "^~<>=*".contains(c))
        || matches!(range, "" | "latest" | "x")
}
