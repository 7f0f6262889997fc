//! Packages that need root when the container runs, or that belong to it.

use super::super::{Context, ImageView, evidence, packages, python};
use crate::{
    docker::Keyword,
    knowledge::{
        package_effects::{Ecosystem, Effect, has},
        writers::{Kind, lookup},
    },
    reason::Reason,
};

/// What the packages of the image and of the project tell of.
pub(super) fn reasons(cx: &Context, image: &ImageView) -> Vec<Reason> {
    [of_package(image), of_devices(cx, image), of_devices_in_node(cx, image), of_npm(image)]
        .into_iter()
        .flatten()
        .collect()
}

fn known(image: &ImageView, what: String) -> Reason {
    Reason::known("USER-25", image.base_word().span, what)
}

/// A system package for which root is needed when the container runs.
fn of_package(image: &ImageView) -> Option<Reason> {
    let steps = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut installs = steps.flat_map(|step| packages::installs(image.script(step)));
    let name = installs.find_map(|install| {
        let mut names = install.packages.into_iter().map(|package| package.name);
        names.find(|name| lookup(Kind::System, name).is_some())
    })?;
    Some(known(image, format!("the programs of {name} need root")))
}

fn of_devices_in_node(cx: &Context, image: &ImageView) -> Option<Reason> {
    let project = evidence::node_project(cx, image)?.ok()?;
    let mut names = project.package.dependencies.iter().map(|(name, _)| name);
    let name = names.find(|name| has(Effect::UsesDevices, Ecosystem::Npm, name))?;
    Some(known(image, format!("{name} talks to what belongs to root")))
}

fn of_devices(cx: &Context, image: &ImageView) -> Option<Reason> {
    let manifests = evidence::manifests(cx, image);
    let packages = manifests.closures.iter().flat_map(|(_, closure)| &closure.packages);
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let named =
        runs.flat_map(|step| python::pip_installs(image.script(step))).flat_map(|install| install.packages);
    let named = named.map(|name| crate::manifest::normal_name(python::bare_name(&name)));
    let mut all = packages.map(|located| located.value.name.clone()).chain(named);
    let name = all.find(|name| has(Effect::UsesDevices, Ecosystem::Pypi, name))?;
    Some(known(image, format!("{name} talks to what belongs to root")))
}

/// An npm that runs scripts as the owner of the folder, whose home folder it does not change to.
///
/// Source: <https://github.com/nodejs/docker-node/issues/1603>; npm 9, of Node 18.14 on, does so no more.
fn of_npm(image: &ImageView) -> Option<Reason> {
    let root = image.root();
    let tag = root.tag.as_deref().filter(|_| root.official_name() == Some("node"))?;
    let mut numbers = tag.split(['.', '-']).map_while(|word| word.parse::<u32>().ok());
    let is_such = match (numbers.next()?, numbers.next()) {
        (15..=17, _) => true,
        (18, Some(minor)) => minor < 14,
        _ => false,
    };
    let runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let mut commands = runs.flat_map(|step| &image.script(step).commands);
    let calls = is_such && commands.any(|command| command.name() == "npm");
    let what = format!(
        "npm of {}:{tag} runs scripts as the owner of the folder, and does not change its home folder",
        root.name
    );
    calls.then(|| known(image, what))
}
