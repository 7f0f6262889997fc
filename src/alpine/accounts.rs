//! `useradd` and its kin as busybox knows them.
//!
//! Flags: traps USER-01 and USER-02, tried on busybox 1.36 and 1.37.

use std::collections::BTreeMap;

use crate::{
    facts::runtime::account,
    knowledge::users::{self, AccountKind},
    reason::Reason,
    shell::{Command, Script},
    source::Span,
};

/// That something has no translation, wherever it stands.
fn known(trap: &'static str, what: impl Into<String>) -> Reason {
    Reason::known(trap, Span::START, what)
}

/// What becomes of a user or group command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Translation {
    /// It works as it is.
    Keep,
    /// This takes its place.
    Replace(String),
    /// There is no safe translation, because of this.
    Refuse(Reason),
}

/// The groups that the commands of a script make, and the numbers that Debian gives to its system users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The name of each group, by its name and by its number.
    names: BTreeMap<String, String>,
    /// The number of each system user that is made without one, by the place of its command.
    numbers: BTreeMap<Span, u32>,
}

/// The first number that `useradd -r` takes on Debian; the next is one lower. SYS_UID_MAX of login.defs.
const FIRST_SYSTEM: u32 = 999;

impl Groups {
    /// Those of a script, above which `systems` system users are made without a number.
    pub fn after(systems: u32, script: &Script) -> Self {
        let makes = |command: &&Command| matches!(command.name(), "groupadd" | "addgroup");
        let mut groups = BTreeMap::new();
        for command in script.commands.iter().filter(makes) {
            let words = flat_words(command, &["-g", "-K"]);
            let is_number = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "-g" | "--gid");
            let numbers = (0..words.len()).filter(|at| is_number(*at)).map(|at| &words[at]);
            let mut names = (0..words.len()).filter(|at| !is_number(*at) && !words[*at].starts_with('-'));
            let Some(name) = names.next().map(|at| &words[at]) else { continue };
            for key in numbers.chain([name]) {
                groups.entry(plain(key)).or_insert_with(|| name.clone());
            }
        }
        let users = script.commands.iter().filter(|command| is_numbered_by_debian(command));
        let numbers =
            users.zip(systems..).map(|(command, at)| (command.span, FIRST_SYSTEM.saturating_sub(at)));
        Self { names: groups, numbers: numbers.collect() }
    }

    /// The name of the group with this name or number, for busybox, whose `adduser` takes names only.
    ///
    /// # Errors
    /// When `group` is a number, and not of a group that the script makes.
    fn name_of(&self, group: &str) -> Result<String, Reason> {
        match self.names.get(&plain(group)) {
            Some(name) => Ok(name.clone()),
            None if group.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(known("USER-01", "busybox adduser takes a group's name, not its number"))
            }
            None => Ok(group.to_owned()),
        }
    }
}

/// How many system users a script makes without a number.
pub fn system_users(script: &Script) -> u32 {
    let users = script.commands.iter().filter(|command| is_numbered_by_debian(command));
    users.count().try_into().unwrap_or(u32::MAX)
}

/// Whether a command makes a system user to which Debian gives a number.
fn is_numbered_by_debian(command: &Command) -> bool {
    let words = if command.name() == "useradd" { useradd_words(command) } else { Vec::new() };
    let has = |names: [&str; 2]| words.iter().any(|word| names.contains(&word.as_str()));
    has(["-r", "--system"]) && !has(["-u", "--uid"])
}

/// A word without its quotes and braces: `"${GID}"` is `$GID`.
pub(super) fn plain(word: &str) -> String {
    word.replace(['"', '{', '}'], "")
}

/// The translation of `command`, if it is a user or group command; `groups` are those that its script makes.
pub fn translate(command: &Command, groups: &Groups) -> Option<Translation> {
    let result = match command.name() {
        "groupadd" => groupadd(command).map(Translation::Replace),
        "useradd" => useradd(command, groups).map(Translation::Replace),
        "usermod" => usermod(command).map(Translation::Replace),
        "adduser" => debian_adduser(command, groups),
        "addgroup" => debian_addgroup(command),
        "groupmod" | "userdel" | "groupdel" | "gpasswd" | "chage" => {
            Err(known("USER-01", format!("{} is not in busybox", command.name())))
        }
        _ => return None,
    };
    Some(result.unwrap_or_else(|reason| Translation::Refuse(reason.at(command.span))))
}

