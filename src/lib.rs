//! alpinist: rewrites Dockerfiles and compose files, and shows the change as a diff.

pub mod edit;
pub mod knowledge;
pub mod manifest;
pub mod source;
