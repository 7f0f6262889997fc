//! Whether the image can do without the development dependencies of its project, and what removes them.

use super::{
    super::super::{
        Context, ImageView,
        build_context::Steps,
        caches, commands,
        contract::join_path,
        evidence::NodeProject,
        node::{self, Action, Manager},
        programs::is_shell,
        runtime, start_scripts,
    },
    programs,
};
use crate::{
    effects::{Effect, Finding, package_of},
    reason::{Reason, Surety},
    shell::{Command, Script},
    source::Span,
    workspace::path,
};

/// How deep scripts that call scripts are followed.
const DEEPEST: usize = 8;

/// Programs of packages that start what their arguments or settings tell of.
const STARTING: [&str; 12] = [
    "concurrently",
    "dotenv",
    "dotenvx",
    "env-cmd",
    "nodemon",
    "npm-run-all",
    "npm-run-all2",
    "pm2",
    "run-p",
    "run-s",
    "start-server-and-test",
    "wait-on",
];

/// Commands of the shell and of the system, which need no package.
const PLAIN: [&str; 18] = [
    "", ":", "[", "cd", "curl", "echo", "exit", "export", "mkdir", "printf", "rm", "set", "sleep", "test",
    "true", "umask", "wait", "wget",
];

/// The command that removes the development dependencies, and who may need them all the same; reasons have no place yet.
///
/// # Errors
/// What is known to need them, or why no command removes them.
pub(super) fn prune(
    cx: &Context,
    image: &ImageView,
    project: &NodeProject,
) -> Result<(String, Vec<Reason>), Reason> {
    if project.manager == Manager::Yarn && caches::has_new_yarn(cx, image) {
        return Err(known("how this version of yarn removes development dependencies is not known"));
    }
    if is_workspace(cx, image, project) {
        return Err(known("the project is a workspace of several packages"));
    }
    let needs = Needs { cx, image, project, depth: 0 };
    let mut found = Vec::new();
    for words in commands::run_by(cx, image) {
        found.extend(needs.of_words(&words).err());
    }
    for (script, text) in start_scripts::known(cx, image) {
        found.extend(needs.of_text(text).err().map(|reason| reason.from(script)));
    }
    for options in node_options(cx, image) {
        let words: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
        found.extend(needs.of_options(&words).err());
    }
    found.extend(imported(cx, image, project));
    if let Some(at) = found.iter().position(|reason| reason.surety == Surety::Known) {
        return Err(found.swap_remove(at));
    }
    let span = image.instructions()[0].span;
    let doubts = found.into_iter().map(|reason| Reason { span, ..reason }).collect();
    let tag = image.root().tag.as_deref().unwrap_or_default();
    let major = tag.split(['.', '-']).next().and_then(|text| text.parse::<u32>().ok());
    // npm 6, which comes with Node up to 14, does not know --omit.
    let is_old = project.manager == Manager::Npm && major.is_some_and(|major| major < 15);
    Ok((if is_old { "npm prune --production" } else { project.manager.prune() }.to_owned(), doubts))
}

fn known(what: impl Into<String>) -> Reason {
    Reason::known("MS-20", Span::at(0), what)
}

fn doubt(what: impl Into<String>) -> Reason {
    Reason::doubt("MS-20", Span::at(0), what)
}

/// Why what is installed would not be in node_modules.
pub(super) fn elsewhere(cx: &Context, image: &ImageView, project: &NodeProject) -> Option<String> {
    let is_new = project.manager == Manager::Yarn && caches::has_new_yarn(cx, image);
    let links = |text: &str| text.lines().any(|line| line.trim_end() == "nodeLinker: node-modules");
    let mut settings = cx.files_of(image).paths().filter(|path| path::name(path) == ".yarnrc.yml");
    let is_linked = settings.any(|path| cx.files_of(image).text(path).is_some_and(|text| links(text)));
    (is_new && !is_linked).then(|| {
        "yarn from version 2 on keeps packages outside of node_modules, unless nodeLinker says so".to_owned()
    })
}

/// Whether the installation serves several packages, each with a folder of its own.
pub(super) fn is_workspace(cx: &Context, image: &ImageView, project: &NodeProject) -> bool {
    let steps = Steps::of(cx, image);
    let end = steps.instructions.len();
    let has = |folder: &str| {
        let wanted = join_path(folder, "pnpm-workspace.yaml");
        let found = steps.origin(cx, 0..end, &wanted);
        found.is_some_and(|(_, file)| {
            cx.files_of(image).text(&file).is_some_and(|text| text.contains("packages:"))
        })
    };
    if project.manager == Manager::Pnpm && is_member(cx, image) {
        return true;
    }
    let mut folders: Vec<&str> = steps.states.iter().map(|state| &*state.workdir).collect();
    folders.dedup();
    project.package.has_workspaces || (project.manager == Manager::Pnpm && folders.into_iter().any(has))
}

