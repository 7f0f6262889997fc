//! npm, yarn and pnpm: what their commands do.

use crate::{
    shell::{Command, Script, ShellWord},
    source::Span,
};

/// A package manager of Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// npm.
    Npm,
    /// yarn.
    Yarn,
    /// pnpm.
    Pnpm,
}

impl Manager {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Npm => "npm",
            Manager::Yarn => "yarn",
            Manager::Pnpm => "pnpm",
        }
    }

    /// The lock files that it reads, besides package.json.
    pub fn lock_files(self) -> &'static [&'static str] {
        match self {
            Manager::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
            Manager::Yarn => &["yarn.lock"],
            Manager::Pnpm => &["pnpm-lock.yaml"],
        }
    }

    /// The command that removes the development dependencies from an installation.
    pub fn prune(self) -> &'static str {
        match self {
            Manager::Npm => "npm prune --omit=dev",
            Manager::Yarn => "yarn install --production --ignore-scripts --prefer-offline",
            Manager::Pnpm => "CI=true pnpm prune --prod --ignore-scripts",
        }
    }
}

/// What a command does to a project of Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Installs what package.json and the lock file ask for.
    Installs {
        /// Whether development dependencies are left out by an option.
        is_production: bool,
        /// Words that are not known.
        obstacles: Vec<String>,
    },
    /// Installs programs for the whole image.
    InstallsGlobally(Vec<String>),
    /// Runs a script of package.json.
    RunsScript(String),
    /// Runs a program of the installed packages.
    RunsProgram(String),
    /// Removes development dependencies.
    Prunes,
    /// Empties a cache.
    ClearsCache(Span),
    /// Sets the package manager up.
    Prepares,
    /// Anything else.
    Other,
}

/// The lock and configuration files that an installation may read.
pub const MANIFESTS: [&str; 12] = [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".nvmrc",
    ".node-version",
    "lerna.json",
];

/// What an installation reads beside its manifests, where it is there: how to build, and where a browser goes.
pub const READ_TOO: [&str; 12] = [
    ".pnpmfile.cjs",
    ".puppeteerrc",
    ".puppeteerrc.cjs",
    ".puppeteerrc.js",
    ".puppeteerrc.json",
    ".puppeteerrc.yaml",
    "binding.gyp",
    "lerna.json",
    "pnpmfile.js",
    "puppeteer.config.cjs",
    "puppeteer.config.js",
    "puppeteer.config.mjs",
];

/// What `command` does when it is one of the package managers or their kin.
pub fn action(command: &Command) -> Option<(Manager, Action)> {
    let words = &command.words[1.min(command.words.len())..];
    match command.name() {
        "npm" => Some((Manager::Npm, npm(command, words))),
        "yarn" | "yarnpkg" => Some((Manager::Yarn, yarn(command, words))),
        "pnpm" => Some((Manager::Pnpm, pnpm(command, words))),
        "npx" | "pnpx" => Some((Manager::Npm, program(words))),
        "corepack" => Some((Manager::Npm, Action::Prepares)),
        _ => None,
    }
}

/// The first package manager whose installation a script calls, and whether it leaves development out.
pub fn installation(script: &Script) -> Option<(Manager, bool)> {
    script.commands.iter().filter_map(action).find_map(|(manager, action)| match action {
        Action::Installs { is_production, .. } => Some((manager, is_production)),
        _ => None,
    })
}

fn operands(words: &[ShellWord]) -> Vec<String> {
    words.iter().filter(|word| !word.is_option()).map(|word| word.text().to_owned()).collect()
}

fn npm(command: &Command, words: &[ShellWord]) -> Action {
    let operands = operands(words);
    let verb = operands.first().map(String::as_str).unwrap_or_default();
    match (verb, operands.get(1).map(String::as_str)) {
        ("ci" | "clean-install", None) => installs(words),
        ("install" | "i" | "add", _) if is_global(words) => Action::InstallsGlobally(operands[1..].to_vec()),
        ("install" | "i", None) => installs(words),
        ("run" | "run-script", Some(script)) => Action::RunsScript(script.to_owned()),
        ("start" | "test", None) => Action::RunsScript(verb.to_owned()),
        ("exec", Some(program)) => Action::RunsProgram(program.to_owned()),
        ("prune", _) => Action::Prunes,
        ("cache", _) => Action::ClearsCache(command.span),
        ("config" | "set" | "pkg", _) => Action::Prepares,
        ("", _) if words.iter().any(|word| word.raw == "-v" || word.raw == "--version") => Action::Prepares,
        _ => Action::Other,
    }
}

