//! The numbers of new users and groups: taken on Alpine, not known, or other ones than on Debian.

use std::collections::BTreeSet;

use super::{
    accounts::{self, Groups, Translation, check_group_exists, flat_words, plain},
    stage::Translated,
};
use crate::{
    docker::Keyword,
    facts::{
        Context, ImageView, ServiceView, runtime,
        sources::Request,
        variables::{self, Variables},
    },
    knowledge::users::{self, AccountKind},
    reason::Reason,
    shell::{Command, Script},
    source::Span,
};

/// Adds to `out` what is not as it was with the numbers of the accounts that a stage makes.
pub(super) fn look(cx: &Context, image: &ImageView, out: &mut Translated) {
    if makes_accounts(image) {
        numbers(image, &cx.services_of(image.image), out);
    }
}

/// Whether a step of the stage makes a user or a group; the whole file is looked at only then.
fn makes_accounts(image: &ImageView) -> bool {
    let mut runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    runs.any(|run| image.script(run).commands.iter().any(|command| runtime::account(command).is_some()))
}

/// How many steps before the end of a stage are asked for groups; the longest real file has 336 instructions.
const MOST_STEPS: usize = 400;

fn numbers(image: &ImageView, services: &[ServiceView], out: &mut Translated) {
    let given = Request::of(services.iter().map(|view| view.service)).arguments;
    let mut named: BTreeSet<String> = BTreeSet::new();
    let end = image.stage().instructions.end;
    let mut systems = 0;
    variables::visit(image.dockerfile, &given, &mut |index, variables| {
        let step = &image.dockerfile.instructions[index];
        if step.keyword != Keyword::Run || index >= end || index + MOST_STEPS < end {
            return;
        }
        let script = image.script(step);
        let groups = Groups::after(systems, script);
        if image.stage().instructions.contains(&index) {
            systems += accounts::system_users(script);
        }
        for command in &script.commands {
            let made = on_alpine(command, &groups);
            named.extend(
                made.iter().filter(|made| made.kind == AccountKind::Group).map(|made| plain(&made.name)),
            );
            if image.stage().instructions.contains(&index) {
                let found = made.iter().filter_map(|made| made.obstacle(image, variables, &named));
                out.reasons.extend(found.map(|reason| reason.at(command.span)));
            }
        }
    });
}

/// A user or group that a command of busybox makes.
struct Made {
    kind: AccountKind,
    name: String,
    id: Option<String>,
    group: Option<String>,
    is_system: bool,
}

/// What a command makes once it is translated.
fn on_alpine(command: &Command, groups: &Groups) -> Vec<Made> {
    match accounts::translate(command, groups) {
        Some(Translation::Keep) => made(command).into_iter().collect(),
        Some(Translation::Replace(text)) => {
            Script::parse_str(&text).commands.iter().filter_map(made).collect()
        }
        Some(Translation::Refuse(_)) | None => Vec::new(),
    }
}

fn made(command: &Command) -> Option<Made> {
    let kind = match command.name() {
        "adduser" => AccountKind::User,
        "addgroup" => AccountKind::Group,
        _ => return None,
    };
    let words = flat_words(command, &["-u", "-g", "-G", "-h", "-s", "-k"]);
    let value = |names: [&str; 2]| {
        let at = words.iter().position(|word| names.contains(&word.as_str()))?;
        words.get(at + 1).cloned()
    };
    let id = match kind {
        AccountKind::User => value(["-u", "--uid"]),
        AccountKind::Group => value(["-g", "--gid"]),
    };
    let is_system = words.iter().any(|word| matches!(word.as_str(), "-S" | "--system"));
    let group = value(["-G", "--ingroup"]);
    words.last().map(|name| Made { kind, name: name.clone(), id, group, is_system })
}

impl Made {
    /// What stands in its way on Alpine; `named` are the groups made so far.
    fn obstacle(&self, image: &ImageView, variables: &Variables, named: &BTreeSet<String>) -> Option<Reason> {
        if let Some(id) = &self.id {
            let Some(number) = variables.word(&id.replace('"', "")).and_then(|value| value.parse().ok())
            else {
                return Some(Reason::known(
                    "USER-03",
                    Span::START,
                    format!("what {id} holds is not known, and the number may be taken on Alpine"),
                ));
            };
            // Without a group busybox makes one with the number of the user.
            let makes_group = self.kind == AccountKind::User && self.group.is_none() && !self.is_system;
            let kinds = [Some(self.kind), makes_group.then_some(AccountKind::Group)];
            if let Some(what) = kinds.into_iter().flatten().find_map(|kind| taken(image, kind, number)) {
                return Some(what);
            }
        }
        let group = self.group.as_deref()?;
        if named.contains(&plain(group)) {
            return None;
        }
        match variables.word(&group.replace('"', "")) {
            Some(name) if !name.bytes().all(|byte| byte.is_ascii_digit()) => check_group_exists(&name).err(),
            _ => Some(Reason::known(
                "USER-01",
                Span::START,
                format!("busybox adduser takes a group's name, and {group} is not known to hold one"),
            )),
        }
    }
}

/// The number of the user and of the group that the images of Node bring.
const OF_NODE: u32 = 1000;

/// Who has a number already.
fn taken(image: &ImageView, kind: AccountKind, number: u32) -> Option<Reason> {
    let what = if kind == AccountKind::User { "uid" } else { "gid" };
    if let Some(account) = users::taken(kind, number) {
        return Some(Reason::known(
            "USER-03",
            Span::START,
            format!("{what} {number} belongs to {} on Alpine", account.name),
        ));
    }
    let is_nodes = number == OF_NODE && image.root().official_name() == Some("node") && !deletes_users(image);
    let told = format!("{what} {number} belongs to node, which the base image brings");
    is_nodes.then(|| Reason::known("USER-03", Span::START, told))
}

fn deletes_users(image: &ImageView) -> bool {
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut commands = runs.flat_map(|step| &image.script(step).commands);
    commands.any(|command| matches!(command.name(), "deluser" | "delgroup"))
}
