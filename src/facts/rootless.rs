//! An image that runs as root: what stands in the way of a user of its own.

mod code;
mod packages_of_root;
mod ports;
mod start;
mod unseen;

use std::{cell::LazyCell, collections::BTreeSet};

use super::{
    Context, ImageView, ServiceView, build_context,
    contract::join_path,
    evidence, node, packages, python,
    runtime::{self, State},
    writers,
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::package_effects::keeps_downloads,
    shell::{Command, Script},
    workspace::path,
};

/// Programs that serve without writing beside their code.
const SERVERS: [&str; 8] =
    ["gunicorn", "uvicorn", "hypercorn", "python", "python3", "flask", "node", "waitress-serve"];

/// Folders that a service does not get for itself: root's, the system's, and those that are everybody's.
const OF_THE_SYSTEM: [&str; 18] = [
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/var",
    "/var/tmp",
];

/// What writes or needs root when the container runs; empty when nothing in the project tells of it.
pub fn obstacles(cx: &Context, image: &ImageView) -> Vec<String> {
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let steps = image.instructions().iter().zip(&states);
    let mut found: Vec<String> =
        steps.filter_map(|(step, state)| of_step(image, (step, state), workdir)).collect();
    if workdir == "/" || OF_THE_SYSTEM.contains(&workdir.trim_end_matches('/')) {
        found.push(format!("the working directory, which is {workdir}"));
    } else if !workdir.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c)) {
        found.push(format!("the working directory {workdir}, which holds more than plain characters"));
    }
    found.extend(unseen::told_of(cx, image));
    found.extend(ports::told_of(cx, image));
    found.extend(start::told_of(cx, image, &states[states.len() - 1]));
    found.extend(packages_of_root::told_of(cx, image));
    found.extend(after_start(image));
    found.extend(of_state(image));
    found.extend(of_variables(image, workdir));
    found.extend(of_writers(cx, (image, workdir)));
    found.extend(of_home(cx, image));
    found.extend(code::told_of(cx, (image, workdir)));
    cx.services_of(image.image).into_iter().for_each(|service| found.extend(of_service(service)));
    found.extend(of_start(cx, image));
    let mut seen = BTreeSet::new();
    found.retain(|what| seen.insert(what.clone()));
    found
}

/// A step that stands below what is started, above which USER would stand, or a USER that the author chose.
fn after_start(image: &ImageView) -> Option<String> {
    let starts = |step: &Instruction| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint);
    let needs_root = |step: &&Instruction| {
        use Keyword::{Add, Copy, Onbuild, Run, User, Workdir};
        matches!(step.keyword, Add | Copy | Onbuild | Run | User | Workdir)
    };
    let below = image.instructions().iter().skip_while(|step| !starts(step)).find(needs_root);
    let chosen = || {
        let mut steps = image.instructions().iter();
        steps.find(|step| matches!(step.keyword, Keyword::User | Keyword::Onbuild))
    };
    let step = below.or_else(chosen)?;
    Some(format!("{} in line {}", step.keyword.name(), image.line(step)))
}

/// A step after the project's files that may fill a database beside them, which would be root's.
fn of_state(image: &ImageView) -> Option<String> {
    const WORDS: [&str; 8] =
        ["migrate", "loaddata", "syncdb", "upgrade", "createsuperuser", "initdb", "init-db", "sqlite3"];
    let may_fill = |command: &Command| {
        let is_install =
            python::pip_word(command).is_some() || packages::is_apt(command) || command.name() == "apk";
        !is_install && command.words.iter().any(|word| WORDS.contains(&path::name(word.text())))
    };
    let after = image.instructions().iter().skip_while(|step| build_context::local_copy(step).is_none());
    let step = after
        .filter(|step| step.keyword == Keyword::Run)
        .find(|step| image.script(step).commands.iter().any(may_fill))?;
    Some(format!("what line {} may leave to root in a database", image.line(step)))
}

/// A variable that is called like a folder of the service's own, outside of its working directory.
fn of_variables(image: &ImageView, workdir: &str) -> Option<String> {
    const ENDINGS: [&str; 10] =
        ["DIR", "ROOT", "HOME", "DATA", "FOLDER", "CACHE", "FILE", "FILENAME", "LOG", "STORE"];
    const READ_ONLY: [&str; 10] =
        ["/bin", "/dev", "/etc", "/lib", "/opt", "/proc", "/sbin", "/sys", "/tmp", "/usr"];
    let is_elsewhere = |value: &str| {
        value.starts_with('/')
            && !value.contains([':', ' ', '$'])
            && !READ_ONLY.iter().chain([&workdir]).any(|folder| writers::is_below(value, folder))
            && !writers::is_below(workdir, value)
    };
    let steps = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Env);
    let mut pairs = steps.flat_map(|step| &step.pairs);
    let pair = pairs.find(|pair| {
        let value = pair.value.as_deref().unwrap_or_default().trim_matches(['"', '\'']);
        pair.name != "HOME" && ENDINGS.iter().any(|ending| pair.name.ends_with(ending)) && is_elsewhere(value)
    })?;
    Some(format!("{}, which tells of a folder elsewhere", pair.name))
}

