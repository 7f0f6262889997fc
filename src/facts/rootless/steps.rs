//! What the steps of an image leave to root, or ask of it.

use std::cell::LazyCell;

use super::super::{
    Context, ImageView, build_context, node, packages, python,
    runtime::{self, State},
    writers,
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::{
        package_effects::keeps_downloads,
        writers::{Kind, lookup},
    },
    reason::Reason,
    shell::{Command, Script},
    workspace::path,
};

/// What each step tells.
pub(super) fn reasons(cx: &Context, image: &ImageView, workdir: &str) -> Vec<Reason> {
    let states = runtime::states(image);
    let steps = image.instructions().iter().zip(&states);
    let mut found: Vec<Reason> =
        steps.filter_map(|(step, state)| of_step(image, (step, state), workdir)).collect();
    found.extend(chosen(image));
    found.extend(of_state(image));
    found.extend(of_home(cx, image));
    found
}

/// A user that the author chose, or a step for those who build on the image.
fn chosen(image: &ImageView) -> Option<Reason> {
    let mut steps = image.instructions().iter();
    let step = steps.find(|step| matches!(step.keyword, Keyword::User | Keyword::Onbuild))?;
    let what = match step.keyword {
        Keyword::User => "the author sets the user root",
        _ => "ONBUILD tells of images that are built on it, whose steps would no longer run as root",
    };
    Some(Reason::known("USER-13", step.span, what))
}

fn of_step(image: &ImageView, (step, state): (&Instruction, &State), workdir: &str) -> Option<Reason> {
    let commands = || match step.keyword {
        Keyword::Run => &image.script(step).commands[..],
        _ => &[],
    };
    if let Some(owner) = unknown_owner(image, (step, state)) {
        let what = format!("no step makes the user {owner}, to whom files are given");
        return Some(Reason::known("USER-09", step.span, what));
    }
    if let Some(reason) = of_roots_home(step, commands()) {
        return Some(reason);
    }
    if commands().iter().any(|command| closes(command, state, workdir)) {
        let what = "chmod takes from other users the right to read what stays root's";
        return Some(Reason::doubt("USER-13", step.span, what));
    }
    let is_git =
        |command: &&Command| command.name() == "git" && command.arguments().any(|word| word == "--global");
    commands()
        .iter()
        .find(is_git)
        .map(|_| Reason::doubt("USER-22", step.span, "the settings of git are root's alone"))
}

/// A path below the home folder of root, which nobody else can enter.
fn of_roots_home(step: &Instruction, commands: &[Command]) -> Option<Reason> {
    let text = &step.body.text;
    match step.keyword {
        Keyword::Run => {
            let is_left = |command: &Command| {
                let names = |word: &str| {
                    word == "/root" || ["/root/", "~/", "$HOME/"].iter().any(|part| word.contains(part))
                };
                let words: Vec<&str> = command.arguments().collect();
                match command.name() {
                    "rm" | "export" | "." | "source" | "cd" => false,
                    // What is copied out of it does no harm.
                    "cp" | "mv" | "install" => words.last().is_some_and(|word| names(word)),
                    name => names(name) || words.iter().any(|word| names(word)),
                }
            };
            commands.iter().any(is_left).then(|| {
                Reason::doubt(
                    "USER-27",
                    step.span,
                    "what this step leaves in the home folder of root is lost to the user",
                )
            })
        }
        _ if text.contains("/root/") && step.flag("mount").is_none() => Some(Reason::known(
            "USER-20",
            step.span,
            "it names a path below /root, which no other user can enter",
        )),
        _ => None,
    }
}

/// The user to whom a step gives files and that no step makes.
fn unknown_owner(image: &ImageView, (step, state): (&Instruction, &State)) -> Option<String> {
    const THERE: [&str; 7] = ["bin", "daemon", "node", "nobody", "root", "sys", "www-data"];
    let flag = step.flag("chown").and_then(|flag| flag.value.as_deref());
    let commands = match step.keyword {
        Keyword::Run => &image.script(step).commands[..],
        _ => &[],
    };
    let mut accounts = state.accounts.clone();
    commands.iter().filter_map(runtime::account).for_each(|name| accounts.insert_mut(name.to_owned()));
    let given = commands.iter().filter(|command| command.name() == "chown");
    let given = given.filter_map(|command| command.arguments().find(|word| !word.starts_with('-')));
    let users = given.chain(flag).map(|owner| owner.split(':').next().unwrap_or_default());
    let mut unknown = users.filter(|user| {
        let is_name = user.starts_with(|c: char| c.is_ascii_alphabetic());
        is_name && !THERE.contains(user) && !accounts.contains(*user)
    });
    unknown.next().map(str::to_owned)
}

