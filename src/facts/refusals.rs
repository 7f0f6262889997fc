//! Refused edits of compose files as reasons.

use crate::{
    compose::{EditRefusal, Obstacle},
    reason::Reason,
};

/// Why an edit is not made; `of_variable` is the trap where a variable decides the value.
pub fn reason(refusal: EditRefusal, of_variable: &'static str) -> Reason {
    let EditRefusal { span, obstacle, why } = refusal;
    let trap = match obstacle {
        Obstacle::Interpolated => of_variable,
        Obstacle::Shared | Obstacle::Inherited => "LIM-15",
        Obstacle::Missing | Obstacle::Present | Obstacle::Documents | Obstacle::Form | Obstacle::Unsafe => {
            "LIM-26"
        }
    };
    Reason::known(trap, span, why)
}
