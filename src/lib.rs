//! alpinist: rewrites Dockerfiles and compose files, and shows the change as a diff.

pub mod compose;
pub mod edit;
pub mod source;
