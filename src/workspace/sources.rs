//! Looking at what an image takes from its build context.

use std::collections::{BTreeMap, BTreeSet};

use super::{Image, disk::Disk, gather::looks_like_file, path, scripts::read_called};
use crate::{
    compose::{Compose, Service},
    docker::{Dockerfile, Keyword},
    facts::{
        app_server::surroundings::{config_places, configs, env_path},
        build_context::Copies,
        commands, programs, runtime, scripts,
        sources::{self, Request},
    },
    source::FileId,
};

/// Looks whether the sources of an image are there.
pub(super) fn look_at(
    disk: &Disk,
    image: &Image,
    dockerfile: &Dockerfile,
    composes: &BTreeMap<FileId, Compose>,
) {
    let services = image.services.iter();
    let services: Vec<&Service> = services.filter_map(|(id, name)| composes.get(id)?.service(name)).collect();
    look_at_started(disk, image, dockerfile, &services);
    read_started(disk, image, dockerfile, &services);
    let places = config_places(dockerfile, services.iter().copied());
    configs(dockerfile, &image.context, &places, &|path| Some(disk.entry(path)));
    let request = Request::of(services.into_iter());
    for source in sources::required(dockerfile, &request) {
        disk.entry(&path::join(&image.context, &source.path));
    }
}

/// Reads the env files of the services that a compose file in `folder` builds.
pub(super) fn read_env_files<'s>(disk: &Disk, folder: &str, services: impl Iterator<Item = &'s Service>) {
    let files = services.flat_map(|service| &service.env_file);
    for path in files.filter_map(|file| env_path(folder, &file.value)) {
        disk.read(&path);
    }
}

/// Looks at the programs that services start by commands of their own.
fn look_at_started(disk: &Disk, image: &Image, dockerfile: &Dockerfile, services: &[&Service]) {
    let Some(stage) = dockerfile.final_stage() else { return };
    let steps = dockerfile.instructions_of(stage);
    let lookup = |path: &str| Some(disk.entry(path));
    let copies = Copies::of(steps, (&image.context, runtime::State::default()), &lookup);
    let workdir = runtime::workdir(steps);
    let commands: Vec<Vec<String>> =
        services.iter().flat_map(|service| commands::of_service(service)).collect();
    let origin = |place: &str| copies.origin(0..steps.len(), place, &lookup).map(|(_, found)| found);
    for name in commands.iter().flat_map(|words| programs::started(words)) {
        for place in programs::places(&name, &workdir) {
            origin(&place).iter().for_each(|found| disk.look_inside(found));
        }
    }
    let words = commands.iter().flatten().flat_map(|word| word.split([' ', ';', '&', '|']));
    for path in words.filter(|word| looks_like_file(word)).flat_map(|word| scripts::places(word, &workdir)) {
        if let Some(found) = origin(&path) {
            read_called(disk, &found, (&path, &workdir), &origin);
        }
    }
}

/// Reads the scripts that start a container, whatever stage copies them.
fn read_started(disk: &Disk, image: &Image, dockerfile: &Dockerfile, services: &[&Service]) {
    let Some(stage) = dockerfile.final_stage() else { return };
    let lineage = runtime::lineage(dockerfile, stage);
    let workdir = runtime::workdir(lineage.iter().copied());
    let starts = lineage.iter().filter(|step| matches!(step.keyword, Keyword::Entrypoint | Keyword::Cmd));
    let mut words: Vec<String> = starts.flat_map(|step| commands::commands_of(step)).flatten().collect();
    words.extend(services.iter().flat_map(|service| commands::of_service(service)).flatten());
    let lookup = |path: &str| Some(disk.entry(path));
    let steps = &dockerfile.instructions;
    let copies = Copies::of(steps, (&image.context, runtime::State::default()), &lookup);
    let origin = |place: &str| copies.origin(0..steps.len(), place, &lookup).map(|(_, found)| found);
    let named = words.iter().flat_map(|word| word.split_whitespace()).collect::<BTreeSet<_>>();
    for script in named.into_iter().filter(|word| scripts::is_script(word)) {
        for place in scripts::places(script, &workdir) {
            if let Some(found) = origin(&place) {
                disk.read(&found);
                read_called(disk, &found, (&place, &workdir), &origin);
            }
        }
    }
}
