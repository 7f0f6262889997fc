//! Commands that remove a folder of downloads: once it is a mount, removing it would fail.

use super::{Cache, Variables};
use crate::{
    docker::expand,
    facts::{
        build_context::matches_glob,
        contract::join_path,
        node, programs,
        python::{self, project},
        runtime::State,
    },
    shell::{Command, Script, ShellWord},
    source::Span,
};

/// What of a script goes once the folders are mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    /// Items that remove nothing but downloads.
    pub items: Vec<usize>,
    /// Operands of others.
    pub operands: Vec<Span>,
}

/// What a script that runs in `state` removes of the folders of `caches`.
///
/// # Errors
/// The text of the command that may remove a folder together with other files, and the folder.
pub fn of_script<'c>(
    script: &Script,
    state: &State,
    caches: &'c [Cache],
) -> Result<Removals, (String, &'c str)> {
    let mut found = Removals::default();
    let mut at = Place { workdir: Some(state.workdir.to_string()), env: &state.env };
    for command in &script.commands {
        let reach = at.reach(command, caches);
        if let (Reach::Unclear(folder), _) | (Reach::Downloads(_, folder), false) =
            (&reach, command.is_item && script.is_plain_list())
        {
            let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
            return Err((words.join(" "), folder));
        }
        if let Reach::Downloads(operands, _) = reach {
            let all = command.words.iter().skip(1).filter(|word| !word.is_option()).count();
            match operands.len() == all {
                true => found.items.push(command.item),
                false => found.operands.extend(operands),
            }
        }
        at.go(command);
    }
    Ok(found)
}

/// The program that may leave something beside the downloads, where more than these is removed.
pub fn left_by_others(script: &Script, found: &Removals, caches: &[Cache]) -> Option<String> {
    const HARMLESS: [&str; 30] = [
        "", "[", "addgroup", "adduser", "apk", "apt", "apt-get", "cat", "cd", "chmod", "chown", "cp", "curl",
        "echo", "export", "find", "groupadd", "ln", "mkdir", "mv", "rm", "rmdir", "sed", "set", "tar",
        "test", "touch", "true", "useradd", "wget",
    ];
    let is_wider = |text: &str| {
        let path = text.trim_end_matches(['/', '*']);
        path.ends_with(".cache") && !caches.iter().any(|cache| cache.folder.ends_with(path))
    };
    let is_removed = |command: &&Command| {
        found.items.contains(&command.item)
            || command.words.iter().any(|word| found.operands.contains(&word.span))
    };
    let mut words =
        script.commands.iter().filter(is_removed).flat_map(|command| command.words.iter().skip(1));
    if !words.any(|word| is_wider(word.text())) {
        return None;
    }
    let is_known = |command: &Command| {
        HARMLESS.contains(&command.name())
            || python::pip_word(command).is_some()
            || node::action(command).is_some()
            || project::action(0, command).is_some()
    };
    let other = script.commands.iter().find(|command| command.is_item && !is_known(command))?;
    Some(other.name().to_owned())
}

/// Where a command runs; a folder that is not known is none.
#[derive(Clone)]
struct Place<'e> {
    workdir: Option<String>,
    env: &'e Variables,
}

