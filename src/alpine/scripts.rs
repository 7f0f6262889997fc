//! The scripts that a container starts: their interpreter, and what of them Alpine does not have.

use std::collections::BTreeSet;

use super::{obstacles, owners, stage::Translated};
use crate::{
    docker::Keyword,
    facts::{ImageView, commands::Standing, programs, scripts},
    knowledge::shell::{self as busybox, Need},
    reason::Reason,
    shell::{Command, Script as ShellScript, bashism},
    source::Span,
    workspace::path,
};

/// A script as it stands in the image.
struct Script<'t> {
    /// As the command names it.
    name: &'t str,
    /// Its path in the image.
    path: String,
    /// Its text.
    text: &'t str,
    /// Where the command that starts it stands.
    span: Span,
}

impl Script<'_> {
    /// The line that `command` of it stands on, as `start.sh:3`.
    fn at(&self, command: &Command) -> String {
        let line = self.text[..command.span.start()].matches('\n').count() + 1;
        format!("{}:{line}", self.name)
    }
}

/// Adds to `out` what the script called `name` needs, and the scripts that it names itself.
pub(super) fn look(
    standing: &Standing,
    image: &ImageView,
    (name, span, workdir): (&str, Span, &str),
    out: &mut Translated,
) {
    let Some((path, text)) = standing.script(name, workdir) else {
        let what = "a script that is not in the build context, so its interpreter is not known";
        out.reasons.push(Reason::doubt("PKG-19", span, what).about(name));
        return;
    };
    let script = Script { name, path, text, span };
    started(image, &script, out);
    for called in scripts::called(text, &script.path, workdir) {
        let Some(text) = standing.text_at(&called.path) else { continue };
        let inner = Script { name: &called.path, path: called.path.clone(), text, span };
        match called.is_sourced {
            true if interpreter(script.text).contains("bash") => shell_tools(image, &inner, out),
            true => under_sh(image, &inner, out),
            false => started(image, &inner, out),
        }
    }
}

/// The `#!` line of a script, or nothing.
fn interpreter(text: &str) -> &str {
    text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or("")
}

/// A script that is run by its own interpreter.
fn started(image: &ImageView, script: &Script, out: &mut Translated) {
    let interpreter = interpreter(script.text);
    let first = script.text.split_inclusive('\n').next().unwrap_or("");
    if first.ends_with("\r\n") && !converts_line_endings(image) {
        let what = "Windows line endings, with which no interpreter is found";
        out.reasons.push(Reason::known("FILE-25", script.span, what).about(script.name));
    }
    match () {
        () if interpreter.contains("bash") => {
            out.needs.push(("bash".to_owned(), script.name.to_owned()));
            shell_tools(image, script, out);
        }
        () if interpreter.contains("python") => debian_tools(script, &[], out),
        () => under_sh(image, script, out),
    }
}

/// A script that Alpine's ash reads.
fn under_sh(image: &ImageView, script: &Script, out: &mut Translated) {
    if let Some(what) = bashism::find(script.text) {
        let what = format!("it runs under sh but uses {what}, which ash does not know");
        out.reasons.push(Reason::known("PKG-19", script.span, what).from(script.name));
    }
    shell_tools(image, script, out);
}

/// What a shell script calls that Alpine has not, and options that busybox does not know.
fn shell_tools(image: &ImageView, script: &Script, out: &mut Translated) {
    let interpreter = interpreter(script.text);
    if !interpreter.is_empty() && !interpreter.contains("sh") {
        debian_tools(script, &[], out);
        return;
    }
    let parsed = ShellScript::parse_str(script.text);
    if let Some(why) = &parsed.unreadable {
        let what = format!("it cannot be read as a shell script ({why})");
        out.reasons.push(Reason::doubt("PKG-31", script.span, what).from(script.name));
    }
    debian_tools(script, &parsed.commands, out);
    let functions = functions(script.text);
    let is_bare = is_bare(image);
    for command in &parsed.commands {
        for (name, need) in needs_of(command) {
            // A bare image lacks what nothing installs, and so the script does without.
            let is_there = need.is_of_debians_base() || !is_bare;
            let is_known = out.needs.iter().any(|(package, _)| package == need.package);
            if !is_there || is_known || functions.contains(name.as_str()) {
                continue;
            }
            let what = format!("{}: {name} {}", script.at(command), need.option);
            out.needs.push((need.package.to_owned(), what.trim_end().to_owned()));
        }
    }
}

/// What a command needs beyond busybox, and what the program does that it starts.
fn needs_of(command: &Command) -> Vec<(String, Need)> {
    let words: Vec<String> = command.words.iter().map(|word| word.text().to_owned()).collect();
    let own = words.split_first();
    let started = programs::program_of(&words).filter(|(program, _)| Some(*program) != words.first());
    let needed = |(program, rest): (&String, &[String])| {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let name = path::name(program);
        let need = busybox::missing(name, &rest).filter(|_| name != "gosu")?;
        Some((name.to_owned(), need))
    };
    own.into_iter().chain(started).filter_map(needed).collect()
}

/// The names of the functions that a script defines.
fn functions(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(function).collect()
}

/// The name of the function whose definition starts on a line.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    match line.strip_prefix("function ") {
        Some(rest) => rest.trim_start().split(|c: char| c.is_whitespace() || "({".contains(c)).next(),
        None => line
            .split_once('(')
            .filter(|(_, rest)| rest.trim_start().starts_with(')'))
            .map(|(name, _)| name.trim_end()),
    }
}

/// Whether the image brings little more than Debian's base: a slim variant, or the distribution itself.
fn is_bare(image: &ImageView) -> bool {
    let root = image.root();
    matches!(root.official_name(), Some("debian" | "ubuntu"))
        || root.tag.as_deref().is_some_and(|tag| tag.contains("slim"))
}

/// What the script calls that Alpine has under another name, or not at all.
fn debian_tools(script: &Script, commands: &[Command], out: &mut Translated) {
    owners::look_in_script((script.name, script.text, script.span), out);
    let functions = functions(script.text);
    for command in commands.iter().filter(|command| !functions.contains(command.name())) {
        let is_sh = !interpreter(script.text).contains("bash");
        let told = obstacles::debian_command(command.name(), script.span)
            .or_else(|| obstacles::debian_option(command))
            .or_else(|| obstacles::escaped_echo(command).filter(|_| is_sh));
        out.reasons.extend(told.map(|reason| reason.at(script.span).from(script.at(command))));
    }
    if commands.iter().any(|command| command.words.iter().any(|word| word.text() == "gosu")) {
        out.needs.push(("gosu".to_owned(), script.name.to_owned()));
    }
    if script.text.contains("useradd ") || script.text.contains("groupadd ") {
        let what = "it calls Debian's tools for users when it runs";
        out.reasons.push(Reason::known("FILE-09", script.span, what).from(script.name));
    }
}

/// Whether a RUN turns Windows line endings into those that a kernel knows.
fn converts_line_endings(image: &ImageView) -> bool {
    let mut steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps.any(|step| step.body.text.contains("dos2unix") || step.body.text.contains("\\r"))
}
