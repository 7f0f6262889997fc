//! The text of a builder stage, made from the instructions of a single-stage file.

use crate::{
    docker::{Instruction, Keyword, Pair, write},
    edit::Edit,
    facts::{
        ImageView,
        packages::{self, Install},
        python,
        split::{self, Part, Role},
    },
    shell::Command,
    source::Span,
};

/// A builder stage to be written.
#[derive(Clone, Debug)]
pub struct Builder {
    /// Its name.
    pub name: String,
    /// Whether pip fetches from repositories, so that git must be there.
    pub has_git: bool,
}

/// A stage name that the file does not use yet.
pub fn free_name(image: &ImageView) -> String {
    let names = ["builder", "build", "deps", "dependencies"];
    let is_free = |name: &&&str| image.dockerfile.stage_named(name).is_none();
    let numbered = || {
        (2..)
            .map(|number| format!("builder-{number}"))
            .find(|name| image.dockerfile.stage_named(name).is_none())
    };
    names.iter().find(is_free).map(|name| (*name).to_owned()).or_else(numbered).unwrap_or_default()
}

/// Commands that no installation depends on: accounts, folders, owners, messages.
pub fn is_harmless(command: &Command) -> bool {
    let harmless = [
        "groupadd",
        "useradd",
        "addgroup",
        "adduser",
        "usermod",
        "mkdir",
        "chown",
        "chmod",
        "set",
        "true",
        "echo",
        "install",
        "touch",
        "rm",
        "ln",
        "apt-get",
        "apt",
        "apk",
        "update-ca-certificates",
        "",
    ];
    harmless.contains(&command.name()) && (command.name() != "echo" || command.redirects.is_empty())
}

/// Whether a RUN that installs system packages holds commands that cannot be told to either stage.
pub fn does_more_than_install(image: &ImageView, instruction: &Instruction) -> bool {
    let script = image.script(instruction);
    !script.is_plain_list() || script.commands.iter().any(|command| !is_harmless(command))
}

impl Builder {
    /// The stage's text, with an empty line after it.
    pub fn text(&self, image: &ImageView, parts: &[Part]) -> String {
        let newline = write::newline_of(image.text);
        let last_pip = parts.iter().rposition(|part| *part == Part::Pip).unwrap_or(0);
        let mut out = self.head_line(image) + newline;
        let mut has_venv = false;
        for (index, instruction) in image.instructions().iter().enumerate().take(last_pip + 1).skip(1) {
            let is_install = matches!(parts[index], Part::Pip | Part::Manifests);
            if is_install && !has_venv {
                has_venv = true;
                out.push_str(&venv_lines(image, newline));
            }
            let Some(text) = self.instruction(image, instruction, &parts[index]) else { continue };
            out.push_str(&lead(image, instruction, newline));
            out.push_str(&text);
            out.push_str(newline);
        }
        out + newline
    }

    fn head_line(&self, image: &ImageView) -> String {
        let from = &image.instructions()[0];
        let keyword = from.keyword_span.of(image.text);
        let flags: String = from.flags.iter().map(|flag| format!(" {}", flag.span.of(image.text))).collect();
        let own = from.words.get(1).map(|word| word.text.as_str());
        let alias = own.unwrap_or(if keyword.starts_with('f') { "as" } else { "AS" });
        format!("{keyword}{flags} {} {alias} {}", image.stage().base_word.text, self.name)
    }

    fn instruction(&self, image: &ImageView, instruction: &Instruction, part: &Part) -> Option<String> {
        match part {
            Part::Packages => self.build_packages(image, instruction),
            Part::Manifests => Some(without_owner(image, instruction)),
            Part::Pip => pip_step(image, instruction),
            Part::Other => match instruction.keyword {
                Keyword::Workdir | Keyword::Shell => Some(instruction.span.of(image.text).to_owned()),
                Keyword::Arg | Keyword::Env => variables(image, instruction),
                _ => None,
            },
        }
    }

