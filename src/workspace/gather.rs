//! What the build contexts hold, as far as Dockerfiles name it: read before any fact is computed.

use std::collections::{BTreeMap, BTreeSet};

use super::{disk::Disk, path, scripts::read_called};
use crate::{
    docker::{self, Dockerfile, Keyword},
    facts::{
        build_context::{self, Copies, Site},
        contract::join_path,
        node, programs, python,
        runtime::State,
        scripts, settings,
    },
    knowledge::java_plugins,
    manifest::requirements,
    shell::Script,
};

/// Looks at everything in the build context that a fact may ask for.
pub(super) fn gather(disk: &Disk, text: &str, dockerfile: &Dockerfile, context: &str) {
    let lookup = |path: &str| Some(disk.entry(path));
    let instructions = &dockerfile.instructions;
    for instruction in instructions {
        let Some((sources, _)) = build_context::local_copy(instruction) else { continue };
        for source in sources.iter().filter(|source| !build_context::is_pattern(&source.text)) {
            disk.entry(&build_context::context_path(context, &source.text));
        }
        for (_, file) in programs::copied_by_name(instruction, context, &lookup) {
            disk.look_inside(&file);
            if settings::is_settings(&file) || settings::may_start_programs(&file, instruction) {
                disk.read(&file);
            }
        }
    }
    read_workspaces(disk, dockerfile, context);
    read_build_files(disk, dockerfile, context);
    let mut copies = Copies::new(context);
    // Many steps may name one file, and reading what it names takes as long as it is.
    let mut followed: BTreeSet<(String, String, String)> = BTreeSet::new();
    // What stands at the end of those stages that others start from.
    let parents: BTreeSet<usize> = dockerfile.stages.iter().filter_map(|stage| stage.parent).collect();
    let mut last: BTreeMap<usize, State> = BTreeMap::new();
    for stage in &dockerfile.stages {
        // What an unrelated stage copied does not stand here.
        let first = dockerfile.stages[stage.root].instructions.start;
        let mut state = stage.parent.and_then(|parent| last.get(&parent).cloned()).unwrap_or_default();
        for index in stage.instructions.clone() {
            let step = &instructions[index];
            state.go(step);
            copies.take((index, step), &state, &lookup);
            let workdir = &*state.workdir;
            let site = Site { copies: &copies, before: (first, index), step, workdir };
            let origin = |wanted: &str| site.find(context, wanted, &lookup);
            let started = programs::started_by(step, text);
            for place in started.iter().flat_map(|name| programs::places(name, workdir)) {
                origin(&place).iter().for_each(|found| disk.look_inside(found));
            }
            let wanted = asked_files(step, text);
            for path in wanted.iter().flat_map(|wanted| scripts::places(wanted, workdir)) {
                let Some(found) = origin(&path) else { continue };
                if followed.insert((found.clone(), path.clone(), workdir.to_owned())) {
                    read_closure(disk, &found);
                    read_called(disk, &found, (&path, workdir), &origin);
                }
            }
        }
        let manifests = ["package.json", "package-lock.json"].map(|name| join_path(&state.workdir, name));
        for wanted in manifests.into_iter().chain(settings::KNOWN.map(str::to_owned)) {
            if let Some((_, found)) = copies.origin(first..stage.instructions.end, &wanted, &lookup) {
                disk.read(&found);
            }
        }
        if parents.contains(&stage.index) {
            last.insert(stage.index, state);
        }
    }
}

/// Reads what tells that the context of a Node image is one package of a workspace.
fn read_workspaces(disk: &Disk, dockerfile: &Dockerfile, context: &str) {
    if !dockerfile.stages.iter().any(|stage| stage.base.official_name() == Some("node")) {
        return;
    }
    let mut folder = context;
    while !folder.is_empty() && !folder.starts_with("..") {
        folder = path::parent(folder);
        disk.read(&path::join(folder, "pnpm-workspace.yaml"));
    }
}

/// Reads what tells Maven or Gradle to fetch programs, in each folder that is copied.
fn read_build_files(disk: &Disk, dockerfile: &Dockerfile, context: &str) {
    let builds = |step: &docker::Instruction| {
        let text = &step.body.text;
        text.contains("mvn") || text.contains("gradle")
    };
    if !dockerfile.instructions.iter().any(|step| step.keyword == Keyword::Run && builds(step)) {
        return;
    }
    let copies = dockerfile.instructions.iter().filter_map(build_context::local_copy);
    for source in copies.flat_map(|(sources, _)| sources) {
        let source = build_context::context_path(context, &source.text);
        if java_plugins::BUILD_FILES.contains(&path::name(&source)) {
            disk.read(&source);
            continue;
        }
        for name in java_plugins::BUILD_FILES {
            disk.read(&path::join(&source, name));
        }
    }
}

/// Container paths of files that an instruction names: requirement files and scripts.
fn asked_files(instruction: &docker::Instruction, text: &str) -> Vec<String> {
    let runs = matches!(
        instruction.keyword,
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck
    );
    if !runs {
        return Vec::new();
    }
    if let (Some(words), true) = (&instruction.json, instruction.keyword != Keyword::Run) {
        let words = words.iter().flat_map(|word| word.text.split([' ', ';', '&', '|']));
        return words.filter(|word| looks_like_file(word)).map(str::to_owned).collect();
    }
    let script = Script::of(instruction, text);
    let mut files: Vec<String> = python::pip_installs(script)
        .into_iter()
        .flat_map(|install| install.requirements.into_iter().chain(install.constraints))
        .collect();
    files.extend(project_files(script));
    let words = script.commands.iter().flat_map(|command| &command.words).map(|word| word.text().to_owned());
    files.extend(words.filter(|word| looks_like_file(word)));
    files
}

/// The manifests and locks that the installations of a script read, and those that describe a local project.
fn project_files(script: &Script) -> Vec<String> {
    let mut files = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        if let Some((tool, _)) = python::project::action(index, command) {
            files.extend(tool.files().map(str::to_owned));
        }
    }
    for local in python::pip_installs(script).iter().flat_map(|install| &install.local) {
        let folder = local.split('[').next().unwrap_or(local).trim_end_matches('/');
        files.push(format!("{folder}/pyproject.toml"));
    }
    let describing =
        ["pyproject.toml", "setup.py", "setup.cfg", "README.md", "README.rst", ".python-version"];
    let settings = python::inputs::settings(script);
    files.extend(settings.into_iter().map(str::to_owned));
    if !files.is_empty() {
        files.extend(describing.map(str::to_owned));
    }
    if script.commands.iter().any(|command| command.name() == "bundle") {
        files.push("Gemfile.lock".to_owned());
    }
    if script.commands.iter().any(|command| node::action(command).is_some()) {
        files.extend(node::MANIFESTS.into_iter().chain(node::READ_TOO).map(str::to_owned));
    }
    files
}

/// Whether a word may name a file that tells what runs.
pub(super) fn looks_like_file(word: &str) -> bool {
    let name = path::name(word);
    [".sh", ".bash", ".py", ".conf", ".ini"].iter().any(|ending| name.ends_with(ending))
        || name.contains("entrypoint")
        || name.contains("crontab")
}

/// Reads a file and, when it is a requirements file, those that it names.
fn read_closure(disk: &Disk, file: &str) {
    disk.read(file);
    if file.ends_with(".txt") || file.ends_with(".in") {
        requirements::closure(file, &|path| disk.read(path));
    }
}
