//! Container engines: calls of their programs, and knocking at the ports of what they run.
//!
//! Everything that `verify` asks of the outside stands behind [`Engine`]: the real one is [`local::Local`], and tests
//! have one that answers from a script.

pub mod copy;
pub mod find;
pub mod knock;
pub mod local;
pub mod sweep;

use std::time::Duration;

pub use knock::Knock;

/// One call of the engine's program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The arguments.
    pub words: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
    /// Whether it goes on when the run is stopped: calls that make something and are short do, so that what they
    /// made is known and can be removed.
    pub is_short: bool,
    /// Whether what it says is shown while it says it.
    pub is_loud: bool,
    /// What is struck out of that.
    pub hidden: Vec<String>,
}

impl Call {
    /// A call of the engine with these words that takes at most `seconds`.
    pub fn short<S: Into<String>>(words: impl IntoIterator<Item = S>, seconds: u64) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { words, limit: Duration::from_secs(seconds), is_short: true, ..Self::default() }
    }
}

/// The shortest value that is struck out: a shorter one is in too many words.
const SHORTEST: usize = 6;

/// `text` with each of `hidden` struck out.
pub fn masked(text: &str, hidden: &[String]) -> String {
    let long = hidden.iter().filter(|value| value.len() >= SHORTEST);
    long.fold(text.to_owned(), |text, value| text.replace(value.as_str(), "***"))
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// It took too long and was killed.
    TimedOut,
    /// The run was stopped.
    Stopped,
    /// The program could not be started, or was killed by somebody else.
    #[default]
    Lost,
}

/// What came of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub ended: Ended,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub err: String,
    /// How long it took.
    pub took: Duration,
}

impl Answer {
    /// Whether it did what it was asked to.
    pub fn is_good(&self) -> bool {
        self.ended == Ended::Code(0)
    }

    /// All that it said, stdout first.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// A container engine, and the clock that its runs are measured by.
pub trait Engine {
    /// Calls the engine's program.
    fn call(&self, call: &Call) -> Answer;
    /// Asks what listens on a port of this machine for `path`.
    fn knock(&self, port: u16, path: &str) -> Knock;
    /// The time since some moment.
    fn now(&self) -> Duration;
    /// Waits.
    fn pause(&self, time: Duration);
    /// Whether somebody asked the run to end.
    fn is_stopped(&self) -> bool;
}
