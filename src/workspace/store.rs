//! Writing a plan's outputs: each file whole or not at all, and all of them or none.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use crate::plan::{Base, Output, Plan};

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
    /// The system refused.
    #[error("{path}: {source}; every file is as it was")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes every output of `plan` below `base`.
///
/// Each file goes through a temporary file in its own folder. When one cannot be put in place, those before
/// it are put back.
///
/// # Errors
/// When a file changed, is in the way, or cannot be written. Every file is then as it was.
pub fn store(base: &Path, plan: &Plan, force: bool) -> Result<(), StoreError> {
    if let (Some(conflict), false) = (plan.conflicts.first(), force) {
        return Err(StoreError::Exists { path: conflict.path.clone() });
    }
    for output in &plan.outputs {
        check_unchanged(base, output, force)?;
    }
    let mut staged = Vec::new();
    for output in &plan.outputs {
        staged.push(stage(base, output).map_err(|source| io_error(output, source))?);
    }
    let mut placed: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (output, (file, target)) in plan.outputs.iter().zip(staged) {
        let previous = std::fs::read(&target).ok();
        if let Err(error) = file.persist(&target) {
            put_back(placed);
            return Err(io_error(output, error.error));
        }
        placed.push((target, previous));
    }
    Ok(())
}

fn io_error(output: &Output, source: std::io::Error) -> StoreError {
    StoreError::Io { path: output.path.clone(), source }
}

fn check_unchanged(base: &Path, output: &Output, force: bool) -> Result<(), StoreError> {
    let now = |path: &str| std::fs::read_to_string(base.join(path)).ok();
    let (path, text) = match &output.base {
        Base::Same(text) => (&output.path, text),
        Base::Copy { path, text } => (path, text),
    };
    if now(path).as_deref() != Some(text) {
        return Err(StoreError::ChangedMeanwhile { path: path.clone() });
    }
    let is_new = matches!(output.base, Base::Copy { .. });
    if is_new && !force && base.join(&output.path).exists() {
        return Err(StoreError::Exists { path: output.path.clone() });
    }
    Ok(())
}

/// Writes an output to a temporary file beside its target; a symbolic link is written through.
fn stage(base: &Path, output: &Output) -> std::io::Result<(tempfile::NamedTempFile, PathBuf)> {
    let path = base.join(&output.path);
    let target = if path.is_symlink() { std::fs::canonicalize(&path)? } else { path };
    let folder = target.parent().unwrap_or(base);
    let mut file = tempfile::Builder::new().prefix(".alpinist-").tempfile_in(folder)?;
    file.write_all(output.text.as_bytes())?;
    file.as_file().sync_all()?;
    let model = match &output.base {
        Base::Same(_) => target.clone(),
        Base::Copy { path, .. } => base.join(path),
    };
    std::fs::set_permissions(file.path(), std::fs::metadata(model)?.permissions())?;
    Ok((file, target))
}

fn put_back(placed: Vec<(PathBuf, Option<Vec<u8>>)>) {
    for (target, previous) in placed.into_iter().rev() {
        // Nothing better can be done when even this fails; the error that led here is reported.
        let _ = match previous {
            Some(bytes) => std::fs::write(&target, bytes),
            None => std::fs::remove_file(&target),
        };
    }
}
