//! `alpinist explain`: the manual page of a pass, a trap, or the traps behind an error message.

use std::io::{self, Read, Write};

use super::Exit;
use crate::{cli::Explain, knowledge::traps, transforms};

/// Prints what is known of the topic.
///
/// # Errors
/// When stdin or `out` fail.
pub fn run(arguments: &Explain, out: &mut dyn Write) -> io::Result<Exit> {
    if arguments.topic == "-" {
        let mut message = Vec::new();
        io::stdin().lock().read_to_end(&mut message)?;
        return explain_message(&String::from_utf8_lossy(&message), out);
    }
    if let Some(pass) = transforms::ALL.iter().find(|pass| pass.id == arguments.topic) {
        writeln!(out, "{} ({})\n\n{}", pass.id, pass.risk.name(), pass.manual())?;
        return Ok(Exit::Done);
    }
    if let Some(trap) = traps::get(&arguments.topic.to_ascii_uppercase()) {
        print_trap(&trap, out)?;
        return Ok(Exit::Done);
    }
    let known: Vec<_> = transforms::ALL.iter().map(|pass| pass.id).collect();
    anstream::eprintln!(
        "error: {} is neither a pass nor a trap\n  help: passes are {}; traps are BASE-01 and the like",
        arguments.topic,
        known.join(", ")
    );
    Ok(Exit::Usage)
}

fn explain_message(message: &str, out: &mut dyn Write) -> io::Result<Exit> {
    let found = traps::explain(message);
    if found.is_empty() {
        writeln!(out, "Nothing known matches this message.")?;
    }
    found.iter().try_for_each(|trap| print_trap(trap, out))?;
    Ok(Exit::Done)
}

fn print_trap(trap: &traps::Trap, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}\n  {}", trap.id, trap.name, trap.text)?;
    if !trap.way_out.is_empty() {
        writeln!(out, "  Way out: {}", trap.way_out)?;
    }
    if let Some(told) = trap.action.told() {
        writeln!(out, "  {told}")?;
    }
    if !trap.settle.is_empty() {
        writeln!(out, "  To settle it: {}.", trap.settle)?;
    }
    writeln!(out, "  Where it is there {}; where it may be {}.", trap.known.told(), trap.doubt.told())
}
