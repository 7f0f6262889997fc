//! Where package managers keep their downloads, and what keeps them from doing so.

pub mod hazards;
pub mod obstacles;
pub mod own_mounts;
pub mod removal;

use super::{
    Context, ImageView,
    node::{self, Manager},
    python::{
        self, PipInstall,
        project::{self, Action, Tool},
    },
    runtime::Variables,
    split,
};
use crate::{
    docker::{Instruction, Keyword},
    shell::{Command, Script},
    source::Span,
    workspace::path,
};

/// A folder of downloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// The folder, absolute.
    pub folder: String,
    /// Who keeps downloads there.
    pub owner: &'static str,
    /// Whether only one build at a time may use it.
    pub is_exclusive: bool,
}

impl Cache {
    /// Whether it holds what was built for one C library, too: wheels of source packages.
    pub fn holds_builds(&self) -> bool {
        matches!(self.owner, "pdm" | "pip" | "poetry" | "uv")
    }
}

/// Variables that switch a cache off with any value that is set.
pub const SWITCHES: [&str; 3] = ["PIP_NO_CACHE_DIR", "UV_NO_CACHE", "POETRY_NO_CACHE"];

/// Where yarn 1 keeps its downloads in an image.
const YARN_FOLDER: &str = "/usr/local/share/.cache/yarn";

/// Whether the folder is one that only yarn 1 uses.
pub fn is_of_old_yarn(cache: &Cache) -> bool {
    cache.folder == YARN_FOLDER
}

/// The folders that the installations of a script fill, each once.
pub fn of_script(script: &Script, env: &Variables) -> Vec<Cache> {
    let mut found: Vec<Cache> = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        if is_exported_elsewhere(command) {
            break;
        }
        if let Some(cache) = of_command(index, command, env)
            && !found.contains(&cache)
        {
            found.push(cache);
        }
    }
    found
}

fn of_command(index: usize, command: &Command, env: &Variables) -> Option<Cache> {
    if is_led_elsewhere(command) {
        return None;
    }
    if let Some(pip) = python::pip_install(index, command).filter(|pip| pip.is_item) {
        if installs_from_disk(command, &pip, env) {
            return None;
        }
        return if pip.is_uv { uv(env) } else { shared(env, "pip", ("PIP_CACHE_DIR", "~/.cache/pip")) };
    }
    if let Some((tool, Action::Installs(_))) = project::action(index, command) {
        return of_tool(tool, env).filter(|_| command.is_item);
    }
    match node::action(command)? {
        (manager, node::Action::Installs { .. } | node::Action::InstallsGlobally(_)) => {
            of_manager(manager, env)
        }
        _ => None,
    }
}

/// Whether a command leads those after it to another folder: `export HOME=/x`.
fn is_exported_elsewhere(command: &Command) -> bool {
    let is_home = |word: &str| {
        let name = word.split('=').next().unwrap_or_default();
        name == "HOME" || name.to_ascii_lowercase().contains("cache") || name == "PNPM_HOME"
    };
    matches!(command.name(), "export" | "declare") && command.arguments().any(is_home)
}

/// Whether options or variables of the command itself say where it keeps downloads.
fn is_led_elsewhere(command: &Command) -> bool {
    let sets = |word: &str| {
        ["HOME=", "XDG_CACHE_HOME="].iter().any(|name| word.starts_with(name))
            || word.split('=').next().is_some_and(|name| name.to_ascii_lowercase().contains("cache_"))
    };
    let leads = |word: &str| {
        let option = word.split('=').next().unwrap_or_default();
        matches!(option, "--cache-dir" | "--cache-folder" | "--cache" | "--store-dir" | "--modules-folder")
    };
    command.assignments.iter().any(|word| sets(&word.raw)) || command.arguments().any(leads)
}

/// Whether a command tells a package manager, once and for all, where to keep downloads or to keep none.
pub fn moves_folder(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
    let Some(at) = words.windows(2).position(|pair| pair == ["config", "set"]) else { return false };
    let is_manager = matches!(command.name(), "npm" | "yarn" | "pnpm" | "pip" | "pip3" | "poetry");
    is_manager && words[at + 2..].iter().any(|word| word.contains("cache") || word.contains("store-dir"))
}

/// Whether pip is given all that it installs as wheels on disk: it then downloads and builds nothing to keep.
fn installs_from_disk(command: &Command, pip: &PipInstall, env: &Variables) -> bool {
    let has = |option: &str| command.words.iter().any(|word| word.text() == option);
    let are_wheels = pip.requirements.is_empty()
        && pip.packages.is_empty()
        && pip.editable.is_empty()
        && pip.local.iter().all(|file| file.ends_with(".whl"));
    has("--no-index") || env.contains_key("PIP_NO_INDEX") || (has("--no-deps") && are_wheels)
}

