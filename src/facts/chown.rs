//! A `chown -R` near the end of a stage: what it gives away, and whether COPY could do it.

use std::collections::HashSet;

use super::{
    ImageView, build_context,
    contract::join_path,
    node, python,
    runtime::{self, State},
};
use crate::{
    docker::{Instruction, Keyword, expand},
    reason::Reason,
    shell::{Command, Script},
    stages,
};

/// A `chown -R` of the final stage.
#[derive(Clone, Debug)]
pub struct Give<'a> {
    /// The RUN, by its place in the stage.
    pub step: usize,
    /// The command.
    pub command: Command,
    /// The owner, as it is written.
    pub owner: &'a str,
    /// What it owns then, absolute; variables are replaced where they are known.
    pub folders: Vec<String>,
    /// Items of the same RUN that make the user, to be moved above the files.
    pub accounts: Vec<usize>,
}

/// The last `chown -R` before the last USER.
pub fn find<'a>(image: &ImageView<'a>, states: &[State]) -> Option<Give<'a>> {
    let last_user = image.instructions().iter().rposition(|step| step.keyword == Keyword::User)?;
    for (step, instruction) in image.instructions()[..last_user].iter().enumerate().rev() {
        if instruction.keyword != Keyword::Run || !instruction.heredocs.is_empty() {
            continue;
        }
        let script = image.script(instruction);
        let found = script
            .commands
            .iter()
            .find(|command| command.is_item && command.name() == "chown" && is_recursive(command));
        let Some(command) = found else { continue };
        let operands: Vec<&str> = command.arguments().filter(|word| !word.starts_with('-')).collect();
        let (owner, folders) = operands.split_first()?;
        let owner = instruction.span.of(image.text).find(owner).map(|at| {
            let start = instruction.span.start() + at;
            &image.text[start..start + owner.len()]
        })?;
        let folders = folders.iter().map(|folder| expanded(&states[step], folder)).collect();
        let accounts = leading_accounts(script);
        return Some(Give { step, command: command.clone(), owner, folders, accounts });
    }
    None
}

/// Whether several commands give away trees of files, one after the other.
pub fn are_several(image: &ImageView) -> bool {
    let runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let commands = runs.flat_map(|step| &image.script(step).commands);
    commands.filter(|command| command.name() == "chown" && is_recursive(command)).nth(1).is_some()
}

/// The items at the start of a RUN that make users and groups, if something else follows.
fn leading_accounts(script: &Script) -> Vec<usize> {
    let is_account =
        |index: &usize| script.command_of(*index).is_some_and(|command| runtime::account(command).is_some());
    let leading: Vec<usize> = (0..script.items.len()).take_while(is_account).collect();
    match script.is_plain_list() && leading.len() < script.items.len() {
        true => leading,
        false => Vec::new(),
    }
}

fn is_recursive(command: &Command) -> bool {
    command.arguments().any(|word| word == "-R" || word == "--recursive")
}

/// The COPYs that can own their files at once.
///
/// # Errors
/// Why `chown -R` has to stay.
pub fn owned_copies<'a>(
    image: &ImageView<'a>,
    states: &[State],
    give: &Give,
) -> Result<Vec<&'a Instruction>, Box<Reason>> {
    let span = image.instructions()[give.step].span;
    let stay = |what: String| Err(Box::new(Reason::known("USER-11", span, what)));
    if let Some(folder) = give.folders.iter().find(|folder| !is_plain(folder)) {
        return stay(format!("which folder {folder} is depends on the shell"));
    }
    let is_of_base = |folder: &&String| {
        let at = |parent: &str| is_below(folder, &[parent.to_owned()]);
        let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
        let mut commands = runs.flat_map(|step| &image.script(step).commands);
        let is_made = commands.any(|command| {
            command.name() == "mkdir"
                && command.arguments().any(|word| word.trim_end_matches('/') == folder.as_str())
        });
        !is_made && (["/etc", "/lib", "/var"].into_iter().any(at) || (at("/usr") && !at("/usr/src")))
    };
    if let Some(folder) = give.folders.iter().find(is_of_base) {
        return stay(format!("the base image may hold files in {folder}"));
    }
    let mut copies = Vec::new();
    for (index, instruction) in image.instructions()[..give.step].iter().enumerate() {
        match instruction.keyword {
            Keyword::Copy | Keyword::Add => {
                if let Some(copy) = owned_copy(image, (instruction, &states[index]), give)? {
                    copies.push(copy);
                }
            }
            Keyword::Volume if instruction.words.iter().any(|word| is_below(&word.text, &give.folders)) => {
                return Err(stays(instruction, "makes a volume", give));
            }
            Keyword::Run if writes_elsewhere(image, instruction, !copies.is_empty()) => {
                return Err(stays(instruction, "may write files", give));
            }
            _ => {}
        }
    }
    let made = made_folders(image, states, give)?;
    let script = image.script(&image.instructions()[give.step]);
    let is_filled = |folder: &&String| {
        let at = [(*folder).clone()];
        let target =
            |copy: &&Instruction| target_of(image, states, copy).is_some_and(|to| is_below(&to, &at));
        !copies.iter().any(target) && !made.contains(folder)
    };
    match (script.is_plain_list() && !has_other_writers(script), give.folders.iter().find(is_filled)) {
        (true, Some(folder)) if !copies.is_empty() => stay(format!("what {folder} holds is not known")),
        (true, _) => Ok(copies),
        (false, _) => stay("the RUN does other things too".to_owned()),
    }
}

