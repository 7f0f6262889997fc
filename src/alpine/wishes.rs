//! What the author says about the distribution, in the name of the file and in comments.

use super::{obstacles::Obstacle, stage::Translated};
use crate::{
    facts::{
        ImageView,
        bare::{Bare, bare},
        runtime,
    },
    source::Span,
    workspace::path,
};

/// Words in the name of a Dockerfile that is meant for Debian.
const IN_NAMES: [&str; 8] = ["bookworm", "bullseye", "buster", "debian", "glibc", "slim", "trixie", "ubuntu"];

/// Words of a comment that speaks of a C library, or of the distribution that has another one.
const IN_COMMENTS: [&str; 3] = ["alpine", "musl", "glibc"];

/// Adds to `out` that the author may have decided for Debian.
pub(super) fn look(image: &ImageView, out: &mut Translated) {
    let base = image.base_word().span;
    let name = path::name(&image.file.path).to_ascii_lowercase();
    if let Some(word) = name.split(['.', '-', '_']).find(|word| IN_NAMES.contains(word)) {
        out.unknown.push(Obstacle::new(base, format!("the file is called {word}")));
    }
    let started = if image.is_final() { runtime::started(image) } else { None };
    if let Some((shell, Bare::Shell)) = started.as_deref().and_then(bare) {
        let what = format!("the image starts {shell} alone, and what is done in it is not known");
        out.unknown.push(Obstacle::new(base, what));
    }
    // The comments of a file are those of its final stage's readers.
    let comments = if image.is_final() { image.dockerfile.comments(image.text) } else { Vec::new() };
    let spoken = comments.into_iter().find_map(|comment| {
        // A pragma names a pass, not a wish.
        let lower = comment.to_ascii_lowercase();
        let lower = if lower.contains("alpinist") { "" } else { &lower };
        Some((comment, IN_COMMENTS.into_iter().find(|word| lower.contains(word))?))
    });
    if let Some((comment, word)) = spoken {
        let span = image.text.find(comment).map_or(base, |at| Span::new(at, at + comment.len()));
        out.unknown.push(Obstacle::new(span, format!("a comment speaks of {word}, which may be on purpose")));
    }
}
