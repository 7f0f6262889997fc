//! Runs that write in the same folders wait for each other.
//!
//! The folders themselves are locked, so no file has to be made for it. A run holds the folder that contains all
//! that it writes, and shares the folders above it: two runs meet wherever one writes below the other.

use std::{collections::BTreeSet, fs::File, path::Path};

/// Locks that end when this is dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the files are held open")] Vec<File>);

/// Waits until no other run writes in `folders`, which are absolute.
///
/// Where the system knows no locks on folders, there is nothing to wait for.
pub(super) fn folders(folders: &BTreeSet<&Path>) -> Lock {
    let Some(own) = common(folders) else { return Lock(Vec::new()) };
    // From the top down in every run, so that no two wait for each other.
    let mut path: Vec<&Path> = own.ancestors().collect();
    path.reverse();
    let lock = |folder: &Path| {
        let file = File::open(folder).ok()?;
        let locked = if folder == own { file.lock() } else { file.lock_shared() };
        locked.is_ok().then_some(file)
    };
    Lock(path.into_iter().filter_map(lock).collect())
}

/// The folder that contains all of `folders`.
fn common<'p>(folders: &BTreeSet<&'p Path>) -> Option<&'p Path> {
    let (first, last) = (*folders.first()?, *folders.last()?);
    // In order, the first and the last differ most.
    first
        .ancestors()
        .find(|folder| last.starts_with(folder) && folders.iter().all(|one| one.starts_with(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_holds_all() {
        let paths = ["/a/b", "/a/b/c", "/a/d"].map(Path::new);
        assert_eq!(common(&paths.into_iter().collect()), Some(Path::new("/a")));
        assert_eq!(common(&BTreeSet::from([Path::new("/a/b")])), Some(Path::new("/a/b")));
        assert_eq!(common(&BTreeSet::new()), None);
    }
}