/// A COPY below the folders, if it can own its files; nothing for one elsewhere, or with that owner already.
///
/// # Errors
/// Why it cannot.
fn owned_copy<'a>(
    image: &ImageView<'a>,
    (copy, state): (&'a Instruction, &State),
    give: &Give,
) -> Result<Option<&'a Instruction>, Box<Reason>> {
    let Some(target) = copy.words.last().or(copy.json.as_ref().and_then(|words| words.last())) else {
        return Ok(None);
    };
    let target = expanded(state, &target.text);
    if is_plain(&target) && !is_below(&target, &give.folders) && !is_above(&target, &give.folders) {
        return Ok(None);
    }
    let owner = copy.flag("chown").and_then(|flag| flag.value.as_deref());
    if owner == Some(give.owner) {
        return Ok(None);
    }
    if build_context::local_copy(copy).is_none() || owner.is_some() || !is_below(&target, &give.folders) {
        return Err(stays(copy, "brings files that only it gives away", give));
    }
    if copy.flag("link").is_some() && give.owner.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        let what = format!("with --link a COPY knows no names, such as {}", give.owner);
        return Err(Box::new(Reason::known("USER-09", copy.span, what)));
    }
    let name = give.owner.split(':').next().unwrap_or_default();
    let group = give.owner.split(':').nth(1).unwrap_or(name);
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_base = |name: &str| image.stage().base.official_name() == Some("node") && name == "node";
    let script = image.script(&image.instructions()[give.step]);
    let exists = |name: &str| {
        let mut made = give.accounts.iter().filter_map(|item| script.command_of(*item));
        is_number(name)
            || name == "root"
            || name.is_empty()
            || state.accounts.contains(name)
            || is_of_base(name)
            || made.any(|command| runtime::account(command) == Some(name))
    };
    match exists(name) && exists(group) {
        true => Ok(Some(copy)),
        false => Err(Box::new(Reason::known(
            "USER-09",
            copy.span,
            format!("{} is made below this step, which copies files", give.owner),
        ))),
    }
}

fn stays(step: &Instruction, does: &str, give: &Give) -> Box<Reason> {
    Box::new(Reason::known(
        "USER-11",
        step.span,
        format!("this step {does} below {}", give.folders.join(", ")),
    ))
}

/// Where a COPY brings its files.
fn target_of(image: &ImageView, states: &[State], copy: &Instruction) -> Option<String> {
    let index = image.instructions().partition_point(|step| step.span < copy.span);
    Some(expanded(&states[index], &copy.words.last()?.text))
}

/// A path as the step sees it: variables of ENV and ARG replaced where they are known.
fn expanded(state: &State, path: &str) -> String {
    let values = |name: &str| state.env.get(name).cloned();
    let whole = |path: &str| expand::word(path, '\\', &values).unwrap_or_else(|| path.to_owned());
    let (workdir, path) = (whole(&state.workdir), whole(path));
    // A variable that is not known may hold an absolute path.
    if path.starts_with('$') { path } else { join_path(&workdir, &path) }
}

/// Whether the shell takes a path as it is written.
fn is_plain(path: &str) -> bool {
    !path.contains(['$', '`', '*', '?', '[', '{', '"', '\'', '~'])
}

/// Whether a folder of `folders` lies in `path`, so that what is copied there may lie in it.
fn is_above(path: &str, folders: &[String]) -> bool {
    folders.iter().any(|folder| {
        is_below(folder, &[path.to_owned()]) && folder.trim_end_matches('/') != path.trim_end_matches('/')
    })
}

fn is_below(path: &str, folders: &[String]) -> bool {
    let path = path.trim_end_matches('/');
    folders.iter().any(|folder| {
        let folder = folder.trim_end_matches('/');
        path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether a RUN may make files that `chown -R` was meant for; before the first COPY, installations do not.
fn writes_elsewhere(image: &ImageView, instruction: &Instruction, is_late: bool) -> bool {
    let script = image.script(instruction);
    let is_installation = |command: &Command| {
        python::pip_word(command).is_some()
            || node::action(command).is_some()
            || matches!(command.name(), "python" | "python3" | "corepack")
    };
    script.unreadable.is_some()
        || script.commands.iter().any(|command| !is_fine(command) && (is_late || !is_installation(command)))
}

fn has_other_writers(script: &Script) -> bool {
    script.commands.iter().any(|command| !is_fine(command))
}

fn is_fine(command: &Command) -> bool {
    stages::is_harmless(command) && !matches!(command.name(), "touch" | "install" | "ln")
}

/// The folders below the given ones that WORKDIR and `mkdir` made, each with those above it, in order.
///
/// # Errors
/// When it is not known which they are.
pub fn made_folders(image: &ImageView, states: &[State], give: &Give) -> Result<Vec<String>, Box<Reason>> {
    let mut made: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut make = |folder: &str| {
        let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for count in 1..=parts.len() {
            let folder = format!("/{}", parts[..count].join("/"));
            let is_given = give.folders.iter().any(|given| given.trim_end_matches('/') == folder);
            if is_below(&folder, &give.folders) && !is_given && seen.insert(folder.clone()) {
                made.push(folder);
            }
        }
    };
    for (index, instruction) in image.instructions()[..=give.step].iter().enumerate() {
        match instruction.keyword {
            Keyword::Workdir => make(&expanded(&states[index + 1], ".")),
            Keyword::Run => {
                let commands = image.script(instruction).commands.iter();
                for word in
                    commands.filter(|command| command.name() == "mkdir").flat_map(|mkdir| &mkdir.words[1..])
                {
                    if word.is_option() {
                        continue;
                    }
                    let folder = expanded(&states[index], word.text());
                    if !is_plain(&folder) {
                        return Err(stays(instruction, "may make folders", give));
                    }
                    make(&folder);
                }
            }
            _ => {}
        }
    }
    Ok(made)
}
