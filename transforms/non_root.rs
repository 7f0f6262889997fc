//! Give files to the app's user when they are copied, not in a layer of their own.
//!
//! ## Why
//!
//! `RUN chown -R` copies every file that it touches into another layer: a 30 MB file makes the image 31 MB
//! larger. `COPY --chown` owns the files where they are. The user has to exist before: with a name that the stage
//! does not know, BuildKit silently gives the files to root.
//!
//! ## Example
//!
//! ```dockerfile
//! RUN addgroup -S app && adduser -S -G app app
//! WORKDIR /app
//! COPY src/ ./src/
//! RUN mkdir -p /app/logs && chown -R app:app /app
//! USER app
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! RUN addgroup -S app && adduser -S -G app app
//! WORKDIR /app
//! COPY --chown=app:app src/ ./src/
//! RUN mkdir -p /app/logs && chown app:app /app /app/logs
//! USER app
//! ```
//!
//! An image of Python or Node without a user gets one with the number 1000, or the next that is free: the first
//! user of most hosts, to whom the files of bind mounts belong. The image makes and owns what the service writes:
//! its working directory, the mount points of its volumes, and the folders that steps, variables and code name.
//!
//! ## Declines
//!
//! `chown -R` stays when a step writes below the folder before it is given away. An image keeps root when something
//! in it is known to need root or to break without it: a start that changes users or owners, devices, packages whose
//! programs need root, rights that a service adds, secrets that only root can read, downloads that a step leaves in
//! the home folder of root, files that are written in folders of the system, and a user that the author chose.
//!
//! It asks where that may be: volumes that root filled, with the `chown` to run once; bind mounts, with the number;
//! ports below 1024; a database that a step fills; a folder above the code; a part of the start that is not in the
//! checkout.
//!
//! ## Risk
//!
//! Review: ownership decides what the service may write.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView,
        chown::{self, Give},
        packages::Manager,
        root,
        rootless::{self, Account},
        runtime::{self, State},
    },
    installs,
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    source::Span,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "non-root",
    title: "Give files to the app's user when they are copied",
    source: include_str!("non_root.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Owners, Aspect::Steps, Aspect::User],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let states = runtime::states(image);
    if states.last().is_some_and(State::is_root) {
        return rootless(cx, image, &states);
    }
    let give = chown::find(image, &states)?;
    let instruction = &image.instructions()[give.step];
    if matches!(give.owner.split(':').next(), Some("root" | "0")) {
        return Some(Proposal::nothing(image.id, instruction.span, "What COPY brings is root's already."));
    }
    let stays = |reason| Proposal::refuse(image.id, instruction.span, [reason]).saying("`chown -R` stays");
    if chown::are_several(image) {
        let why = "several commands give files away, and which of them gives what is not told apart";
        return Some(stays(Reason::known("USER-11", instruction.span, why)));
    }
    match chown::owned_copies(image, &states, &give) {
        Err(reason) => Some(stays(*reason)),
        Ok(copies) if copies.is_empty() => None,
        Ok(copies) => Some(change(image, &states, &give, &copies)),
    }
}

/// Why it is not known which files the service needs.
fn without_copies(states: &[State]) -> &'static str {
    match states.last().map(|state| &*state.workdir) {
        Some("/") => {
            "it is started in /, so which files are the project's, and may be written to, is not known"
        }
        _ => {
            "no COPY brings the project's files to the working directory, so which files it needs is not known"
        }
    }
}

