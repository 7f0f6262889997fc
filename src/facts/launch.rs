//! What a service ends up starting, with the variables that hold for it.

use super::{
    Context,
    runtime::Variables,
    service::{CommandLine, Running},
    workers,
};
use crate::effects::{machine::Run, start};

/// The commands that a service starts, those inside its scripts too, and the variables that hold for them.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The command lines.
    pub lines: Vec<CommandLine>,
    /// The environment, with what scripts set of the variables that count.
    pub env: Variables,
}

/// What the service starts, or why that is not known, in words.
///
/// # Errors
/// When a script is not in the project, cannot be read, or leads back to itself.
pub fn of(cx: &Context, running: &Running) -> Result<Launch, String> {
    let trace = start::of_service(cx, running);
    if let Some(gap) = trace.gaps.into_iter().next() {
        return Err(gap.what);
    }
    let lines: Vec<CommandLine> = trace.runs.into_iter().filter(|run| !run.is_shell()).map(line).collect();
    let env = with_assignments(running.state.env.clone(), &lines);
    Ok(Launch { lines, env })
}

fn line(run: Run) -> CommandLine {
    let Run { words, assignments, origin, .. } = run;
    CommandLine { words, assignments, file: origin.file, span: origin.span }
}

/// The environment with the assignments of the lines: in front of a command, after `export`, after `env`.
fn with_assignments(mut env: Variables, lines: &[CommandLine]) -> Variables {
    for word in lines.iter().flat_map(|line| line.assignments.iter().chain(&line.words)) {
        let Some((name, value)) = word.split_once('=') else { continue };
        let value = value.trim_matches(['"', '\'']);
        let is_default = value.contains(&format!("${{{name}")) || value.contains(&format!("${name}"));
        let is_kept = is_default && env.get(name).is_some();
        if workers::VARIABLES.contains(&name) && !is_kept {
            env.insert_mut(name.to_owned(), value.to_owned());
        }
    }
    env
}
