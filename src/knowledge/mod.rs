//! What we know of the outside world: questions answered from the tables in `knowledge/`.
//!
//! The tables are text in the program. Nothing is parsed before it is asked for: a
//! question is a binary search over the sorted lines.

pub mod apk;
pub mod apt;
pub mod apt_images;
pub mod branch;
pub mod commands;
pub mod consumers;
pub mod distribution_words;
pub mod folders;
pub mod heavy;
pub mod images;
pub mod installers;
pub mod java_plugins;
mod known;
pub mod libc_words;
pub mod long_running;
pub mod modules;
pub mod out_of_reach;
pub mod package_effects;
pub mod programs;
pub mod releases;
pub mod requires;
pub mod roles;
pub mod servers;
pub mod shell;
pub mod signs;
mod table;
pub mod tags;
pub mod traps;
pub mod twins;
pub mod users;
pub mod wheels;
pub mod writers;

pub use branch::AlpineBranch;
pub use known::{Answer, Knowledge, OwnImage, OwnPackage, OwnWheel};