    /// The package installation without what only the final stage needs.
    fn build_packages(&self, image: &ImageView, instruction: &Instruction) -> Option<String> {
        let is_needed = |install: &Install, name: &str| {
            let needs_git =
                self.has_git && matches!(name, "git" | "openssh-client" | "openssh-client-default");
            needs_git || split::role(image, install.manager, name) != Role::Keep
        };
        let drops_others =
            |command: &Command| packages::subcommand(command).is_none() || !is_package_command(command);
        half(image, instruction, write::Comments::FollowCode, &is_needed, &drops_others)
    }
}

fn is_package_command(command: &Command) -> bool {
    packages::is_apt(command) || command.name() == "apk" || packages::is_apt_companion(command)
}

/// One half of a package installation: the packages that `keeps` names; `None` when there are none.
fn half(
    image: &ImageView,
    instruction: &Instruction,
    comments: write::Comments,
    keeps: &dyn Fn(&Install, &str) -> bool,
    drops: &dyn Fn(&Command) -> bool,
) -> Option<String> {
    let script = image.script(instruction);
    let installs = packages::installs(&script);
    let mut pieces = Vec::new();
    let mut removed: Vec<usize> = Vec::new();
    let mut has_any = false;
    for install in &installs {
        let kept = install.packages.iter().filter(|package| keeps(install, &package.name)).count();
        has_any |= kept > 0;
        if kept == 0 {
            removed.push(install.item);
            continue;
        }
        let dropped = install.packages.iter().filter(|package| !keeps(install, &package.name));
        pieces.extend(dropped.map(|package| write::delete_word(image.text, package.span)));
    }
    if !has_any {
        return None;
    }
    let extra = script
        .commands
        .iter()
        .filter(|command| command.is_item && drops(command) && !packages::is_apt_companion(command));
    removed.extend(extra.map(|command| command.item));
    removed.sort_unstable();
    removed.dedup();
    pieces.extend(write::delete_items(image.text, &script, &removed));
    write::rewrite(image.text, instruction, &pieces, comments)
}

/// The edits that leave in the final stage what it needs: kept packages and the runtime twins of headers.
pub fn runtime_packages(image: &ImageView, instruction: &Instruction) -> Vec<Edit> {
    let script = image.script(instruction);
    let installs = packages::installs(&script);
    let mut pieces = Vec::new();
    let mut removed = Vec::new();
    let mut present: Vec<String> = Vec::new();
    for install in &installs {
        let kept =
            install.packages.iter().filter(|p| split::role(image, install.manager, &p.name) == Role::Keep);
        present.extend(kept.map(|package| package.name.clone()));
    }
    for install in &installs {
        let mut has_any = false;
        let mut own = Vec::new();
        for package in &install.packages {
            match split::role(image, install.manager, &package.name) {
                Role::Keep | Role::UnknownTwin => has_any = true,
                Role::Build => own.push(write::delete_word(image.text, package.span)),
                Role::Headers(runtime) => {
                    let new: Vec<&str> = runtime
                        .iter()
                        .map(String::as_str)
                        .filter(|name| !present.iter().any(|have| have == name))
                        .collect();
                    has_any |= !new.is_empty();
                    own.push(match new.is_empty() {
                        true => write::delete_word(image.text, package.span),
                        false => (package.span, crate::alpine::run::laid_out(image.text, package.span, &new)),
                    });
                    present.extend(new.iter().map(|name| (*name).to_owned()));
                }
            }
        }
        match has_any {
            true => pieces.extend(own),
            false => removed.push(install.item),
        }
    }
    removed.extend(orphans(&script, installs.len() == removed.len()));
    removed.sort_unstable();
    removed.dedup();
    if pieces.is_empty() && removed.is_empty() {
        return Vec::new();
    }
    pieces.extend(write::delete_items(image.text, &script, &removed));
    match write::rewrite(image.text, instruction, &pieces, write::Comments::FollowCode) {
        Some(text) => vec![Edit::replace(image.id, instruction.span, text)],
        None => vec![Edit::delete(image.id, Span::new(instruction.lead.start, instruction.end))],
    }
}

