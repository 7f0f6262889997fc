//! The passes, one file each, and their order.

pub mod alpine_base;
pub mod layer_order;
pub mod multi_stage;

use crate::pass::Pass;

/// Every pass, in the order in which they run.
pub const ALL: &[Pass] = &[
    // First: later passes need the manifests copied apart from the source.
    layer_order::PASS,
    // Moves to Alpine while the file is still one stage, so that later passes see Alpine's package names.
    alpine_base::PASS,
    // Splits by what the packages of the base now in the file are for.
    multi_stage::PASS,
];
