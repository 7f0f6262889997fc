//! The steps that both images are taken through, and what is seen in each.

use std::collections::BTreeMap;

/// A step, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The image is built without the cache of layers.
    Build,
    /// What is inside: programs, and whether declared packages load.
    Inside,
    /// The container starts.
    Start,
    /// It is ready: healthy, or it answers, or it stays up, or it has run to its end.
    Ready,
    /// What it answers to HTTP.
    Answers,
    /// It ends when it is asked to.
    Stop,
}

impl Step {
    /// All of them.
    pub const ALL: [Step; 6] =
        [Step::Build, Step::Inside, Step::Start, Step::Ready, Step::Answers, Step::Stop];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Step::Build => "build",
            Step::Inside => "inside",
            Step::Start => "start",
            Step::Ready => "ready",
            Step::Answers => "answers",
            Step::Stop => "stop",
        }
    }
}

/// What is wrong where a side does not get further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What happened, as a clause.
    pub what: String,
    /// The end of what was said.
    pub last: Vec<String>,
    /// What was out of reach: the failure says nothing about the side then.
    pub out_of_reach: Option<&'static str>,
}

/// What was seen in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The step.
    pub step: Step,
    /// What is compared, by what it is about.
    pub facts: BTreeMap<String, String>,
    /// Why the side does not get further.
    pub failure: Option<Failure>,
    /// What could not be looked at, and why, as a clause.
    pub unseen: Option<String>,
}

impl Seen {
    /// A step that was passed, with nothing noted yet.
    pub fn passed(step: Step) -> Self {
        Self { step, facts: BTreeMap::new(), failure: None, unseen: None }
    }

    /// A step that was not.
    pub fn failed(step: Step, what: impl Into<String>, last: Vec<String>) -> Self {
        let failure = Some(Failure { what: what.into(), last, out_of_reach: None });
        Self { failure, ..Self::passed(step) }
    }

    /// A step that could not be taken on this side, which says nothing about it.
    pub fn unseen(step: Step, why: impl Into<String>) -> Self {
        Self { unseen: Some(why.into()), ..Self::passed(step) }
    }
}

/// What was measured on one side; one number a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Bytes of the image.
    pub size: Vec<f64>,
    /// Its layers.
    pub layers: Vec<f64>,
    /// Seconds of the build without the cache of layers.
    pub build: Vec<f64>,
    /// Seconds from the start of the container to its being ready.
    pub ready: Vec<f64>,
    /// Bytes of memory of all processes at rest.
    pub memory: Vec<f64>,
    /// Processes at rest.
    pub processes: Vec<f64>,
    /// Seconds from the request to stop to the end.
    pub stop: Vec<f64>,
    /// The code that the container ends with.
    pub exit: Option<i64>,
    /// The user id that it runs as.
    pub user: Option<String>,
    /// The command of process 1.
    pub first: Option<String>,
    /// The files that it wrote outside of volumes.
    pub written: Vec<String>,
}

/// All that was seen of one side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// The steps that were taken.
    pub steps: Vec<Seen>,
    /// What was measured.
    pub measures: Measures,
    /// What a reader has to know about how it was done.
    pub notes: Vec<String>,
}

impl Observation {
    /// What was seen in `step`.
    pub fn at(&self, step: Step) -> Option<&Seen> {
        self.steps.iter().find(|seen| seen.step == step)
    }

    /// The step at which the side stopped, with the reason.
    pub fn failure(&self) -> Option<(Step, &Failure)> {
        self.steps.iter().find_map(|seen| Some((seen.step, seen.failure.as_ref()?)))
    }
}