/// `apt-get update` and the like, which go when no installation is left.
fn orphans(script: &crate::shell::Script, is_all_gone: bool) -> Vec<usize> {
    let companions =
        script.commands.iter().filter(|command| command.is_item && packages::is_apt_companion(command));
    companions.filter(|_| is_all_gone).map(|command| command.item).collect()
}

/// The comments above an instruction, after one empty line if there was one.
fn lead(image: &ImageView, instruction: &Instruction, newline: &str) -> String {
    let lead = instruction.lead.of(image.text);
    let comments = lead.trim_start_matches(['\r', '\n']);
    let blank = if lead.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']) { newline } else { "" };
    format!("{blank}{comments}")
}

/// pip's `--python` came with 22.3; python images of a floating tag have had it since, from 3.7 on.
fn has_python_option(image: &ImageView) -> bool {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    let version = tag.split('-').next().unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [major, minor] => (major, minor) >= (3, 7),
        [major, minor, _] => (major, minor) >= (3, 12),
        [major] => major >= 3,
        _ => false,
    }
}

fn venv_lines(image: &ImageView, newline: &str) -> String {
    match has_python_option(image) {
        true => format!("{newline}RUN python -m venv --without-pip /opt/venv{newline}"),
        false => {
            format!("{newline}RUN python -m venv /opt/venv{newline}ENV PATH=\"/opt/venv/bin:$PATH\"{newline}")
        }
    }
}

fn pip_step(image: &ImageView, instruction: &Instruction) -> Option<String> {
    let script = image.script(instruction);
    let mut pieces = Vec::new();
    if has_python_option(image) {
        let installs = python::pip_installs(&script);
        let moved = installs.iter().filter(|install| !install.is_tooling());
        pieces.extend(moved.map(|install| (Span::at(install.after_pip), " --python /opt/venv".to_owned())));
    }
    write::rewrite(image.text, instruction, &pieces, write::Comments::Keep)
}

/// A COPY of manifests; who owns them does not matter in the builder, and the owner may not exist there.
fn without_owner(image: &ImageView, instruction: &Instruction) -> String {
    let pieces: Vec<write::Piece> =
        instruction.flag("chown").map(|flag| write::delete_word(image.text, flag.span)).into_iter().collect();
    let text = write::rewrite(image.text, instruction, &pieces, write::Comments::Keep);
    text.unwrap_or_else(|| instruction.span.of(image.text).to_owned())
}

/// The variables that an installer reads, or that an installation names.
fn variables(image: &ImageView, instruction: &Instruction) -> Option<String> {
    let is_read = |pair: &Pair| {
        let installers =
            ["PIP_", "UV_", "POETRY_", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CPPFLAGS", "LD_LIBRARY_PATH"];
        let proxies = ["http_proxy", "https_proxy", "no_proxy"];
        installers.iter().any(|prefix| pair.name.starts_with(prefix))
            || proxies.iter().any(|proxy| pair.name.eq_ignore_ascii_case(proxy))
            || is_named(image, &pair.name)
    };
    let read: Vec<&Pair> = instruction.pairs.iter().filter(|pair| is_read(pair)).collect();
    if read.is_empty() {
        return None;
    }
    if read.len() == instruction.pairs.len() {
        return Some(instruction.span.of(image.text).to_owned());
    }
    let keyword = instruction.keyword_span.of(image.text);
    let pairs: Vec<&str> = read.iter().map(|pair| pair.span.of(image.text)).collect();
    Some(format!("{keyword} {}", pairs.join(" ")))
}

/// Whether an installation names the variable.
fn is_named(image: &ImageView, name: &str) -> bool {
    image
        .instructions()
        .iter()
        .filter(|step| step.keyword == Keyword::Run && !python::pip_installs(&image.script(step)).is_empty())
        .any(|step| {
            [format!("${name}"), format!("${{{name}")].iter().any(|used| step.body.text.contains(used))
        })
}
