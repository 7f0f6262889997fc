//! The script of an instruction, read once.

use std::sync::OnceLock;

use super::Script;

/// Holds a script from the first time that somebody asks for it.
///
/// What it holds follows from the instruction that it belongs to, so two cells are always equal.
#[derive(Clone, Debug, Default)]
pub struct ScriptCell(OnceLock<Box<Script>>);

impl ScriptCell {
    /// The script; `read` makes it when nobody asked before.
    pub(super) fn get_or_read(&self, read: impl FnOnce() -> Script) -> &Script {
        self.0.get_or_init(|| Box::new(read()))
    }
}

impl PartialEq for ScriptCell {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ScriptCell {}
