//! What a line of program text tells of the program.

use std::sync::Arc;

/// What the program does, or needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It reaches a place as many folders above the file as the argument has parts.
    Above,
    /// It looks for the shared library that the argument names, with `find_library`.
    FindsLibrary,
    /// It imports the package that the argument names.
    Imports,
    /// It logs under the name of the server that the argument names.
    LogsAs,
    /// It names the path that the argument holds, which it may write to.
    Names,
    /// It needs a running event loop while it is imported.
    NeedsLoop,
    /// It does what only root may do, which the argument names.
    NeedsRoot,
    /// It reads the variable that the argument names; empty where that is not known.
    ReadsVariable,
    /// It is started by the interpreter in its first line, which the argument holds.
    RunsWith,
    /// It takes uploads, which are spooled to the folder for temporary files.
    Spools,
    /// It writes to the path that the argument holds; empty where that is not known.
    Writes,
}

/// A line of program text that tells of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it tells of.
    pub effect: Effect,
    /// What tells it, such as `makedirs`; empty where the argument says all.
    pub sign: &'static str,
    /// What the effect is about.
    pub argument: String,
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl Finding {
    /// Whether it is about files, or about what else a confined service may not do.
    pub fn is_of_file(&self) -> bool {
        matches!(self.effect, Effect::Names | Effect::NeedsRoot | Effect::Writes)
    }
}
