//! What the running container calls: shells and scripts of CMD, ENTRYPOINT, HEALTHCHECK and compose.

use super::stage::Translated;
use crate::{
    compose::health::Probe,
    docker::{Instruction, Keyword},
    facts::{Context, ImageView, runtime},
    shell::Script,
    source::Span,
};

/// Adds to `out` what the commands of the image and of its services need on Alpine.
pub(super) fn look(cx: &Context, image: &ImageView, out: &mut Translated) {
    let states = runtime::states(image);
    for (index, instruction) in image.instructions().iter().enumerate() {
        let scripts = match instruction.keyword {
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => commands_of(instruction),
            Keyword::Run => run_commands(image, instruction),
            _ => continue,
        };
        for words in scripts {
            command(cx, image, &words, (instruction.span, &states[index].workdir), out);
        }
    }
    let last = &states[states.len() - 1].workdir;
    let of_services = if image.is_final() { of_services(cx, image) } else { Vec::new() };
    for words in of_services {
        command(cx, image, &words, (image.stage().base_word.span, last), out);
    }
}

/// The commands that run in the container: CMD, ENTRYPOINT, HEALTHCHECK, and those of its services.
pub fn run_by(cx: &Context, image: &ImageView) -> Vec<Vec<String>> {
    let keywords = [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let steps = keywords.into_iter().filter_map(|keyword| runtime::last(image, keyword));
    steps.flat_map(commands_of).chain(of_services(cx, image)).filter(|words| !words.is_empty()).collect()
}

/// The scripts of the build context that those commands start, with their text.
pub fn scripts_run_by<'a>(cx: &Context<'a>, image: &ImageView) -> Vec<(String, &'a str)> {
    let states = runtime::states(image);
    let workdir = &states[states.len() - 1].workdir;
    let words = run_by(cx, image).into_iter().flatten().filter(|word| is_script(word) && !word.contains(' '));
    words
        .filter_map(|word| Some((word.clone(), super::scripts::standing(cx, image, &word, workdir)?.1)))
        .collect()
}

fn of_services(cx: &Context, image: &ImageView) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for service in cx.services_of(image.image) {
        let commands = [&service.service.command, &service.service.entrypoint];
        all.extend(commands.into_iter().flatten().filter_map(|field| field.value.words()));
        let probe = service.service.healthcheck.as_ref().and_then(|check| check.test.as_ref());
        match probe.map(|field| &field.value) {
            Some(Probe::Words(words)) => all.push(words.clone()),
            Some(Probe::Shell(line)) => all.extend(shell_words(line)),
            _ => {}
        }
    }
    all
}

fn commands_of(instruction: &Instruction) -> Vec<Vec<String>> {
    if let Some(json) = &instruction.json {
        return vec![json.iter().map(|word| word.text.clone()).collect()];
    }
    let text = match instruction.keyword {
        Keyword::Healthcheck => instruction.body.text.trim_start_matches(|c: char| !c.is_whitespace()),
        _ => &instruction.body.text,
    };
    shell_words(text)
}

fn shell_words(line: &str) -> Vec<Vec<String>> {
    let script = Script::parse_str(line);
    let words =
        |command: &crate::shell::Command| command.words.iter().map(|word| word.text().to_owned()).collect();
    script.commands.iter().map(words).collect()
}

/// Only the commands of a RUN that start a script of their own; tools are looked at elsewhere.
fn run_commands(image: &ImageView, instruction: &Instruction) -> Vec<Vec<String>> {
    let script = image.script(instruction);
    let words = |command: &crate::shell::Command| -> Vec<String> {
        command.words.iter().map(|word| word.text().to_owned()).collect()
    };
    script
        .commands
        .iter()
        .map(words)
        .filter(|words| words.first().is_some_and(|word| is_script(word)))
        .collect()
}

fn is_script(word: &str) -> bool {
    word.ends_with(".sh") || word.ends_with(".bash") || word.contains("entrypoint")
}

fn command(
    cx: &Context,
    image: &ImageView,
    words: &[String],
    (span, workdir): (Span, &str),
    out: &mut Translated,
) {
    let Some(first) = words.first() else { return };
    let name = first.rsplit('/').next().unwrap_or(first);
    let operands: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match name {
        "bash" => need(out, "bash", first),
        "gosu" => need(out, "gosu", first),
        _ => {
            if let Some(found) =
                crate::knowledge::shell::missing(name, &operands).filter(|_| !is_script(first))
            {
                need(out, found.package, name);
            }
        }
    }
    if matches!(name, "sh" | "bash" | "ash" | "tini" | "dumb-init") {
        for line in words.iter().skip(1).filter(|word| word.contains(' ')) {
            for inner in shell_words(line) {
                command(cx, image, &inner, (span, workdir), out);
            }
        }
    }
    if let Some(script) = words.iter().find(|word| is_script(word) && !word.contains(' ')) {
        super::scripts::look(cx, image, (script, span, workdir), out);
    }
}

fn need(out: &mut Translated, package: &str, what: &str) {
    out.needs.push((package.to_owned(), what.to_owned()));
}
