//! The paths that a service writes to while it runs, as far as its files tell.

mod lines;

use super::{
    Context, ImageView, ServiceView,
    contract::join_path,
    evidence, python,
    runtime::{self, State},
    service::Running,
    start,
};
use crate::{
    docker::{Instruction, Keyword, instruction::unquoted},
    knowledge::{
        package_effects::{self, Ecosystem, Effect},
        writers::{Kind, lookup},
    },
    shell::Command,
    source::{FileId, Span},
    workspace::path,
};

/// Something that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The path in the container; empty when it is not known.
    pub path: String,
    /// The file that tells of it.
    pub file: FileId,
    /// The place there.
    pub span: Span,
    /// What tells of it, in a few words.
    pub what: String,
}

/// Everything that writes in this service, in the order of its files.
pub fn writers(cx: &Context, running: &Running) -> Vec<Writer> {
    let mut found = of_steps(running);
    found.extend(of_environment(running));
    found.extend(of_packages(cx, (&running.image, &running.state)));
    found.extend(start::writers(cx, running));
    found.extend(lines::writers(running));
    found.dedup();
    found
}

/// What the variables of the image and of its services, and the packages that it installs, tell of.
pub fn told_of(cx: &Context, image: &ImageView) -> Vec<Writer> {
    let states = runtime::states(image);
    let state = &states[states.len() - 1];
    let of_service = |service: ServiceView| {
        let variables = service.service.environment.iter().map(move |variable| {
            let value = variable.value.value.clone().unwrap_or_default();
            (variable.value.name.clone(), value, service.id, variable.span)
        });
        variables.collect::<Vec<_>>()
    };
    let of_services = cx.services_of(image.image).into_iter().flat_map(of_service);
    let mut found = Vec::new();
    for (name, value, file, span) in variables(image).into_iter().chain(of_services) {
        let path = variable_path(&name, &value).map(|path| join_path(&state.workdir, &path));
        found.extend(path.map(|path| Writer { path, file, span, what: name }));
    }
    found.extend(of_packages(cx, (image, state)));
    found
}

/// Whether the service may write to `path` although its root file system is read-only and `/tmp` a tmpfs.
pub fn is_covered(running: &Running, path: &str) -> bool {
    let service = running.service.service;
    let mounts = service.volumes.iter().map(|mount| &mount.value).filter(|mount| !mount.read_only);
    let mounts = mounts.map(|mount| mount.target.clone());
    let tmpfs = service.tmpfs.iter().map(|field| field.value.split(':').next().unwrap_or("").to_owned());
    let lineage = running.image.lineage();
    // Docker mounts a volume at each VOLUME, which stays writable.
    let volumes = lineage.iter().filter(|instruction| instruction.keyword == Keyword::Volume);
    let volumes = volumes.flat_map(|instruction| instruction.words.iter().map(|word| word.text.clone()));
    let always = ["/tmp", "/dev", "/proc"].map(str::to_owned);
    mounts.chain(tmpfs).chain(volumes).chain(always).any(|place| is_below(path, &place))
}

/// What the program text of a service tells of first, in words: a call that writes, or a path outside of what is
/// writable.
pub fn of_program_text(cx: &Context, running: &Running) -> Option<String> {
    running_text(cx, running).or_else(|| {
        let is_cut = cx.files_of(&running.image).program_text().is_cut;
        is_cut.then(|| "what more program text than is read may tell of".to_owned())
    })
}

/// The program that a service starts and whose text is not read, so that nobody can tell what it writes.
pub fn unread_program<'r>(running: &'r Running) -> Option<&'r str> {
    const BEFORE: [&str; 9] =
        ["--", "docker-entrypoint.sh", "dumb-init", "env", "exec", "tini", "sh", "bash", "ash"];
    const READ: [&str; 20] = [
        "cd",
        "daphne",
        "echo",
        "export",
        "fastapi",
        "flask",
        "gunicorn",
        "hypercorn",
        "node",
        "nodejs",
        "npm",
        "npx",
        "pnpm",
        "python",
        "python3",
        "set",
        "sleep",
        "uvicorn",
        "waitress-serve",
        "yarn",
    ];
    let is_read = |word: &str| READ.contains(&path::name(word)) || super::scripts::is_script(word);
    let is_before =
        |word: &&String| BEFORE.contains(&path::name(word)) || word.starts_with('-') || word.contains('=');
    let firsts = running.commands.iter().filter_map(|line| line.words.iter().find(|word| !is_before(word)));
    let mut names = firsts.map(String::as_str);
    names.find(|name| !is_read(name))
}

fn running_text(cx: &Context, running: &Running) -> Option<String> {
    let mut findings = cx.files_of(&running.image).program_text().findings();
    let found = findings.find(|found| found.is_of_file() && !is_covered(running, &found.argument))?;
    let path = if found.argument.is_empty() { "an unknown path" } else { &found.argument };
    let call = if found.sign.is_empty() { "named" } else { found.sign };
    Some(format!("{path} ({call} in line {} of {})", found.line, found.file))
}

