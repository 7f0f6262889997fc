//! Writing outputs: each file whole or not at all, and all of them or none.
//!
//! Everything is prepared in temporary files beside the targets before the first target changes. A process that
//! is killed leaves each file old or new; what it leaves of the temporary files goes with the next run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::projects::Roots;
use crate::plan::{Base, Conflict, Output};

mod lock;
mod place;

use place::{Placed, Staged};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody changed a file since it was read.
    #[error("{path} changed since it was read; nothing was written: run alpinist again")]
    ChangedMeanwhile {
        /// The file.
        path: String,
    },
    /// The target holds something else.
    #[error("{path} exists with other content; nothing was written: move it away, or use --force")]
    Exists {
        /// The file.
        path: String,
    },
    /// A symbolic link leads out of what was asked for.
    #[error(
        "{path} is a link to {target}, outside of what was named; nothing was written: name that file, or leave {path} out"
    )]
    Outside {
        /// The file.
        path: String,
        /// Where it really is.
        target: String,
    },
    /// Two files of the run are one file on disk, and would differ.
    #[error(
        "{path} and {other} are the same file on disk and would differ; nothing was written: name one of them"
    )]
    Twice {
        /// The file.
        path: String,
        /// The other one.
        other: String,
    },
    /// The system refused.
    #[error("{path}: {source}; every file is as it was")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What a run writes.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'b> {
    /// The folder that the paths are relative to.
    pub base: &'b Path,
    /// Where files may be written.
    pub roots: &'b Roots,
    /// Folders in which a run that was killed may have left temporary files.
    pub folders: &'b BTreeSet<String>,
    /// The files.
    pub outputs: &'b [Output],
    /// Overwrite a sibling that holds something else.
    pub force: bool,
}

/// What is about to happen on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A temporary file gets the new text.
    Stage,
    /// The old file gets a second name, to be put back if need be.
    Keep,
    /// The new file takes its place.
    Place,
    /// A folder's entries are forced to disk.
    Sync,
    /// The second name goes.
    Tidy,
}

/// Refuses when something stands in the way.
///
/// # Errors
/// The first of the conflicts.
pub fn without_conflicts(conflicts: &[Conflict]) -> Result<(), StoreError> {
    match conflicts.first() {
        Some(conflict) => Err(StoreError::Exists { path: conflict.path.clone() }),
        None => Ok(()),
    }
}

/// Writes every output.
///
/// # Errors
/// When a file changed, is in the way, leads elsewhere, or cannot be written. Every file is then as it was.
pub fn store(batch: &Batch) -> Result<(), StoreError> {
    store_watched(batch, &mut |_| {})
}

/// The same, telling `watch` each step before it is made.
///
/// # Errors
/// As `store`.
pub fn store_watched(batch: &Batch, watch: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
    let targets = targets(batch)?;
    let folders: BTreeSet<&Path> = targets.iter().filter_map(|target| target.real.parent()).collect();
    let looked_at = batch.folders.iter().filter_map(|folder| batch.base.join(folder).canonicalize().ok());
    let looked_at: Vec<PathBuf> = looked_at.collect();
    let all = folders.iter().copied().chain(looked_at.iter().map(PathBuf::as_path)).collect();
    let _lock = lock::folders(&all);
    for output in batch.outputs {
        check_unchanged(batch, output)?;
    }
    all.iter().for_each(|folder| place::remove_leftovers(folder));
    let mut staged = Vec::new();
    for target in &targets {
        watch(Step::Stage);
        staged.push(Staged::new(target).map_err(|source| io_error(target.output, source))?);
    }
    let mut placed = Vec::new();
    for (target, staged) in targets.iter().zip(staged) {
        match put(target, staged, watch) {
            Ok(done) => placed.push(done),
            Err(source) => {
                put_back(placed);
                return Err(refusal(target, source));
            }
        }
    }
    for folder in &folders {
        watch(Step::Sync);
        if let Err(source) = sync_folder(folder) {
            put_back(placed);
            return Err(StoreError::Io { path: folder.display().to_string(), source });
        }
    }
    watch(Step::Tidy);
    Ok(())
}