fn yarn(command: &Command, words: &[ShellWord]) -> Action {
    let operands = operands(words);
    let verb = operands.first().map(String::as_str).unwrap_or_default();
    match (verb, operands.get(1).map(String::as_str)) {
        ("", _) if words.iter().any(|word| matches!(word.raw.as_str(), "-v" | "--version" | "--help")) => {
            Action::Prepares
        }
        ("" | "install", _) => installs(words),
        ("global", Some("add")) => Action::InstallsGlobally(operands[2..].to_vec()),
        ("run", Some(script)) => Action::RunsScript(script.to_owned()),
        ("cache", _) => Action::ClearsCache(command.span),
        ("config" | "set", _) => Action::Prepares,
        ("workspaces", Some("focus")) => installs(words),
        ("add" | "remove" | "workspaces" | "workspace" | "dlx" | "upgrade" | "link", _) => Action::Other,
        (script, _) => Action::RunsScript(script.to_owned()),
    }
}

fn pnpm(command: &Command, words: &[ShellWord]) -> Action {
    let operands = operands(words);
    let verb = operands.first().map(String::as_str).unwrap_or_default();
    match (verb, operands.get(1).map(String::as_str)) {
        ("add" | "install" | "i", _) if is_global(words) => Action::InstallsGlobally(operands[1..].to_vec()),
        ("install" | "i", None) => installs(words),
        ("run", Some(script)) => Action::RunsScript(script.to_owned()),
        ("exec", Some(program)) => Action::RunsProgram(program.to_owned()),
        ("prune", _) => Action::Prunes,
        ("store", _) => Action::ClearsCache(command.span),
        ("config" | "fetch", _) => Action::Prepares,
        ("" | "add" | "remove" | "deploy" | "dlx" | "link" | "recursive", _) => Action::Other,
        (script, _) => Action::RunsScript(script.to_owned()),
    }
}

fn is_global(words: &[ShellWord]) -> bool {
    words.iter().any(|word| matches!(word.raw.as_str(), "-g" | "--global" | "--location=global"))
}

fn program(words: &[ShellWord]) -> Action {
    let program = words.iter().find(|word| !word.is_option());
    program.map_or(Action::Other, |word| Action::RunsProgram(word.text().to_owned()))
}

const PLAIN: [&str; 26] = [
    "--legacy-peer-deps",
    "--no-audit",
    "--no-fund",
    "--silent",
    "-s",
    "--quiet",
    "-q",
    "--force",
    "-f",
    "--ignore-scripts",
    "--prefer-offline",
    "--frozen-lockfile",
    "--immutable",
    "--no-optional",
    "--ignore-engines",
    "--non-interactive",
    "--no-progress",
    "--pure-lockfile",
    "--verbose",
    "--unsafe-perm",
    "--no-cache",
    "--offline",
    "--no-save",
    "--strict-peer-dependencies",
    "--no-frozen-lockfile",
    "--include=dev",
];

const PRODUCTION: [&str; 8] = [
    "--production",
    "--omit=dev",
    "--only=production",
    "--only=prod",
    "--prod",
    "-P",
    "--production=true",
    "--no-dev",
];

fn installs(words: &[ShellWord]) -> Action {
    let mut obstacles = Vec::new();
    let mut is_production = false;
    for word in words.iter().filter(|word| word.is_option() || word.literal.is_none()) {
        let text = word.text();
        let name = text.split('=').next().unwrap_or(text);
        if PRODUCTION.contains(&text) {
            is_production = true;
        } else if !PLAIN.contains(&text)
            && !matches!(name, "--loglevel" | "--fetch-timeout" | "--network-timeout" | "--registry")
        {
            obstacles.push(word.raw.clone());
        }
    }
    Action::Installs { is_production, obstacles }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(script: &str) -> Action {
        action(&Script::parse_str(script).commands[0]).expect("a package manager").1
    }

    #[test]
    fn tells_commands_apart() {
        let plain = |is_production| Action::Installs { is_production, obstacles: Vec::new() };
        assert_eq!(only("npm ci"), plain(false));
        assert_eq!(only("npm install --omit=dev --no-audit"), plain(true));
        assert_eq!(only("yarn --frozen-lockfile --production"), plain(true));
        assert_eq!(only("pnpm i --frozen-lockfile"), plain(false));
        assert_eq!(only("npm i -g pnpm@9"), Action::InstallsGlobally(vec!["pnpm@9".to_owned()]));
        assert_eq!(only("npm install express"), Action::Other);
        assert_eq!(only("npm run build"), Action::RunsScript("build".to_owned()));
        assert_eq!(only("yarn build"), Action::RunsScript("build".to_owned()));
        assert_eq!(only("npx prisma generate"), Action::RunsProgram("prisma".to_owned()));
        assert_eq!(only("npm prune --production"), Action::Prunes);
        assert!(matches!(only("npm cache clean --force"), Action::ClearsCache(_)));
        let unknown = Action::Installs { is_production: false, obstacles: vec!["--prefix=x".to_owned()] };
        assert_eq!(only("npm ci --prefix=x"), unknown);
    }
}