/// A user for an image that has none.
fn rootless(cx: &Context, image: &ImageView, states: &[State]) -> Option<Proposal> {
    let start = image
        .instructions()
        .iter()
        .find(|step| matches!(step.keyword, Keyword::Entrypoint | Keyword::Cmd))?;
    let root = image.root();
    let otherwise = "the image runs as root";
    let refuse = |reason| Proposal::refuse(image.id, start.span, [reason]).saying(otherwise);
    if states.last().is_some_and(|state| state.user.is_none()) && !root::begins_as_root(image) {
        let what = format!("as whom {} runs what is started is not known", root.name);
        return Some(refuse(Reason::known("USER-29", image.base_word().span, what)));
    }
    if !matches!(root.official_name(), Some("python" | "node")) {
        let what = format!("which files of {} another user needs is not known", root.name);
        return Some(refuse(Reason::known("USER-29", image.base_word().span, what)));
    }
    let Some(copy) = rootless::source_copies(image).first().copied() else {
        return Some(refuse(Reason::known("USER-13", start.span, without_copies(states))));
    };
    let account = Account::of(image);
    let findings = rootless::look(cx, image, &account);
    let title = format!("Run the service as {}", account.name);
    let why = "Code that breaks into the service is root in the container otherwise. The service gets its files, its \
               working directory and the folders that it is seen to write.";
    let can_write = match account.is_of_base {
        true => "/home/node and /tmp".to_owned(),
        false => format!("/home/{} and /tmp", account.name),
    };
    let note = format!(
        "{} has the number {}. It can write beside the code, in {} and nowhere else (USER-13).",
        account.name,
        account.id,
        findings.folders.iter().map(|folder| format!("{folder}, ")).collect::<String>() + &can_write
    );
    let edits = with_user(image, &account, (copy, start), &findings.folders);
    let change = Change::new(image.id, start.span, Risk::Review, title, why).with(edits).noting(note);
    Some(change.against(findings.reasons).or_else(otherwise).propose())
}

/// The edits that make the user, give it its files, and start as it.
fn with_user(
    image: &ImageView,
    account: &Account,
    (copy, start): (&Instruction, &Instruction),
    folders: &[String],
) -> Vec<Edit> {
    let (name, id) = (account.name, account.id);
    let mut commands = match (account.is_of_base, installs::manager(image)) {
        (true, _) => Vec::new(),
        (false, Manager::Apk) => {
            vec![format!("addgroup -g {id} {name}"), format!("adduser -D -u {id} -G {name} {name}")]
        }
        (false, Manager::Apt) => {
            vec![format!("groupadd -g {id} {name}"), format!("useradd -u {id} -g {name} -m {name}")]
        }
    };
    // What is given away below a VOLUME is lost, so all of it is done above the first one.
    let is_first = |step: &&Instruction| step.span == copy.span || step.keyword == Keyword::Volume;
    let first = image.instructions().iter().find(is_first).unwrap_or(copy);
    commands.extend(owned_folders(image, name, first, folders));
    let above = |step: &Instruction, line: &str| {
        let (at, line) = write::line_above(image.text, step, line);
        Edit::replace(image.id, at, line)
    };
    let mut edits = vec![above(first, &format!("RUN {}", commands.join(" && ")))];
    let copies = rootless::source_copies(image);
    let unowned = copies.into_iter().filter(|step| step.flag("chown").is_none());
    edits.extend(unowned.map(|step| {
        // With --link a COPY knows no names.
        let owner = match step.flag("link") {
            Some(_) => format!(" --chown={id}:{id}"),
            None => format!(" --chown={name}:{name}"),
        };
        Edit::insert(image.id, step.keyword_span.end(), owner)
    }));
    edits.push(match image.instructions().iter().rfind(|step| needs_root(step)) {
        Some(last) if last.span > start.span => {
            let line = write::line_after(image.text, last.span.end(), &format!("USER {name}"));
            Edit::insert(image.id, last.span.end(), line)
        }
        _ => above(start, &format!("USER {name}")),
    });
    edits
}

/// Whether a step below USER would no longer do what it does as root.
fn needs_root(step: &Instruction) -> bool {
    use Keyword::{Add, Copy, Run, Workdir};
    matches!(step.keyword, Add | Copy | Run | Workdir)
}

/// The commands that give folders to the user, which may not stand before `step` yet: the working directory first.
fn owned_folders(image: &ImageView, name: &str, step: &Instruction, folders: &[String]) -> Vec<String> {
    let states = runtime::states(image);
    let last = states[states.len() - 1].workdir.trim_end_matches('/').to_owned();
    let at = image.instructions().iter().position(|other| other.span == step.span).unwrap_or(0);
    let folders = with_parents(&last, folders);
    let all: Vec<&String> = [&last].into_iter().chain(&folders).collect();
    let is_there = |folder: &&&String| {
        let is_made = image.instructions()[..at].iter().zip(&states).any(|(step, state)| {
            step.keyword == Keyword::Run
                && image.script(step).commands.iter().any(|command| rootless::makes(command, state, folder))
        });
        is_made || (**folder == &last && states[at].workdir.trim_end_matches('/') == last)
    };
    let missing: Vec<&str> =
        all.iter().filter(|folder| !is_there(folder)).map(|folder| folder.as_str()).collect();
    let all: Vec<&str> = all.iter().map(|folder| folder.as_str()).collect();
    let give = format!("chown {name}:{name} {}", all.join(" "));
    match missing.is_empty() {
        true => vec![give],
        false => vec![format!("mkdir -p {}", missing.join(" ")), give],
    }
}

