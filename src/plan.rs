//! The record of a run: every step with its outcome, every decline, every file before and after.

use crate::{
    pass::{Decline, Risk},
    source::{FileId, Place},
    workspace::Workspace,
};

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the result.
    Applied,
    /// Its risk is above the cap; the flag that lets it through.
    Held(String),
    /// The author does not want it: why, as the end of a sentence.
    Ignored(String),
    /// It failed our own checks: a bug of ours, with what was wrong.
    Rejected(String),
}

/// One proposed change and what became of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The pass.
    pub pass: &'static str,
    /// What the change does.
    pub title: String,
    /// Why.
    pub why: String,
    /// Further sentences for the reviewer.
    pub notes: Vec<String>,
    /// How much to look at it.
    pub risk: Risk,
    /// The file.
    pub file: FileId,
    /// The place in the text as it was read.
    pub place: Place,
    /// What became of it.
    pub outcome: Outcome,
}

/// A decline with the pass that said it.
#[derive(Clone, Debug)]
pub struct DeclineRecord {
    /// The pass.
    pub pass: &'static str,
    /// What it said.
    pub decline: Decline,
    /// The place in the text that the pass saw.
    pub place: Place,
}

/// Something that a reader of a file should know, whatever the passes do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, in a word or two.
    pub topic: &'static str,
    /// The file.
    pub file: FileId,
    /// The place in the text as it was read.
    pub place: Place,
    /// What there is to know, in sentences.
    pub what: String,
}

/// A file that is left alone whatever the passes would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The path.
    pub path: String,
    /// The line that says so, from 1.
    pub line: usize,
    /// Why, as the end of a sentence.
    pub why: String,
}

/// A file of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The path to write.
    pub path: String,
    /// The file of the workspace that it belongs to.
    pub of: String,
    /// The new text.
    pub text: String,
    /// What it is compared with.
    pub base: Base,
}

/// What an output starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The file itself, with the text that was read.
    Same(String),
    /// A copy of another file: its path and text.
    Copy {
        /// The original's path.
        path: String,
        /// The original's text.
        text: String,
    },
}

/// A file that would be written but holds something else already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path.
    pub path: String,
    /// The Dockerfile whose optimized sibling would stand there.
    pub of: String,
}

/// The full record of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files as they were read.
    pub before: Workspace,
    /// The files as the passes left them.
    pub after: Workspace,
    /// Every change, in the order of the passes.
    pub steps: Vec<Step>,
    /// Every decline, in the order of the passes.
    pub declines: Vec<DeclineRecord>,
    /// What there is to know beside.
    pub findings: Vec<Finding>,
    /// Files that are left alone.
    pub skips: Vec<Skip>,
    /// What there is to write, ordered by path.
    pub outputs: Vec<Output>,
    /// Siblings that hold something else.
    pub conflicts: Vec<Conflict>,
    /// What holds for the whole run.
    pub remarks: Vec<String>,
}

impl Plan {
    /// Whether anything would be written.
    pub fn changes_something(&self) -> bool {
        !self.outputs.is_empty()
    }
}
