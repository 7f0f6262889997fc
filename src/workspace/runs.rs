//! Reading what decides how services run: settings of servers, and what their commands name.

use std::collections::BTreeMap;

use super::{Image, disk::Disk, path};
use crate::{
    compose::{Compose, Service},
    docker::{Dockerfile, Keyword},
    facts::{build_context::Copies, commands, contract::join_path, runtime, settings},
    source::FileId,
};

/// Endings of files that tell how a service runs.
const ENDINGS: [&str; 7] = [".sh", ".bash", ".py", ".ini", ".js", ".cjs", ".mjs"];

/// Reads what tells how the services of an image run.
pub(super) fn read(
    disk: &Disk,
    image: &Image,
    dockerfile: &Dockerfile,
    composes: &BTreeMap<FileId, Compose>,
) {
    let Some(stage) = dockerfile.final_stage() else { return };
    let lineage = runtime::lineage(dockerfile, stage);
    let workdir = runtime::workdir(lineage.iter().copied());
    let starts = lineage.iter().filter(|step| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint));
    let of_image: Vec<String> = starts.flat_map(|step| commands::commands_of(step)).flatten().collect();
    let lookup = |path: &str| Some(disk.entry(path));
    let steps = &dockerfile.instructions;
    let copies = Copies::of(steps, (&image.context, runtime::State::default()), &lookup);
    let services: Vec<&Service> =
        image.services.iter().filter_map(|(id, name)| composes.get(id)?.service(name)).collect();
    for service in services {
        let workdir = match &service.working_dir {
            Some(own) => join_path(&workdir, &own.value),
            None => workdir.clone(),
        };
        let words = commands::of_service(service).into_iter().flatten();
        let named =
            of_image.iter().cloned().chain(words).map(|word| operand(&word)).filter(|word| is_told(word));
        for wanted in settings::OF_SERVERS.into_iter().map(str::to_owned).chain(named) {
            let place = join_path(&workdir, &wanted);
            if let Some((_, found)) = copies.origin(0..steps.len(), &place, &lookup) {
                disk.read(&found);
            }
        }
        for name in settings::OF_SERVERS {
            disk.read(&path::join(&image.context, name));
        }
    }
}

/// The word, or what follows the `=` of an option.
fn operand(word: &str) -> String {
    let value = word.split_once('=').filter(|_| word.starts_with('-')).map_or(word, |(_, value)| value);
    value.trim_start_matches("file:").to_owned()
}

fn is_told(word: &str) -> bool {
    !word.contains(char::is_whitespace) && ENDINGS.iter().any(|ending| word.ends_with(ending))
}
