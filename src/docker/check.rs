//! What BuildKit's instruction parser refuses: wrong counts, unknown flags, instructions outside a stage.

use super::{Dockerfile, error::DockerfileError, instruction::Instruction, keyword::Keyword};

/// Checks every instruction of `dockerfile`.
///
/// # Errors
/// The first instruction that BuildKit would refuse.
pub fn check(dockerfile: &Dockerfile) -> Result<(), DockerfileError> {
    let mut has_stage = false;
    for instruction in &dockerfile.instructions {
        has_stage |= instruction.keyword == Keyword::From;
        if !has_stage && instruction.keyword != Keyword::Arg {
            let what =
                format!("no build stage in current context: {} before FROM", instruction.keyword.name());
            return Err(error(instruction, what, "put a FROM above it"));
        }
        check_flags(instruction)?;
        check_count(instruction)?;
    }
    if !has_stage {
        let last = dockerfile.instructions.last();
        let what = "file with no FROM instruction".to_owned();
        return last.map_or(Ok(()), |last| Err(error(last, what, "a Dockerfile needs a base image")));
    }
    Ok(())
}

fn error(instruction: &Instruction, what: String, help: &str) -> DockerfileError {
    DockerfileError::new(instruction.keyword_span, what, help)
}

fn check_flags(instruction: &Instruction) -> Result<(), DockerfileError> {
    let known = instruction.keyword.flags();
    let Some(flag) = instruction.flags.iter().find(|flag| !known.contains(&flag.name.as_str())) else {
        return Ok(());
    };
    let (name, keyword) = (&flag.name, instruction.keyword.name());
    if instruction.keyword == Keyword::Onbuild {
        return Ok(());
    }
    let help = match known {
        [] => format!("{keyword} takes no flags"),
        _ => format!("{keyword} takes --{}", known.join(", --")),
    };
    Err(DockerfileError::new(flag.span, format!("unknown flag: --{name}"), help))
}

fn check_count(instruction: &Instruction) -> Result<(), DockerfileError> {
    use Keyword::*;
    let name = instruction.keyword.name();
    let count = instruction.words.len();
    let is_empty = instruction.body.text.is_empty();
    let wrong = |what: &str, help: &str| Err(error(instruction, format!("{name} {what}"), help));
    match instruction.keyword {
        From if count != 1 && (count != 3 || !instruction.words[1].text.eq_ignore_ascii_case("as")) => {
            wrong("requires either one or three arguments", "write FROM image or FROM image AS name")
        }
        From if count == 3 && !is_stage_name(&instruction.words[2].text) => {
            wrong("has an invalid stage name", "start it with a letter; letters, digits, - _ . may follow")
        }
        Add | Copy if count < 2 => {
            wrong("requires at least two arguments", "name a source and a destination")
        }
        Env | Label | Arg | Expose | Volume | Workdir | User | Stopsignal | Maintainer | Onbuild
        | Healthcheck
            if is_empty =>
        {
            wrong("requires at least one argument", "give it one, or remove the line")
        }
        Run if is_empty => wrong("requires a command", "give it one, or remove the line"),
        Shell if instruction.json.as_ref().is_none_or(Vec::is_empty) => {
            wrong("requires the arguments to be in JSON form", "write SHELL [\"/bin/sh\", \"-c\"]")
        }
        Healthcheck if !is_healthcheck(instruction) => {
            wrong("has an unknown type", "write HEALTHCHECK CMD … or HEALTHCHECK NONE")
        }
        _ => Ok(()),
    }
}

fn is_healthcheck(instruction: &Instruction) -> bool {
    let kind = instruction.words.first().map_or("", |word| word.text.as_str());
    kind.eq_ignore_ascii_case("CMD") || kind.eq_ignore_ascii_case("NONE")
}

fn is_stage_name(name: &str) -> bool {
    let mut chars = name.chars().map(|c| c.to_ascii_lowercase());
    chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
