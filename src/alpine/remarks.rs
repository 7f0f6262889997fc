//! Comments of the author that a move to Alpine makes untrue.

use crate::{
    facts::{Context, ImageView},
    knowledge::distribution_words::{Said, that_tell},
    source::Span,
};

/// A sentence on the comments above what the move changes that still speak of Debian; they are never changed.
pub fn untrue(cx: &Context, image: &ImageView, changed: &[Span]) -> Option<String> {
    let is_changed =
        |span: Span| changed.iter().any(|edit| span.start() <= edit.start() && edit.start() <= span.end());
    let mut lines: Vec<String> = Vec::new();
    for step in image.dockerfile.instructions.iter().filter(|step| is_changed(step.span)) {
        let mut at = step.lead.start();
        for line in step.lead.of(image.text).split_inclusive('\n') {
            if line.trim_start().starts_with('#') && speaks_of_debian(line) {
                lines.push(cx.place(image.id, at).line.to_string());
            }
            at += line.len();
        }
    }
    let (word, verb) =
        if lines.len() == 1 { ("comment in line", "speaks") } else { ("comments in lines", "speak") };
    (!lines.is_empty())
        .then(|| format!("The {word} {} still {verb} of Debian: say it in your own words.", lines.join(", ")))
}

fn speaks_of_debian(comment: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // A pragma names passes, and a directive is none of the author's words.
    let is_ours = comment.contains("alpinist") || comment.contains("hadolint");
    let lower = comment.to_ascii_lowercase();
    let is_debians = |word: &str| that_tell(Said::Debian).any(|said| said == word) || word.ends_with("-slim");
    !is_ours && lower.split(|c| !is_part(c)).any(is_debians)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_speak_of_debian() {
        for comment in
            ["# Use Python 3.11 slim image as base", "# python:3.11-slim", "# apt packages", "# Debian!"]
        {
            assert!(speaks_of_debian(comment), "{comment}");
        }
        for comment in
            ["# adapt the slimmer one", "# alpinist ignore=alpine-base reason=apt", "# install curl"]
        {
            assert!(!speaks_of_debian(comment), "{comment}");
        }
    }
}