#[derive(Default)]
struct User {
    name: String,
    is_system: bool,
    has_no_home: bool,
    makes_group: bool,
    options: Vec<String>,
    uid: Option<String>,
    group: Option<String>,
    groups: Vec<String>,
}

impl User {
    fn command(self) -> Result<String, Reason> {
        let mut out = String::new();
        let own_group = self.group.is_none() && (self.is_system || self.makes_group);
        let group = self.group.clone().or_else(|| own_group.then(|| self.name.clone()));
        if own_group {
            out.push_str("addgroup ");
            // Debian gives the group the user's number where it is free.
            if let Some(uid) = self.uid.as_deref().filter(|uid| !is_taken_gid(uid)) {
                out.push_str(&format!("-g {uid} "));
            }
            out.push_str(if self.is_system { "-S " } else { "" });
            out.push_str(&format!("{} && ", self.name));
        }
        out.push_str(if self.is_system { "adduser -S" } else { "adduser -D" });
        if self.has_no_home {
            out.push_str(" -H");
        }
        for option in &self.options {
            out.push(' ');
            out.push_str(option);
        }
        if let Some(group) = group {
            out.push_str(" -G ");
            out.push_str(&group);
        }
        out.push(' ');
        out.push_str(&self.name);
        for group in &self.groups {
            check_group_exists(group)?;
            out.push_str(&format!(" && addgroup {} {group}", self.name));
        }
        Ok(out)
    }
}

fn is_taken_gid(id: &str) -> bool {
    id.parse().is_ok_and(|id| users::taken(AccountKind::Group, id).is_some())
}

/// # Errors
/// When Debian has the group and Alpine has not.
pub(super) fn check_group_exists(group: &str) -> Result<(), Reason> {
    let differs =
        users::is_debians_own(AccountKind::Group, group) || matches!(group, "docker" | "video" | "render");
    if differs && users::alpine_has(AccountKind::Group, group).is_none() {
        return Err(known("USER-17", format!("the group {group} does not exist on Alpine")));
    }
    Ok(())
}

fn shell(path: &str) -> &str {
    match path {
        "/bin/bash" | "/usr/bin/bash" => "/bin/sh",
        "/usr/sbin/nologin" => "/sbin/nologin",
        other => other,
    }
}

/// The words after the name with `--flag=value` cut and short flags taken apart.
pub(super) fn flat_words(command: &Command, with_value: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for word in &command.words[1..] {
        let raw = word.raw.as_str();
        if let Some((flag, value)) = raw.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
            out.extend([flag.to_owned(), value.to_owned()]);
        } else if raw.starts_with('-') && !raw.starts_with("--") && raw.len() > 2 {
            let mut rest = &raw[1..];
            while let Some(letter) = rest.chars().next() {
                let flag = format!("-{letter}");
                rest = &rest[letter.len_utf8()..];
                let takes_rest = with_value.contains(&flag.as_str());
                out.push(flag);
                if takes_rest && !rest.is_empty() {
                    out.push(rest.to_owned());
                    break;
                }
            }
        } else {
            out.push(raw.to_owned());
        }
    }
    out
}

/// The words of `useradd`, as [`flat_words`] gives them.
pub(super) fn useradd_words(command: &Command) -> Vec<String> {
    flat_words(command, &["-u", "-g", "-G", "-d", "-s", "-c", "-p", "-k", "-K", "-e", "-f", "-b"])
}

