//! What the user asked for, from the command line and alpinist.yaml.

use std::{collections::BTreeMap, sync::Arc};

use crate::{knowledge::Knowledge, pass::Risk, reason::Weights};

/// Where to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Alpine where the evidence allows it, else slim.
    #[default]
    Auto,
    /// Alpine; what is unknown becomes a note.
    Alpine,
    /// Stay on Debian slim.
    Slim,
}

/// Limits for one service, as the author writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory, such as `512M`.
    pub memory: Option<String>,
    /// CPUs, such as `0.4`.
    pub cpus: Option<String>,
}

/// The choices that passes may look at.
#[derive(Clone, Debug)]
pub struct Options {
    /// Alpine or slim.
    pub target: Target,
    /// The Alpine branch to use, such as `3.23`.
    pub alpine: Option<String>,
    /// Rewrite the Dockerfile itself, also for another base or other stages.
    pub in_place: bool,
    /// Write a sibling even where the base and the stages stay.
    pub sibling: bool,
    /// Overwrite siblings that hold something else.
    pub force: bool,
    /// Only these services; empty is all.
    pub services: Vec<String>,
    /// Only these passes; empty is all.
    pub only: Vec<String>,
    /// Not these passes.
    pub skip: Vec<String>,
    /// The highest risk that is applied.
    pub risk: Risk,
    /// The most questions that a change may carry; none is any number.
    pub max_questions: Option<usize>,
    /// What reasons weigh.
    pub weights: Weights,
    /// What is known of packages and images, with what alpinist.yaml says.
    pub knowledge: Arc<Knowledge>,
    /// Limits by service, from alpinist.yaml.
    pub limits: BTreeMap<String, Limits>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: Target::Auto,
            alpine: None,
            in_place: false,
            sibling: false,
            force: false,
            services: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            risk: Risk::Review,
            max_questions: None,
            weights: Weights::default(),
            knowledge: Arc::default(),
            limits: BTreeMap::new(),
        }
    }
}
