//! alpinist: rewrites Dockerfiles and compose files, and shows the change as a diff.

pub mod docker;
pub mod edit;
pub mod shell;
pub mod source;
