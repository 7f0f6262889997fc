//! `useradd` and its kin as busybox knows them.
//!
//! Flags: traps USER-01 and USER-02, tried on busybox 1.36 and 1.37.

use crate::{
    facts::runtime::account,
    knowledge::users::{self, AccountKind},
    shell::Command,
};

/// What becomes of a user or group command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Translation {
    /// It works as it is.
    Keep,
    /// This takes its place.
    Replace(String),
    /// There is no safe translation, because of this.
    Refuse(String),
}

/// The translation of `command`, if it is a user or group command.
pub fn translate(command: &Command) -> Option<Translation> {
    let result = match command.name() {
        "groupadd" => groupadd(command).map(Translation::Replace),
        "useradd" => useradd(command).map(Translation::Replace),
        "usermod" => usermod(command).map(Translation::Replace),
        "adduser" | "addgroup" => debian_adduser(command),
        "groupmod" | "userdel" | "groupdel" | "gpasswd" | "chage" => {
            Err(format!("{} is not in busybox (USER-01)", command.name()))
        }
        _ => return None,
    };
    Some(result.unwrap_or_else(Translation::Refuse))
}

#[derive(Default)]
struct User {
    name: String,
    is_system: bool,
    has_no_home: bool,
    makes_group: bool,
    options: Vec<String>,
    group: Option<String>,
    groups: Vec<String>,
}

impl User {
    fn command(self) -> Result<String, String> {
        let mut out = String::new();
        let own_group = self.group.is_none() && (self.is_system || self.makes_group);
        let group = self.group.clone().or_else(|| own_group.then(|| self.name.clone()));
        if own_group {
            out.push_str(if self.is_system { "addgroup -S " } else { "addgroup " });
            out.push_str(&self.name);
            out.push_str(" && ");
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

fn check_group_exists(group: &str) -> Result<(), String> {
    let differs =
        users::is_debians_own(AccountKind::Group, group) || matches!(group, "docker" | "video" | "render");
    if differs && users::alpine_has(AccountKind::Group, group).is_none() {
        return Err(format!("the group {group} does not exist on Alpine (USER-17)"));
    }
    Ok(())
}

fn free_id(kind: AccountKind, id: &str) -> Result<(), String> {
    let taken = id.parse().ok().and_then(|id| users::taken(kind, id));
    match taken {
        Some(account) => {
            let what = if kind == AccountKind::User { "uid" } else { "gid" };
            Err(format!("{what} {id} belongs to {} on Alpine (USER-03)", account.name))
        }
        None => Ok(()),
    }
}

fn shell(path: &str) -> &str {
    match path {
        "/bin/bash" | "/usr/bin/bash" => "/bin/sh",
        "/usr/sbin/nologin" => "/sbin/nologin",
        other => other,
    }
}

/// The words after the name with `--flag=value` cut and short flags taken apart.
fn flat_words(command: &Command, with_value: &[&str]) -> Vec<String> {
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

fn groupadd(command: &Command) -> Result<String, String> {
    let (mut options, mut name) = (String::new(), None);
    let words = flat_words(command, &["-g", "-K"]);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-r" | "--system" => options.push_str(" -S"),
            "-g" | "--gid" => {
                let id = words.next().map_or("", String::as_str);
                free_id(AccountKind::Group, id)?;
                options.push_str(&format!(" -g {id}"));
            }
            flag if flag.starts_with('-') => {
                return Err(format!("groupadd {flag} has no counterpart (USER-01)"));
            }
            word => name = Some(word.to_owned()),
        }
    }
    let name = name.ok_or("groupadd names no group")?;
    if users::alpine_has(AccountKind::Group, &name).is_some() {
        return Err(format!("the group {name} exists on Alpine already (USER-03)"));
    }
    Ok(format!("addgroup{options} {name}"))
}

fn useradd(command: &Command) -> Result<String, String> {
    let mut user = User::default();
    let words =
        flat_words(command, &["-u", "-g", "-G", "-d", "-s", "-c", "-p", "-k", "-K", "-e", "-f", "-b"]);
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
                free_id(AccountKind::User, &id)?;
                user.options.push(format!("-u {id}"));
            }
            "-g" | "--gid" => user.group = Some(value()),
            "-G" | "--groups" => user.groups = value().split(',').map(str::to_owned).collect(),
            "-d" | "--home-dir" | "--home" => user.options.push(format!("-h {}", value())),
            "-s" | "--shell" => user.options.push(format!("-s {}", shell(&value()))),
            "-c" | "--comment" => user.options.push(format!("-g {}", value())),
            flag if flag.starts_with('-') => {
                return Err(format!("useradd {flag} has no counterpart (USER-01)"));
            }
            name => user.name = name.to_owned(),
        }
    }
    finish(user)
}

