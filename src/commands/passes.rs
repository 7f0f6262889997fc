//! `alpinist passes`: the passes in their order.

use std::io::{self, Write};

use super::Exit;
use crate::transforms;

/// Prints one line a pass.
///
/// # Errors
/// When `out` does not take it.
pub fn run(out: &mut dyn Write) -> io::Result<Exit> {
    for pass in transforms::ALL {
        writeln!(out, "{:<18} {:<7} {}", pass.id, pass.risk.name(), pass.title)?;
    }
    Ok(Exit::Done)
}
