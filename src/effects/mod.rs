//! Effects: what an image does, as far as its command lines and the files that it holds tell.

pub mod finding;
mod lines;
pub mod listens;
pub mod machine;
pub mod place;
pub mod program;
pub mod start;
pub mod world;

#[cfg(test)]
mod tests;

pub use finding::{Effect, Finding};
pub use lines::package_of;
pub use program::ProgramText;
pub use world::World;
