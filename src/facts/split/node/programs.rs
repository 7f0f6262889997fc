//! Where the programs of npm packages write, and to which packages they belong.

use super::super::super::{
    evidence::NodeProject,
    node::{self, Action},
};
use crate::{
    knowledge::package_effects::keeps_downloads,
    shell::{Command, Script},
};

/// The package of those that run which has a browser or the like in the home folder, put there as it is installed.
pub(super) fn kept_elsewhere(project: &NodeProject) -> Option<&str> {
    let locked = project
        .lock
        .iter()
        .flat_map(|lock| lock.iter())
        .filter(|module| !module.is_dev && !module.is_elsewhere);
    let named = project.package.dependencies.iter().map(|(name, _)| name.as_str());
    locked.map(|module| module.name.as_str()).chain(named).find(|name| keeps_downloads(name))
}

/// What a command of the build may write outside of the project's folder, as a clause.
pub(super) fn leaves(command: &Command, project: &NodeProject) -> Option<String> {
    match node::action(command) {
        Some((_, Action::RunsProgram(name)))
            if keeps_downloads(&name) || package_of(&name, project).is_none() =>
        {
            Some(format!("what `{name}` writes, and where, is not known"))
        }
        Some((_, Action::RunsScript(name))) => {
            let text = project.package.script(&name).unwrap_or_default();
            let script = Script::parse_str(text);
            let inner = script.commands.iter().find(|inner| keeps_downloads(inner.name()))?;
            Some(format!("the script {name} calls {}, which writes elsewhere", inner.name()))
        }
        _ => None,
    }
}

/// The package of package.json that has the program called `name`.
fn package_of<'p>(name: &str, project: &'p NodeProject) -> Option<&'p str> {
    let package = owner(name);
    let all = project.package.dependencies.iter().chain(&project.package.dev_dependencies);
    all.map(|(known, _)| known.as_str()).find(|known| *known == package)
}

/// The package that the program called `name` belongs to.
pub fn owner(name: &str) -> &str {
    PROGRAMS.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package)
}

/// The script of package.json that an installation runs, and that may make files outside of node_modules.
pub(super) fn script_at_installation<'p>(
    project: &'p NodeProject,
    scripts: &[(usize, Script)],
) -> Option<&'p str> {
    const HARMLESS: [&str; 9] =
        ["", "echo", "exit", "husky", "is-ci", "only-allow", "patch-package", "test", "true"];
    const RUN: [&str; 4] = ["preinstall", "install", "postinstall", "prepare"];
    let ignores = |command: &Command| command.arguments().any(|word| word == "--ignore-scripts");
    if scripts.iter().flat_map(|(_, script)| &script.commands).any(ignores) {
        return None;
    }
    let is_harmless = |command: &Command| match node::action(command) {
        Some((_, Action::RunsProgram(name))) => HARMLESS.contains(&name.as_str()),
        Some(_) => false,
        None => HARMLESS.contains(&command.name()),
    };
    let own = project.package.scripts.iter().filter(|(name, _)| RUN.contains(&name.as_str()));
    let mut others = own.filter(|(_, text)| {
        let script = Script::parse_str(text);
        script.unreadable.is_some() || !script.commands.iter().all(is_harmless)
    });
    others.next().map(|(name, _)| name.as_str())
}

/// Whether a command after the installation may compile: `npm rebuild`, `npm install NAME`, `node-gyp`.
pub(super) fn may_compile(command: &Command) -> bool {
    let is_gyp = matches!(command.name(), "node-gyp" | "node-pre-gyp" | "prebuild-install" | "cmake-js");
    is_gyp || matches!(node::action(command), Some((_, Action::Other)))
}

/// Packages whose programs have another name.
const PROGRAMS: [(&str, &str); 12] = [
    ("nest", "@nestjs/cli"),
    ("remix-serve", "@remix-run/serve"),
    ("react-router-serve", "@react-router/serve"),
    ("dotenv", "dotenv-cli"),
    ("ng", "@angular/cli"),
    ("tsc", "typescript"),
    ("strapi", "@strapi/strapi"),
    ("astro", "astro"),
    ("nuxt", "nuxt"),
    ("sequelize", "sequelize-cli"),
    ("tsconfig-paths", "tsconfig-paths"),
    ("next", "next"),
];
