//! What can be wrong with a Dockerfile.

use crate::source::Span;

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
}
