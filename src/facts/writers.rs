//! The paths that a service writes to while it runs, as far as its files tell.

use super::{
    Context, ImageView, ServiceView,
    contract::join_path,
    evidence, python,
    runtime::{self, State},
    service::Running,
};
use crate::{
    docker::{Instruction, Keyword, instruction::unquoted},
    effects::{Effect as Told, Finding, start},
    knowledge::{
        package_effects::{self, Ecosystem, Effect},
        writers::{Kind, lookup},
    },
    reason::Surety,
    shell::Command,
    source::{FileId, Span},
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
    /// The place in a file that is not looked at itself, such as `start.sh:3`.
    pub origin: Option<String>,
    /// What tells of it, in a few words.
    pub what: String,
    /// Whether it is known to write there, or only named so.
    pub surety: Surety,
}

impl Writer {
    /// What tells of it, with its place where that is in another file.
    pub fn told(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} in {origin}", self.what),
            None => self.what.clone(),
        }
    }
}

/// Everything that writes in this service, in the order of its files.
pub fn writers(cx: &Context, running: &Running) -> Vec<Writer> {
    let mut found = of_steps(running);
    found.extend(of_environment(running));
    found.extend(of_packages(cx, (&running.image, &running.state)));
    found.extend(start::writes(&start::of_service(cx, running), &running.state));
    found.extend(start::writes(&start::of_check(cx, running), &running.state));
    found.extend(of_program_text(cx, running));
    found.retain(|writer| !is_covered(running, &writer.path));
    let mut seen: Vec<(String, String)> = Vec::new();
    found.retain(|writer| {
        let is_new = !seen.contains(&(writer.path.clone(), writer.what.clone()));
        seen.push((writer.path.clone(), writer.what.clone()));
        is_new
    });
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
        found.extend(path.map(|path| Writer {
            path,
            file,
            span,
            origin: None,
            surety: surety_of(&name, &value),
            what: name,
        }));
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

/// What the program text of a service tells of: the calls that write, and paths outside of what is writable.
fn of_program_text(cx: &Context, running: &Running) -> Vec<Writer> {
    let (file, span) = (running.image.id, running.image.base_word().span);
    let found = cx
        .files_of(&running.image)
        .program_text()
        .findings()
        .filter(|found| found.is_of_file() && found.effect != Told::NeedsRoot);
    found.map(|found| Writer::told_by(found, (file, span))).collect()
}

impl Writer {
    /// What program text tells; `at` is the place that stands for it.
    pub fn told_by(found: &Finding, at: (FileId, Span)) -> Self {
        let is_named = found.sign.is_empty();
        Self {
            path: found.argument.clone(),
            file: at.0,
            span: at.1,
            origin: Some(format!("{}:{}", found.file, found.line)),
            what: if is_named { "the program".to_owned() } else { found.sign.to_owned() },
            surety: if is_named || found.argument.is_empty() { Surety::Doubt } else { Surety::Known },
        }
    }
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
        (_, Some(rest)) => home(state).map_or_else(|| path.to_owned(), |home| format!("{home}{rest}")),
        _ => join_path(&state.workdir, path),
    }
}

/// The home folder of the user that a service runs as, where it is known.
fn home(state: &State) -> Option<String> {
    let of_user = || {
        let user = state.user.as_deref().filter(|_| !state.is_root())?;
        let name =
            user.split(':').next().filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
        Some(format!("/home/{name}"))
    };
    state.env.get("HOME").cloned().or_else(of_user)
}

fn of_steps(running: &Running) -> Vec<Writer> {
    let image = running.image;
    let mut state = State::default();
    let mut found = Vec::new();
    for instruction in image.lineage() {
        if instruction.keyword == Keyword::Run {
            let commands = &image.script(instruction).commands;
            let writers = commands.iter().flat_map(|command| of_command((&image, command), &state));
            // Who owns the working directory says nothing of what is written to it.
            let writers = writers.filter(|(path, _)| !is_below(&running.state.workdir, path));
            found.extend(writers.map(|(path, what)| Writer {
                path,
                file: image.id,
                span: instruction.span,
                origin: None,
                what,
                surety: Surety::Doubt,
            }));
        }
        state.advance(instruction, image.text);
    }
    found
}

