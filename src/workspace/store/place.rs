//! One file: staged beside its target, put in its place, and put back.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile, TempPath};

use super::Target;

const PREFIX: &str = ".alpinist-";
const SUFFIX: &str = ".tmp";
const RANDOM: usize = 12;

/// A new text on disk beside its target.
pub(super) struct Staged(NamedTempFile);

impl Staged {
    /// Writes the text of `target` with the permissions and the owner of its model, and forces it to disk.
    pub(super) fn new(target: &Target) -> io::Result<Self> {
        let mut file = temporary().tempfile_in(folder_of(&target.real))?;
        file.write_all(target.output.text.as_bytes())?;
        let model = fs::metadata(&target.model)?;
        keep_owner(file.as_file(), &model);
        file.as_file().set_permissions(model.permissions())?;
        file.as_file().sync_all()?;
        Ok(Self(file))
    }

    /// Puts it in its place. A target that must not exist yet is never overwritten.
    pub(super) fn place(self, target: &Target, kept: Kept) -> io::Result<Placed> {
        let placed = match target.is_new {
            true => self.0.persist_noclobber(&target.real),
            false => self.0.persist(&target.real),
        };
        placed.map_err(|error| error.error)?;
        Ok(Placed { real: target.real.clone(), kept })
    }
}

/// A second name for the file that stood at the target, if any did.
pub(super) struct Kept(Option<TempPath>);

impl Kept {
    /// Gives the file at the target a second name; where the system has no such thing, a copy.
    pub(super) fn of(target: &Target) -> io::Result<Self> {
        if target.is_new || !target.real.exists() {
            return Ok(Self(None));
        }
        let folder = folder_of(&target.real);
        let linked = temporary().make_in(folder, |path| fs::hard_link(&target.real, path));
        let kept = match linked {
            Ok(linked) => linked.into_temp_path(),
            Err(_) => copy(&target.real, folder)?,
        };
        Ok(Self(Some(kept)))
    }
}

fn copy(path: &Path, folder: &Path) -> io::Result<TempPath> {
    let copy = temporary().tempfile_in(folder)?;
    let metadata = fs::metadata(path)?;
    io::copy(&mut File::open(path)?, &mut copy.as_file())?;
    keep_owner(copy.as_file(), &metadata);
    copy.as_file().set_permissions(metadata.permissions())?;
    copy.as_file().sync_all()?;
    Ok(copy.into_temp_path())
}

/// A target that changed, with what stood there.
pub(super) struct Placed {
    real: PathBuf,
    kept: Kept,
}

impl Placed {
    /// Puts back what stood there.
    pub(super) fn put_back(self) {
        // Nothing better can be done when even this fails; the error that led here is reported.
        let _ = match self.kept.0 {
            Some(kept) => kept.persist(&self.real).map_err(|error| error.error),
            None => fs::remove_file(&self.real),
        };
    }
}

/// Removes what a run that was killed left behind in `folder`; whoever calls this holds the lock.
pub(super) fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_temporary)) {
        // It is in nobody's way; the next run tries again.
        let _ = fs::remove_file(entry.path());
    }
}

fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    builder
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Gives a file the owner and group of another where this process may; else it stays its own.
#[cfg(unix)]
fn keep_owner(file: &File, model: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata();
    if own.is_ok_and(|own| (own.uid(), own.gid()) != (model.uid(), model.gid())) {
        let _ = fchown(file, Some(model.uid()), Some(model.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_leftovers_go() {
        assert!(is_temporary(".alpinist-aB3dE6gH9jK2.tmp"));
        for other in [".alpinist-notes.tmp", ".alpinist-aB3dE6gH9jK2", "alpinist-aB3dE6gH9jK2.tmp"] {
            assert!(!is_temporary(other), "{other}");
        }
    }
}
