//! Dependency manifests.
