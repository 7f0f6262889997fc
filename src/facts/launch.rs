//! What a service ends up starting: through the scripts of package.json, and those that the image starts.

use super::{
    Context, node,
    runtime::Variables,
    service::{CommandLine, Running, lines_in},
    start,
    start_scripts::Finder,
    workers,
};
use crate::{manifest::package_json, shell::Script, workspace::path};

/// The commands that a service starts, those inside its scripts too, and the variables that hold for them.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The command lines.
    pub lines: Vec<CommandLine>,
    /// The environment, with what scripts set of the variables that count.
    pub env: Variables,
}

/// How many scripts may start each other.
const DEEPEST: usize = 8;

/// What the service starts, or why that is not known, in words.
///
/// # Errors
/// When a script is not in the project, cannot be read, or leads back to itself.
pub fn of(cx: &Context, running: &Running) -> Result<Launch, String> {
    let mut lines = Vec::new();
    let finder = start::finder(cx, running);
    for line in joined(&running.commands) {
        follow(cx, (running, &finder), (line, 0), &mut lines)?;
    }
    let env = with_assignments(running.state.env.clone(), &lines);
    Ok(Launch { lines, env })
}

/// The command lines, where one that is only options or follows a package manager belongs to the one before.
fn joined(commands: &[CommandLine]) -> Vec<CommandLine> {
    let mut lines: Vec<CommandLine> = Vec::new();
    for line in commands {
        let is_option = line.words.first().is_some_and(|word| word.starts_with('-'));
        let takes_more = |last: &CommandLine| last.words.last().is_some_and(|word| is_manager(word));
        match lines.last_mut() {
            Some(last) if is_option || takes_more(last) => last.words.extend(line.words.iter().cloned()),
            _ => lines.push(line.clone()),
        }
    }
    lines
}

/// Takes in a line with what it starts: the scripts before it, since they end with it, and those of npm after it.
fn follow(
    cx: &Context,
    (running, finder): (&Running, &Finder),
    (line, depth): (CommandLine, usize),
    found: &mut Vec<CommandLine>,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("its scripts start each other".to_owned());
    }
    if line.shell_text().is_some() {
        return Err("its shell command cannot be read".to_owned());
    }
    for script in start::named(&line).iter().filter_map(|name| finder.script(name)) {
        let name = &script.name;
        if script.text.is_none() && is_of_node(running, name) {
            continue;
        }
        let text = script.text.ok_or_else(|| format!("the text of {name} is not known"))?;
        let parsed = Script::parse_str(text);
        if parsed.unreadable.is_some() {
            return Err(format!("{name} cannot be read as a shell script"));
        }
        for inner in lines_in(&parsed, line.file, line.span) {
            // A script that names itself does so in a message, or starts again what is known already.
            match inner.words.iter().any(|word| word == name) {
                true => found.push(inner),
                false => follow(cx, (running, finder), (inner, depth + 1), found)?,
            }
        }
    }
    let script = of_package(cx, running, &line.words)?;
    let (file, span) = (line.file, line.span);
    found.push(line);
    for inner in script.iter().flat_map(|script| lines_in(script, file, span)) {
        follow(cx, (running, finder), (inner, depth + 1), found)?;
    }
    Ok(())
}

/// Whether a script is the entrypoint of the image of Node, which starts what it is given.
///
/// <https://github.com/nodejs/docker-node/blob/main/docker-entrypoint.sh>
fn is_of_node(running: &Running, name: &str) -> bool {
    path::name(name) == "docker-entrypoint.sh" && running.image.root().official_name() == Some("node")
}

/// The script of package.json that a package manager among the words runs.
fn of_package(cx: &Context, running: &Running, words: &[String]) -> Result<Option<Script>, String> {
    let Some(at) = words.iter().position(|word| is_manager(word)) else { return Ok(None) };
    let words = &words[at..];
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let call = Script::parse_str(&quoted.join(" "));
    let action = call.commands.first().and_then(node::action);
    let unknown = || format!("what `{}` runs is not known", words.join(" "));
    let name = match action {
        Some((_, node::Action::RunsScript(name))) => name,
        _ if words.iter().any(|word| word == "start" || word == "run") => return Err(unknown()),
        _ => return Ok(None),
    };
    let path = running.project_file(cx, "package.json").ok_or_else(unknown)?;
    let text = cx.files_of(&running.image).text(&path).ok_or_else(unknown)?;
    let manifest = cx.manifests.packages.get_or_read(&path, || package_json::read(text));
    let manifest = manifest.map_err(|_| unknown())?;
    match manifest.script(&name) {
        Some(script) => Ok(Some(Script::parse_str(script))),
        // yarn and pnpm start programs of the installed packages by their names alone.
        None if path::name(&words[0]) != "npm" => Ok(None),
        None => Err(unknown()),
    }
}

fn is_manager(word: &str) -> bool {
    matches!(path::name(word), "npm" | "yarn" | "yarnpkg" | "pnpm")
}

/// The environment with the assignments of the lines: in front of a command, after `export`, after `env`.
fn with_assignments(mut env: Variables, lines: &[CommandLine]) -> Variables {
    for word in lines.iter().flat_map(|line| line.assignments.iter().chain(&line.words)) {
        let Some((name, value)) = word.split_once('=') else { continue };
        let value = value.trim_matches(['"', '\'']);
        let is_default = value.contains(&format!("${{{name}")) || value.contains(&format!("${name}"));
        let is_kept = is_default && env.get(name).is_some();
        if workers::VARIABLES.contains(&name) && !is_kept {
            env.insert_mut(name.to_owned(), value.to_owned());
        }
    }
    env
}