fn of_tool(tool: Tool, env: &Variables) -> Option<Cache> {
    match tool {
        Tool::Uv => uv(env),
        // poetry's environments stand in its cache unless they are led elsewhere: mounted, they would be lost.
        Tool::Poetry if keeps_environment_elsewhere(env) => {
            let cache = shared(env, "poetry", ("POETRY_CACHE_DIR", "~/.cache/pypoetry"))?;
            Some(Cache { is_exclusive: true, ..cache })
        }
        Tool::Pdm => shared(env, "pdm", ("PDM_CACHE_DIR", "~/.cache/pdm")),
        Tool::Poetry | Tool::Pipenv => None,
    }
}

fn keeps_environment_elsewhere(env: &Variables) -> bool {
    let is = |name: &str, wanted: &[&str]| {
        env.get(name).is_some_and(|value| wanted.contains(&value.to_ascii_lowercase().as_str()))
    };
    env.contains_key("VIRTUAL_ENV")
        || is("POETRY_VIRTUALENVS_CREATE", &["false", "0"])
        || is("POETRY_VIRTUALENVS_IN_PROJECT", &["true", "1"])
}

fn of_manager(manager: Manager, env: &Variables) -> Option<Cache> {
    match manager {
        Manager::Npm => shared(env, "npm", ("npm_config_cache", "~/.npm")),
        Manager::Yarn => {
            let xdg = env.get("XDG_CACHE_HOME").map(|folder| format!("{folder}/yarn"));
            let folder = shared(env, "yarn", ("YARN_CACHE_FOLDER", xdg.as_deref().unwrap_or(YARN_FOLDER)))?;
            Some(Cache { is_exclusive: true, ..folder })
        }
        Manager::Pnpm => {
            let home = env.get("PNPM_HOME").map(|home| format!("{home}/store"));
            let data = env.get("XDG_DATA_HOME").map(|folder| format!("{folder}/pnpm/store"));
            let default = home.or(data).unwrap_or_else(|| "~/.local/share/pnpm/store".to_owned());
            let store = shared(env, "pnpm", ("npm_config_store_dir", &default))?;
            Some(Cache { is_exclusive: true, ..store })
        }
    }
}

fn uv(env: &Variables) -> Option<Cache> {
    shared(env, "uv", ("UV_CACHE_DIR", "~/.cache/uv"))
}

/// The folder that `variable` names, or `default` in the home of root; `None` where a variable leads elsewhere.
fn shared(env: &Variables, owner: &'static str, (variable, default): (&str, &str)) -> Option<Cache> {
    // npm reads its variables in any case.
    let is_called = |known: &str, name: &str| {
        known == name || (name.starts_with("npm_") && known.eq_ignore_ascii_case(name))
    };
    let set = |name: &str| {
        let found = env.iter().find(|(known, _)| is_called(known, name)).map(|(_, value)| value);
        found.filter(|value| !value.is_empty())
    };
    let folder = match (set(variable), set("XDG_CACHE_HOME"), default.strip_prefix('~')) {
        (Some(own), ..) => own.clone(),
        (None, Some(cache), Some(below)) if below.starts_with("/.cache/") => {
            below.replacen("/.cache", cache, 1)
        }
        (None, _, Some(below)) => {
            format!("{}{below}", set("HOME").map_or("/root", |home| home.trim_end_matches('/')))
        }
        (None, _, None) => default.to_owned(),
    };
    let is_plain = folder.starts_with('/') && !folder.contains('$');
    is_plain.then_some(Cache { folder, owner, is_exclusive: false })
}

/// Whether yarn is of version 2 or later, as far as the file and its context tell: it keeps its downloads elsewhere.
pub fn has_new_yarn(cx: &Context, image: &ImageView) -> bool {
    let is_settings = |path: &str| path::name(path) == ".yarnrc.yml";
    let is_new = |word: &str| {
        let version = word.split_once("yarn@").map(|(_, version)| version);
        version.is_some_and(|version| !version.is_empty() && !version.starts_with("1.") && version != "1")
    };
    let names = |step: &Instruction| match step.keyword {
        Keyword::Copy | Keyword::Add => step.words.iter().any(|word| is_settings(&word.text)),
        Keyword::Run => image.script(step).commands.iter().any(|command| {
            let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
            (command.name() == "corepack" && words.iter().any(|word| is_new(word)))
                || command.name() == "yarn"
                    && (words.contains(&"--immutable") || words[1..].starts_with(&["set", "version"]))
        }),
        _ => false,
    };
    let mut known = cx.files_of(image).paths();
    known.any(|path| {
        let text = || cx.files_of(image).text(path);
        (is_settings(path) && text().is_some())
            || (path::name(path) == "package.json" && text().is_some_and(|text| asks_for_new_yarn(text)))
    }) || image.dockerfile.instructions.iter().any(names)
}

