//! One file a command: from arguments to exit code.

use std::process::ExitCode;

pub mod config;
pub mod explain;
pub mod optimize;
pub mod parse;
pub mod passes;
pub mod verify;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// `--check` found changes, or `verify` something worse.
    Changes,
    /// The arguments or the configuration are wrong.
    Usage,
    /// An input could not be read or parsed, or a file was not written.
    Failed,
    /// What was to be proved could not be.
    Unproved,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Changes => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Unproved => 4,
        })
    }
}
