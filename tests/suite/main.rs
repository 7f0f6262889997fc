//! The one integration crate; each module looks at the tool from one side.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions, and not what they call")]

mod cases;
mod checks;
mod cli;
mod differential;
mod dockerfiles;
mod docs;
mod entries;
mod examples;
mod explain;
mod fleet;
mod fuzzing;
mod generated;
mod hostile;
mod house;
mod knowledge;
mod manuals;
mod neighbours;
#[cfg(feature = "online")]
mod online;
mod parity;
mod pieces;
mod pragmas;
mod project;
mod promises;
mod proof;
mod properties;
mod reasons;
mod siblings;
mod traps;
mod verify;
mod writing;