/// Whether the text of a package.json has `"packageManager": "yarn@4.1.0"` or the like.
fn asks_for_new_yarn(text: &str) -> bool {
    let version = text.split_once("\"packageManager\"").and_then(|(_, rest)| rest.split_once("\"yarn@"));
    let is_there = version.filter(|(between, _)| between.trim().trim_start_matches(':').trim().is_empty());
    is_there.is_some_and(|(_, version)| !version.starts_with("1.") && !version.starts_with("0."))
}

/// The words of a script that keep a cache empty, such as `--no-cache-dir`.
pub fn cancelling_words(script: &Script) -> Vec<Span> {
    let pips = python::pip_installs(script).into_iter().flat_map(|install| install.no_cache);
    pips.chain(project::installs(script).into_iter().flat_map(|install| install.no_cache)).collect()
}

/// Whether a command fetches packages for a later step, or installs only what was fetched before.
pub fn counts_on_downloads(command: &Command) -> bool {
    let is_offline = |word: &str| word == "--offline";
    match command.name() {
        "pnpm" => command.arguments().any(|word| word == "fetch" || is_offline(word)),
        "npm" | "yarn" | "uv" => command.arguments().any(is_offline),
        _ => false,
    }
}

/// Whether a command empties a cache.
pub fn is_purge(command: &Command, env: &Variables) -> bool {
    is_emptying(command) || split::is_cache_removal(command) || removes_named_cache(command, env)
}

/// Whether a command has a package manager empty its cache.
pub fn is_emptying(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.text()).collect();
    let pip = python::pip_word(command).map(|at| &words[at + 1..]);
    let of_node = matches!(node::action(command), Some((_, node::Action::ClearsCache(_))));
    let of_tool = matches!(words[..], ["poetry" | "uv", "cache", "clear" | "clean" | "prune", ..]);
    matches!(pip, Some(["cache", "purge", ..])) || of_node || of_tool
}

/// `rm -rf $POETRY_CACHE_DIR`.
fn removes_named_cache(command: &Command, env: &Variables) -> bool {
    let variables = ["PIP_CACHE_DIR", "UV_CACHE_DIR", "POETRY_CACHE_DIR", "YARN_CACHE_FOLDER"];
    let is_named = |word: &str| {
        let name = word.trim_matches('"').trim_start_matches('$').trim_matches(['{', '}']);
        variables.contains(&name) && env.contains_key(name)
    };
    let mut operands = command.words.iter().skip(1).filter(|word| !word.is_option()).peekable();
    command.name() == "rm" && operands.peek().is_some() && operands.all(|word| is_named(&word.raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(script: &str, env: &[(&str, &str)]) -> Vec<String> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        of_script(&Script::parse_str(script), &env).into_iter().map(|cache| cache.folder).collect()
    }

    #[test]
    fn each_program_has_its_folder() {
        assert_eq!(folders("pip install -U pip && pip install -r r.txt", &[]), ["/root/.cache/pip"]);
        assert_eq!(
            folders("pip install uv && uv pip install x", &[]),
            ["/root/.cache/pip", "/root/.cache/uv"]
        );
        assert_eq!(folders("pip install --no-index --find-links /w x", &[]), [""; 0]);
        assert_eq!(folders("pip install --no-deps ./x-1-py3-none-any.whl", &[]), [""; 0]);
        assert_eq!(folders("pip install ./x-1-py3-none-any.whl", &[]), ["/root/.cache/pip"]);
        assert_eq!(folders("uv sync", &[("UV_CACHE_DIR", "/c")]), ["/c"]);
        assert_eq!(folders("uv sync", &[("UV_CACHE_DIR", "$X/c")]), [""; 0]);
        assert_eq!(folders("pip install x", &[("HOME", "/app")]), ["/app/.cache/pip"]);
        assert_eq!(folders("pip install x", &[("XDG_CACHE_HOME", "/c")]), ["/c/pip"]);
        assert_eq!(folders("npm ci", &[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]), ["/h/.npm"]);
        assert_eq!(folders("poetry install", &[]), [""; 0]);
        assert_eq!(folders("poetry install", &[("VIRTUAL_ENV", "/v")]), ["/root/.cache/pypoetry"]);
        assert_eq!(folders("npm ci && npm run build", &[]), ["/root/.npm"]);
        assert_eq!(folders("yarn install", &[]), ["/usr/local/share/.cache/yarn"]);
    }

    #[test]
    fn purges_are_known() {
        let env = Variables::new().insert("POETRY_CACHE_DIR".to_owned(), "/tmp/p".to_owned());
        let purges = |script: &str| is_purge(&Script::parse_str(script).commands[0], &env);
        assert!(purges("rm -rf $POETRY_CACHE_DIR") && purges("rm -rf \"${POETRY_CACHE_DIR}\""));
        assert!(purges("pip cache purge") && purges("yarn cache clean") && purges("uv cache clean"));
        assert!(!purges("rm -rf $HOME") && !purges("pip install x"));
    }
}
