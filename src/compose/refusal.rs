//! Why an edit of a compose file is not made.

use crate::source::Span;

/// An edit that is not made, with the place that stands in its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct EditRefusal {
    /// The place.
    pub span: Span,
    /// The kind of obstacle.
    pub obstacle: Obstacle,
    /// The reason in words.
    pub why: String,
}

/// What stands in the way of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is nothing at the path.
    Missing,
    /// There is something at the path already.
    Present,
    /// A value on the way carries an anchor that is used elsewhere.
    Shared,
    /// A value on the way comes through an alias or a `<<`.
    Inherited,
    /// A variable decides the value.
    Interpolated,
    /// The file holds several documents.
    Documents,
    /// The value is not of the expected form.
    Form,
    /// The edit would change more than it should.
    Unsafe,
}

impl EditRefusal {
    /// A refusal because of what is at `span`.
    pub fn new(span: Span, obstacle: Obstacle, why: impl Into<String>) -> Self {
        Self { span, obstacle, why: why.into() }
    }
}
