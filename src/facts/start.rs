//! What happens when a container starts: programs and scripts that write or change users.

use super::{
    Context, root_image, scripts,
    service::{CommandLine, Running},
    start_scripts::{Finder, Started},
    writers::{Writer, resolved},
};
use crate::{
    docker::Keyword,
    knowledge::writers::{Kind, lookup},
    shell::{Command, Script},
    workspace::path,
};

/// What the start of a service writes; scripts and entrypoints that are not known count too.
pub fn writers(cx: &Context, running: &Running) -> Vec<Writer> {
    let mut found = Vec::new();
    let finder = finder(cx, running);
    for line in &running.commands {
        found.extend(line.words.iter().filter_map(|word| of_program(running, line, word)));
        for script in finder.all(named(line)) {
            found.extend(of_script(running, line, &script));
        }
    }
    found.extend(base_entrypoint(running));
    found
}

/// The commands at the start of a service that change users or owners, each with its place in words.
pub fn switches(cx: &Context, running: &Running) -> Vec<String> {
    let mut found = Vec::new();
    let finder = finder(cx, running);
    for line in &running.commands {
        let place = running.line(cx, line.file, line.span);
        let switches = |word: &&String| lookup(Kind::Switch, path::name(word)).is_some();
        found.extend(line.words.iter().filter(switches).map(|word| format!("{word} ({place})")));
        for script in finder.all(named(line)) {
            let Some(text) = script.text else {
                found.push(format!("{} ({place}), whose text is not known", script.name));
                continue;
            };
            let words = text.split(|c: char| c.is_whitespace() || ";&|()`\"".contains(c));
            let switch = words.into_iter().find(|word| lookup(Kind::Switch, path::name(word)).is_some());
            found.extend(switch.map(|word| format!("{word} in {}", script.name)));
        }
    }
    found
}

/// Whether a word of the command marks a development set-up.
pub fn development_word<'r>(running: &'r Running) -> Option<&'r String> {
    let mut words = running.commands.iter().flat_map(|line| &line.words);
    words.find(|word| lookup(Kind::Develop, path::name(word)).is_some())
}

/// What finds the scripts of a service; text that is not known is that of another image, or made by the build.
pub(super) fn finder<'x, 'a>(cx: &'x Context<'a>, running: &'x Running<'a>) -> Finder<'x, 'a> {
    Finder::of(cx, &running.image, running.state.workdir.clone())
}

/// The scripts that a command line names.
pub(super) fn named(line: &CommandLine) -> Vec<String> {
    let words = line.words.iter().enumerate().filter(|(at, word)| is_script(*at, word));
    words.map(|(_, word)| word.clone()).collect()
}

/// Whether a word names a script, or a program of the project whose text tells what it does.
fn is_script(at: usize, word: &str) -> bool {
    let in_bin = path::parent(word).ends_with("bin");
    scripts::is_script(word) || (at == 0 && word.contains('/') && !in_bin)
}

fn of_program(running: &Running, line: &CommandLine, word: &str) -> Option<Writer> {
    let fact = lookup(Kind::Start, path::name(word))?;
    let path = resolved(&running.state, fact.path);
    let what = format!("{} {}", path::name(word), fact.what);
    Some(Writer { path, file: line.file, span: line.span, what })
}

fn of_script(running: &Running, line: &CommandLine, script: &Started) -> Vec<Writer> {
    let writer = |path: String, what: String| Writer { path, file: line.file, span: line.span, what };
    let name = &script.name;
    let Some(text) = script.text else {
        return vec![writer(String::new(), format!("the text of {name} is not known"))];
    };
    let parsed = Script::parse_str(text);
    if parsed.unreadable.is_some() {
        return vec![writer(String::new(), format!("{name} cannot be read as a shell script"))];
    }
    let mut found = Vec::new();
    for command in &parsed.commands {
        if lookup(Kind::File, command.name()).is_some() {
            found.push(writer(last_path(running, command), format!("{} in {name}", command.name())));
        }
        found.extend(command.words.iter().filter_map(|word| {
            let fact = lookup(Kind::Start, path::name(word.text()))?;
            Some(writer(resolved(&running.state, fact.path), format!("{} in {name}", word.text())))
        }));
        let targets = command.redirects.iter().filter_map(|span| target(span.of(text)));
        found.extend(targets.map(|target| {
            let path = if target.contains('$') { String::new() } else { resolved(&running.state, target) };
            writer(path, format!("a redirection in {name}"))
        }));
    }
    found
}

fn last_path(running: &Running, command: &Command) -> String {
    let last = command.words.last().and_then(|word| word.literal.as_deref());
    last.map_or_else(String::new, |path| resolved(&running.state, path))
}

/// The file that a redirection writes; none for input and for another descriptor.
fn target(redirect: &str) -> Option<&str> {
    let (_, target) = redirect.split_once('>')?;
    let target = target.trim_start_matches(['>', '|', '&']).trim().trim_matches(['"', '\'']);
    let is_descriptor = target == "-" || target.bytes().all(|byte| byte.is_ascii_digit());
    (!is_descriptor).then_some(target)
}

/// Whether the entrypoint of the base image is known to write nothing and to change no user.
fn is_base_known(running: &Running) -> bool {
    let base = root_image(running.image.dockerfile, running.image.stage());
    base.official_name().is_some_and(|name| lookup(Kind::Base, name).is_some())
}

/// The entrypoint that a base image brings, unless it is known to write nothing.
fn base_entrypoint(running: &Running) -> Option<Writer> {
    let image = running.image;
    let has_own = running.service.service.entrypoint.is_some()
        || image.lineage().iter().any(|instruction| instruction.keyword == Keyword::Entrypoint);
    let base = root_image(image.dockerfile, image.stage());
    let what = format!("the entrypoint of {} is not known", base.name);
    let span = image.base_word().span;
    (!has_own && !is_base_known(running)).then(|| Writer { path: String::new(), file: image.id, span, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_name_files() {
        for (text, file) in
            [("> /a", Some("/a")), (">>b", Some("b")), ("2>&1", None), ("< x", None), ("&> \"c\"", Some("c"))]
        {
            assert_eq!(target(text), file, "{text}");
        }
    }

    #[test]
    fn programs_of_the_project_count_as_scripts() {
        assert!(is_script(0, "./server") && is_script(1, "/app/start.sh") && is_script(0, "/init"));
        assert!(
            !is_script(0, "/sbin/tini") && !is_script(0, "/opt/venv/bin/uvicorn") && !is_script(1, "a/b.py")
        );
    }
}