fn groupadd(command: &Command) -> Result<String, Reason> {
    let (mut options, mut name) = (String::new(), None);
    let words = flat_words(command, &["-g", "-K"]);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-r" | "--system" => options.push_str(" -S"),
            "-g" | "--gid" => {
                let id = words.next().map_or("", String::as_str);
                options.push_str(&format!(" -g {id}"));
            }
            flag if flag.starts_with('-') => {
                return Err(known("USER-01", format!("groupadd {flag} has no counterpart")));
            }
            word => name = Some(word.to_owned()),
        }
    }
    let name = name.ok_or_else(|| known("USER-01", "groupadd names no group"))?;
    if users::alpine_has(AccountKind::Group, &name).is_some() {
        return Err(known("USER-03", format!("the group {name} exists on Alpine already")));
    }
    Ok(format!("addgroup{options} {name}"))
}

fn useradd(command: &Command, groups: &Groups) -> Result<String, Reason> {
    let mut user = User::default();
    let words = useradd_words(command);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().unwrap_or_default();
        match word.as_str() {
            "-r" | "--system" => user.is_system = true,
            "-m" | "--create-home" | "-l" | "--no-log-init" => {}
            "-M" | "--no-create-home" => user.has_no_home = true,
            "-U" | "--user-group" => user.makes_group = true,
            "-u" | "--uid" => {
                let id = value();
                user.options.push(format!("-u {id}"));
                user.uid = Some(id);
            }
            "-g" | "--gid" => user.group = Some(groups.name_of(&value())?),
            "-G" | "--groups" => user.groups = value().split(',').map(str::to_owned).collect(),
            "-d" | "--home-dir" | "--home" => user.options.push(format!("-h {}", value())),
            "-s" | "--shell" => user.options.push(format!("-s {}", shell(&value()))),
            "-c" | "--comment" => user.options.push(format!("-g {}", value())),
            flag if flag.starts_with('-') => {
                return Err(known("USER-01", format!("useradd {flag} has no counterpart")));
            }
            name => user.name = name.to_owned(),
        }
    }
    // What a volume holds belongs to this number already.
    if let Some(id) = groups.numbers.get(&command.span) {
        user.options.insert(0, format!("-u {id}"));
        user.uid = Some(id.to_string());
    }
    finish(user)
}

fn finish(user: User) -> Result<String, Reason> {
    if user.name.is_empty() {
        return Err(known("USER-01", "the command names no user"));
    }
    if users::alpine_has(AccountKind::User, &user.name).is_some() {
        return Err(known("USER-03", format!("the user {} exists on Alpine already", user.name)));
    }
    user.command()
}

fn usermod(command: &Command) -> Result<String, Reason> {
    let words: Vec<&str> = command.arguments().collect();
    match words[..] {
        ["-aG" | "-Ga", groups, user] | ["-a", "-G", groups, user] => {
            let groups: Vec<&str> = groups.split(',').collect();
            groups.iter().try_for_each(|group| check_group_exists(group))?;
            let commands: Vec<String> =
                groups.iter().map(|group| format!("addgroup {user} {group}")).collect();
            Ok(commands.join(" && "))
        }
        _ => Err(known("USER-01", "usermod is not in busybox")),
    }
}

/// Options of Debian's `adduser` and `addgroup` that busybox rejects.
const REJECTED: [&str; 6] =
    ["--group", "--disabled-login", "--quiet", "--force-badname", "--allow-bad-names", "-r"];

fn debian_addgroup(command: &Command) -> Result<Translation, Reason> {
    match command.arguments().find(|word| REJECTED.contains(word)) {
        Some(flag) => Err(known("USER-02", format!("addgroup {flag} has no counterpart"))),
        None => Ok(Translation::Keep),
    }
}

/// Debian's adduser: busybox takes most of its long options, and rejects a few.
fn debian_adduser(command: &Command, groups: &Groups) -> Result<Translation, Reason> {
    let words: Vec<&str> = command.words[1..].iter().map(|word| word.raw.as_str()).collect();
    if let [user, group] = words[..]
        && !user.starts_with('-')
    {
        check_group_exists(group)?;
        return Ok(Translation::Replace(format!("addgroup {user} {group}")));
    }
    let is_rejected = |word: &&str| REJECTED.contains(word) || word.starts_with("--gid");
    if !words.iter().any(is_rejected) {
        return match account(command) {
            Some(name) if users::alpine_has(AccountKind::User, name).is_some() => {
                Err(known("USER-03", format!("the user {name} exists on Alpine already")))
            }
            _ => Ok(Translation::Keep),
        };
    }
    debian_adduser_rejected(command, groups).map(Translation::Replace)
}

