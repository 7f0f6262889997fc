//! An image that runs as root: what a user of its own needs, and what stands in its way.

mod code;
mod packages_of_root;
mod ports;
mod services;
mod start;
mod steps;
mod unseen;
mod written;

use std::collections::BTreeSet;

use super::{
    Context, ImageView, build_context,
    contract::join_path,
    runtime::{self, State},
    writers,
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::users::{self, AccountKind},
    reason::Reason,
    shell::Command,
};

/// Folders that a service does not get for itself: root's, the system's, and those that are everybody's.
const OF_THE_SYSTEM: [&str; 18] = [
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/var",
    "/var/tmp",
];

/// The user that an image is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name, and that of its group.
    pub name: &'static str,
    /// Its number, and that of its group.
    pub id: u32,
    /// Whether the base image brings it.
    pub is_of_base: bool,
}

/// What a user of its own needs, and what speaks against it.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Folders beside the working directory that the user has to own.
    pub folders: Vec<String>,
    /// What speaks against it.
    pub reasons: Vec<Reason>,
}

/// The number that most hosts give to their first user, to whom the files of bind mounts belong as a rule.
const FIRST: u32 = 1000;

impl Account {
    /// The user for an image: `node` where the base brings it, or a new one with the first number that is free.
    pub fn of(image: &ImageView) -> Self {
        if image.root().official_name() == Some("node") {
            return Self { name: "node", id: FIRST, is_of_base: true };
        }
        let states = runtime::states(image);
        let accounts = &states[states.len() - 1].accounts;
        let name = if accounts.contains("app") { "service" } else { "app" };
        let is_free = |id: &u32| {
            let is_taken = |kind| users::taken(kind, *id).is_some();
            !is_taken(AccountKind::User) && !is_taken(AccountKind::Group) && !names_number(image, *id)
        };
        let id = (FIRST..).take(1000).find(is_free).unwrap_or(FIRST);
        Self { name, id, is_of_base: false }
    }
}

/// Whether a step makes an account, and names this number.
fn names_number(image: &ImageView, id: u32) -> bool {
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut commands = runs.flat_map(|step| &image.script(step).commands);
    let number = id.to_string();
    commands
        .any(|command| runtime::account(command).is_some() && command.arguments().any(|word| word == number))
}

/// What the image and its services tell of a user of its own.
pub fn look(cx: &Context, image: &ImageView, account: &Account) -> Findings {
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let mut found = Findings::default();
    found.reasons.extend(of_workdir(image, workdir));
    found.reasons.extend(steps::reasons(cx, image, workdir));
    services::look(cx, image, (account, workdir), &mut found);
    written::look(cx, image, workdir, &mut found);
    found.reasons.extend(ports::reasons(cx, image));
    found.reasons.extend(packages_of_root::reasons(cx, image));
    found.reasons.extend(start::reasons(cx, image));
    found.reasons.extend(unseen::reasons(cx, image));
    let mut seen = BTreeSet::new();
    found.folders.retain(|folder| !is_of_system(folder) && seen.insert(folder.clone()));
    found
}

/// A working directory that is not the service's own.
fn of_workdir(image: &ImageView, workdir: &str) -> Option<Reason> {
    let span = image.base_word().span;
    let is_plain = workdir.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c));
    match workdir {
        "/" => Some(Reason::known("USER-13", span, "it works in /, which stays root's")),
        _ if is_of_system(workdir) => Some(Reason::known(
            "USER-13",
            span,
            format!("it works in {workdir}, which belongs to the system"),
        )),
        _ if !is_plain => Some(Reason::known(
            "USER-13",
            span,
            format!("its working directory {workdir} holds more than plain characters"),
        )),
        _ => None,
    }
}

fn is_of_system(folder: &str) -> bool {
    folder == "/" || OF_THE_SYSTEM.contains(&folder.trim_end_matches('/'))
}

/// Whether a command makes `folder`, an absolute path.
pub fn makes(command: &Command, state: &State, folder: &str) -> bool {
    command.name() == "mkdir"
        && command.is_item
        && command.arguments().any(|word| state.known(word).trim_end_matches('/') == folder)
}

/// The steps of the final stage that bring the project's files: from the build context, or as a built folder.
///
/// What goes elsewhere than to the working directory, such as a program in /usr/local/bin, stays root's.
pub fn source_copies<'a>(image: &ImageView<'a>) -> Vec<&'a Instruction> {
    let states = runtime::states(image);
    let workdir = &*states[states.len() - 1].workdir;
    let is_built = |step: &Instruction, at: &str| {
        let from = step.flag("from").and_then(|flag| flag.value.as_deref());
        let target = step.words.last().map(|word| join_path(at, &word.text)).unwrap_or_default();
        from.is_some_and(|from| image.dockerfile.stage_named(from).is_some())
            && workdir != "/"
            && target.trim_end_matches('/') == workdir
    };
    let is_own = |step: &Instruction, state: &State| {
        let target = build_context::local_copy(step).map(|(_, target)| target);
        target.is_some_and(|target| {
            writers::is_below(&join_path(&state.workdir, &state.known(&target.text)), workdir)
        })
    };
    let steps = image.instructions().iter().zip(&states);
    steps
        .filter(|(step, state)| is_own(step, state) || is_built(step, &state.workdir))
        .map(|(step, _)| step)
        .collect()
}