fn put(target: &Target, staged: Staged, watch: &mut dyn FnMut(Step)) -> io::Result<Placed> {
    watch(Step::Keep);
    let kept = place::Kept::of(target)?;
    watch(Step::Place);
    staged.place(target, kept)
}

fn put_back(placed: Vec<Placed>) {
    // The other way round: a compose file stops naming a new Dockerfile before that goes.
    placed.into_iter().rev().for_each(Placed::put_back);
}

fn io_error(output: &Output, source: io::Error) -> StoreError {
    StoreError::Io { path: output.path.clone(), source }
}

fn refusal(target: &Target, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists { path: target.output.path.clone() },
        _ => io_error(target.output, source),
    }
}

/// A file to write and where it really is.
pub(super) struct Target<'o> {
    output: &'o Output,
    /// The path behind all links.
    real: PathBuf,
    /// The file whose permissions it gets.
    model: PathBuf,
    /// Whether nothing may stand there yet.
    is_new: bool,
}

/// The targets in the order in which they are placed: new files first, so that no file ever names a missing one.
fn targets<'o>(batch: &Batch<'o>) -> Result<Vec<Target<'o>>, StoreError> {
    let mut roots = BTreeSet::new();
    for root in batch.roots.iter() {
        let real = batch.base.join(root).canonicalize();
        roots.insert(real.map_err(|source| StoreError::Io { path: root.clone(), source })?);
    }
    let mut found: Vec<Target> = Vec::new();
    let mut seen: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for output in batch.outputs {
        let path = batch.base.join(&output.path);
        let real = real_path(&path).map_err(|source| io_error(output, source))?;
        if !real.ancestors().any(|folder| roots.contains(folder)) {
            return Err(StoreError::Outside {
                path: output.path.clone(),
                target: real.display().to_string(),
            });
        }
        if let Some(&index) = seen.get(&real) {
            let other = found[index].output;
            if other.text != output.text {
                return Err(StoreError::Twice { path: output.path.clone(), other: other.path.clone() });
            }
            continue;
        }
        let (model, is_copy) = match &output.base {
            Base::Same(_) => (real.clone(), false),
            Base::New { like } => (batch.base.join(like), true),
            Base::Copy { path, .. } => (batch.base.join(path), true),
        };
        seen.insert(real.clone(), found.len());
        found.push(Target { output, real, model, is_new: is_copy && !batch.force });
    }
    found.sort_by_key(|target| matches!(target.output.base, Base::Same(_)));
    Ok(found)
}

/// Where `path` really is; the file itself need not exist, its folder must.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() || path.exists() {
        return path.canonicalize();
    }
    let folder = path.parent().unwrap_or(Path::new(".")).canonicalize()?;
    Ok(folder.join(path.file_name().unwrap_or_default()))
}

fn check_unchanged(batch: &Batch, output: &Output) -> Result<(), StoreError> {
    let now = |path: &str| fs::read_to_string(batch.base.join(path)).ok();
    let read = match &output.base {
        Base::Same(text) => Some((&output.path, text)),
        Base::Copy { path, text } => Some((path, text)),
        Base::New { .. } => None,
    };
    if let Some((path, text)) = read
        && now(path).as_deref() != Some(text)
    {
        return Err(StoreError::ChangedMeanwhile { path: path.clone() });
    }
    let is_new = matches!(output.base, Base::Copy { .. } | Base::New { .. });
    if is_new && !batch.force && batch.base.join(&output.path).exists() {
        return Err(StoreError::Exists { path: output.path.clone() });
    }
    Ok(())
}

/// Forces the entries of a folder to disk, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    // A folder that may be written and not read cannot be forced.
    let Ok(folder) = File::open(folder) else { return Ok(()) };
    match folder.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        result => result,
    }
}