fn debian_adduser_rejected(command: &Command, groups: &Groups) -> Result<String, Reason> {
    let mut user = User::default();
    let words = flat_words(command, &[]);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().unwrap_or_default();
        match word.as_str() {
            "--system" | "-r" => user.is_system = true,
            "--group" => user.makes_group = true,
            "--disabled-login"
            | "--disabled-password"
            | "--quiet"
            | "--force-badname"
            | "--allow-bad-names" => {}
            "--no-create-home" => user.has_no_home = true,
            "--ingroup" | "--gid" => user.group = Some(groups.name_of(&value())?),
            "--uid" => {
                let id = value();
                user.options.push(format!("-u {id}"));
                user.uid = Some(id);
            }
            "--home" => user.options.push(format!("-h {}", value())),
            "--shell" => user.options.push(format!("-s {}", shell(&value()))),
            "--gecos" => user.options.push(format!("-g {}", value())),
            flag if flag.starts_with('-') => {
                return Err(known("USER-02", format!("adduser {flag} has no counterpart")));
            }
            name => user.name = name.to_owned(),
        }
    }
    finish(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> Translation {
        let script = Script::parse_str(text);
        let last = script.commands.last().expect("a command");
        translate(last, &Groups::after(0, &script)).expect("an account command")
    }

    fn replaced(text: &str) -> String {
        match translated(text) {
            Translation::Replace(new) => new,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn translates_flags() {
        assert_eq!(replaced("groupadd -r app"), "addgroup -S app");
        assert_eq!(replaced("groupadd --gid 1001 app"), "addgroup -g 1001 app");
        assert_eq!(replaced("useradd -r -g app app"), "adduser -S -u 999 -G app app");
        assert_eq!(replaced("useradd -r a; useradd -r -g app app"), "adduser -S -u 998 -G app app");
        assert_eq!(replaced("useradd -m -u 1000 -s /bin/bash app"), "adduser -D -u 1000 -s /bin/sh app");
        assert_eq!(replaced("useradd -rm app"), "addgroup -S app && adduser -S -u 999 -G app app");
        assert_eq!(replaced("adduser --system --group app"), "addgroup -S app && adduser -S -G app app");
        assert_eq!(
            replaced("useradd --no-log-init -r -g a -s /usr/sbin/nologin a"),
            "adduser -S -u 999 -s /sbin/nologin -G a a"
        );
        assert_eq!(translated("adduser --disabled-password --gecos '' app"), Translation::Keep);
    }

    #[test]
    fn numbers_of_groups_become_names() {
        assert_eq!(
            replaced("groupadd -g 1000 app && useradd -u 1000 -g 1000 -m web"),
            "adduser -D -u 1000 -G app web"
        );
        assert_eq!(
            replaced("groupadd --gid $GID $NAME; useradd --uid $ID --gid \"${GID}\" -m $NAME"),
            "adduser -D -u $ID -G $NAME $NAME"
        );
        assert_eq!(
            replaced("addgroup --gid 1000 app && adduser --disabled-password --gid 1000 --uid 1000 app"),
            "adduser -D -u 1000 -G app app"
        );
        assert_eq!(
            replaced("useradd -r -u 1001 app"),
            "addgroup -g 1001 -S app && adduser -S -u 1001 -G app app"
        );
        assert_eq!(
            replaced("useradd -r -u 999 app"),
            "addgroup -S app && adduser -S -u 999 -G app app",
            "999 is taken"
        );
    }

    #[test]
    fn refuses_what_differs() {
        for text in ["useradd -g 1000 app", "useradd -p x app", "usermod -u 3 app", "useradd -G sudo app"] {
            assert!(matches!(translated(text), Translation::Refuse(_)), "{text}");
        }
    }
}
