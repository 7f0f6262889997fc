//! The services that a service depends on, as far as their images are there.

use super::{SHORT, Settings, Tell};
use crate::{
    engine::{Call, Engine},
    verify::Launch,
};

/// A service that another one depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The name under which it is called.
    pub name: String,
    /// Its image.
    pub image: String,
    /// How it is started.
    pub launch: Launch,
    /// Flags of the engine's `run` that need paths of this machine.
    pub paths: Vec<String>,
}

/// Starts what the service depends on, and says what could not be: the names of the containers, and the notes.
///
/// Nothing is fetched: an image that is not there would be a download that nobody asked for.
pub(super) fn start(
    engine: &dyn Engine,
    (dependencies, settings, tag): (&[Dependency], &Settings, &str),
    tell: &mut Tell,
) -> (Vec<String>, Vec<String>) {
    let (mut started, mut notes) = (Vec::new(), Vec::new());
    for dependency in dependencies {
        let has_names = !matches!(settings.network.as_str(), "host" | "none");
        let is_there = engine.call(&Call::short(["image", "inspect", &dependency.image], SHORT)).is_good();
        if !is_there || !has_names {
            let why = if is_there { "the network has no names" } else { "its image is not there" };
            notes.push(format!("it ran without {}: {why} ({})", dependency.name, dependency.image));
            continue;
        }
        let name = format!("{tag}-{}", started.len());
        let answer = engine.call(&Call::short(words(dependency, settings, &name), SHORT));
        if !answer.is_good() {
            notes.push(format!("it ran without {}: that does not start", dependency.name));
        }
        started.push(name);
        tell(&format!("with {}", dependency.name));
    }
    (started, notes)
}

fn words(dependency: &Dependency, settings: &Settings, name: &str) -> Vec<String> {
    let Dependency { launch, paths, .. } = dependency;
    let mut words: Vec<String> = ["run", "--detach", "--name", name, "--label"].map(str::to_owned).into();
    words.extend([settings.label.clone(), "--network".into(), settings.network.clone()]);
    words.extend(["--network-alias".into(), dependency.name.clone()]);
    words.extend(launch.flags.iter().chain(paths).cloned());
    let (first, rest) = match &launch.entrypoint {
        Some(entrypoint) => (entrypoint.first().cloned(), entrypoint.get(1..).unwrap_or_default()),
        None => (None, &[][..]),
    };
    words.extend(first.map(|first| format!("--entrypoint={first}")));
    words.push(dependency.image.clone());
    words.extend(rest.iter().cloned());
    words.extend(launch.command.iter().flatten().cloned());
    words
}