/// The folders, each below the folders between it and `workdir`, which `mkdir -p` would leave to root.
fn with_parents(workdir: &str, folders: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for folder in folders {
        let rest = folder.strip_prefix(workdir).filter(|rest| rest.starts_with('/'));
        let between = rest.into_iter().flat_map(|rest| rest.match_indices('/').skip(1));
        let parents = between.map(|(at, _)| folder[..workdir.len() + at].to_owned());
        for folder in parents.chain([folder.clone()]) {
            if !all.contains(&folder) {
                all.push(folder);
            }
        }
    }
    all
}

fn change(image: &ImageView, states: &[State], give: &Give, copies: &[&Instruction]) -> Proposal {
    let step = &image.instructions()[give.step];
    // `chown 1001` leaves the group as it is, root's; COPY would take the number for the group, too.
    let group = if give.owner.bytes().all(|byte| byte.is_ascii_digit()) { ":0" } else { "" };
    let flag = format!(" --chown={}{group}", give.owner);
    let mut edits: Vec<Edit> =
        copies.iter().map(|copy| Edit::insert(image.id, copy.keyword_span.end(), flag.clone())).collect();
    let made = chown::made_folders(image, states, give).unwrap_or_default();
    let mut pieces: Vec<write::Piece> = Vec::new();
    for word in give.command.words.iter().filter(|word| matches!(word.raw.as_str(), "-R" | "--recursive")) {
        pieces.push(write::delete_word(image.text, word.span));
    }
    if let (Some(last), false) = (give.command.words.last(), made.is_empty()) {
        pieces.push((Span::at(last.span.end()), format!(" {}", made.join(" "))));
    }
    let name = give.owner.split(':').next().unwrap_or_default();
    let is_late = copies.iter().any(|copy| !is_made_before(image, states, copy, name));
    if is_late {
        edits.extend(moved_accounts(image, give, copies[0]));
        pieces.extend(write::delete_items(image.text, image.script(step), &give.accounts));
    }
    let text = write::rewrite(image.text, step, &pieces, write::Comments::Keep);
    edits.extend(text.map(|text| Edit::replace(image.id, step.span, text)));
    let left: Vec<&str> = give.folders.iter().chain(&made).map(String::as_str).collect();
    let why = format!(
        "COPY --chown={} owns the files in their own layer; `chown -R` would copy them into another. Left to own: {}.",
        give.owner,
        left.join(", ")
    );
    Change::new(image.id, step.span, Risk::Review, "Own copied files at once", why).with(edits).propose()
}

fn is_made_before(image: &ImageView, states: &[State], copy: &Instruction, name: &str) -> bool {
    let index = image.instructions().iter().position(|step| step.span == copy.span).unwrap_or(0);
    states[index].accounts.contains(name) || name.bytes().all(|byte| byte.is_ascii_digit()) || name == "node"
}

/// The edits that make the user in a RUN of its own, above the first COPY; the comments above it go along.
fn moved_accounts(image: &ImageView, give: &Give, first: &Instruction) -> Vec<Edit> {
    let step = &image.instructions()[give.step];
    let script = image.script(step);
    let newline = write::newline_of(image.text);
    let last = give.accounts.last().map_or(step.span.start(), |item| script.items[*item].span.end());
    let command = Span::new(step.keyword_span.start(), last).of(image.text);
    let lead = step.lead.of(image.text);
    let comments = lead.trim_start_matches(['\r', '\n']);
    let mut edits =
        vec![Edit::insert(image.id, first.lead.start(), format!("{newline}{comments}{command}{newline}"))];
    if !comments.trim().is_empty() {
        let start = step.lead.end() - comments.len();
        edits.push(Edit::delete(image.id, Span::new(start, step.lead.end())));
    }
    edits
}
