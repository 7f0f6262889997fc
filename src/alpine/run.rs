//! One RUN instruction in Alpine's words, in its own layout.

use super::{
    accounts::{self, Groups, Translation},
    fonts,
};
use crate::{
    docker::{Instruction, write},
    facts::packages::{self, Install, Manager},
    installs,
    knowledge::{
        AlpineBranch, Knowledge,
        apt::{self, AptFact, ImageFamily},
        shell as busybox,
    },
    reason::Reason,
    shell::{Command, Join, Script, ShellWord},
};

/// A RUN that was looked at: what to replace, what stands in the way, what else it needs.
#[derive(Clone, Debug, Default)]
pub struct Translated {
    /// Replacements inside the instruction.
    pub pieces: Vec<write::Piece>,
    /// What has no translation.
    pub reasons: Vec<Reason>,
    /// Packages that its commands need on Alpine.
    pub needs: Vec<(&'static str, String)>,
    /// Packages that it installs on Alpine.
    pub installed: Vec<String>,
    /// What a reviewer should know.
    pub notes: Vec<String>,
    /// Where further packages can be added: after this word.
    pub last_package: Option<crate::source::Span>,
}

/// What the packages of a stage are translated for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'k> {
    /// What is known of packages.
    pub knowledge: &'k Knowledge,
    /// The Alpine branch.
    pub branch: AlpineBranch,
    /// What the base image brings along.
    pub family: ImageFamily,
    /// How many system users without a number the steps above make.
    pub systems: u32,
}

/// Translates a RUN of the file `text`.
pub fn translate(instruction: &Instruction, text: &str, wanted: Wanted) -> Translated {
    let script = Script::of(instruction, text);
    let mut out = Translated::default();
    if !instruction.heredocs.is_empty()
        && packages::installs(script).iter().any(|install| install.manager == Manager::Apt)
    {
        out.reasons.push(Reason::known("PKG-11", instruction.span, "apt inside a here-document"));
        return out;
    }
    let mut removed: Vec<usize> = Vec::new();
    for (index, _) in script.items.iter().enumerate() {
        if script.command_of(index).is_some_and(packages::is_apt_companion) {
            removed.push(index);
        }
    }
    for install in packages::installs(script).iter().filter(|install| install.manager == Manager::Apt) {
        if self::install((script, install), text, wanted, &mut out) {
            removed.push(install.item);
        }
    }
    for (item, command) in items(script) {
        if let Some(words) = packages::removed(command).filter(|_| packages::is_apt(command)) {
            match removal(&words, wanted) {
                Ok(names) if names.is_empty() => removed.push(item),
                Ok(names) => {
                    out.needs.extend(libraries_of(&words, wanted));
                    out.pieces.push((command.span, format!("apk del {}", names.join(" "))));
                }
                Err(reason) => out.reasons.push(reason),
            }
        }
    }
    removed.sort_unstable();
    let joins = |wanted: Join| script.items.iter().any(|item| item.join == Some(wanted));
    for (operator, join) in [("||", Join::Or), ("&", Join::Background)] {
        if !removed.is_empty() && joins(join) {
            let what = format!("apt in a list joined by {operator}");
            out.reasons.push(Reason::known("PKG-11", instruction.span, what));
        }
    }
    out.pieces.extend(write::delete_items(text, script, &removed));
    let groups = Groups::after(wanted.systems, script);
    for command in script
        .commands
        .iter()
        .filter(|command| removed.binary_search(&command.item).is_err() || !command.is_item)
    {
        match accounts::translate(command, &groups) {
            Some(Translation::Replace(new)) => out.pieces.push((command.span, new)),
            Some(Translation::Refuse(reason)) => out.reasons.push(reason),
            Some(Translation::Keep) => {}
            None => need_of(command, &mut out),
        }
    }
    out
}

fn items(script: &Script) -> impl Iterator<Item = (usize, &Command)> {
    (0..script.items.len()).filter_map(|item| Some((item, script.command_of(item)?)))
}

