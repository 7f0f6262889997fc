//! Compose files: a typed view over the text, and edits of the text.

pub mod build;
pub mod command;
pub mod edit;
#[cfg(test)]
mod edit_tests;
pub mod env_file;
mod error;
mod excerpt;
mod file;
pub mod health;
mod insert;
mod layout;
mod locate;
pub mod mount;
pub mod node;
pub mod port;
#[cfg(test)]
mod property_tests;
pub mod read;
mod refusal;
pub mod resolve;
pub mod resources;
pub mod scalar;
pub mod service;
pub mod size;
pub mod variable;
mod verify;
#[cfg(test)]
mod view_tests;
mod write;

pub use edit::{Edits, append_item, expand_build, insert_at, insert_entry, set_scalar};
pub use error::ComposeError;
pub use excerpt::{Excerpt, values, values_tried};
pub use file::Compose;
pub use node::Tree;
pub use refusal::{EditRefusal, Obstacle};
pub use resolve::{Field, Origin, Parsed};
pub use service::Service;
pub use verify::{verify, verify_trees};
pub use write::NewValue;
