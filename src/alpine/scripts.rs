//! The scripts that a container starts: their interpreter, and what of them Alpine does not have.

use super::{obstacles::Obstacle, stage::Translated};
use crate::{
    docker::Keyword,
    facts::{ImageView, commands::Standing, scripts},
    shell::{Script as ShellScript, bashism},
    source::Span,
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

/// Adds to `out` what the script called `name` needs, and the scripts that it names itself.
pub(super) fn look(
    standing: &Standing,
    image: &ImageView,
    (name, span, workdir): (&str, Span, &str),
    out: &mut Translated,
) {
    let Some((path, text)) = standing.script(name, workdir) else {
        let what = format!(
            "the script {name} is not in the build context, so its interpreter is not known (PKG-19)"
        );
        out.obstacles.push(Obstacle::new(span, what));
        return;
    };
    let script = Script { name, path, text, span };
    started(image, &script, out);
    for called in scripts::called(text, &script.path, workdir) {
        let Some(text) = standing.text_at(&called.path) else { continue };
        let inner = Script { name: &called.path, path: called.path.clone(), text, span };
        match called.is_sourced {
            true if interpreter(script.text).contains("bash") => debian_tools(&inner, out),
            true => under_sh(&inner, out),
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
        let what =
            format!("{} has Windows line endings, with which no interpreter is found (FILE-25)", script.name);
        out.obstacles.push(Obstacle::new(script.span, what));
    }
    match () {
        () if interpreter.contains("bash") => {
            out.needs.push(("bash".to_owned(), script.name.to_owned()));
            debian_tools(script, out);
        }
        () if interpreter.contains("python") => debian_tools(script, out),
        () => under_sh(script, out),
    }
}

/// A script that Alpine's ash reads.
fn under_sh(script: &Script, out: &mut Translated) {
    if let Some(what) = bashism::find(script.text) {
        let what = format!("{} runs under sh but uses {what}, which ash does not know (PKG-19)", script.name);
        out.obstacles.push(Obstacle::new(script.span, what));
    }
    debian_tools(script, out);
}

/// What the script calls that Alpine has under another name, or not at all.
fn debian_tools(script: &Script, out: &mut Translated) {
    let commands = ShellScript::parse_str(script.text).commands;
    if commands.iter().any(|command| command.words.iter().any(|word| word.text() == "gosu")) {
        out.needs.push(("gosu".to_owned(), script.name.to_owned()));
    }
    if script.text.contains("apt-get ") || script.text.contains("useradd ") {
        let what = format!("{} calls Debian's tools when it runs (FILE-09)", script.name);
        out.obstacles.push(Obstacle::new(script.span, what));
    }
}

/// Whether a RUN turns Windows line endings into those that a kernel knows.
fn converts_line_endings(image: &ImageView) -> bool {
    let mut steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps.any(|step| step.body.text.contains("dos2unix") || step.body.text.contains("\\r"))
}
