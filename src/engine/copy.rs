//! A copy of a build context in a temporary folder, without what the ignore file keeps out.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::docker::ignore::Ignore;

/// The folder of a run, removed with everything in it when the run ends.
#[derive(Debug)]
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// An empty folder of this run.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new(run: &str) -> io::Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix(&format!("{run}-{}-", std::process::id())).tempdir()?,
        })
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a text that only this user may read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<String> {
        let path = self.path(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// Copies what `ignore` leaves of the folder `from`.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy(&self, from: &Path, name: &str, ignore: Option<&Ignore>) -> io::Result<String> {
        let to = self.path(name);
        fs::create_dir_all(&to)?;
        folder((from, &to), "", ignore)?;
        Ok(to.display().to_string())
    }
}

fn folder((from, to): (&Path, &Path), below: &str, ignore: Option<&Ignore>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let shown = name.to_string_lossy();
        let path = if below.is_empty() { shown.into_owned() } else { format!("{below}/{shown}") };
        let is_hidden = ignore.is_some_and(|ignore| ignore.hides(&path).is_some());
        let target = to.join(&name);
        if kind.is_dir() {
            let may_show = ignore.is_some_and(|ignore| ignore.may_show_below(&path));
            if !is_hidden || may_show {
                fs::create_dir_all(&target)?;
                folder((&entry.path(), &target), &path, ignore)?;
                fs::set_permissions(&target, fs::metadata(entry.path())?.permissions())?;
            }
        } else if !is_hidden && kind.is_symlink() {
            link(&fs::read_link(entry.path())?, &target)?;
        } else if !is_hidden && kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    // A link that cannot be made is left out; the build says so where it is needed.
    std::os::windows::fs::symlink_file(to, at).or(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_what_the_ignore_file_leaves() {
        let from = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(from.path().join("a/b")).expect("folders");
        for name in ["keep.txt", "a/gone.txt", "a/b/kept.txt"] {
            fs::write(from.path().join(name), name).expect("a file");
        }
        let ignore = Ignore::parse("a\n!a/b/kept.txt\n").expect("rules");
        let bench = Bench::new("alpinist-test").expect("a bench");
        let copied = bench.copy(from.path(), "context", Some(&ignore)).expect("a copy");
        let is_there = |name: &str| Path::new(&copied).join(name).exists();
        assert_eq!(["keep.txt", "a/gone.txt", "a/b/kept.txt"].map(is_there), [true, false, true]);
    }
}
