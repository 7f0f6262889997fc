//! The passes, one file each, and their order.

use crate::pass::Pass;

/// Every pass, in the order in which they run.
pub const ALL: &[Pass] = &[];
