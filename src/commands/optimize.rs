//! `alpinist optimize`: load, plan, then print, check or write.

use std::{
    io::{self, Write},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::{Exit, config};
use crate::{
    cli::{self, Format, Optimize},
    index::{self, Settings},
    knowledge::AlpineBranch,
    options::{Options, Target},
    pass::Risk,
    pipeline,
    plan::Plan,
    transforms,
    view::{diagnostic, diff, json, summary},
    workspace::{
        load::{self, Loaded},
        store,
    },
};

/// Runs the command in the folder `base`.
///
/// # Errors
/// When stdout or stderr do not take the output.
pub fn run(arguments: &Optimize, base: &Path, colour: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let mut options = options(arguments);
    if let Some(unknown) = unknown_pass(&options) {
        return usage(&format!("{unknown} is no pass"), "see `alpinist passes`");
    }
    if let Some(branch) = options.alpine.as_ref().filter(|branch| branch.parse::<AlpineBranch>().is_err()) {
        return usage(&format!("--alpine {branch} is no Alpine branch"), "write it as 3.24");
    }
    if let Some(path) = config_path(arguments, base)
        && let Err(error) = config::apply(base, &path, &mut options)
    {
        anstream::eprint!("{}", diagnostic::render(&error, colour));
        return Ok(Exit::Usage);
    }
    if let Some(unknown) = unknown_pass(&options) {
        return usage(&format!("alpinist.yaml skips {unknown}, which is no pass"), "see `alpinist passes`");
    }
    let loaded = match load::load(base, &arguments.path) {
        Ok(loaded) => loaded,
        Err(error) => {
            anstream::eprint!("{}", diagnostic::render(&error, colour));
            return Ok(Exit::Failed);
        }
    };
    for error in &loaded.errors {
        anstream::eprint!("{}", diagnostic::render(error, colour));
    }
    if loaded.ws.images.is_empty() && loaded.errors.is_empty() {
        anstream::eprintln!("no Dockerfile found below {}", arguments.path.display());
    }
    let remark = if arguments.online { ask(&loaded, &mut options) } else { None };
    let mut plan = pipeline::run(loaded.ws, transforms::ALL, &options);
    plan.remarks.extend(remark);
    let mut exit = if loaded.errors.is_empty() { Exit::Done } else { Exit::Failed };
    show(&plan, arguments, out)?;
    if arguments.write {
        if let Err(error) = store::store(&loaded.base, &plan, arguments.force) {
            anstream::eprintln!("error: {error}");
            return Ok(Exit::Failed);
        }
    } else if arguments.check && exit == Exit::Done && plan.changes_something() {
        exit = Exit::Changes;
    }
    Ok(exit)
}

fn show(plan: &Plan, arguments: &Optimize, out: &mut dyn Write) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    match arguments.format {
        Format::Diff => {
            diff::write(plan, out)?;
            out.flush()?;
            summary::write(plan, arguments.verbose, &mut err)
        }
        Format::Summary => summary::write(plan, arguments.verbose, &mut anstream::stdout().lock()),
        Format::Json => json::write(plan, out),
    }
}

/// Asks the package index for what the tables do not know; a sentence when it does not answer.
fn ask(loaded: &Loaded, options: &mut Options) -> Option<String> {
    let names = pipeline::questions(&loaded.ws, options);
    let answers = index::ask(&names, &Settings::from_environment());
    Arc::make_mut(&mut options.knowledge).index = answers.by_name;
    answers.problem.map(|problem| format!("The package index was not reached: {problem}."))
}

fn usage(what: &str, help: &str) -> io::Result<Exit> {
    anstream::eprintln!("error: {what}\n  help: {help}");
    Ok(Exit::Usage)
}

fn unknown_pass(options: &Options) -> Option<&String> {
    let is_known = |id: &&String| transforms::ALL.iter().any(|pass| pass.id == id.as_str());
    options.only.iter().chain(&options.skip).find(|id| !is_known(id))
}

/// The configuration file as seen from `base`.
fn config_path(arguments: &Optimize, base: &Path) -> Option<PathBuf> {
    if let Some(path) = &arguments.config {
        return Some(path.clone());
    }
    let is_folder = base.join(&arguments.path).is_dir();
    let folder = if is_folder { arguments.path.as_path() } else { arguments.path.parent()? };
    let path: PathBuf =
        folder.join("alpinist.yaml").components().filter(|part| *part != Component::CurDir).collect();
    base.join(&path).exists().then_some(path)
}

/// The choices that the command line makes.
pub fn options(arguments: &Optimize) -> Options {
    Options {
        target: match arguments.target {
            cli::Target::Alpine => Target::Alpine,
            cli::Target::Slim => Target::Slim,
            cli::Target::Auto => Target::Auto,
        },
        alpine: arguments.alpine.clone(),
        in_place: arguments.in_place,
        force: arguments.force,
        services: arguments.service.clone(),
        only: arguments.only.clone(),
        skip: arguments.skip.clone(),
        risk: match arguments.risk {
            cli::RiskCap::Safe => Risk::Safe,
            cli::RiskCap::Review => Risk::Review,
        },
        ..Options::default()
    }
}