/// Whether `path` is `folder` or lies in it.
pub fn is_below(path: &str, folder: &str) -> bool {
    let (path, folder) = (path.trim_end_matches('/'), folder.trim_end_matches('/'));
    !folder.is_empty()
        && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path of the tables in this service: relative to its working directory or home folder, empty if unknown.
pub fn resolved(state: &State, path: &str) -> String {
    match (path, path.strip_prefix('~')) {
        ("-", _) => String::new(),
        (_, Some(rest)) => {
            state.env.get("HOME").map_or_else(|| path.to_owned(), |home| format!("{home}{rest}"))
        }
        _ => join_path(&state.workdir, path),
    }
}

fn of_steps(running: &Running) -> Vec<Writer> {
    let image = running.image;
    let mut state = State::default();
    let mut found = Vec::new();
    for instruction in image.lineage() {
        found.extend(owned(&image, instruction, &state));
        if instruction.keyword == Keyword::Run {
            let commands = &image.script(instruction).commands;
            let writers = commands.iter().flat_map(|command| of_command(command, &state));
            found.extend(writers.map(|(path, what)| Writer {
                path,
                file: image.id,
                span: instruction.span,
                what,
            }));
        }
        state.advance(instruction, image.text);
    }
    found
}

/// The folder that a COPY gives to a user, or that WORKDIR makes for one.
fn owned(image: &ImageView, step: &Instruction, state: &State) -> Option<Writer> {
    let (path, what) = match step.keyword {
        Keyword::Copy | Keyword::Add => {
            let owner = step.flag("chown").and_then(|flag| flag.value.as_deref())?;
            let (target, sources) = step.words.split_last()?;
            let is_tree = |source: &str| matches!(source, "." | "./" | "/") || source.ends_with('/');
            let is_given = !is_root(owner) && sources.iter().any(|source| is_tree(&source.text));
            (is_given.then(|| join_path(&state.workdir, &target.text))?, "COPY --chown")
        }
        Keyword::Workdir if !state.is_root() => {
            (join_path(&state.workdir, &state.known(&step.body.text)), "WORKDIR after USER")
        }
        _ => return None,
    };
    Some(Writer { path, file: image.id, span: step.span, what: what.to_owned() })
}

/// The paths that a build step gives to the app, each with what it does.
fn of_command(command: &Command, state: &State) -> Vec<(String, String)> {
    let operands: Vec<&str> = command.arguments().filter(|word| !word.starts_with('-')).collect();
    let (name, operands) = match command.name() {
        "mkdir" => ("mkdir", operands.into_iter().filter(|path| has_writable_name(path)).collect()),
        "chown" if operands.first().is_some_and(|owner| !is_root(owner)) => ("chown", operands[1..].to_vec()),
        "chmod" if operands.first().is_some_and(|mode| opens_to_all(mode)) => {
            ("chmod", operands[1..].to_vec())
        }
        _ => return Vec::new(),
    };
    let written = operands.into_iter().map(|path| (join_path(&state.workdir, path), name.to_owned()));
    written.collect()
}

fn is_root(owner: &str) -> bool {
    matches!(owner.split(':').next(), Some("root" | "0"))
}

/// Whether a mode of chmod lets others than the owner write.
fn opens_to_all(mode: &str) -> bool {
    let is_number = mode.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => mode.ends_with(['2', '3', '6', '7']),
        false => ["a+", "o+", "+", "a=", "o="].iter().any(|who| {
            mode.split(',').any(|part| part.strip_prefix(who).is_some_and(|rights| rights.contains('w')))
        }),
    }
}

/// Whether a part of the path is a name that services give to what they write.
pub fn has_writable_name(path: &str) -> bool {
    path.split('/').any(|part| lookup(Kind::Folder, &part.to_ascii_lowercase()).is_some())
}

/// The variables that an image sets, each with its value and place.
fn variables(image: &ImageView) -> Vec<(String, String, FileId, Span)> {
    let is_env = |instruction: &&Instruction| instruction.keyword == Keyword::Env;
    let of_step = |instruction: &Instruction| {
        let pairs = instruction.pairs.iter().map(|pair| {
            let value = unquoted(pair.value.as_deref().unwrap_or_default());
            (pair.name.clone(), value, image.id, instruction.span)
        });
        pairs.collect::<Vec<_>>()
    };
    image.lineage().into_iter().filter(is_env).flat_map(of_step).collect()
}

