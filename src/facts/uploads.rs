//! Files that are sent to a service: frameworks keep them in the folder for temporary files until they are read.

use super::{Context, program_text::UPLOADS, service::Running};

/// Where the program takes files that are sent to it, such as `main.py:12`.
pub fn taken_at(cx: &Context, running: &Running) -> Option<String> {
    let mut told = cx.ws.code_of(running.image.id).flat_map(|code| &code.told);
    told.find(|(_, told)| told.call == UPLOADS).map(|(file, told)| format!("{file}:{}", told.line))
}
