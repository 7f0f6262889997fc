//! What is wrong with a compose file, and where.

use crate::source::Span;

/// A compose file that cannot be read; the message says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ComposeError {
    /// The place in the file.
    pub span: Span,
    /// What is wrong and what to do.
    pub message: String,
}

impl ComposeError {
    /// The error with `message` at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}
