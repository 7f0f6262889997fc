//! `poetry run PROGRAM` and its like, where the tool is not there any more: the program by itself.

use super::later;
use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        ImageView,
        python::project::{self, Action, Tool},
    },
    reason::Reason,
    shell::Script,
    source::Span,
};

/// The edit that starts programs of `instruction` without the tools; `None` when it calls none.
///
/// # Errors
/// The tool that it calls in another way.
pub fn without(image: &ImageView, instruction: &Instruction, tools: &[Tool]) -> Result<Option<Edit>, Tool> {
    let is_command = matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck);
    if let Some(words) = instruction.json.as_ref().filter(|_| is_command) {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let Some((program, tool)) = program(&texts, tools)? else {
            let line = words.iter().find(|word| called(&word.text, tools).is_some());
            return line.map_or(Ok(None), |word| in_line(image, (&word.text, word.span), tools).map(Some));
        };
        let span = Span::new(words[0].span.start(), words[program].span.start());
        let interpreter = if is_python_script(tool, texts[program]) { "\"python\", " } else { "" };
        return Ok(Some(Edit::replace(image.id, span, interpreter)));
    }
    if instruction.keyword != Keyword::Run && !is_command {
        return Ok(None);
    }
    if instruction.keyword == Keyword::Healthcheck {
        return called(&instruction.body.text, tools).map_or(Ok(None), Err);
    }
    let pieces = pieces(image.script(instruction), tools)?;
    if pieces.is_empty() {
        return Ok(None);
    }
    let text = write::rewrite(image.text, instruction, &pieces, write::Comments::Keep);
    Ok(text.map(|text| Edit::replace(image.id, instruction.span, text)))
}

/// The edit that starts the programs of a line for a shell, a word of an exec form, without the tools.
fn in_line(image: &ImageView, (line, span): (&str, Span), tools: &[Tool]) -> Result<Edit, Tool> {
    let tool = called(line, tools).unwrap_or(tools[0]);
    let mut text = line.to_owned();
    let mut pieces = pieces(&Script::parse_str(line), tools)?;
    pieces.sort_by_key(|(span, _)| std::cmp::Reverse(span.start()));
    for (piece, new) in pieces {
        text.replace_range(piece.start()..piece.end(), &new);
    }
    // What stands in the file must be the line itself, without escapes.
    let is_plain = span.of(image.text) == format!("\"{line}\"");
    match is_plain && called(&text, tools).is_none() {
        true => Ok(Edit::replace(image.id, span, format!("\"{text}\""))),
        false => Err(tool),
    }
}

/// The pieces that remove `poetry run ` from the commands of a script.
///
/// # Errors
/// The tool that a command calls in another way.
pub fn pieces(script: &Script, tools: &[Tool]) -> Result<Vec<write::Piece>, Tool> {
    let mut pieces = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        match project::action(index, command) {
            Some((tool, Action::Runs(prefix))) if tools.contains(&tool) => {
                let program = command.words.iter().find(|word| word.span.start() == prefix.end());
                let program = program.map_or("", |word| word.text());
                if is_unclear(tool, program) {
                    return Err(tool);
                }
                let is_script = is_python_script(tool, program);
                pieces.push((prefix, if is_script { "python ".to_owned() } else { String::new() }));
            }
            Some((tool, _)) if tools.contains(&tool) => return Err(tool),
            _ => {}
        }
    }
    Ok(pieces)
}

/// Why a line that is not rewritten stands in the way: it calls a tool.
fn called(line: &str, tools: &[Tool]) -> Option<Tool> {
    let words = later::words_of(line);
    tools.iter().copied().find(|tool| words.contains(&tool.name()))
}

/// That an instruction calls a tool when the image runs.
pub fn still_calls(tool: Tool, span: Span) -> Reason {
    let what = format!("the image calls {} when it runs, so it cannot be left behind", tool.name());
    Reason::known("MS-25", span, what)
}

/// `uv run script.py` and `uv run .` start the interpreter; the other tools start the file itself.
fn is_python_script(tool: Tool, program: &str) -> bool {
    tool == Tool::Uv && (program.ends_with(".py") || program == ".")
}

/// uv looks at what a path holds before it starts it.
fn is_unclear(tool: Tool, program: &str) -> bool {
    tool == Tool::Uv && program.contains('/') && !program.ends_with(".py")
}

/// Where the program starts in the words of an exec form, and which tool starts it.
fn program(words: &[&str], tools: &[Tool]) -> Result<Option<(usize, Tool)>, Tool> {
    let line = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let script = Script::parse_str(&line);
    let Some(command) = script.commands.first() else { return Ok(None) };
    match project::action(0, command) {
        Some((tool, Action::Runs(prefix))) if tools.contains(&tool) => {
            let at = command.words.iter().position(|word| word.span.start() == prefix.end());
            match at.filter(|at| is_unclear(tool, words[*at])) {
                Some(_) => Err(tool),
                None => Ok(at.map(|at| (at, tool))),
            }
        }
        Some((tool, _)) if tools.contains(&tool) => Err(tool),
        _ => Ok(None),
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
