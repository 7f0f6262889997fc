//! The record of a run: every step with its outcome, every decline, every file before and after.

use crate::{
    pass::Risk,
    reason::{Reason, Weight},
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

/// A reason with what it weighs in this run, and where it stands in the text as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The reason.
    pub reason: Reason,
    /// What it weighs.
    pub weight: Weight,
    /// The file, when it is another than that of the change.
    pub path: Option<String>,
    /// The place in the text as it was read.
    pub place: Place,
}

impl Weighed {
    fn is_at(&self, place: Place) -> bool {
        self.path.is_none() && self.place.line == place.line
    }

    /// Where it stands, in words: `line 3`, `compose.yaml:3`, or the place it comes from.
    pub fn at(&self) -> String {
        match (&self.reason.origin, &self.path) {
            (Some(origin), _) => origin.clone(),
            (None, Some(path)) => format!("{path}:{}", self.place.line),
            (None, None) => format!("line {}", self.place.line),
        }
    }
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
    /// What speaks against it, the heaviest first.
    pub reasons: Vec<Weighed>,
    /// How much to look at it.
    pub risk: Risk,
    /// The file.
    pub file: FileId,
    /// The place in the text as it was read.
    pub place: Place,
    /// What became of it.
    pub outcome: Outcome,
}

impl Step {
    /// What a reviewer is asked about the change.
    pub fn questions(&self) -> impl Iterator<Item = &Weighed> {
        self.reasons.iter().filter(|weighed| weighed.weight == Weight::Ask)
    }
}

/// A place where nothing is done, with the pass that said so.
#[derive(Clone, Debug)]
pub struct DeclineRecord {
    /// The pass.
    pub pass: &'static str,
    /// The file.
    pub file: FileId,
    /// The place in the text as it was read.
    pub place: Place,
    /// What holds instead, or the whole of it where there are no reasons.
    pub what: String,
    /// What speaks against a change, the heaviest first; none where there was simply nothing to gain.
    pub reasons: Vec<Weighed>,
    /// Whether it decides the way of the whole file, so that people read it first.
    pub comes_first: bool,
}

impl DeclineRecord {
    /// Whether there was simply nothing to gain; such declines are shown only on request.
    pub fn is_quiet(&self) -> bool {
        self.reasons.is_empty()
    }

    /// All of it in one sentence, which may start with a name.
    pub fn sentence(&self) -> String {
        let told = |weighed: &Weighed| match weighed.reason.origin.is_none() && weighed.is_at(self.place) {
            true => weighed.reason.clause(),
            false => format!("{}: {}", weighed.at(), weighed.reason.clause()),
        };
        let reasons: Vec<String> = self.reasons.iter().map(told).collect();
        let lead = self.what.trim_end_matches('.');
        match (lead.is_empty(), reasons.is_empty()) {
            (_, true) => format!("{lead}."),
            (true, false) => format!("{}.", reasons.join("; ")),
            (false, false) => format!("{lead}: {}.", reasons.join("; ")),
        }
    }
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
    /// Nothing: the file is new.
    New {
        /// The file whose permissions it gets.
        like: String,
    },
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
    /// Whether it was made from that Dockerfile as it was before.
    pub is_old: bool,
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
    /// How many questions the changes that were made carry.
    pub fn questions(&self) -> usize {
        let applied = self.steps.iter().filter(|step| step.outcome == Outcome::Applied);
        applied.map(|step| step.questions().count()).sum()
    }

    /// How many questions the changes of the file at `path` carry that were made.
    pub fn questions_about(&self, path: &str) -> usize {
        let applied = self.steps.iter().filter(|step| step.outcome == Outcome::Applied);
        let of_file = applied.filter(|step| self.before.file(step.file).path == path);
        of_file.map(|step| step.questions().count()).sum()
    }

    /// Whether anything would be written.
    pub fn changes_something(&self) -> bool {
        !self.outputs.is_empty()
    }
}
