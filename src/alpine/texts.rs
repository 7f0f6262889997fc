//! Where command lines stand: in instructions, services, scripts, settings files and package.json.

use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, commands,
        commands::{OfService, Standing},
        evidence, node, programs, runtime, settings,
    },
    shell::Script,
    source::{FileId, Span},
    workspace::path,
};

/// Where Debian's package has gosu.
pub(super) const GOSU: &str = "/usr/sbin/gosu";

/// A text of command lines, and where it stands.
pub(super) struct Lines<'a> {
    /// What to call it: `start.sh`, or nothing for an instruction.
    pub(super) name: Option<String>,
    /// The compose file that names it; none where the Dockerfile does.
    pub(super) within: Option<FileId>,
    /// The place that names it.
    pub(super) span: Span,
    /// The lines.
    pub(super) text: String,
    /// Whether the paths in it that differ are replaced: those of an ENTRYPOINT in exec form.
    pub(super) is_moved: bool,
    /// The RUN that it is: every command of it is looked at elsewhere.
    pub(super) run: Option<&'a Instruction>,
}

/// All such texts of the stage in view, and of its services where it is the final one.
pub(super) fn all<'a>(cx: &Context, image: &ImageView<'a>, standing: &Standing) -> Vec<Lines<'a>> {
    let mut found = Vec::new();
    let mut files: Vec<(Option<FileId>, Span, String)> = Vec::new();
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let states = runtime::states(image);
    for (step, state) in image.instructions().iter().zip(&states) {
        let named = programs::copied_by_name(step, &image.image.context, &lookup);
        files.extend(named.into_iter().map(|(word, file)| (None, word.span, file)));
        let run = (step.keyword == Keyword::Run).then_some(step);
        // A RUN that cannot be read keeps the image on Debian as it is.
        if run.is_some_and(|run| image.script(run).unreadable.is_some()) {
            continue;
        }
        if run.is_some() || matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck)
        {
            let text = text_of(step, image.text);
            files.extend(started(standing, (&text, &state.workdir)).map(|file| (None, step.span, file)));
            let is_moved = step.keyword == Keyword::Entrypoint && step.json.is_some() && !text.contains(GOSU);
            found.push(Lines { name: None, within: None, span: step.span, text, run, is_moved });
        }
    }
    let last = &*states[states.len() - 1].workdir;
    let of_services = if image.is_final() { commands::of_services(cx, image) } else { Vec::new() };
    for OfService { words, file, span } in of_services {
        let (text, within) = (words.join(" "), Some(file));
        files.extend(started(standing, (&text, last)).map(|script| (within, span, script)));
        found.push(Lines { name: None, within, span, text, run: None, is_moved: false });
    }
    found.extend(scripts_of_package(cx, image, &found));
    let mut seen: Vec<String> = Vec::new();
    for (within, span, file) in files {
        let text = cx.files_of(image).text(&file).filter(|text| is_command_file(&file, text));
        if let Some(text) = text.filter(|_| !seen.contains(&file)) {
            let name = Some(path::name(&file).to_owned());
            found.push(Lines { name, within, span, text: text.to_string(), run: None, is_moved: false });
            seen.push(file);
        }
    }
    found
}

/// Whether a file holds commands: a script of a shell, or settings of a program that starts others.
fn is_command_file(file: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    (first.starts_with("#!") && first.contains("sh"))
        || file.ends_with(".sh")
        || settings::starts_programs(file)
}

/// The context paths of the files that words of a line name.
fn started<'t>(
    standing: &'t Standing,
    (text, workdir): (&'t str, &'t str),
) -> impl Iterator<Item = String> + use<'t> {
    let named = words(text).filter(|word| !word.starts_with('-') && !word.contains(['$', '*', ':']));
    named.flat_map(move |word| programs::places(word, workdir)).filter_map(|place| standing.origin(&place))
}

/// The command line of a step, with what its here-documents hold.
fn text_of(step: &Instruction, text: &str) -> String {
    if let Some(words) = &step.json {
        return words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    }
    let bodies = step.heredocs.iter().map(|heredoc| heredoc.body.of(text));
    [step.body.text.as_str()].into_iter().chain(bodies).collect::<Vec<_>>().join("\n")
}

/// The lines of package.json that the other lines run, and those that an installation runs.
fn scripts_of_package<'a>(cx: &Context, image: &ImageView, found: &[Lines]) -> Vec<Lines<'a>> {
    const OF_INSTALLATION: [&str; 5] = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
    let Some(Ok(project)) = evidence::node_project(cx, image) else { return Vec::new() };
    let mut scripts = Vec::new();
    for lines in found {
        let mut names: Vec<String> = Vec::new();
        for command in Script::parse_str(&lines.text).commands {
            match node::action(&command) {
                Some((_, node::Action::RunsScript(name))) => {
                    names.extend([format!("pre{name}"), name.clone(), format!("post{name}")]);
                }
                Some((_, node::Action::Installs { .. })) => {
                    names.extend(OF_INSTALLATION.map(str::to_owned));
                }
                _ => {}
            }
        }
        let known = names.iter().filter_map(|name| Some((name, project.package.script(name)?)));
        scripts.extend(known.map(|(name, text)| Lines {
            name: Some(format!("script {name} of package.json")),
            within: lines.within,
            span: lines.span,
            text: text.to_owned(),
            run: None,
            is_moved: false,
        }));
    }
    scripts
}

/// The words of a line, without quotes and what else encloses commands.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| {
        let encloses = matches!(
            c,
            '"' | '\''
                | '`'
                | '('
                | ')'
                | ';'
                | '&'
                | '|'
                | '<'
                | '>'
                | '['
                | ']'
                | '{'
                | '}'
                | ','
                | '='
                | '\\'
        );
        encloses || c.is_whitespace()
    };
    line.split(is_between).filter(|word| !word.is_empty())
}