/// The paths that a build step gives to the app, each with what it does.
fn of_command((image, command): (&ImageView, &Command), state: &State) -> Vec<(String, String)> {
    let operands: Vec<&str> = command.arguments().filter(|word| !word.starts_with('-')).collect();
    let (name, operands) = match command.name() {
        "mkdir" => ("mkdir", operands.into_iter().filter(|path| has_writable_name(path)).collect()),
        "chown" if operands.first().is_some_and(|owner| !is_root(owner)) => ("chown", operands[1..].to_vec()),
        "chmod" if operands.first().is_some_and(|mode| opens_to_all(mode)) => {
            ("chmod", operands[1..].to_vec())
        }
        _ => return Vec::new(),
    };
    let paths = operands.into_iter().filter(|path| is_of_author(image, path));
    let paths = paths.map(|path| join_path(&state.workdir, path));
    // Who owns the working directory says nothing of what is written to it.
    let own = paths.filter(|path| !is_below(&state.workdir, path));
    own.map(|path| (path, name.to_owned())).collect()
}

/// Whether the author's file has the word too: a folder that a change gives to the user tells of no writer.
fn is_of_author(image: &ImageView, word: &str) -> bool {
    let file = image.file;
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | ';');
    file.on_disk == file.text || file.on_disk.split(is_blank).any(|known| known == word)
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
        let surety = surety_of(&name, &value);
        Some(Writer {
            path: join_path(&running.state.workdir, &path),
            file,
            span,
            origin: None,
            what: name,
            surety,
        })
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
            let surety = surety_of(name, value);
            Some(Writer {
                path,
                file: service.id,
                span: service.service.key,
                origin: None,
                what: name.clone(),
                surety,
            })
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
    if is_written(name) {
        return Some(value.to_owned());
    }
    let is_database = [".db", ".sqlite", ".sqlite3"].iter().any(|ending| value.ends_with(ending));
    let is_path = value.starts_with('/') && !value.contains([':', ' ']);
    (is_path && (is_database || has_writable_name(value))).then(|| value.to_owned())
}

/// Whether a variable names a path that a package writes to.
fn is_written(name: &str) -> bool {
    let mut known = package_effects::all(Effect::Variable, Ecosystem::Pypi);
    known.any(|fact| fact.argument.split(' ').any(|known| known == name))
}

/// How sure a variable tells of something that is written: of a database, and where the tables know the name.
fn surety_of(name: &str, value: &str) -> Surety {
    let is_known = is_written(name) || default_of(value).starts_with("sqlite");
    if is_known { Surety::Known } else { Surety::Doubt }
}

/// The default of `${NAME:-default}`, or the value itself.
fn default_of(value: &str) -> &str {
    let inner = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner
        .and_then(|inner| inner.split_once(":-").or_else(|| inner.split_once('-')))
        .map_or(value, |(_, default)| default)
}

/// The names of the packages that an image and its project install, as far as the manifests tell.
pub fn package_names(cx: &Context, image: &ImageView) -> Vec<(Ecosystem, String)> {
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
    of_python.chain(of_node).chain(of_steps).collect()
}

fn of_packages(cx: &Context, (image, state): (&ImageView, &State)) -> Vec<Writer> {
    let names = package_names(cx, image);
    let known = names.iter().filter_map(|(ecosystem, name)| {
        Some((package_effects::lookup(Effect::Writes, *ecosystem, name)?, name))
    });
    let span = image.base_word().span;
    known
        .map(|(fact, name)| Writer {
            path: resolved(state, fact.argument),
            file: image.id,
            span,
            origin: None,
            what: format!("{name} {}", fact.what),
            surety: if fact.argument == "-" { Surety::Doubt } else { Surety::Known },
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
