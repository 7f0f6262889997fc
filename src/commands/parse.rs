//! `alpinist parse`: how Dockerfiles are read, one JSON object a line.

use std::{
    borrow::Cow,
    io::{self, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::Exit;
use crate::{
    cli::Parse,
    docker::{self, Dockerfile, Instruction, Pair, bytes},
    view::diagnostic,
    workspace::load::InputError,
};

/// Parses every file; one that cannot be read does not stop the others.
///
/// # Errors
/// When `out` does not take it.
pub fn run(arguments: &Parse, colour: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let mut exit = Exit::Done;
    for file in &arguments.files {
        match line(file) {
            Ok(line) => writeln!(out, "{line}")?,
            Err(error) => {
                exit = Exit::Failed;
                anstream::eprint!("{}", diagnostic::render(&error, colour));
            }
        }
    }
    Ok(exit)
}

/// The JSON object of `file`; a byte that is no text is shown as U+FFFD.
fn line(file: &Path) -> Result<String, InputError> {
    let path = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| InputError {
        path: path.clone(),
        text: None,
        span: None,
        what: error.to_string(),
        help: "check that it is a file that may be read".to_owned(),
    })?;
    let text = bytes::marked(&bytes);
    let shown = |told: String| if matches!(text, Cow::Owned(_)) { bytes::shown(&told) } else { told };
    match docker::read_instructions(&text) {
        Ok(dockerfile) => Ok(shown(object(&path, &text, &dockerfile).to_string())),
        Err(error) => {
            let (what, help) = (shown(error.what), shown(error.help));
            let text = Some(shown(text.to_string()).into());
            Err(InputError { path, text, span: Some(error.span), what, help })
        }
    }
}

fn object(file: &str, text: &str, dockerfile: &Dockerfile) -> Value {
    let directives: serde_json::Map<String, Value> = dockerfile
        .directives
        .iter()
        .map(|directive| (directive.name.clone(), json!(directive.value)))
        .collect();
    let instructions: Vec<Value> = dockerfile
        .instructions
        .iter()
        .enumerate()
        .map(|(index, instruction)| {
            let stage = dockerfile.stages.iter().find(|stage| stage.instructions.contains(&index));
            instruction_object(text, instruction, stage.map(|stage| stage.index))
        })
        .collect();
    json!({"file": file, "directives": directives, "instructions": instructions})
}

fn instruction_object(text: &str, instruction: &Instruction, stage: Option<usize>) -> Value {
    let flags: Vec<String> = instruction
        .flags
        .iter()
        .map(|flag| match &flag.value {
            Some(value) => format!("--{}={value}", flag.name),
            None => format!("--{}", flag.name),
        })
        .collect();
    let heredocs: Vec<Value> = instruction
        .heredocs
        .iter()
        .map(|heredoc| json!({"name": heredoc.name, "content": heredoc.body.of(text), "expand": heredoc.expands, "chomp": heredoc.strips_tabs}))
        .collect();
    json!({
        "name": instruction.keyword.name(), "start_line": instruction.lines.0, "end_line": instruction.lines.1,
        "flags": flags, "args": arguments(instruction), "json": instruction.json.is_some(),
        "heredocs": heredocs, "stage": stage,
    })
}

/// The arguments as BuildKit's parser hands them on: words, or the whole text for shell forms.
fn arguments(instruction: &Instruction) -> Vec<String> {
    use docker::Keyword::*;
    match instruction.keyword {
        Run | Cmd | Entrypoint | Shell => match &instruction.json {
            Some(json) => json.iter().map(|word| word.text.clone()).collect(),
            None => shell_form(instruction),
        },
        Env | Label | Arg => instruction.pairs.iter().map(pair).collect(),
        Onbuild => shell_form(instruction),
        _ => instruction.words.iter().map(|word| word.text.clone()).collect(),
    }
}

fn shell_form(instruction: &Instruction) -> Vec<String> {
    let text = &instruction.body.text;
    if text.is_empty() { vec![] } else { vec![text.clone()] }
}

fn pair(pair: &Pair) -> String {
    match &pair.value {
        Some(value) => format!("{}={value}", pair.name),
        None => pair.name.clone(),
    }
}