fn finish(user: User) -> Result<String, String> {
    if user.name.is_empty() {
        return Err("the command names no user".to_owned());
    }
    if users::alpine_has(AccountKind::User, &user.name).is_some() {
        return Err(format!("the user {} exists on Alpine already (USER-03)", user.name));
    }
    if user.group.as_deref().is_some_and(|group| group.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("busybox adduser takes a group's name, not its number (USER-01)".to_owned());
    }
    user.command()
}

fn usermod(command: &Command) -> Result<String, String> {
    let words: Vec<&str> = command.arguments().collect();
    match words[..] {
        ["-aG" | "-Ga", groups, user] | ["-a", "-G", groups, user] => {
            let groups: Vec<&str> = groups.split(',').collect();
            groups.iter().try_for_each(|group| check_group_exists(group))?;
            let commands: Vec<String> =
                groups.iter().map(|group| format!("addgroup {user} {group}")).collect();
            Ok(commands.join(" && "))
        }
        _ => Err("usermod is not in busybox (USER-01)".to_owned()),
    }
}

/// Debian's adduser: busybox takes most of its long options, and rejects a few.
fn debian_adduser(command: &Command) -> Result<Translation, String> {
    let words: Vec<&str> = command.words[1..].iter().map(|word| word.raw.as_str()).collect();
    let is_rejected = |word: &str| {
        let rejected =
            ["--group", "--disabled-login", "--quiet", "--force-badname", "--allow-bad-names", "-r"];
        rejected.contains(&word)
    };
    if let [user, group] = words[..]
        && command.name() == "adduser"
        && !user.starts_with('-')
    {
        check_group_exists(group)?;
        return Ok(Translation::Replace(format!("addgroup {user} {group}")));
    }
    if command.name() == "addgroup" {
        let id =
            words.iter().position(|word| matches!(*word, "--gid" | "-g")).and_then(|at| words.get(at + 1));
        id.map_or(Ok(()), |id| free_id(AccountKind::Group, id))?;
        return match words.iter().find(|word| is_rejected(word)) {
            Some(flag) => Err(format!("addgroup {flag} has no counterpart (USER-02)")),
            None => Ok(Translation::Keep),
        };
    }
    if !words.iter().any(|word| is_rejected(word)) {
        return match account(command) {
            Some(name) if users::alpine_has(AccountKind::User, name).is_some() => {
                Err(format!("the user {name} exists on Alpine already (USER-03)"))
            }
            _ => Ok(Translation::Keep),
        };
    }
    debian_adduser_rejected(command).map(Translation::Replace)
}

fn debian_adduser_rejected(command: &Command) -> Result<String, String> {
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
            "--ingroup" => user.group = Some(value()),
            "--uid" => {
                let id = value();
                free_id(AccountKind::User, &id)?;
                user.options.push(format!("-u {id}"));
            }
            "--home" => user.options.push(format!("-h {}", value())),
            "--shell" => user.options.push(format!("-s {}", shell(&value()))),
            "--gecos" => user.options.push(format!("-g {}", value())),
            flag if flag.starts_with('-') => {
                return Err(format!("adduser {flag} has no counterpart (USER-02)"));
            }
            name => user.name = name.to_owned(),
        }
    }
    finish(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Script;

    fn translated(text: &str) -> Translation {
        let script = Script::parse_str(text);
        translate(&script.commands[0]).expect("an account command")
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
        assert_eq!(replaced("useradd -r -g app app"), "adduser -S -G app app");
        assert_eq!(replaced("useradd -m -u 1000 -s /bin/bash app"), "adduser -D -u 1000 -s /bin/sh app");
        assert_eq!(replaced("useradd -rm app"), "addgroup -S app && adduser -S -G app app");
        assert_eq!(replaced("adduser --system --group app"), "addgroup -S app && adduser -S -G app app");
        assert_eq!(
            replaced("useradd --no-log-init -r -g a -s /usr/sbin/nologin a"),
            "adduser -S -s /sbin/nologin -G a a"
        );
        assert_eq!(translated("adduser --disabled-password --gecos '' app"), Translation::Keep);
    }

    #[test]
    fn refuses_what_differs() {
        for text in ["groupadd -g 999 app", "useradd -p x app", "usermod -u 3 app", "useradd -G sudo app"] {
            assert!(matches!(translated(text), Translation::Refuse(_)), "{text}");
        }
    }
}