fn of_environment(running: &Running) -> Vec<Writer> {
    let of_image = variables(&running.image).into_iter();
    let service = running.service;
    let of_compose = service.service.environment.iter().map(|variable| {
        let value = variable.value.value.clone().unwrap_or_default();
        (variable.value.name.clone(), value, service.id, variable.span)
    });
    let written = of_image.chain(of_compose).filter_map(|(name, value, file, span)| {
        // What compose sets hides what the image sets.
        let takes_effect = running.state.env.get(&name).is_none_or(|now| *now == value);
        let path = variable_path(&name, &value).filter(|_| takes_effect)?;
        Some(Writer { path: join_path(&running.state.workdir, &path), file, span, what: name })
    });
    let mut found: Vec<Writer> = written.collect();
    // What an environment file sets.
    let is_told = |name: &str| {
        let of_image = variables(&running.image).into_iter().any(|(known, ..)| known == name);
        of_image || service.service.environment.iter().any(|variable| variable.value.name == name)
    };
    if !service.service.env_file.is_empty() {
        let others = running.state.env.iter().filter(|(name, _)| !is_told(name));
        found.extend(others.filter_map(|(name, value)| {
            let path = join_path(&running.state.workdir, &variable_path(name, value)?);
            Some(Writer { path, file: service.id, span: service.service.key, what: name.clone() })
        }));
    }
    found
}

/// The path that a variable names, when it looks like one to write to.
fn variable_path(name: &str, value: &str) -> Option<String> {
    let value = default_of(value);
    if value.starts_with("sqlite") && value.contains(":///") {
        return value
            .split_once(":///")
            .map(|(_, path)| path.to_owned())
            .filter(|path| !path.starts_with(':'));
    }
    let mut known = package_effects::all(Effect::Variable, Ecosystem::Pypi);
    if known.any(|fact| fact.argument.split(' ').any(|known| known == name)) {
        return Some(value.to_owned());
    }
    let is_database = [".db", ".sqlite", ".sqlite3"].iter().any(|ending| value.ends_with(ending));
    let is_path = value.starts_with('/') && !value.contains([':', ' ']);
    (is_path && (is_database || has_writable_name(value))).then(|| value.to_owned())
}

/// The default of `${NAME:-default}`, or the value itself.
fn default_of(value: &str) -> &str {
    let inner = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner
        .and_then(|inner| inner.split_once(":-").or_else(|| inner.split_once('-')))
        .map_or(value, |(_, default)| default)
}

fn of_packages(cx: &Context, (image, state): (&ImageView, &State)) -> Vec<Writer> {
    let manifests = evidence::manifests(cx, image);
    let packages = manifests.closures.iter().flat_map(|(_, closure)| &closure.packages);
    let of_python = packages.map(|located| (Ecosystem::Pypi, located.value.name.clone()));
    let stages = (0..image.dockerfile.stages.len()).map(|index| image.at(index));
    let projects = stages.filter_map(|view| evidence::node_project(cx, &view)).filter_map(Result::ok);
    let of_node = projects.flat_map(|project| {
        let names = project.package.dependencies.iter();
        names.map(|(name, _)| (Ecosystem::Npm, name.clone())).collect::<Vec<_>>()
    });
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let installs = runs.flat_map(|step| python::pip_installs(image.script(step)));
    let of_steps = installs.flat_map(|install| install.packages);
    let of_steps =
        of_steps.map(|name| (Ecosystem::Pypi, crate::manifest::normal_name(python::bare_name(&name))));
    let names: Vec<(Ecosystem, String)> = of_python.chain(of_node).chain(of_steps).collect();
    let known = names.iter().filter_map(|(ecosystem, name)| {
        Some((package_effects::lookup(Effect::Writes, *ecosystem, name)?, name))
    });
    let span = image.base_word().span;
    known
        .map(|(fact, name)| Writer {
            path: resolved(state, fact.argument),
            file: image.id,
            span,
            what: format!("{name} {}", fact.what),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_variables() {
        assert_eq!(variable_path("DATABASE_URL", "sqlite:///./app.db").as_deref(), Some("./app.db"));
        assert_eq!(variable_path("DATABASE_URL", "sqlite:////data/app.db").as_deref(), Some("/data/app.db"));
        let default = "${DATABASE_URL:-sqlite:///./app.db}";
        assert_eq!(variable_path("DATABASE_URL", default).as_deref(), Some("./app.db"));
        assert_eq!(variable_path("UPLOADS", "/app/uploads").as_deref(), Some("/app/uploads"));
        assert_eq!(variable_path("PYTHONPATH", "/app"), None);
        assert_eq!(variable_path("DATABASE_URL", "postgresql://db/data"), None);
    }

    #[test]
    fn folders_hold_what_lies_in_them() {
        assert!(is_below("/app/logs/x", "/app/logs/"));
        assert!(!is_below("/app/logs2", "/app/logs"));
        assert!(!is_below("/app", "/"));
    }

    #[test]
    fn modes_that_let_others_write() {
        for (mode, opens) in [("777", true), ("755", false), ("a+w", true), ("u+w", false), ("+x", false)] {
            assert_eq!(opens_to_all(mode), opens, "{mode}");
        }
    }
}
