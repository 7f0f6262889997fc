//! A draft as a side to observe: its files written to a temporary folder.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::unit::Draft;
use crate::{
    engine::copy::Bench,
    verify::{
        Launch,
        launch::Place,
        observe::{Side, unfronted},
    },
};

/// Where things are.
pub(super) struct Paths<'p> {
    /// The folder of the run.
    pub(super) bench: &'p Bench,
    /// The folder that paths of the compose file are seen from.
    pub(super) folder: &'p Path,
    /// The copy of the build context.
    pub(super) context: String,
}

/// Writes what the engine needs of a draft.
pub(super) fn side(paths: &Paths, draft: &Draft, tag: String) -> io::Result<Side> {
    let dockerfile = paths.bench.write(&format!("{tag}.Dockerfile"), &draft.text)?;
    let plain = match unfronted(&draft.text) {
        Some((text, frontend)) => {
            Some((paths.bench.write(&format!("{tag}.plain.Dockerfile"), &text)?, frontend))
        }
        None => None,
    };
    let (launch, flags) = launched(paths, &draft.launch, &tag)?;
    let mut dependencies = draft.dependencies.clone();
    for (index, dependency) in dependencies.iter_mut().enumerate() {
        (dependency.launch, dependency.paths) =
            launched(paths, &dependency.launch, &format!("{tag}-beside-{index}"))?;
    }
    let (target, args, context) = (draft.target.clone(), draft.args.clone(), paths.context.clone());
    Ok(Side { tag, dockerfile, plain, context, target, args, launch, paths: flags, dependencies })
}

/// How something is started, with the flags for what is at paths of this machine.
fn launched(paths: &Paths, launch: &Launch, tag: &str) -> io::Result<(Launch, Vec<String>)> {
    let mut launch = launch.clone();
    let mut flags = Vec::new();
    let env = environment(&launch.env, &mut launch.notes);
    flags.push(format!("--env-file={}", paths.bench.write(&format!("{tag}.env"), &env)?));
    for (index, place) in launch.mounts.iter().enumerate() {
        match mount(paths, place, &format!("{tag}.{index}"))? {
            Some(flag) => flags.push(flag),
            None => launch.notes.push(format!("it ran without {}, which is not there", told(place))),
        }
    }
    Ok((launch, flags))
}

/// The text of an environment file; a value of several lines has no place in one, and is left out.
fn environment(env: &BTreeMap<String, String>, notes: &mut Vec<String>) -> String {
    let mut text = String::new();
    for (name, value) in env {
        match value.contains('\n') {
            true => notes.push(format!("it ran without {name}, whose value has several lines")),
            false => text += &format!("{name}={value}\n"),
        }
    }
    text
}

fn told(place: &Place) -> &str {
    match place {
        Place::Fresh(target) => target,
        Place::Shown { source, .. } | Place::Copied { source, .. } => source,
    }
}

/// The flag for a mount; nothing where its source is not there, which an engine would make.
fn mount(paths: &Paths, place: &Place, name: &str) -> io::Result<Option<String>> {
    let fresh = |target: &str| Some(format!("--volume={target}"));
    let bind = |from: &Path, target: &str, end: &str| {
        Some(format!("--mount=type=bind,source={},target={target}{end}", from.display()))
    };
    Ok(match place {
        Place::Fresh(target) => fresh(target),
        Place::Shown { source, target } => {
            let source = paths.folder.join(source);
            source.canonicalize().ok().and_then(|source| bind(&source, target, ",readonly"))
        }
        Place::Copied { source, target } => {
            let source = paths.folder.join(source);
            if !source.is_file() {
                return Ok(fresh(target));
            }
            let copy = paths.bench.path(name);
            fs::copy(&source, &copy)?;
            bind(&copy, target, "")
        }
    })
}