/// Whether the build context lies in a workspace of pnpm.
fn is_member(cx: &Context, image: &ImageView) -> bool {
    let mut folder = &*image.image.context;
    while !folder.is_empty() && !folder.starts_with("..") {
        folder = path::parent(folder);
        if cx.files_of(image).text(&path::join(folder, "pnpm-workspace.yaml")).is_some() {
            return true;
        }
    }
    false
}

/// What NODE_OPTIONS holds, in the image and in its services.
fn node_options(cx: &Context, image: &ImageView) -> Vec<String> {
    let states = runtime::states(image);
    let own = states[states.len() - 1].env.get("NODE_OPTIONS").cloned();
    let services = cx.services_of(image.image);
    let variables = services.iter().flat_map(|view| &view.service.environment);
    let set = variables.filter(|variable| variable.value.name == "NODE_OPTIONS");
    own.into_iter().chain(set.filter_map(|variable| variable.value.value.clone())).collect()
}

/// Program text that imports a development dependency, which a build need not have bundled.
fn imported(cx: &Context, image: &ImageView, project: &NodeProject) -> Option<Reason> {
    let text = cx.files_of(image).program_text();
    let is_config = |file: &str| path::name(file).starts_with("next.config.");
    let mut files = text.files.iter().map(|(file, _)| file);
    let needs_typescript =
        files.find(|file| is_config(file) && file.ends_with("ts") && is_development("typescript", project));
    if let Some(file) = needs_typescript {
        return Some(known(format!(
            "next reads {file} with typescript, a development dependency, as it starts"
        )));
    }
    let is_for_development = |found: &&Finding| {
        is_development(&found.argument, project) && (may_run(&found.file) || is_config(&found.file))
    };
    let Finding { argument, file, line, .. } = text.of(Effect::Imports).find(is_for_development)?;
    let what = format!(
        "imports {argument}, a development dependency, which is missing when it runs unless the build bundles it"
    );
    Some(doubt(what).from(format!("{file}:{line}")))
}

/// Whether a file of program text is more than a test or the settings of a tool.
fn may_run(file: &str) -> bool {
    let name = path::name(file);
    ![".config.", ".test.", ".spec.", ".stories.", ".setup."].iter().any(|part| name.contains(part))
        && !["gulpfile.", "Gruntfile.", "gruntfile.", "jest."].iter().any(|start| name.starts_with(start))
}

fn is_development(package: &str, project: &NodeProject) -> bool {
    let has = |list: &[(String, String)]| list.iter().any(|(name, _)| name == package);
    has(&project.package.dev_dependencies) && !has(&project.package.dependencies)
}

/// What is started, and what that needs.
#[derive(Clone, Copy)]
struct Needs<'p> {
    cx: &'p Context<'p>,
    image: &'p ImageView<'p>,
    project: &'p NodeProject,
    depth: usize,
}

