//! The choices of a run: the command line's, and those of the alpinist.yaml of each path.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::{
    cli::{self, Optimize, Selection},
    commands::config,
    knowledge::AlpineBranch,
    options::{Options, Target},
    pass::Risk,
    reason::Weights,
    transforms,
    view::diagnostic,
    workspace::load::InputError,
};

/// Why the run does not start.
pub(in crate::commands) enum Refusal {
    /// The arguments are wrong: what, and what to do.
    Usage(String, &'static str),
    /// A configuration file is wrong.
    Config(Box<InputError>),
}

impl Refusal {
    /// The message for a terminal.
    pub(in crate::commands) fn render(&self, colour: bool) -> String {
        match self {
            Refusal::Usage(what, help) => format!("error: {what}\n  help: {help}\n"),
            Refusal::Config(error) => diagnostic::render(error, colour),
        }
    }
}

/// Whether the path is a Dockerfile on stdin.
pub(super) fn is_stdin(arguments: &Optimize) -> bool {
    arguments.paths.iter().any(|path| path.as_os_str() == "-")
}

/// The choices for each path, in their order.
pub(super) fn all(arguments: &Optimize, base: &Path) -> Result<Vec<Arc<Options>>, Refusal> {
    if is_stdin(arguments) && (arguments.paths.len() > 1 || arguments.write) {
        let what = "`-` stands alone and is never written".to_owned();
        return Err(Refusal::Usage(what, "name either `-` or paths; the result of `-` is on stdout"));
    }
    if is_stdin(arguments) && arguments.verify {
        let what = "`-` has no project to build, and cannot be verified".to_owned();
        return Err(Refusal::Usage(what, "name the path of the Dockerfile"));
    }
    of_paths(&of_command_line(arguments), (&arguments.paths, arguments.selection.config.as_deref()), base)
}

/// The choices for each of `paths`, in their order: `options`, and what a configuration file says beside.
pub(in crate::commands) fn of_paths(
    options: &Options,
    (paths, config): (&[PathBuf], Option<&Path>),
    base: &Path,
) -> Result<Vec<Arc<Options>>, Refusal> {
    if let Some(unknown) = unknown_pass(options) {
        return Err(Refusal::Usage(format!("{unknown} is no pass"), "see `alpinist passes`"));
    }
    if let Some(branch) = options.alpine.as_ref().filter(|branch| branch.parse::<AlpineBranch>().is_err()) {
        return Err(Refusal::Usage(format!("--alpine {branch} is no Alpine branch"), "write it as 3.24"));
    }
    let mut known: BTreeMap<Option<PathBuf>, Arc<Options>> = BTreeMap::new();
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let config = config_path(config, path, base);
        let options = match known.get(&config) {
            Some(options) => options.clone(),
            None => Arc::new(with_config(options, config.as_deref(), base)?),
        };
        known.insert(config, options.clone());
        all.push(options);
    }
    Ok(all)
}

fn with_config(options: &Options, path: Option<&Path>, base: &Path) -> Result<Options, Refusal> {
    let mut options = options.clone();
    if let Some(path) = path {
        config::apply(base, path, &mut options).map_err(|error| Refusal::Config(Box::new(error)))?;
    }
    match unknown_pass(&options) {
        Some(unknown) => Err(Refusal::Usage(
            format!("alpinist.yaml skips {unknown}, which is no pass"),
            "see `alpinist passes`",
        )),
        None => Ok(options),
    }
}

fn unknown_pass(options: &Options) -> Option<&String> {
    let is_known = |id: &&String| transforms::ALL.iter().any(|pass| pass.id == id.as_str());
    options.only.iter().chain(&options.skip).find(|id| !is_known(id))
}

/// The configuration file for `path`, as seen from `base`.
fn config_path(named: Option<&Path>, path: &Path, base: &Path) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let is_folder = path.as_os_str() != "-" && base.join(path).is_dir();
    let folder = if is_folder { path } else { path.parent()? };
    let path: PathBuf =
        folder.join("alpinist.yaml").components().filter(|part| *part != Component::CurDir).collect();
    base.join(&path).exists().then_some(path)
}

/// The choices that the command line makes.
pub fn of_command_line(arguments: &Optimize) -> Options {
    let (in_place, sibling, force) = (arguments.in_place, arguments.sibling, arguments.force);
    Options { in_place, sibling, force, ..of_selection(&arguments.selection) }
}

/// The choices that are the same for all commands.
pub(in crate::commands) fn of_selection(selection: &Selection) -> Options {
    Options {
        target: match selection.target {
            cli::Target::Alpine => Target::Alpine,
            cli::Target::Slim => Target::Slim,
            cli::Target::Auto => Target::Auto,
        },
        alpine: selection.alpine.clone(),
        services: selection.service.clone(),
        only: selection.only.clone(),
        skip: selection.skip.clone(),
        risk: match selection.risk {
            cli::RiskCap::Safe => Risk::Safe,
            cli::RiskCap::Review => Risk::Review,
        },
        max_questions: selection.max_questions,
        weights: Weights { takes_doubts: selection.target == cli::Target::Alpine, ..Weights::default() },
        ..Options::default()
    }
}
