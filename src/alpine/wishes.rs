//! What the author says about the distribution, in the name of the file and in comments.

use super::stage::Translated;
use crate::{
    facts::{
        ImageView,
        bare::{Bare, bare},
        runtime,
    },
    knowledge::distribution_words::{Said, that_tell},
    reason::Reason,
    source::Span,
    workspace::path,
};

/// The word in the name of a Dockerfile that may be meant for the slim variant.
const SLIM: &str = "slim";

/// Adds to `out` that the author may have decided for Debian.
pub(super) fn look(image: &ImageView, out: &mut Translated) {
    let base = image.base_word().span;
    let name = path::name(&image.file.path).to_ascii_lowercase();
    for word in name.split(['.', '-', '_']) {
        if that_tell(Said::File).any(|said| said == word) {
            out.reasons.push(Reason::known("BASE-42", base, format!("the file is called {word}")));
        } else if word == SLIM {
            let what = "the file is called slim, which may be on purpose";
            out.reasons.push(Reason::doubt("BASE-42", base, what));
        }
    }
    let started = if image.is_final() { runtime::started(image) } else { None };
    if let Some((shell, Bare::Shell)) = started.as_deref().and_then(bare) {
        let what = format!("the image starts {shell} alone, and what is done in it is not known");
        out.reasons.push(Reason::doubt("BASE-43", base, what));
    }
    // The comments of a file are those of its final stage's readers.
    let comments = if image.is_final() { image.dockerfile.comments(image.text) } else { Vec::new() };
    let spoken = comments.into_iter().find_map(|comment| {
        // A pragma names a pass, not a wish.
        let lower = comment.to_ascii_lowercase();
        let lower = if lower.contains("alpinist") { "" } else { &lower };
        Some((comment, that_tell(Said::Decides).find(|word| lower.contains(word))?))
    });
    if let Some((comment, word)) = spoken {
        let span = image.text.find(comment).map_or(base, |at| Span::new(at, at + comment.len()));
        // Above FROM it gives the reason for that base.
        let reason = if is_above_base(image, span) { Reason::known } else { Reason::doubt };
        let what = format!("a comment speaks of {word}, which may be on purpose");
        out.reasons.push(reason("BASE-42", span, what));
    }
}

/// Whether a comment stands right above the FROM of the stage in view, or behind it.
fn is_above_base(image: &ImageView, comment: Span) -> bool {
    let base = image.base_word().span.start();
    let line_of = |at: usize| image.text[..at].matches('\n').count();
    let lines: Vec<&str> = image.text.lines().collect();
    let (from, own) = (line_of(base), line_of(comment.start()));
    own <= from && lines[own..from].iter().all(|line| line.trim_start().starts_with('#'))
}
