//! The passes, one file each, and their order.

pub mod alpine_base;

use crate::pass::Pass;

/// Every pass, in the order in which they run.
pub const ALL: &[Pass] = &[
    // Moves to Alpine while the file is still one stage, so that later passes see Alpine's package names.
    alpine_base::PASS,
];
