//! Taking one side through the steps.

mod build;
mod dependencies;
mod inside;
mod run;

use std::time::Duration;

pub use build::unfronted;
pub use dependencies::Dependency;

use super::{
    Launch, Observation,
    step::{Seen, Step},
    words,
};
use crate::engine::{Answer, Call, Ended, Engine};

/// How long a short call of the engine may take, in seconds.
pub const SHORT: u64 = 60;

/// One side of a comparison: an image to build and how it is started.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// The name of the image and of its containers.
    pub tag: String,
    /// The path of the Dockerfile.
    pub dockerfile: String,
    /// The same without its `# syntax=` line, and the frontend that the line names.
    pub plain: Option<(String, String)>,
    /// The path of the build context.
    pub context: String,
    /// The stage to build.
    pub target: Option<String>,
    /// Build arguments as NAME=VALUE.
    pub args: Vec<String>,
    /// How it is started.
    pub launch: Launch,
    /// Flags of the engine's `run` that need paths of this machine: mounts, and the file with the environment.
    pub paths: Vec<String>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// What is the same for all sides of a run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The label that everything of this run carries.
    pub label: String,
    /// The network of containers.
    pub network: String,
    /// The network of builds.
    pub build_network: Option<&'static str>,
    /// Further flags of the engine's `build`.
    pub build_flags: Vec<String>,
    /// How long a step may take.
    pub timeout: Duration,
    /// How long a build may take.
    pub build_timeout: Duration,
    /// How often each image is run.
    pub runs: u8,
    /// Further addresses to ask: a port, where one is named, and a path.
    pub probes: Vec<(Option<u16>, String)>,
    /// The Python packages that the project declares.
    pub packages: Vec<String>,
    /// What is never shown.
    pub hidden: Vec<String>,
    /// Whether the engine's words are shown while it builds.
    pub is_loud: bool,
}

/// Tells of a step that was taken.
pub type Tell<'t> = dyn FnMut(&str) + 't;

/// What is needed to take a step.
struct Work<'w> {
    engine: &'w dyn Engine,
    side: &'w Side,
    settings: &'w Settings,
}

impl Work<'_> {
    /// The end of what was said, without what is not to be shown.
    fn last(&self, text: &str) -> Vec<String> {
        words::last(text, &self.settings.hidden)
    }
}

/// Takes a side through the steps, up to the first that it does not pass; nothing when the run is stopped.
pub fn observe(
    engine: &dyn Engine,
    (side, settings): (&Side, &Settings),
    tell: &mut Tell,
) -> Option<Observation> {
    let work = Work { engine, side, settings };
    let mut seen = Observation { notes: side.launch.notes.clone(), ..Observation::default() };
    let mut beside = Vec::new();
    for step in [build::take, inside::take, run::take] {
        if seen.steps.iter().any(|seen| seen.step == Step::Inside) {
            let tag = format!("{}-beside", side.tag);
            let (names, notes) = dependencies::start(engine, (&side.dependencies, settings, &tag), tell);
            beside = names;
            seen.notes.extend(notes);
        }
        let before = (seen.steps.len(), engine.now());
        step(&work, &mut seen);
        for name in beside.drain(..) {
            engine.call(&Call::short(["rm", "--force", "--volumes", &name], SHORT));
        }
        if engine.is_stopped() {
            return None;
        }
        let took = (engine.now() - before.1).as_secs_f64();
        tell(&told(&seen.steps[before.0..], took));
        if seen.failure().is_some() {
            break;
        }
    }
    Some(seen)
}

/// The steps that were taken, in a line.
fn told(steps: &[Seen], seconds: f64) -> String {
    let names: Vec<&str> = steps.iter().map(|seen| seen.step.name()).collect();
    let end = steps.iter().find_map(|seen| {
        let failure = seen.failure.as_ref().map(|failure| failure.what.clone());
        failure.or_else(|| seen.unseen.clone())
    });
    format!("{}: {} ({seconds:.1} s)", names.join(", "), end.as_deref().unwrap_or("ok"))
}

/// Why a call failed, as a clause about what was tried.
fn why(answer: &Answer, what: &str) -> String {
    match answer.ended {
        Ended::Code(code) => format!("{what} fails with code {code}"),
        Ended::TimedOut => format!("{what} takes longer than {} s", answer.took.as_secs()),
        Ended::Stopped | Ended::Lost => format!("{what} is cut off"),
    }
}

/// A step that failed because of a call.
fn failed(work: &Work, step: Step, (answer, what): (&Answer, &str)) -> Seen {
    Seen::failed(step, why(answer, what), work.last(&answer.said()))
}