/// What the variables and packages of the image and its services write outside the working directory.
fn of_writers(cx: &Context, (image, workdir): (&ImageView, &str)) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for writer in writers::told_of(cx, image) {
        let is_in_home = writer.path.starts_with('~');
        if is_in_home || [workdir, "/tmp"].iter().any(|folder| writers::is_below(&writer.path, folder)) {
            continue;
        }
        let path = if writer.path.is_empty() { "a path that is not known" } else { &writer.path };
        let what = format!("{}, which tells of {path}", writer.what);
        if !found.contains(&what) {
            found.push(what);
        }
    }
    found
}

/// The step that leaves in the home folder of root what another user looks for in its own.
///
/// A package that keeps downloads below the home folder is known by its name; any program of the project may use it.
fn of_home(cx: &Context, image: &ImageView) -> Option<String> {
    let has_such_packages =
        LazyCell::new(|| writers::told_of(cx, image).iter().any(|writer| writer.path.starts_with('~')));
    let may_fill = |command: &Command| {
        let mut names =
            command.words.iter().map(|word| path::name(word.text())).filter(|name| !name.is_empty());
        let is_install = python::pip_word(command).is_some()
            || node::action(command).is_some_and(|(_, action)| {
                matches!(action, node::Action::Installs { .. } | node::Action::InstallsGlobally(_))
            });
        !is_install
            && (names.any(keeps_downloads)
                || downloads_data(command)
                || (runs_code(command) && *has_such_packages))
    };
    let fills = |step: &&Instruction| {
        step.keyword == Keyword::Run && image.script(step).commands.iter().any(may_fill)
    };
    let step = image.lineage().into_iter().find(fills)?;
    Some(format!("what line {} may leave in the home folder of root", image.line(step)))
}

/// Whether a command runs code of the project or of its packages: `python -c …`, `python -m …`, `node x.js`.
fn runs_code(command: &Command) -> bool {
    let known = ["pip", "venv", "compileall", "ensurepip", "build", "--version", "-V"];
    let is_interpreter = |name: &str| name.starts_with("python") || matches!(name, "node" | "nodejs");
    is_interpreter(path::name(command.name())) && !command.arguments().any(|word| known.contains(&word))
}

/// What a service has that its user would not.
fn of_service(service: ServiceView) -> Vec<String> {
    let (name, service) = (&service.service.name, service.service);
    let is_host =
        |mode: &Option<crate::compose::Field<String>>| mode.as_ref().is_some_and(|mode| mode.value == "host");
    let is_privileged =
        service.privileged.as_ref().is_some_and(|privileged| privileged.value.value != Some(false));
    let all = [
        (!service.volumes.is_empty(), format!("the volumes of the service {name}")),
        (
            service.command.is_some() || service.entrypoint.is_some(),
            format!("the command that the service {name} sets"),
        ),
        (service.user.is_some(), format!("the service {name} sets a user itself")),
        (!service.cap_add.is_empty(), format!("the capabilities that the service {name} adds")),
        (is_privileged, format!("the service {name} is privileged")),
        (!service.devices.is_empty(), format!("the devices of the service {name}")),
        (
            [&service.network_mode, &service.pid, &service.ipc].into_iter().any(is_host),
            format!("the service {name} shares what belongs to the host"),
        ),
    ];
    all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what).collect()
}

fn of_step(image: &ImageView, (step, state): (&Instruction, &State), workdir: &str) -> Option<String> {
    let found = |what: &str| Some(format!("{what} in line {}", image.line(step)));
    let text = &step.body.text;
    match step.keyword {
        Keyword::Volume => found("VOLUME"),
        Keyword::Expose if step.words.iter().any(|word| is_low_port(&word.text)) => {
            found("a port below 1024")
        }
        Keyword::Run
            if image.script(step).commands.iter().any(|command| makes_other(command, state, workdir)) =>
        {
            found("mkdir")
        }
        Keyword::Run if image.script(step).commands.iter().any(changes_access) => found("chmod"),
        _ if text.contains("/root/") && step.flag("mount").is_none() => found("/root"),
        Keyword::Copy | Keyword::Add | Keyword::Run if names_nobody(image, step, state) => {
            found("an owner that no step makes")
        }
        Keyword::Run if is_for_one_user(image.script(step)) => found("what is set for root alone"),
        _ => None,
    }
}

/// Whether a step gives files to a user that is not there yet, and that a new one could be taken for.
fn names_nobody(image: &ImageView, step: &Instruction, state: &State) -> bool {
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
    given.chain(flag).any(|owner| {
        let user = owner.split(':').next().unwrap_or_default();
        let is_name = user.starts_with(|c: char| c.is_ascii_alphabetic());
        is_name && !THERE.contains(&user) && !accounts.contains(user)
    })
}