/// Whether a command takes the right to read something outside of the working directory from others.
fn closes(command: &Command, state: &State, workdir: &str) -> bool {
    let mut operands = command.arguments().filter(|word| !word.starts_with('-'));
    let is_closed = operands.next().is_some_and(|mode| {
        let is_number = mode.len() > 2 && mode.bytes().all(|byte| (b'0'..b'8').contains(&byte));
        (is_number && mode.ends_with(['0', '1', '2', '3'])) || mode.contains("o-r") || mode.contains("go-")
    });
    let is_elsewhere = |word: &str| {
        let place = super::super::contract::join_path(&state.workdir, &state.known(word));
        !writers::is_below(&place, workdir)
    };
    command.name() == "chmod" && is_closed && operands.any(is_elsewhere)
}

/// A step after the project's files that may fill a database beside them, which would be root's.
fn of_state(image: &ImageView) -> Option<Reason> {
    let may_fill = |command: &Command| {
        let is_install =
            python::pip_word(command).is_some() || packages::is_apt(command) || command.name() == "apk";
        !is_install && command.words.iter().any(|word| lookup(Kind::Fills, path::name(word.text())).is_some())
    };
    let after = image.instructions().iter().skip_while(|step| build_context::local_copy(step).is_none());
    let step = after
        .filter(|step| step.keyword == Keyword::Run)
        .find(|step| image.script(step).commands.iter().any(may_fill))?;
    let what = "a database that this step makes beside the code would be root's, and could not be written to";
    Some(Reason::doubt("USER-27", step.span, what))
}

/// The step that leaves in the home folder of root what another user looks for in its own.
///
/// A package that keeps downloads below the home folder is known by its name; any program of the project may use it.
fn of_home(cx: &Context, image: &ImageView) -> Option<Reason> {
    let such = LazyCell::new(|| {
        let mut names = writers::package_names(cx, image);
        names.retain(|(_, name)| keeps_downloads(name));
        names
    });
    // `python -c "from transformers import …"` names what it fills the folder for.
    let names_such = |command: &Command| {
        let mut words = command.words.iter().map(|word| word.text());
        words.any(|word| such.iter().any(|(_, name)| word.contains(&name.replace('-', "_"))))
    };
    let is_install = |command: &Command| {
        python::pip_word(command).is_some()
            || node::action(command).is_some_and(|(_, action)| {
                matches!(action, node::Action::Installs { .. } | node::Action::InstallsGlobally(_))
            })
    };
    let fills = |command: &Command| {
        let mut names =
            command.words.iter().map(|word| path::name(word.text())).filter(|name| !name.is_empty());
        !is_install(command)
            && (names.any(keeps_downloads)
                || downloads_data(command)
                || (runs_code(command) && names_such(command)))
    };
    let may_fill = |command: &Command| !is_install(command) && runs_code(command) && !such.is_empty();
    let scripts = || image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let any = |script: &Script, is: &dyn Fn(&Command) -> bool| script.commands.iter().any(is);
    let what = "what this step downloads to the home folder of root is not there for another user";
    let known = scripts().find(|step| any(image.script(step), &fills));
    known.map(|step| Reason::known("USER-27", step.span, what)).or_else(|| {
        let step = scripts().find(|step| any(image.script(step), &may_fill))?;
        Some(Reason::doubt("USER-27", step.span, what))
    })
}

/// Whether a command runs code of the project or of its packages: `python -c …`, `python -m …`, `node x.js`.
fn runs_code(command: &Command) -> bool {
    let known = ["pip", "venv", "compileall", "ensurepip", "build", "--version", "-V"];
    let is_interpreter = |name: &str| name.starts_with("python") || matches!(name, "node" | "nodejs");
    is_interpreter(path::name(command.name())) && !command.arguments().any(|word| known.contains(&word))
}

/// Whether a program of the project fetches data, as `python -m nltk.downloader` does.
fn downloads_data(command: &Command) -> bool {
    let is_program = python::pip_word(command).is_none() && !packages::is_apt(command);
    is_program && command.arguments().any(|word| !word.contains('/') && word.contains("download"))
}
