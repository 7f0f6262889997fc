//! What a run of `verify` comes to.

use super::{Judgement, Observation, Verdict};

/// The result of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Name and version of the engine.
    pub engine: String,
    /// The images, each as often as services run it in different ways.
    pub images: Vec<ImageReport>,
    /// What was left out to get there.
    pub left_out: Vec<LeftOut>,
    /// What holds for the whole run.
    pub notes: Vec<String>,
}

/// One image, run in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageReport {
    /// The path of the Dockerfile.
    pub dockerfile: String,
    /// The service that says how it is run.
    pub service: Option<String>,
    /// The verdict.
    pub judgement: Judgement,
    /// What was seen of the original; nothing where nothing would change.
    pub before: Option<Observation>,
    /// What was seen of the rewrite.
    pub after: Option<Observation>,
    /// The traps that the last words are known for.
    pub traps: Vec<&'static str>,
    /// What the plan asks about the changes of this Dockerfile, each with its place.
    pub questions: Vec<String>,
}

impl ImageReport {
    /// Whether the rewrite went through all steps as the original did, so that nothing of what is asked did show.
    pub fn answers_questions(&self) -> bool {
        self.after.is_some() && self.judgement.verdict <= Verdict::Same
    }
}

/// Passes that were taken back, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The image whose failure led there.
    pub dockerfile: String,
    /// The passes.
    pub passes: Vec<String>,
    /// The verdict with them.
    pub verdict: Verdict,
    /// Why, as clauses.
    pub why: Vec<String>,
    /// The last words of the failure.
    pub last: Vec<String>,
    /// Whether the search for the largest set that works came to its end.
    pub is_complete: bool,
}

impl Report {
    /// The verdict over what was asked for: the gravest of all images, with what was left out.
    pub fn verdict(&self) -> Verdict {
        self.left_out.iter().map(|one| one.verdict).fold(self.rest(), Verdict::max)
    }

    /// The verdict over what was not left out; the same where nothing changes.
    pub fn rest(&self) -> Verdict {
        let changed = self.images.iter().filter(|image| image.after.is_some());
        changed.map(|image| image.judgement.verdict).max().unwrap_or(Verdict::Same)
    }

    /// Adds what came of another project.
    pub fn add(&mut self, other: Report) {
        self.images.extend(other.images);
        self.left_out.extend(other.left_out);
        self.notes.extend(other.notes);
    }
}
