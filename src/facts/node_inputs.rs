//! What an installation of npm, yarn or pnpm reads beside its manifests.

use super::{Context, ImageView, build_context::Site, node, runtime::Variables};
use crate::{
    manifest::package_json::PackageJson,
    shell::Script,
    workspace::{Entry, path},
};

/// Scripts that run when packages are installed.
const SCRIPTS: [&str; 13] = [
    "dependencies",
    "install",
    "pnpm:devPreinstall",
    "postdependencies",
    "postinstall",
    "postprepare",
    "predependencies",
    "preinstall",
    "preprepare",
    "prepare",
    "prepublish",
    "prepublishOnly",
    "prepack",
];

/// Options that name another folder or file.
const FOLDERS: [&str; 10] = [
    "--cwd",
    "--dir",
    "--globalconfig",
    "--modules-dir",
    "--modules-folder",
    "--pnpmfile",
    "--prefix",
    "--use-yarnrc",
    "--userconfig",
    "-C",
];

/// Words in settings that name files: the settings, and the words.
const SETTINGS: [(&str, &[&str]); 4] = [
    (".yarnrc.yml", &["yarnPath", "plugins", "injectEnvironmentFiles", "httpsCaFilePath"]),
    (".yarnrc", &["yarn-path", "yarn-offline-mirror", "cafile", "modules-folder"]),
    (".npmrc", &["cafile", "certfile", "keyfile", "node-options", "pnpmfile", "prefix", "script-shell"]),
    ("pnpm-workspace.yaml", &["packages:", "patchedDependencies", "link:", "file:", "pnpmfile"]),
];

/// The first thing that makes the installation at `site` read more than its manifests, to begin a sentence with.
pub fn beyond_manifests(
    cx: &Context,
    image: &ImageView,
    (site, script): (&Site, &Script),
    (package, env): (&PackageJson, &Variables),
) -> Option<String> {
    of_words(script)
        .or_else(|| of_variables(env, site.workdir))
        .or_else(|| of_package(package))
        .or_else(|| of_settings(cx, image, site))
}

/// An option of an installation that names another folder than the working directory.
pub fn of_words(script: &Script) -> Option<String> {
    let mut words = script
        .commands
        .iter()
        .filter(|command| node::action(command).is_some())
        .flat_map(|command| command.arguments());
    let is_folder = |word: &&str| {
        let name = word.split('=').next().unwrap_or(word);
        FOLDERS.contains(&name) || (name.starts_with("-C") && !name.starts_with("--"))
    };
    words.find(is_folder).map(|word| format!("{word} names another place"))
}

/// A variable of a package manager or of node that names a file of the project.
fn of_variables(env: &Variables, workdir: &str) -> Option<String> {
    const OF_MANAGERS: [&str; 8] =
        ["corepack_", "node_", "npm_", "pnpm_", "prisma_", "puppeteer_", "ssl_", "yarn_"];
    let is_of_manager = |name: &str| {
        let name = name.to_ascii_lowercase();
        OF_MANAGERS.iter().any(|start| name.starts_with(start)) && name != "node_path"
    };
    let names_file = |value: &str| {
        let mut words = value.split([' ', '=']);
        words.any(|word| {
            word.starts_with("./") || (workdir.len() > 1 && super::writers::is_below(word, workdir))
        })
    };
    let mut all = env.iter();
    let (name, _) = all.find(|(name, value)| is_of_manager(name) && names_file(value))?;
    Some(format!("{name} names a file of the project"))
}

fn of_package(package: &PackageJson) -> Option<String> {
    if let Some(script) = SCRIPTS.into_iter().find(|name| package.script(name).is_some()) {
        return Some(format!("package.json has a script {script}"));
    }
    if package.has_workspaces {
        return Some("The project is a workspace of several packages".to_owned());
    }
    if let Some(what) = &package.names_file {
        return Some(format!("{what} in package.json reads files of the project"));
    }
    let mut all = package.dependencies.iter().chain(&package.dev_dependencies);
    let (name, _) =
        all.find(|(name, _)| matches!(name.as_str(), "@prisma/client" | "prisma" | "patch-package"))?;
    Some(format!("{name} reads files of the project"))
}

fn of_settings(cx: &Context, image: &ImageView, site: &Site) -> Option<String> {
    let file = |name: &str| {
        let path = site.file(cx, image, name)?;
        matches!(cx.files_of(image).entry(&path), Some(Entry::File(_))).then_some(path)
    };
    if let Some(name) = node::READ_TOO.into_iter().find(|name| file(name).is_some()) {
        return Some(format!("The installation reads {name}"));
    }
    SETTINGS.iter().find_map(|(name, words)| {
        let path = file(name)?;
        let text = cx.files_of(image).text(&path)?;
        let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
        let word = lines.flat_map(|line| words.iter().filter(move |word| line.contains(**word))).next()?;
        Some(format!("{} in {} names files of the project", word.trim_end_matches(':'), path::name(&path)))
    })
}
