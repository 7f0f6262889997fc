//! Debian's ways said in Alpine's words: packages, accounts, and what has no translation.

pub mod accounts;
pub mod base;
pub mod commands;
mod downloads;
mod fonts;
mod ids;
mod installers;
mod lines;
pub mod needs;
pub mod obstacles;
mod owners;
mod places;
mod programs;
pub mod remarks;
pub mod run;
mod scripts;
pub mod stage;
pub mod stages;
mod texts;
mod wishes;
