//! Whether the image after a change does what the image before it does.
//!
//! The oracle is the author's own image: [`observe`] takes each side through the same [`step`]s, [`judge`] compares
//! what was seen, and [`boldest`] looks for the largest set of changes that holds. Nothing here reaches outside but
//! through the [`crate::engine::Engine`] that it is given.

pub mod boldest;
pub mod interpolate;
pub mod judge;
pub mod launch;
pub mod observe;
pub mod report;
pub mod step;
pub mod words;

pub use judge::{Judgement, Verdict};
pub use launch::Launch;
pub use report::{ImageReport, LeftOut, Report};
pub use step::{Failure, Measures, Observation, Step};
