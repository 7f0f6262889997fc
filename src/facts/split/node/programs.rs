//! What the programs of npm packages need where they run, and where they write.

use super::super::super::{
    Context, ImageView, caches, commands,
    evidence::NodeProject,
    node::{self, Action, Manager},
    start_scripts,
};
use crate::{
    knowledge::writers::keeps_downloads,
    shell::{Command, Script},
};

/// The command that removes the development dependencies, if what the image starts is known not to need them.
pub(super) fn prune(cx: &Context, image: &ImageView, project: &NodeProject) -> Result<String, String> {
    if project.manager == Manager::Yarn && caches::has_new_yarn(cx, image) {
        return Err(
            "How this version of yarn removes development dependencies is not known (MS-20).".to_owned()
        );
    }
    if project.package.has_workspaces {
        return Err("The project is a workspace of several packages (MS-20).".to_owned());
    }
    for words in commands::run_by(cx, image) {
        started(&words, project)?;
    }
    for (script, text) in start_scripts::known(cx, image) {
        for command in &Script::parse_str(text).commands {
            let words: Vec<String> = command.words.iter().map(|word| word.text().to_owned()).collect();
            started(&words, project).map_err(|why| format!("{script}: {why}"))?;
        }
    }
    let tag = image.root().tag.as_deref().unwrap_or_default();
    let major = tag.split(['.', '-']).next().and_then(|text| text.parse::<u32>().ok());
    // npm 6, which comes with Node up to 14, does not know --omit.
    let is_old = project.manager == Manager::Npm && major.is_some_and(|major| major < 15);
    Ok(if is_old { "npm prune --production" } else { project.manager.prune() }.to_owned())
}

/// Requires that what a command starts needs no development dependency.
fn started(words: &[String], project: &NodeProject) -> Result<(), String> {
    let line: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', ""))).collect();
    let script = Script::parse_str(&line.join(" "));
    let Some(command) = script.commands.first() else { return Ok(()) };
    match node::action(command) {
        Some((_, Action::RunsScript(name))) => {
            let Some(text) = project.package.script(&name) else {
                return Err(format!("The script {name} is not in package.json."));
            };
            let inner = Script::parse_str(text);
            inner.commands.iter().try_for_each(|command| program(command, project))
        }
        Some((_, Action::RunsProgram(name))) => known_program(&name, project),
        Some(_) => {
            Err(format!("The image starts `{}`, and what that needs is not known (MS-20).", words.join(" ")))
        }
        None => Ok(()),
    }
}

fn program(command: &Command, project: &NodeProject) -> Result<(), String> {
    let name = command.name();
    match node::action(command) {
        Some((_, Action::RunsScript(other))) => match project.package.script(&other) {
            // One level is enough: scripts that call scripts that call scripts are rare.
            Some(text) => {
                let inner = Script::parse_str(text);
                inner.commands.iter().try_for_each(|command| known_program(command.name(), project))
            }
            None => Err(format!("The script {other} is not in package.json.")),
        },
        _ => known_program(name, project),
    }
}

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

/// Requires of a command of the build that it writes to the project's folder.
pub(super) fn stays_inside(command: &Command, project: &NodeProject) -> Result<(), String> {
    match node::action(command) {
        Some((_, Action::RunsProgram(name)))
            if keeps_downloads(&name) || package_of(&name, project).is_none() =>
        {
            Err(format!("What `{name}` writes, and where, is not known (MS-25)."))
        }
        Some((_, Action::RunsScript(name))) => {
            let text = project.package.script(&name).unwrap_or_default();
            match Script::parse_str(text).commands.iter().find(|inner| keeps_downloads(inner.name())) {
                Some(inner) => {
                    Err(format!("The script {name} calls {}, which writes elsewhere (MS-25).", inner.name()))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The package of package.json that has the program called `name`.
fn package_of<'p>(name: &str, project: &'p NodeProject) -> Option<&'p str> {
    let package = PROGRAMS.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
    let all = project.package.dependencies.iter().chain(&project.package.dev_dependencies);
    all.map(|(known, _)| known.as_str()).find(|known| *known == package)
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

fn known_program(name: &str, project: &NodeProject) -> Result<(), String> {
    if matches!(name, "node" | "" | "echo" | "sh" | "exec" | "cd" | "set" | "export" | "test" | "[") {
        return Ok(());
    }
    let package = PROGRAMS.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
    let is_dependency = project.package.dependencies.iter().any(|(dependency, _)| dependency == package);
    match is_dependency {
        true => Ok(()),
        false => Err(format!(
            "The image starts {name}, which is no dependency at run time in package.json (MS-20)."
        )),
    }
}
