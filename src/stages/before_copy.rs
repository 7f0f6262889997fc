//! Steps between the COPY of the source and the installation that read nothing of it: the COPY goes below them.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        ImageView,
        packages::{self},
        python,
    },
    shell::Command,
    source::Span,
};

/// Whether a step reads nothing that the COPY brings, and says nothing to where the COPY goes.
pub fn may_be(image: &ImageView, copy: &Instruction, step: &Instruction) -> bool {
    let has_variable = copy.span.of(image.text).contains('$');
    let target = copy.words.last().map_or("", |word| word.text.as_str());
    match step.keyword {
        Keyword::Expose | Keyword::Label | Keyword::Volume | Keyword::Healthcheck | Keyword::Stopsignal => {
            true
        }
        Keyword::Env | Keyword::Arg => !has_variable,
        Keyword::Workdir => target.starts_with('/'),
        Keyword::Run => {
            let script = image.script(step);
            let installs = packages::installs(script);
            let pips = python::pip_installs(script);
            script.is_plain_list()
                && step.flags.is_empty()
                && step.heredocs.is_empty()
                && installs.iter().all(|install| install.obstacles.is_empty())
                && pips.iter().all(|install| install.is_tooling())
                && script.commands.iter().all(|command| reads_nothing(command, target))
        }
        _ => false,
    }
}

/// Whether a command installs packages or an installer, or makes accounts.
fn reads_nothing(command: &Command, target: &str) -> bool {
    let is_account = matches!(
        command.name(),
        "addgroup" | "adduser" | "groupadd" | "set" | "true" | "useradd" | "usermod"
    );
    let is_apk = command.name() == "apk" && packages::subcommand(command).is_some();
    let lists = |word: &str| word.starts_with("/var/lib/apt") || word.starts_with("/var/cache");
    let clears = || command.arguments().all(|word| word.starts_with('-') || lists(word));
    let is_plain = command.redirects.is_empty() && !command.arguments().any(|word| word.starts_with("./"));
    let is_known = is_account
        || is_apk
        || packages::is_apt(command)
        || python::pip_word(command).is_some()
        || (command.name() == "rm" && clears());
    is_plain && is_known && !command.arguments().any(|word| word.len() > 1 && word == target)
}

/// The manifests in the place of the COPY, and the COPY with its comments below the installation.
pub fn edits(image: &ImageView, copy: &Instruction, run: &Instruction, lines: &[String]) -> Vec<Edit> {
    let newline = write::newline_of(image.text);
    let lead = copy.lead.of(image.text);
    let blank: String = lead.split_inclusive('\n').take_while(|line| line.trim().is_empty()).collect();
    let head: String = lines.iter().map(|line| format!("{line}{newline}")).collect();
    let moved =
        Span::new(copy.lead.start() + blank.len(), copy.end).of(image.text).trim_end_matches(['\r', '\n']);
    let has_end = run.end > run.span.end();
    let below = match has_end {
        true => format!("{moved}{newline}"),
        false => format!("{newline}{moved}"),
    };
    vec![
        Edit::replace(image.id, Span::new(copy.lead.start() + blank.len(), copy.end), head),
        Edit::insert(image.id, run.end, below),
    ]
}