impl Needs<'_> {
    fn of_text(self, text: &str) -> Result<(), Reason> {
        if self.depth > DEEPEST {
            return Err(doubt("the scripts of package.json call each other without end"));
        }
        let script = Script::parse_str(text);
        if let Some(why) = &script.unreadable {
            return Err(doubt(format!("what the image starts cannot be read as a shell script ({why})")));
        }
        let deeper = Self { depth: self.depth + 1, ..self };
        script.commands.iter().try_for_each(|command| deeper.of_command(command))
    }

    fn of_command(self, command: &Command) -> Result<(), Reason> {
        let options = command.assignments.iter().filter_map(|assignment| {
            assignment
                .raw
                .strip_prefix("NODE_OPTIONS=")
                .map(|value| value.trim_matches(['"', '\'']).to_owned())
        });
        for options in options {
            self.of_options(&options.split_whitespace().map(str::to_owned).collect::<Vec<_>>())?;
        }
        self.of_words(&command.words.iter().map(|word| word.text().to_owned()).collect::<Vec<_>>())
    }

    /// Requires that what a command starts needs no development dependency.
    fn of_words(self, words: &[String]) -> Result<(), Reason> {
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        let name = path::name(first);
        match name {
            "tini"
            | "dumb-init"
            | "docker-entrypoint.sh"
            | "exec"
            | "env"
            | "cross-env"
            | "nohup"
            | "time" => {
                self.package(name)?;
                let own = rest.iter().position(|word| !word.starts_with('-') && !word.contains('='));
                self.of_words(own.map_or(&[][..], |at| &rest[at..]))
            }
            _ if is_shell(name) => match rest.iter().position(|word| is_text_option(word)) {
                Some(at) => self.of_text(rest.get(at + 1).map_or("", String::as_str)),
                None => self.of_shell_script(rest),
            },
            "node" | "nodejs" => self.of_node(rest),
            _ => self.of_manager(words),
        }
    }

    /// A script that a shell is started with.
    fn of_shell_script(self, words: &[String]) -> Result<(), Reason> {
        let scripts = start_scripts::named(self.cx, self.image, words);
        scripts.into_iter().try_for_each(|script| match script.text {
            Some(text) => self.of_text(text),
            None => Err(doubt(format!(
                "{} is not in the build context, so what it starts is not known",
                script.name
            ))),
        })
    }

    /// What package managers run, or any other program.
    fn of_manager(self, words: &[String]) -> Result<(), Reason> {
        let line: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', ""))).collect();
        let script = Script::parse_str(&line.join(" "));
        let Some(command) = script.commands.first() else { return Ok(()) };
        match node::action(command) {
            Some((_, Action::RunsScript(name))) => self.of_script(&name),
            Some((_, Action::RunsProgram(name))) => self.program(&name),
            Some(_) => Err(doubt(format!(
                "the image starts `{}`, and what that needs is not known",
                words.join(" ")
            ))),
            None => self.program(path::name(command.name())),
        }
    }

    /// The script of package.json, with those that npm runs before and after it.
    fn of_script(self, name: &str) -> Result<(), Reason> {
        if self.project.package.script(name).is_none() {
            return Err(doubt(format!("the script {name} is not in package.json")));
        }
        let names = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
        let texts = names.iter().filter_map(|name| self.project.package.script(name));
        texts.into_iter().try_for_each(|text| self.of_text(text))
    }

    /// What `node` loads before the program, and the program where it is one of a package.
    fn of_node(self, words: &[String]) -> Result<(), Reason> {
        self.of_options(words)?;
        if let Some(at) = words.iter().position(|word| word == "--run") {
            return words.get(at + 1).map_or(Ok(()), |name| self.of_script(name));
        }
        let mut programs = words.iter().filter_map(|word| word.split("node_modules/").nth(1));
        programs.try_for_each(|inner| match inner.strip_prefix(".bin/") {
            Some(name) => self.program(name),
            None => self.package(package_of(inner)),
        })
    }

    /// The modules that options of node name.
    fn of_options(self, words: &[String]) -> Result<(), Reason> {
        const LOADING: [&str; 5] = ["-r", "--require", "--import", "--loader", "--experimental-loader"];
        for (at, word) in words.iter().enumerate() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (word.as_str(), words.get(at + 1).map(String::as_str)),
            };
            let module = value.filter(|value| LOADING.contains(&option) && !value.starts_with(['.', '/']));
            module.map_or(Ok(()), |module| self.package(package_of(module)))?;
        }
        Ok(())
    }

    /// Requires of a program that it is none of a package, or of one that stays.
    fn program(self, name: &str) -> Result<(), Reason> {
        if PLAIN.contains(&name) || name.ends_with(".sh") {
            return Ok(());
        }
        if STARTING.contains(&name) {
            return Err(doubt(format!("what {name} starts is not looked at, and may need more")));
        }
        let package = programs::owner(name);
        let is_dependency = self.project.package.dependencies.iter().any(|(known, _)| known == package);
        if is_dependency {
            return Ok(());
        }
        let what = format!("the image starts {name}, which is no dependency at run time in package.json");
        Err(if is_development(package, self.project) { known(what) } else { doubt(what) })
    }

    fn package(self, name: &str) -> Result<(), Reason> {
        match is_development(name, self.project) {
            true => Err(known(format!("the image loads {name}, a development dependency, as it starts"))),
            false => Ok(()),
        }
    }
}

/// `-c`, alone or among other letters.
fn is_text_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_settings_do_not_run() {
        for file in ["a/b.test.ts", "vite.config.ts", "src/x.spec.js", "jest.setup.js"] {
            assert!(!may_run(file), "{file}");
        }
        assert!(may_run("src/server.ts") && may_run("config/index.js"));
    }
}
