//! The one integration crate; each module looks at the tool from one side.

mod cases;
mod checks;
mod cli;
mod differential;
mod docs;
mod examples;
mod generated;
mod house;
mod knowledge;
mod parity;
mod project;
mod properties;