/// What a command removes of the folders.
enum Reach<'c> {
    Nothing,
    /// These operands are downloads, or hold nothing else.
    Downloads(Vec<Span>, &'c str),
    /// It may remove other files too, or what it removes is not known.
    Unclear(&'c str),
}

/// How a path stands to a folder.
#[derive(PartialEq, Eq)]
enum Relation {
    Apart,
    Downloads,
    Unclear,
}

impl Place<'_> {
    fn reach<'c>(&self, command: &Command, caches: &'c [Cache]) -> Reach<'c> {
        match command.name() {
            "rm" | "rmdir" => self.of_removal(command, caches),
            "find" => self.of_search(command, caches),
            name if programs::is_shell(name) => self.of_shell(command, caches),
            _ => Reach::Nothing,
        }
    }

    fn of_removal<'c>(&self, command: &Command, caches: &'c [Cache]) -> Reach<'c> {
        let mut reach = Reach::Nothing;
        for operand in command.words.iter().skip(1).filter(|word| !word.is_option()) {
            let met = caches.iter().map(|cache| (self.relation(operand, &cache.folder), &*cache.folder));
            let Some((relation, folder)) = met.into_iter().find(|(relation, _)| *relation != Relation::Apart)
            else {
                continue;
            };
            reach = match (relation, reach) {
                (Relation::Unclear, _) => return Reach::Unclear(folder),
                _ if !operand.is_whole => return Reach::Unclear(folder),
                (_, Reach::Downloads(mut operands, first)) => {
                    operands.push(operand.span);
                    Reach::Downloads(operands, first)
                }
                _ => Reach::Downloads(vec![operand.span], folder),
            };
        }
        reach
    }

    /// A search that deletes; one in a pipe hands its findings to a command that may.
    fn of_search<'c>(&self, command: &Command, caches: &'c [Cache]) -> Reach<'c> {
        let only_looks = command.is_item
            && !command.arguments().any(|word| word == "-delete" || word.starts_with("-exec"));
        let roots =
            command.words.iter().skip(1).take_while(|word| !word.raw.starts_with(['-', '(', '\\', '!']));
        let is_met =
            |cache: &&Cache| roots.clone().any(|root| self.relation(root, &cache.folder) != Relation::Apart);
        match caches.iter().find(is_met) {
            Some(cache) if !only_looks => Reach::Unclear(&cache.folder),
            _ => Reach::Nothing,
        }
    }

    /// `sh -c "rm …"`.
    fn of_shell<'c>(&self, command: &Command, caches: &'c [Cache]) -> Reach<'c> {
        let mut inner = self.clone();
        let lines = command.words.iter().skip(1).filter(|word| !word.is_option());
        for command in lines.flat_map(|word| Script::parse_str(word.text()).commands) {
            if let Reach::Downloads(_, folder) | Reach::Unclear(folder) = inner.reach(&command, caches) {
                return Reach::Unclear(folder);
            }
            inner.go(&command);
        }
        Reach::Nothing
    }

    fn relation(&self, operand: &ShellWord, folder: &str) -> Relation {
        let (known, is_whole) = self.known(&operand.raw);
        match (known.starts_with('/'), &self.workdir) {
            (true, _) => relation((&known, is_whole), folder),
            (false, _) if known.is_empty() && !is_whole => Relation::Unclear,
            (false, Some(workdir)) => relation((&join_path(workdir, &known), is_whole), folder),
            (false, None) => Relation::Unclear,
        }
    }

    /// The value of a word, and whether that is all of it: the rest begins with something not known.
    fn known(&self, raw: &str) -> (String, bool) {
        let home = self.env.get("HOME").map_or("/root", String::as_str);
        let values = |name: &str| match name {
            "HOME" => Some(home.to_owned()),
            "PWD" => self.workdir.clone(),
            _ => self.env.get(name).filter(|value| !value.contains('$')).cloned(),
        };
        let is_home = raw == "~" || raw.starts_with("~/");
        let text = if is_home { format!("{home}{}", &raw[1..]) } else { raw.to_owned() };
        let value = (!text.contains('`')).then(|| expand::word(&text, '\\', &values)).flatten();
        match value {
            Some(value) => (value, true),
            None => {
                let start = text.trim_start_matches(['"', '\'']);
                let until = start.find(['$', '`', '"', '\'']).unwrap_or(start.len());
                (start[..until].to_owned(), false)
            }
        }
    }

    fn go(&mut self, command: &Command) {
        match command.name() {
            "cd" => {
                let raw = command.words.get(1).map_or("~", |word| &word.raw);
                let (to, is_whole) = self.known(raw);
                let is_known = is_whole && !to.starts_with('-') && command.is_item;
                let from = if to.starts_with('/') { Some("/") } else { self.workdir.as_deref() };
                self.workdir = from.filter(|_| is_known).map(|from| join_path(from, &to));
            }
            "pushd" | "popd" => self.workdir = None,
            _ => {}
        }
    }
}

/// How an absolute path, of which only the start may be known, stands to a folder.
fn relation((path, is_whole): (&str, bool), folder: &str) -> Relation {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let folder: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let is_plain = |part: &&str| !part.contains(['*', '?', '[', '{']) && *part != "..";
    for (index, (part, name)) in path.iter().zip(&folder).enumerate() {
        let may_go_on = !is_whole && index + 1 == path.len();
        if part.contains(['[', '{']) || *part == ".." {
            return Relation::Unclear;
        }
        let is_hidden = name.starts_with('.') && !part.starts_with('.');
        if (is_hidden || !matches_glob(part, name)) && !(may_go_on && name.starts_with(part)) {
            return Relation::Apart;
        }
    }
    let plain = path.iter().take_while(|part| is_plain(part)).count();
    let is_inside = plain >= folder.len();
    let holds_caches = path[..plain].contains(&".cache");
    match is_whole && (is_inside || holds_caches) {
        true => Relation::Downloads,
        false => Relation::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removals(script: &str) -> Result<(usize, Vec<String>), String> {
        let folders = ["/root/.cache/pip", "/tmp/poetry"];
        let caches =
            folders.map(|folder| Cache { folder: folder.to_owned(), owner: "pip", is_exclusive: false });
        let state = State::default();
        let found = of_script(&Script::parse_str(script), &state, &caches).map_err(|(text, _)| text)?;
        let operands = found.operands.iter().map(|span| span.of(script).to_owned()).collect();
        Ok((found.items.len(), operands))
    }

    #[test]
    fn operands_that_are_downloads_go() {
        let some = |words: &[&str]| Ok((0, words.iter().map(|word| (*word).to_owned()).collect()));
        assert_eq!(removals("rm -rf /root/.cache /var/tmp/*"), some(&["/root/.cache"]));
        assert_eq!(
            removals("rm -rf ~/.cache/* /x $HOME/.cache/pip/a"),
            some(&["~/.cache/*", "$HOME/.cache/pip/a"])
        );
        assert_eq!(removals("cd /root && rm -r .cache x"), some(&[".cache"]));
        assert_eq!(removals("rm -rf /root/.cache /tmp/poetry"), Ok((1, Vec::new())));
        assert_eq!(removals("rm -rf /root/.cache/uv /root/* /tmp/x-$Y pip && find /root"), some(&[]));
        assert_eq!(removals("cd /tmp/x && rm -rf .cache && (rm -rf /var/*)"), some(&[]));
    }

    #[test]
    fn what_may_hold_other_files_is_unclear() {
        for script in [
            "rm -rf /tmp/*",
            "rm -rf /root",
            "rm -rf /root/.[!.]*",
            "rm -rf \"$X\"",
            "rm -rf /tmp/p$X",
            "rm -rf $(pip cache dir)",
            "cd $X && rm -rf .cache",
            "rm -rf /root/.cache || true",
            "(rm -rf /root/.cache)",
            "find /root/.cache -type f -delete",
            "find / -name x | xargs rm",
            "sh -c 'cd /root; rm -rf .cache'",
        ] {
            assert!(removals(script).is_err(), "{script}");
        }
    }
}
