//! What an image does when it runs: one walk over its command lines, and what follows from it.

pub mod listens;
pub mod machine;
pub mod place;
pub mod start;
