//! What the running container calls: shells and scripts of CMD, ENTRYPOINT, HEALTHCHECK and compose.

use super::{obstacles, stage::Translated};
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView,
        commands::{self, Standing, commands_of, shell_words},
        programs, runtime,
        scripts::is_script,
    },
    knowledge::AlpineBranch,
    reason::Reason,
    source::Span,
    workspace::path,
};

/// Adds to `out` what the commands of the image and of its services need on Alpine.
pub(super) fn look(cx: &Context, image: &ImageView, branch: AlpineBranch, out: &mut Translated) {
    let (states, standing) = (runtime::states(image), Standing::of(cx, image));
    for (index, instruction) in image.instructions().iter().enumerate() {
        let scripts = match instruction.keyword {
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => commands_of(instruction),
            Keyword::Run => run_commands(image, instruction),
            _ => continue,
        };
        if instruction.keyword == Keyword::Run {
            for command in &image.script(instruction).commands {
                let words: Vec<String> = command.words.iter().map(|word| word.text().to_owned()).collect();
                unseen(&standing, &words, (instruction.span, &states[index].workdir), out);
            }
        }
        for words in scripts {
            if instruction.keyword != Keyword::Run {
                place_of(&standing, &words, instruction.span, out);
            }
            command(&standing, image, &words, (instruction.span, &states[index].workdir), out);
        }
    }
    super::ids::look(cx, image, out);
    super::owners::look(cx, image, &standing, out);
    super::programs::look(cx, image, (&states, &standing), out);
    let last = &states[states.len() - 1].workdir;
    let of_services = if image.is_final() { commands::of_services(cx, image) } else { Vec::new() };
    for found in of_services {
        let told = out.reasons.len();
        command(&standing, image, &found.words, (found.span, last), out);
        out.reasons[told..].iter_mut().for_each(|reason| reason.file = Some(found.file));
    }
    super::lines::look(cx, image, (&standing, branch), out);
}

/// Programs that stand at the same place on Debian and on Alpine, or are asked for by a check of their own.
const SAME_PLACE: [&str; 32] = [
    "/bin/ash",
    "/bin/bash",
    "/bin/cat",
    "/bin/chown",
    "/bin/date",
    "/bin/echo",
    "/bin/false",
    "/bin/ls",
    "/bin/ping",
    "/bin/sh",
    "/bin/sleep",
    "/bin/true",
    "/usr/bin/awk",
    "/usr/bin/bash",
    "/usr/bin/curl",
    "/usr/bin/dumb-init",
    "/usr/bin/env",
    "/usr/bin/git",
    "/usr/bin/gosu",
    "/usr/bin/nice",
    "/usr/bin/ssh",
    "/usr/bin/supervisord",
    "/usr/bin/tail",
    "/usr/bin/test",
    "/usr/bin/time",
    "/usr/bin/timeout",
    "/usr/bin/tini",
    "/usr/bin/wget",
    "/usr/sbin/gosu",
    "/usr/sbin/nginx",
    "/usr/sbin/sshd",
    "/sbin/tini",
];

/// Adds to `out` a started program of the system that Alpine lacks, or may have elsewhere.
fn place_of(standing: &Standing, words: &[String], span: Span, out: &mut Translated) {
    let Some(program) = words.first() else { return };
    out.reasons.extend(obstacles::debian_command(path::name(program), span));
    let is_of_system = matches!(path::parent(program), "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin");
    if is_of_system && !SAME_PLACE.contains(&program.as_str()) && standing.origin(program).is_none() {
        let what = "a program of the system that Alpine may not have at this place";
        out.reasons.push(Reason::doubt("FILE-09", span, what).about(program));
    }
}

/// Adds to `out` a program of the project that a RUN starts and that nobody can look into.
fn unseen(standing: &Standing, words: &[String], (span, workdir): (Span, &str), out: &mut Translated) {
    let words = if words.first().is_some_and(|word| word == "sudo") { &words[1..] } else { words };
    let Some((first, rest)) = words.split_first() else { return };
    let is_shell = programs::is_shell(first) || matches!(first.as_str(), "." | "source");
    if is_shell && let Some(at) = rest.iter().position(|word| word.starts_with('-') && word.ends_with('c')) {
        for inner in rest.get(at + 1).map(|line| shell_words(line)).unwrap_or_default() {
            unseen(standing, &inner, (span, workdir), out);
        }
        return;
    }
    let program = if is_shell { rest.iter().find(|word| !word.starts_with('-')) } else { Some(first) };
    let Some(program) = program.filter(|word| word.contains('/') && !word.contains(['$', '*'])) else {
        return;
    };
    let is_installed =
        ["/bin/", "/sbin/", "/usr/", "/etc/", "/opt/venv/"].iter().any(|folder| program.starts_with(folder))
            || path::parent(program).ends_with("/bin")
            || program.contains("node_modules");
    let is_seen = || standing.script(program, workdir).is_some();
    if !is_installed && !is_seen() {
        let what = "a program of the project, and what it runs is not known";
        out.reasons.push(Reason::doubt("BASE-12", span, what).about(program));
    }
}

/// Only the commands of a RUN that start a script of their own; tools are looked at elsewhere.
fn run_commands(image: &ImageView, instruction: &Instruction) -> Vec<Vec<String>> {
    let script = image.script(instruction);
    let words = |command: &crate::shell::Command| -> Vec<String> {
        command.words.iter().map(|word| word.text().to_owned()).collect()
    };
    script.commands.iter().map(words).filter(|words| starts_script(words)).collect()
}

/// `./setup.sh`, and `sh setup.sh`.
fn starts_script(words: &[String]) -> bool {
    let words = if words.first().is_some_and(|word| word == "sudo") { &words[1..] } else { words };
    let Some((first, rest)) = words.split_first() else { return false };
    let is_shell = programs::is_shell(first) || matches!(first.as_str(), "." | "source" | "exec");
    is_script(first) || (is_shell && rest.iter().any(|word| is_script(word) && !word.contains(' ')))
}

fn command(
    standing: &Standing,
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
    if programs::is_shell(name) || matches!(name, "tini" | "dumb-init") {
        for line in words.iter().skip(1).filter(|word| word.contains(' ')) {
            for inner in shell_words(line) {
                command(standing, image, &inner, (span, workdir), out);
            }
        }
    }
    if let Some(script) = words.iter().find(|word| is_script(word) && !word.contains(' ')) {
        super::scripts::look(standing, image, (script, span, workdir), out);
    }
}

fn need(out: &mut Translated, package: &str, what: &str) {
    out.needs.push((package.to_owned(), what.to_owned()));
}
