//! What can be wrong with a Dockerfile.

use super::lines::Line;
use crate::source::{Span, place};

/// A Dockerfile that BuildKit would refuse: what, where and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DockerfileError {
    /// The offending bytes.
    pub span: Span,
    /// What is wrong, lower-case, without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl DockerfileError {
    /// An error at `span`.
    pub fn new(span: Span, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, what: what.into(), help: help.into() }
    }

    /// The same error on `line`, where BuildKit reports it; what is wrong tells the exact line when that is another.
    pub(super) fn on(self, text: &str, line: Line) -> Self {
        let is_there = line.span.start() <= self.span.start() && self.span.start() <= line.span.end();
        if is_there {
            return self;
        }
        let what = format!("{} (on line {})", self.what, place(text, self.span.start()).line);
        let indent = line.span.len() - line.span.of(text).trim_start().len();
        Self { span: Span::new(line.span.start() + indent, line.span.end()), what, help: self.help }
    }
}
