//! Ignore files that get the entries which a change needs.

use std::sync::Arc;

use crate::{
    facts::sources,
    pass::Change,
    workspace::{Ignored, Workspace},
};

/// Writes what the change keeps out of the build context into the ignore file that the build of its image reads.
pub(super) fn keep_out(ws: &mut Workspace, change: &Change) {
    let Some(image) = ws.images.iter().find(|image| image.dockerfile == change.file).cloned() else { return };
    let file = sources::ignore_path(&image.world, &ws.file(change.file).path, &image.context);
    for path in &change.kept_out {
        let world = ws.images.iter().find(|other| other.dockerfile == change.file).map(|image| &image.world);
        let before = world.and_then(|world| world.text(&file)).cloned();
        let dockerfile = ws.file(change.file).path.clone();
        ws.ignores.entry(file.clone()).or_insert_with(|| Ignored { read: before.clone(), dockerfile });
        let text = with_entry(before.as_deref().unwrap_or_default(), &image.context, path);
        let text: Arc<str> = text.into();
        ws.images.iter_mut().for_each(|image| image.world.write(&file, &text));
    }
}

/// The text with an entry at its end, in its own line endings.
fn with_entry(text: &str, context: &str, path: &str) -> String {
    let entry = crate::workspace::path::relative(context, path);
    // Another image of the same context may have asked for it already.
    if text.lines().any(|line| line.trim() == entry) {
        return text.to_owned();
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    format!("{text}{gap}{entry}{newline}")
}
