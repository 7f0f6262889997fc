//! Reading the scripts that a script names.

use super::{disk::Disk, path};
use crate::facts::scripts;

/// Reads the scripts that a script names; `own` is its path in the image.
pub(super) fn read_called(
    disk: &Disk,
    file: &str,
    (own, workdir): (&str, &str),
    origin: &dyn Fn(&str) -> Option<String>,
) {
    let is_shell = file.ends_with(".sh") || path::name(file).contains("entrypoint");
    let Some(text) = disk.read(file).filter(|_| is_shell) else { return };
    for called in scripts::called(&text, own, workdir) {
        if let Some(found) = origin(&called.path) {
            disk.read(&found);
        }
    }
}
