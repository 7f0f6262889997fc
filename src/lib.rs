//! alpinist: rewrites Dockerfiles and compose files, and shows the change as a diff.
//!
//! The map of the house, in layers; dependencies point upwards only.
//!
//! - [`source`], [`places`], [`edit`]: text, spans, places, edits.
//! - [`docker`], [`shell`], [`compose`], [`manifest`]: read-only views of text.
//! - [`documents`]: Dockerfiles and compose files parsed, each text once.
//! - [`pragma`]: comments that tell alpinist to leave something alone.
//! - [`knowledge`]: questions asked of the tables in `knowledge/`.
//! - [`reason`]: what speaks against a change, with its weight.
//! - [`workspace`]: the project's files; the only module that touches the disk.
//! - [`index`]: asking a package index; the only module that touches the network.
//! - [`effects`]: what an image does, as far as the files that it holds tell.
//! - [`facts`]: what passes may know.
//! - [`effects`]: what an image does when it runs: one walk over its command lines.
//! - [`alpine`], [`installs`], [`stages`]: Debian's ways said in Alpine's words, added packages, builder stages.
//! - [`pass`], [`plan`], [`pipeline`]: proposals, their record, and how one becomes the other.
//! - [`transforms`]: the passes, in order.
//! - [`verify`]: whether the image after does what the image before did.
//! - [`engine`]: container engines; the only module that runs programs.
//! - [`view`], [`docs`]: what people and programs read.
//! - [`commands`], [`cli`]: the command line.

pub mod alpine;
pub mod cli;
pub mod commands;
pub mod compose;
pub mod docker;
pub mod docs;
pub mod documents;
pub mod edit;
pub mod effects;
pub mod engine;
pub mod facts;
pub mod index;
pub mod installs;
pub mod knowledge;
pub mod manifest;
pub mod options;
pub mod overlays;
pub mod pass;
pub mod pipeline;
pub mod places;
pub mod plan;
pub mod pragma;
pub mod reason;
pub mod shell;
pub mod source;
pub mod stages;
#[path = "../transforms/mod.rs"]
pub mod transforms;
pub mod verify;
pub mod view;
pub mod workspace;