/// The libraries that apk would remove along with these headers, and apt does not: each with its headers.
fn libraries_of(words: &[&ShellWord], wanted: Wanted) -> Vec<(&'static str, String)> {
    let fact = |word: &&ShellWord| {
        wanted.knowledge.apt(word.literal.as_deref().unwrap_or_default(), wanted.branch, wanted.family)
    };
    let of_headers = |fact: AptFact| match fact {
        AptFact::Mapped { apk, runtime, .. } => {
            let headers = apk.first().copied().unwrap_or_default();
            runtime.into_iter().map(move |name| (name, headers.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let all = words.iter().map(fact).flat_map(of_headers);
    all.filter(|(_, headers)| headers.ends_with("-dev")).collect()
}

/// The Alpine packages to remove in place of these; those that Alpine does not need are not installed either.
///
/// # Errors
/// What is not known.
fn removal(words: &[&ShellWord], wanted: Wanted) -> Result<Vec<&'static str>, Reason> {
    let mut names: Vec<&'static str> = Vec::new();
    for word in words {
        let name = word.literal.as_deref().unwrap_or_default();
        match wanted.knowledge.apt(name, wanted.branch, wanted.family) {
            AptFact::Mapped { apk, .. } => {
                names.extend(apk.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>());
            }
            AptFact::NotNeeded { .. } => {}
            _ => {
                let what = format!("`{}` is removed, and what it is on Alpine is not known", word.raw);
                return Err(Reason::known("PKG-11", word.span, what));
            }
        }
    }
    Ok(names)
}

fn need_of(command: &Command, out: &mut Translated) {
    if packages::is_apt(command) || command.words.is_empty() {
        return;
    }
    let words: Vec<&str> = command.arguments().collect();
    if command.name() == "ldconfig" {
        return;
    }
    if let Some(need) = busybox::missing(command.name(), &words) {
        let what = format!("{} {}", command.name(), need.option).trim().to_owned();
        out.needs.push((need.package, what));
    }
}

/// Translates one `apt-get install`; `true` when nothing of it is left.
fn install((script, install): (&Script, &Install), text: &str, wanted: Wanted, out: &mut Translated) -> bool {
    for obstacle in &install.obstacles {
        let what = format!("`{obstacle}` in apt-get install");
        out.reasons.push(Reason::known("PKG-11", install.head, what));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut pieces = Vec::new();
    let mut last = None;
    for package in &install.packages {
        match wanted.knowledge.apt(&package.name, wanted.branch, wanted.family) {
            AptFact::Mapped { apk, note, .. } => {
                if !apt::covers(wanted.branch) {
                    let what = format!("not known to be packages of Alpine {}", wanted.branch);
                    let names =
                        apk.iter().fold(Reason::doubt("PKG-32", package.span, what), |reason, name| {
                            reason.about(*name)
                        });
                    out.reasons.push(names);
                }
                let new: Vec<&str> =
                    apk.iter().copied().filter(|name| !seen.iter().any(|other| other == name)).collect();
                seen.extend(new.iter().map(|name| (*name).to_owned()));
                if fonts::draws(&package.name) {
                    out.needs.push((fonts::BROUGHT, package.name.clone()));
                }
                if package.pin.is_some() {
                    out.notes.push(format!(
                        "The pin of {} is dropped: Alpine keeps only the newest build (PKG-02).",
                        package.name
                    ));
                }
                if !note.is_empty() && (apk.len() != 1 || apk[0] != package.name) {
                    out.notes.push(format!("{}: {note}.", package.name));
                }
                match new.is_empty() {
                    true => pieces.push(write::delete_word(text, package.span)),
                    false => {
                        last = Some(package.span);
                        pieces.push((package.span, laid_out(text, package.span, &new)));
                    }
                }
            }
            AptFact::NotNeeded { .. } => pieces.push(write::delete_word(text, package.span)),
            AptFact::NoEquivalent { why } => {
                out.reasons.push(Reason::known("PKG-10", package.span, why));
            }
            AptFact::Unknown => {
                let what = "not in the tables of Debian's packages";
                out.reasons.push(Reason::known("PKG-01", package.span, what).about(&package.name));
            }
        }
    }
    if seen.is_empty() {
        return out.reasons.is_empty() || install.packages.is_empty();
    }
    out.installed.extend(seen);
    // What joins an installation that may fail may not be there.
    let last = last.filter(|_| !installs::may_fail(script, install.item));
    out.last_package = last.or(out.last_package);
    out.pieces.push((install.head, "apk add --no-cache".to_owned()));
    out.pieces.extend(pieces);
    out.pieces.extend(install.late_options.iter().map(|span| write::delete_word(text, *span)));
    false
}

/// Several packages for one word: a line each where the word has a line of its own.
pub fn laid_out(text: &str, span: crate::source::Span, names: &[&str]) -> String {
    if names.len() > 1 && write::is_alone(text, span) {
        return names.join(&(write::fold(text) + write::indent_at(text, span.start())));
    }
    names.join(" ")
}
