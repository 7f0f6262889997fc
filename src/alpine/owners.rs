//! Accounts of Debian's base that a stage names and Alpine's base lacks.

use std::collections::HashMap;

use super::stage::Translated;
use crate::{
    docker::{Instruction, Keyword, instruction::unquoted},
    facts::{Context, ImageView, commands::Standing, programs, settings},
    knowledge::users::{self, AccountKind},
    reason::Reason,
    shell::{Command, Script},
    source::Span,
    workspace::path,
};

/// Debian's user for web servers, whose name stands for nothing else.
const WEB: &str = "www-data";

/// Adds to `out` where the stage, its services and the files that it copies name such an account.
pub(super) fn look(cx: &Context, image: &ImageView, standing: &Standing, out: &mut Translated) {
    let mut makers = Makers::of(image);
    for instruction in image.instructions() {
        let named = match instruction.keyword {
            Keyword::User => of_owner(&unquoted(&instruction.body.text)),
            Keyword::Copy | Keyword::Add => {
                instruction.flag("chown").and_then(|flag| of_owner(flag.value.as_deref()?))
            }
            Keyword::Run => Script::of(instruction, image.text).commands.iter().find_map(of_command),
            _ => None,
        };
        let web = || names_web_user(instruction, image.text).then(of_web);
        let unknown = || makers.unknown_user(image, instruction);
        let what = named.or_else(web).or_else(unknown);
        out.reasons.extend(what.map(|reason| reason.at(instruction.span)));
    }
    for view in cx.services_of(image.image).into_iter().filter(|_| image.is_final()) {
        let Some(user) = &view.service.user else { continue };
        out.reasons.extend(of_owner(&user.value).map(|reason| reason.at(user.span).within(view.id)));
    }
    in_settings(cx, image, standing, out);
}

/// How many steps above are asked for users; the longest real file has 336 instructions.
const MOST_STEPS: usize = 400;

/// Base images that bring no user of their own beside those of the distribution.
const WITHOUT_USERS: [&str; 9] =
    ["amazoncorretto", "debian", "eclipse-temurin", "golang", "openjdk", "python", "ruby", "rust", "ubuntu"];

/// What makes the users of a stage, and who was asked for: each user is looked for once.
struct Makers<'a> {
    /// The texts of the steps that may make users; none where the base image may bring some.
    texts: Option<Vec<&'a str>>,
    known: HashMap<String, bool>,
}

impl<'a> Makers<'a> {
    fn of(image: &ImageView<'a>) -> Self {
        let is_plain = image.root().official_name().is_some_and(|name| WITHOUT_USERS.contains(&name));
        Self { texts: is_plain.then(|| makers(image)), known: HashMap::new() }
    }

    /// What tells that no step makes the user that an instruction names: a package of Debian's may have made it.
    fn unknown_user(&mut self, image: &ImageView, instruction: &Instruction) -> Option<Reason> {
        let texts = self.texts.as_ref()?;
        let owner = owner_of(image, instruction)?;
        let user = owner.split(':').next().unwrap_or_default();
        let is_name =
            !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if !is_name || user.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let is_there = *self.known.entry(user.to_owned()).or_insert_with(|| {
            users::alpine_has(AccountKind::User, user).is_some()
                || texts.iter().any(|text| text.contains(user) || text.is_empty())
        });
        let what = format!("no step makes the user {user}; a package of Debian's may");
        (!is_there).then(|| Reason::known("USER-05", instruction.span, what))
    }
}

/// The steps of the stage, and of those above it, that make users; an empty one where a list of users is copied.
fn makers<'a>(image: &ImageView<'a>) -> Vec<&'a str> {
    const MAKERS: [&str; 6] = ["useradd", "adduser", "usermod", "/etc/passwd", "newusers", "addgroup"];
    let steps = image.lineage().into_iter().rev().take(MOST_STEPS);
    steps
        .flat_map(|step| {
            let text = step.span.of(image.text);
            let is_list = || {
                step.words.last().is_some_and(|target| {
                    matches!(target.text.trim_end_matches('/'), "" | "/etc" | "/etc/passwd")
                })
            };
            match step.keyword {
                Keyword::Run => Some(text).filter(|text| MAKERS.iter().any(|maker| text.contains(maker))),
                Keyword::Copy | Keyword::Add if is_list() => Some(""),
                _ => None,
            }
        })
        .collect()
}

/// The owner that an instruction names.
fn owner_of(image: &ImageView, instruction: &Instruction) -> Option<String> {
    match instruction.keyword {
        Keyword::User => Some(unquoted(&instruction.body.text)),
        Keyword::Copy | Keyword::Add => instruction.flag("chown")?.value.clone(),
        Keyword::Run => {
            let mut commands = image.script(instruction).commands.iter();
            let chown = commands.find(|command| command.name() == "chown")?;
            chown.arguments().find(|word| !word.starts_with('-')).map(str::to_owned)
        }
        _ => None,
    }
}

