//! In place of a client, where the program was built without network code.

use super::{Problem, Settings};
use crate::knowledge::Answer;

/// Nobody to ask.
pub(super) struct Client;

impl Client {
    pub(super) fn new(_: &Settings) -> Self {
        Self
    }

    /// That there is nobody to ask.
    ///
    /// # Errors
    /// Always.
    pub(super) fn ask(&self, _: &str) -> Result<Answer, Problem> {
        let what = "this program was built without the feature `online`".to_owned();
        Err(Problem { what, is_general: true })
    }
}
