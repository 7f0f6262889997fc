//! Effects: what an image does, as far as the files that it holds tell.

pub mod finding;
mod lines;
pub mod program;
pub mod world;

#[cfg(test)]
mod tests;

pub use finding::{Effect, Finding};
pub use lines::package_of;
pub use program::ProgramText;
pub use world::World;