/// Whether a command leaves settings in the home folder of whoever runs it.
fn is_for_one_user(script: &Script) -> bool {
    script.commands.iter().any(|command| {
        let has = |wanted: &str| command.arguments().any(|word| word == wanted);
        let is_config = matches!(command.name(), "git" | "npm" | "pip" | "pip3" | "yarn" | "pnpm" | "poetry");
        (is_config && has("config") && (command.name() != "git" || has("--global")))
            || command.words.iter().any(|word| word.raw.starts_with("~/") || word.raw.contains("$HOME/"))
    })
}

/// Whether a command makes a folder besides the working directory and those that it lies in.
fn makes_other(command: &Command, state: &State, workdir: &str) -> bool {
    let is_made_anyway = |word: &str| {
        let path = state.known(word);
        path.starts_with('/') && writers::is_below(workdir, &path)
    };
    let mut folders = command.arguments().filter(|word| !word.starts_with('-'));
    command.name() == "mkdir" && !folders.all(is_made_anyway)
}

/// Whether a command makes `folder`, an absolute path.
pub fn makes(command: &Command, state: &State, folder: &str) -> bool {
    command.name() == "mkdir"
        && command.is_item
        && command.arguments().any(|word| state.known(word).trim_end_matches('/') == folder)
}

/// Whether a command changes who may do what with a file, beyond making it a program.
fn changes_access(command: &Command) -> bool {
    let is_for_programs =
        |mode: &str| matches!(mode, "+x" | "a+x" | "u+x" | "ug+x" | "+rx" | "a+rx" | "755" | "0755");
    let mut words = command.arguments().filter(|word| !word.starts_with('-'));
    command.name() == "chmod" && !words.next().is_some_and(is_for_programs)
}

/// Whether a program of the project fetches data, as `python -m nltk.downloader` and `spacy download` do.
fn downloads_data(command: &Command) -> bool {
    let is_program = python::pip_word(command).is_none() && !packages::is_apt(command);
    is_program && command.arguments().any(|word| !word.contains('/') && word.contains("download"))
}

fn is_low_port(word: &str) -> bool {
    word.split('/').next().and_then(|port| port.parse::<u32>().ok()).is_some_and(|port| port < 1024)
}

/// What is started, unless it is a server that is known not to write.
fn of_start(cx: &Context, image: &ImageView) -> Option<String> {
    let Some(words) = runtime::started(image) else {
        return Some("what the image starts, which is not one plain command".to_owned());
    };
    if let Some(device) = words.iter().find(|word| word.starts_with("/dev/") && word.len() > "/dev/".len()) {
        return Some(format!("the device {device}"));
    }
    let is_known = |word: &&String| {
        word.as_str() == "docker-entrypoint.sh" || matches!(path::name(word), "--" | "dumb-init" | "tini")
    };
    let is_option = |word: &String| word.starts_with('-');
    let own: Vec<String> = words.into_iter().skip_while(|word| is_known(&word) || is_option(word)).collect();
    let first = own.first().map_or("", |word| path::name(word));
    (!SERVERS.contains(&first) && !starts_node(cx, image, &own))
        .then(|| format!("`{first}`, of which it is not known what it writes"))
}

/// Whether `npm start` or the like starts node itself, by the script in package.json.
fn starts_node(cx: &Context, image: &ImageView, words: &[String]) -> bool {
    let stages = (0..image.dockerfile.stages.len()).rev().map(|index| image.at(index));
    let mut projects = stages.filter_map(|view| evidence::node_project(cx, &view));
    let Some(Ok(project)) = projects.next() else { return false };
    let script = Script::parse_str(&words.join(" "));
    let name = match script.commands.first().and_then(node::action) {
        Some((_, node::Action::RunsScript(name))) => name,
        _ => return false,
    };
    let Some(text) = project.package.script(&name) else { return false };
    let inner = Script::parse_str(text);
    !inner.commands.is_empty() && inner.commands.iter().all(|command| command.name() == "node")
}

/// The steps of the final stage that bring the project's files: from the build context, or as a built folder.
///
/// What goes elsewhere than to the working directory, such as a program in /usr/local/bin, stays root's.
pub fn source_copies<'a>(image: &ImageView<'a>) -> Vec<&'a Instruction> {
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let is_built = |step: &Instruction, at: &str| {
        let from = step.flag("from").and_then(|flag| flag.value.as_deref());
        let target = step.words.last().map(|word| join_path(at, &word.text)).unwrap_or_default();
        from.is_some_and(|from| image.dockerfile.stage_named(from).is_some())
            && workdir != "/"
            && target.trim_end_matches('/') == workdir
    };
    let is_own = |step: &Instruction, state: &State| {
        let target = build_context::local_copy(step).map(|(_, target)| target);
        target.is_some_and(|target| {
            writers::is_below(&join_path(&state.workdir, &state.known(&target.text)), workdir)
        })
    };
    let steps = image.instructions().iter().zip(&states);
    steps
        .filter(|(step, state)| is_own(step, state) || is_built(step, &state.workdir))
        .map(|(step, _)| step)
        .collect()
}
