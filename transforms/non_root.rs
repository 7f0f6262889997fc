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
//! ## Declines
//!
//! When a step writes below the folder before it is given away. An image without a user gets one, with its working
//! directory, only when nothing tells of a writer elsewhere: no volume, no `mkdir` but of that directory, no port
//! below 1024, no script at start, a known server as CMD or ENTRYPOINT, no variable or program text that names a
//! path, no rights that a service adds. Devices, packages whose programs need root, a database that a step fills,
//! and steps below CMD keep it root as well. So do settings for one user, logs elsewhere, browsers and package
//! managers in the home folder of root, the npm of Node 15 to 18.13, and a project of which the build context holds
//! neither manifest nor program.
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
        root, rootless,
        runtime::{self, State},
    },
    installs,
    pass::{Change, Pass, Proposal, Risk},
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
    if chown::are_several(image) {
        let why =
            "Several commands give files away, and which of them gives what is not told apart (USER-09).";
        return Some(Proposal::decline(image.id, instruction.span, why));
    }
    match chown::owned_copies(image, &states, &give) {
        Err(why) => Some(Proposal::decline(image.id, instruction.span, why)),
        Ok(copies) if copies.is_empty() => None,
        Ok(copies) => Some(change(image, &states, &give, &copies)),
    }
}

/// A user for an image that has none, when nothing tells of a writer.
fn rootless(cx: &Context, image: &ImageView, states: &[State]) -> Option<Proposal> {
    let start = image
        .instructions()
        .iter()
        .find(|step| matches!(step.keyword, Keyword::Entrypoint | Keyword::Cmd))?;
    let root = image.root();
    if states.last().is_some_and(|state| state.user.is_none()) && !root::begins_as_root(image) {
        let why = format!("It is not known as whom {} runs what is started.", root.name);
        return Some(Proposal::decline(image.id, start.span, why));
    }
    let base = root.official_name();
    let obstacles = rootless::obstacles(cx, image);
    let (Some("python" | "node"), Some(copy), []) =
        (base, rootless::source_copies(image).first().copied(), &obstacles[..])
    else {
        let why = match obstacles.is_empty() {
            true => "The image runs as root, and which files a user of its own would need is not known."
                .to_owned(),
            false => {
                format!("The image runs as root. In the way of a user: {} (USER-13).", obstacles.join("; "))
            }
        };
        return Some(Proposal::decline(image.id, start.span, why));
    };
    Some(with_user(image, base == Some("node"), copy, start))
}

fn with_user(image: &ImageView, is_node: bool, copy: &Instruction, start: &Instruction) -> Proposal {
    let name = if is_node { "node" } else { "app" };
    let mut commands = match (is_node, installs::manager(image)) {
        (true, _) => Vec::new(),
        (false, Manager::Apk) => vec!["addgroup -S app".to_owned(), "adduser -S -G app app".to_owned()],
        (false, Manager::Apt) => vec!["groupadd -r app".to_owned(), "useradd -r -m -g app app".to_owned()],
    };
    commands.extend(owned_workdir(image, name, copy));
    let above = |step: &Instruction, line: &str| {
        let (at, line) = write::line_above(image.text, step, line);
        Edit::replace(image.id, at, line)
    };
    let mut edits = vec![above(copy, &format!("RUN {}", commands.join(" && ")))];
    let copies = rootless::source_copies(image);
    let unowned = copies.into_iter().filter(|step| step.flag("chown").is_none());
    edits.extend(
        unowned
            .map(|step| Edit::insert(image.id, step.keyword_span.end(), format!(" --chown={name}:{name}"))),
    );
    edits.push(above(start, &format!("USER {name}")));
    let why = "Nothing in the manifests, settings and program text tells of a path outside the working directory that \
               the service writes to, or of another need for root.";
    let note = format!(
        "The files and the working directory are the user's, so it can write beside the code; elsewhere it can \
         write to {} alone (USER-13).",
        if is_node { "/home/node and /tmp" } else { "/home/app and /tmp" }
    );
    let title = format!("Run the service as {name}");
    Change::new(image.id, start.span, Risk::Review, title, why).with(edits).noting(note).propose()
}

/// The commands that give the working directory to the user, which may not stand before the COPY yet.
fn owned_workdir(image: &ImageView, name: &str, copy: &Instruction) -> Vec<String> {
    let states = runtime::states(image);
    let last = states[states.len() - 1].workdir.trim_end_matches('/');
    let at = image.instructions().iter().position(|step| step.span == copy.span).unwrap_or(0);
    let give = format!("chown {name}:{name} {last}");
    let is_made = image.instructions()[..at].iter().zip(&states).any(|(step, state)| {
        step.keyword == Keyword::Run
            && image.script(step).commands.iter().any(|command| rootless::makes(command, state, last))
    });
    match is_made || states[at].workdir.trim_end_matches('/') == last {
        true => vec![give],
        false => vec![format!("mkdir -p {last}"), give],
    }
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
