//! What people and programs read: one renderer a file, each takes a plan and a writer.

pub mod diagnostic;
pub mod diff;
pub mod json;
pub mod ndjson;
pub mod summary;
pub mod totals;
pub mod verify;
pub mod verify_json;
