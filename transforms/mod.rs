//! The passes, one file each, and their order.

pub mod alpine_base;
pub mod app_server;
pub mod cache_mounts;
pub mod compose_build;
pub mod compose_hardening;
pub mod compose_limits;
pub mod healthcheck_tool;
pub mod init;
pub mod layer_order;
pub mod multi_stage;
pub mod non_root;

use crate::pass::Pass;

/// Every pass, in the order in which they run.
pub const ALL: &[Pass] = &[
    // First: later passes need the manifests copied apart from the source.
    layer_order::PASS,
    // Moves to Alpine while the file is still one stage, so that later passes see Alpine's package names.
    alpine_base::PASS,
    // Splits by what the packages of the base now in the file are for.
    multi_stage::PASS,
    // After the split, so that the mount stands where the installation now is.
    cache_mounts::PASS,
    // Before init, which puts tini in front of whatever is started.
    app_server::PASS,
    init::PASS,
    // After the split, which decides what is copied in the final stage.
    non_root::PASS,
    // Looks at the final stage as it will run.
    healthcheck_tool::PASS,
    // After every pass that changes a Dockerfile: it looks at which of them did.
    compose_build::PASS,
    // Counts the workers of the command as the passes left it.
    compose_limits::PASS,
    // After non-root, which leaves the paths that the service writes to.
    compose_hardening::PASS,
];
