//! What BuildKit's instruction parser refuses: wrong counts, bad names, instructions outside a stage.

use super::{
    Dockerfile, error::DockerfileError, flag_check, heredoc, instruction::Instruction, keyword::Keyword,
};

/// Checks every instruction, in order.
///
/// # Errors
/// The first instruction that BuildKit would refuse, and why.
pub(super) fn instructions(instructions: &[Instruction]) -> Result<(), (&Instruction, DockerfileError)> {
    let mut has_stage = false;
    for instruction in instructions {
        has_stage |= instruction.keyword == Keyword::From;
        let result = check_arguments(instruction)
            .and_then(|()| flag_check::check(instruction))
            .and_then(|()| check_stage(instruction, has_stage));
        result.map_err(|error| (instruction, error))?;
    }
    Ok(())
}

fn check_stage(instruction: &Instruction, has_stage: bool) -> Result<(), DockerfileError> {
    if has_stage || instruction.keyword == Keyword::Arg {
        return Ok(());
    }
    let what = format!("no build stage in current context: {} before FROM", instruction.keyword.name());
    Err(error(instruction, what, "put a FROM above it"))
}

/// Checks that there is something to build.
///
/// # Errors
/// When no FROM is there.
pub(super) fn has_stage(dockerfile: &Dockerfile) -> Result<(), DockerfileError> {
    match dockerfile.instructions.last() {
        Some(last) if dockerfile.stages.is_empty() => {
            let what = "file with no FROM instruction".to_owned();
            Err(error(last, what, "a Dockerfile needs a base image"))
        }
        _ => Ok(()),
    }
}

fn error(instruction: &Instruction, what: String, help: &str) -> DockerfileError {
    DockerfileError::new(instruction.keyword_span, what, help)
}

fn check_arguments(instruction: &Instruction) -> Result<(), DockerfileError> {
    use Keyword::*;
    let wrong = match instruction.keyword {
        From => from(instruction),
        Add | Copy => copy(instruction),
        Env | Label | Arg => pairs(instruction),
        Shell => shell(instruction),
        Healthcheck => healthcheck(instruction),
        Onbuild => onbuild(instruction),
        Volume if instruction.words.iter().any(|word| word.text.trim().is_empty()) => {
            Some(("specified can not be an empty string", "name a path, or remove the line"))
        }
        Expose | Volume | Workdir | User | Stopsignal | Maintainer => at_least_one(instruction.words.len()),
        Run | Cmd | Entrypoint => None,
    };
    match wrong {
        Some((what, help)) => Err(error(instruction, format!("{} {what}", instruction.keyword.name()), help)),
        None => Ok(()),
    }
}

/// What is wrong, after the keyword, and what to do.
type Wrong = (&'static str, &'static str);

fn at_least_one(count: usize) -> Option<Wrong> {
    (count == 0).then_some(("requires at least one argument", "give it one, or remove the line"))
}

fn from(instruction: &Instruction) -> Option<Wrong> {
    match &instruction.words[..] {
        [_] => None,
        [_, keyword, name] if keyword.text.eq_ignore_ascii_case("as") => (!is_stage_name(&name.text))
            .then_some((
                "has an invalid stage name",
                "start it with a letter; letters, digits, - _ . may follow",
            )),
        _ => Some(("requires either one or three arguments", "write FROM image or FROM image AS name")),
    }
}

fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn copy(instruction: &Instruction) -> Option<Wrong> {
    match &instruction.words[..] {
        [] | [_] => Some(("requires at least two arguments", "name a source and a destination")),
        [.., target] if heredoc::is_marker(&target.text) => {
            Some(("cannot accept a heredoc as a destination", "name the destination last"))
        }
        _ => None,
    }
}

fn pairs(instruction: &Instruction) -> Option<Wrong> {
    let is_blank = |pair: &super::Pair| pair.name.is_empty() && pair.value.is_some();
    match instruction.pairs.iter().any(is_blank) {
        true => Some(("names can not be blank", "write NAME=value without blanks around =")),
        false => at_least_one(instruction.pairs.len()),
    }
}

fn shell(instruction: &Instruction) -> Option<Wrong> {
    let is_exec = instruction.json.as_ref().is_some_and(|words| !words.is_empty());
    (!is_exec).then_some(("requires the arguments to be in JSON form", "write SHELL [\"/bin/sh\", \"-c\"]"))
}

fn healthcheck(instruction: &Instruction) -> Option<Wrong> {
    let [kind, command @ ..] = &instruction.words[..] else { return at_least_one(0) };
    let (is_none, is_command) =
        (kind.text.eq_ignore_ascii_case("NONE"), kind.text.eq_ignore_ascii_case("CMD"));
    match command.is_empty() {
        false if is_none => Some(("NONE takes no arguments", "remove them, or write HEALTHCHECK CMD")),
        true if is_command => Some(("CMD requires a command", "give it one, or write HEALTHCHECK NONE")),
        _ if is_none || is_command => None,
        _ => Some(("has an unknown type", "write HEALTHCHECK CMD … or HEALTHCHECK NONE")),
    }
}

fn onbuild(instruction: &Instruction) -> Option<Wrong> {
    let Some(trigger) = instruction.words.first() else { return at_least_one(0) };
    match Keyword::parse(trigger.text.trim()) {
        Some(Keyword::Onbuild | Keyword::From | Keyword::Maintainer) => Some((
            "takes no ONBUILD, FROM or MAINTAINER",
            "these cannot be put off to the images built on this one",
        )),
        _ => None,
    }
}
