//! Errors in input files, with a snippet of the source.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::workspace::load::InputError;

const LONGEST_LINE: usize = 400;

/// The error as a few lines for a terminal.
pub fn render(error: &InputError, colour: bool) -> String {
    let (Some(text), Some(span), Some(place)) = (&error.text, error.span, error.place()) else {
        return format!("error: {}: {}\n  help: {}\n", error.path, error.what, error.help);
    };
    let title = format!("{}:{}:{}: {}", error.path, place.line, place.column, error.what);
    let line_start = text[..span.start().min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[line_start..].find('\n').map_or(text.len(), |at| line_start + at);
    let line = text[line_start..line_end].trim_end_matches('\r');
    if line.len() > LONGEST_LINE {
        return format!("error: {title}\n  help: {}\n", error.help);
    }
    let start = (span.start() - line_start).min(line.len());
    let end =
        line.ceil_char_boundary((span.end().max(span.start() + 1) - line_start).clamp(start, line.len()));
    let snippet = Snippet::source(line)
        .line_start(place.line)
        .path(&error.path)
        .annotation(AnnotationKind::Primary.span(start..end));
    let group = Level::ERROR.primary_title(&title).element(snippet).element(Level::HELP.message(&error.help));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n", renderer.render(&[group]))
}
