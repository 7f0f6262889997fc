//! Files that are sent to a service: frameworks keep them in the folder for temporary files until they are read.

use super::{Context, service::Running};
use crate::effects::Effect;

/// Where the program takes files that are sent to it, such as `main.py:12`.
pub fn taken_at(cx: &Context, running: &Running) -> Option<String> {
    let found = cx.files_of(&running.image).program_text().of(Effect::Spools).next()?;
    Some(format!("{}:{}", found.file, found.line))
}
