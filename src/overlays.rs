//! Folders of the build context that a COPY would lay over or under the installed ones, and the entries that prevent it.

use crate::{
    facts::{Context, ImageView, sources},
    pass::{Change, Risk},
    reason::Reason,
    workspace::path,
};

/// A folder of the build context, if there is one, that a COPY would lay over or under the installed one.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The folder, as a path of the project.
    pub path: String,
    /// The doubt about it.
    pub reason: Reason,
}

/// The change that keeps these folders out of the build context, and is doubtful where it cannot.
pub fn settle(cx: &Context, image: &ImageView, change: Change, overlays: Vec<Overlay>) -> Change {
    overlays.into_iter().fold(change, |change, Overlay { path, reason }| {
        if !sources::may_keep_out(cx, image, &path) {
            return change.against([reason]);
        }
        let file = sources::ignore_path(cx.files_of(image), &image.file.path, &image.image.context);
        let note = format!(
            "{} goes into {}: without the entry, {} (ORD-13).",
            path::name(&path),
            path::name(&file),
            reason.what
        );
        let risk = change.risk.max(Risk::Review);
        Change { risk, ..change }.keeping_out([path]).noting(note)
    })
}