/// The files with settings that name Debian's web user.
fn in_settings(cx: &Context, image: &ImageView, standing: &Standing, out: &mut Translated) {
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let steps = image.instructions().iter();
    let copied = steps.flat_map(|step| programs::copied_by_name(step, &image.image.context, &lookup));
    let named = copied.filter(|(_, file)| settings::is_settings(file)).map(|(word, file)| (word.span, file));
    let base = image.base_word().span;
    let known = settings::KNOWN.iter().filter_map(|wanted| Some((base, standing.origin(wanted)?)));
    let mut seen: Vec<String> = Vec::new();
    let has_web_user = matches!(image.root().official_name(), Some("nginx" | "httpd" | "php"));
    for (span, file) in named.chain(known) {
        if has_web_user && cx.files_of(image).text(&file).is_none() && path::name(&file).ends_with(".conf") {
            let what = format!("{} cannot be read: it may name {WEB}", path::name(&file));
            out.reasons.push(Reason::doubt("USER-05", span, what));
        }
        let line = cx.files_of(image).text(&file).and_then(|text| line_of_web_user(text));
        if let Some(line) = line.filter(|_| !seen.contains(&file)) {
            out.reasons.push(of_web().at(span).from(format!("{}:{line}", path::name(&file))));
            seen.push(file);
        }
    }
}

/// Adds to `out` that the script called `name` names Debian's web user.
pub(super) fn look_in_script((name, text, span): (&str, &str, Span), out: &mut Translated) {
    if let Some(line) = line_of_web_user(text) {
        out.reasons.push(of_web().at(span).from(format!("{name}:{line}")));
    }
}

fn of_web() -> Reason {
    let what = format!("the user {WEB} is 33 on Debian, and 82 or absent on Alpine");
    Reason::known("USER-05", Span::at(0), what)
}

fn names_web_user(instruction: &Instruction, text: &str) -> bool {
    let bodies = instruction.heredocs.iter().map(|heredoc| heredoc.body.of(text));
    bodies.chain([instruction.body.text.as_str()]).any(has_web_word)
}

/// The first line, from 1, that names the user and is no comment.
fn line_of_web_user(text: &str) -> Option<usize> {
    let names = |line: &str| !line.trim_start().starts_with(['#', ';']) && has_web_word(line);
    text.contains(WEB).then(|| text.lines().position(names))?.map(|index| index + 1)
}

/// Whether the name stands in a text as a word of its own.
fn has_web_word(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.match_indices(WEB).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + WEB.len()..].starts_with(|c| is_part(c) && c != '.')
    })
}

/// What keeps `chown user:group` or `chgrp group` from working.
fn of_command(command: &Command) -> Option<Reason> {
    let owner = command.arguments().find(|word| !word.starts_with('-'));
    match command.name() {
        "chown" => of_owner(owner?),
        "chgrp" => of_group(owner?),
        _ => None,
    }
}

/// What keeps `user`, `user:group` or `:group` from being an owner.
fn of_owner(owner: &str) -> Option<Reason> {
    let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
    match user == WEB {
        true => Some(of_web()),
        false => of_account(AccountKind::User, user).or_else(|| of_group(group)),
    }
}

fn of_group(group: &str) -> Option<Reason> {
    of_account(AccountKind::Group, group)
}

fn of_account(kind: AccountKind, name: &str) -> Option<Reason> {
    let what = if kind == AccountKind::User { "user" } else { "group" };
    let what = format!("the {what} {name} of Debian's base does not exist on Alpine");
    users::is_debians_own(kind, name).then(|| Reason::known("USER-05", Span::at(0), what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_line(line: &str) -> Option<Reason> {
        Script::parse_str(line).commands.iter().find_map(of_command)
    }

    #[test]
    fn owners_that_alpine_lacks() {
        for line in ["chown -R www-data /a", "chown www-data:app /a", "chown app:staff a", "chgrp -R staff a"]
        {
            assert!(of_line(line).is_some(), "{line}");
        }
        for line in ["chown app:app /staff", "chown 33:33 a", "chown $U a", "chgrp www-data a", "echo staff"]
        {
            assert_eq!(of_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_name_is_a_word() {
        for text in ["user www-data;", "su www-data -c a", "--uid=www-data", "\"www-data\"", "a:www-data."] {
            assert!(has_web_word(text), "{text}");
        }
        for text in ["/var/www-data/a", "my-www-data", "www-data-old", "www-database"] {
            assert!(!has_web_word(text), "{text}");
        }
        assert_eq!(line_of_web_user("a\n# user www-data;\nuser  www-data;\n"), Some(3));
    }
}
