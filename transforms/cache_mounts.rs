//! Keep the downloads of package managers between builds in a cache mount.
//!
//! ## Why
//!
//! A cache mount keeps downloaded packages on the build host, outside of the image. `--no-cache-dir`,
//! `PIP_NO_CACHE_DIR` (with any value, even `off`) and `pip cache purge` would leave it empty, so they go. The
//! same holds for uv, poetry, pdm, npm, yarn and pnpm, each with its own folder; yarn from its second version on keeps
//! downloads elsewhere and is left alone.
//!
//! ## Example
//!
//! ```dockerfile
//! RUN pip install --no-cache-dir -r requirements.txt
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! # syntax=docker/dockerfile:1
//! RUN --mount=type=cache,target=/root/.cache/pip \
//!     pip install -r requirements.txt
//! ```
//!
//! ## Declines
//!
//! Refused: an installation that does not run as root, since the mount would belong to root (PIP-07); a workflow,
//! makefile or script that builds the file without BuildKit, which knows no mounts (PIP-06); a step that removes more
//! than the downloads together with their folder, such as `find / -delete` (PIP-11); a folder in the home of another
//! user, or settings that lead elsewhere (PIP-08) or keep nothing (PIP-01); downloads that a later step needs in the
//! image (PIP-11). Asked: as whom an unknown base runs its steps, what an unknown frontend does with a mount, and what
//! installs without a mount once the switch is gone (PIP-02).
//!
//! A mount of the author's own gets an id for musl where the file stood on glibc before.
//!
//! ## Risk
//!
//! Review: building needs BuildKit, which is the default since Docker 23. Build services that throw their disk
//! away between runs gain nothing.

use std::collections::BTreeMap;

use crate::{
    docker::{Flag, Instruction, Keyword, lines, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView,
        caches::{
            self, Cache, hazards, obstacles, own_mounts,
            removal::{self, Removals},
        },
        root,
        runtime::{self, State},
        writers,
    },
    pass::{Change, Pass, Proposal, Risk},
    reason::{Reason, Surety},
    shell::Command,
    source::Span,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "cache-mounts",
    title: "Keep the downloads of package managers between builds in a cache mount",
    source: include_str!("cache_mounts.rs"),
    risk: Risk::Review,
    alters: &[
        Aspect::Steps,
        Aspect::Env("PIP_NO_CACHE_DIR"),
        Aspect::Env("UV_NO_CACHE"),
        Aspect::Env("POETRY_NO_CACHE"),
    ],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().flat_map(|image| propose(cx, &image)).collect()
}

/// A step to change: the instruction, the folders to mount, and what it removes of them.
struct Step<'a> {
    instruction: &'a Instruction,
    caches: Vec<Cache>,
    removals: Removals,
    /// What is doubtful about the place of its mount.
    doubt: Option<Reason>,
    /// Whether its stage stands on musl.
    is_musl: bool,
}

fn propose(cx: &Context, image: &ImageView) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    let mut steps = Vec::new();
    let has_new_yarn = caches::has_new_yarn(cx, image);
    for stage in &image.dockerfile.stages {
        let view = image.at(stage.index);
        let (mut state, is_root) = (runtime::inherited(&view), root::begins_as_root(&view));
        for instruction in image.dockerfile.instructions_of(stage) {
            let mut caches = unmounted(image, instruction, &state);
            caches.retain(|cache| !(has_new_yarn && caches::is_of_old_yarn(cache)));
            if !caches.is_empty() {
                let at = (&state, instruction);
                let why = obstacles::not_root(&view, at, is_root)
                    .or_else(|| obstacles::in_a_home(&view, at, &caches));
                let removals = match why {
                    Some(why) if why.surety == Surety::Known => Err(why),
                    why => removals(image, instruction, (&state, &caches)).map(|found| (found, why)),
                };
                match removals {
                    Ok((removals, doubt)) => {
                        steps.push(Step { instruction, caches, removals, doubt, is_musl: is_musl(&view) })
                    }
                    Err(why) => proposals.push(Proposal::refuse(image.id, instruction.span, [why])),
                }
            }
            state.advance(instruction, image.text);
        }
    }
    proposals.extend(own_mounts(image).map(Change::propose));
    if !steps.is_empty() {
        // Each folder is asked for once, however many steps fill it.
        let folders: BTreeMap<&str, &Cache> =
            steps.iter().flat_map(|step| &step.caches).map(|cache| (cache.folder.as_str(), cache)).collect();
        let folders: Vec<&Cache> = folders.into_values().collect();
        let mounted: Vec<Span> = steps.iter().map(|step| step.instruction.span).collect();
        let against = steps
            .iter()
            .filter_map(|step| step.doubt.clone())
            .chain(obstacles::without_buildkit(cx, image))
            .chain(obstacles::kept_otherwise(image))
            .chain(folders.iter().filter_map(|cache| obstacles::wanted(image, cache)))
            .chain(hazards::all(cx, image, &folders))
            .chain(hazards::needs_switch(cx, image, &mounted));
        proposals.push(change(image, &steps).against(against).propose());
    }
    proposals
}

/// Gives the author's own mounts an id for musl, where the file stood on glibc when it was read.
fn own_mounts(image: &ImageView) -> Option<Change> {
    let shared = own_mounts::shared(image);
    let (span, _) = shared.first()?;
    let why = "A mount of one place is one on the build host, and what was built for glibc does not load here \
               (PIP-09).";
    let title = "Give cache mounts an id of their own for musl";
    let change = Change::new(image.id, *span, Risk::Review, title, why);
    Some(change.with(shared.into_iter().map(|(span, flag)| Edit::replace(image.id, span, flag))))
}

/// Whether a stage stands on musl: by its base, or since it calls apk.
fn is_musl(view: &ImageView) -> bool {
    let calls_apk = |step: &&Instruction| {
        step.keyword == Keyword::Run
            && view.script(step).commands.iter().any(|command| command.name() == "apk")
    };
    view.root().is_alpine() || view.lineage().iter().any(calls_apk)
}

/// What a step removes of the folders to mount.
///
/// # Errors
/// Why the folders cannot be mounted for it.
fn removals(
    image: &ImageView,
    instruction: &Instruction,
    (state, caches): (&State, &[Cache]),
) -> Result<Removals, Reason> {
    let known = |what: String| Reason::known("PIP-11", instruction.span, what);
    let script = image.script(instruction);
    let found = removal::of_script(script, state, caches).map_err(|(command, folder)| {
        known(format!(
            "`{command}` may reach into {folder}: a mounted cache would be emptied, and its folder cannot be removed"
        ))
    })?;
    let empties = || script.commands.iter().any(caches::is_emptying);
    if !instruction.heredocs.is_empty() && (found != Removals::default() || empties()) {
        return Err(known("a here-document empties the folder that would be mounted".to_owned()));
    }
    match removal::left_by_others(script, &found, caches) {
        Some(command) => Err(known(format!(
            "what `{command}` leaves beside the downloads is removed with their folder, which cannot be removed once \
             it is mounted"
        ))),
        None => Ok(found),
    }
}

/// The caches of an installation that has no cache mount yet.
fn unmounted(image: &ImageView, instruction: &Instruction, state: &State) -> Vec<Cache> {
    if instruction.keyword != Keyword::Run || instruction.json.is_some() {
        return Vec::new();
    }
    // On a line of its own it would look like a stage that a backslash swallows.
    if instruction.body.text.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("from")) {
        return Vec::new();
    }
    let is_offline = |flag: &Flag| flag.name == "network" && flag.value.as_deref() == Some("none");
    if instruction.flags.iter().any(is_offline) {
        return Vec::new();
    }
    let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
    let values: Vec<&str> = mounts.filter_map(|flag| flag.value.as_deref()).collect();
    if values.iter().any(|value| value.contains("type=cache")) {
        return Vec::new();
    }
    let mut found = caches::of_script(image.script(instruction), &state.env);
    let targets: Vec<&str> = values.iter().flat_map(|value| value.split(',')).filter_map(target).collect();
    found.retain(|cache| !targets.iter().any(|target| writers::is_below(&cache.folder, target)));
    found
}

/// The value of `target=` or of its other names in an option of a mount.
fn target(option: &str) -> Option<&str> {
    let (name, value) = option.split_once('=')?;
    matches!(name, "target" | "dst" | "destination").then_some(value)
}

/// Says that the step loses what would have left the cache empty.
fn tell_of_cancelling(change: &mut Change, image: &ImageView, step: &Instruction) {
    let note = "What would have left the cache empty is gone, such as --no-cache-dir (PIP-01, PIP-11).";
    change.notes.retain(|known| known != note);
    change.notes.push(note.to_owned());
    change.notes.extend(told_by_comment(image, step));
}

/// That a comment at the step speaks of the option or variable that is gone, in a sentence.
fn told_by_comment(image: &ImageView, step: &Instruction) -> Option<String> {
    let around = Span::new(step.lead.start(), step.span.end()).of(image.text);
    let wanted = if step.keyword == Keyword::Run { "no-cache" } else { "cache" };
    let speaks = |line: &str| lines::is_comment(line) && line.to_ascii_lowercase().contains(wanted);
    let line = image.line(step);
    around.lines().any(speaks).then(|| format!("A comment at line {line} still speaks of what is gone."))
}

fn change(image: &ImageView, steps: &[Step]) -> Change {
    let newline = write::newline_of(image.text);
    let first = steps[0].instruction;
    let mut folders: Vec<&str> = Vec::new();
    for cache in steps.iter().flat_map(|step| &step.caches) {
        if !folders.contains(&cache.folder.as_str()) {
            folders.push(&cache.folder);
        }
    }
    let why =
        format!("Downloads stay in {} on the build host and never get into the image.", folders.join(", "));
    let mut change =
        Change::new(image.id, first.span, Risk::Review, "Mount a cache for package downloads", why);
    if steps.iter().any(|step| step.is_musl && step.caches.iter().any(Cache::holds_builds)) {
        change.notes.push(
            "The id names musl: a mount is shared on the build host, and what was built for glibc does not load here \
             (PIP-09)."
                .to_owned(),
        );
    }
    for step in steps {
        let (edits, cancelled) = mounted(image, step);
        change.edits.extend(edits);
        if cancelled {
            tell_of_cancelling(&mut change, image, step.instruction);
        }
    }
    for instruction in &image.dockerfile.instructions {
        if let Some(edit) = without_switch(image, instruction) {
            change.edits.push(edit);
            tell_of_cancelling(&mut change, image, instruction);
        }
    }
    if !image.dockerfile.directives.iter().any(|directive| directive.name == "syntax") {
        let start = if image.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        change.edits.push(Edit::insert(image.id, start, format!("# syntax=docker/dockerfile:1{newline}")));
    }
    change
}

/// The RUN with the mount and without what cancels it; whether something cancelled it.
fn mounted(image: &ImageView, step: &Step) -> (Vec<Edit>, bool) {
    let (instruction, text) = (step.instruction, image.text);
    let script = image.script(instruction);
    let words = caches::cancelling_words(script).into_iter();
    let mut pieces: Vec<write::Piece> = words.map(|span| write::delete_word(text, span)).collect();
    pieces.extend(step.removals.operands.iter().map(|span| write::delete_word(text, *span)));
    pieces.extend(write::delete_items(text, script, &purges(image, step)));
    let cancelled = !pieces.is_empty();
    let fold = write::fold(text) + &body_indent(text, instruction);
    let flags: Vec<String> = step.caches.iter().map(|cache| flag(cache, step.is_musl)).collect();
    let at = instruction.flags.last().map_or(instruction.keyword_span.end(), |flag| flag.span.end());
    if !instruction.heredocs.is_empty() {
        // The lines of a here-document are the shell's, and stay lines.
        pieces.push((Span::at(at), format!(" {}", flags.join(" "))));
        let edits = pieces.into_iter().map(|(span, new)| Edit::replace(image.id, span, new));
        return (edits.collect(), cancelled);
    }
    let flag = flags.join(&fold);
    let body = instruction.body_span().start();
    let has_own_line = text[at..body].contains('\n');
    match has_own_line {
        true => pieces.push((Span::at(at), format!(" {flag}"))),
        false => {
            pieces.push((Span::at(at), format!(" {flag}{fold}")));
            pieces.push((Span::new(at, body), String::new()));
        }
    }
    let pieces = joined(pieces, at, body);
    let new = write::rewrite(text, instruction, &pieces, write::Comments::Keep);
    (vec![Edit::replace(image.id, instruction.span, new.unwrap_or_default())], cancelled)
}

/// Folds the insertion at `at` and the blanks up to `body` into one piece.
fn joined(pieces: Vec<write::Piece>, at: usize, body: usize) -> Vec<write::Piece> {
    let is_gap = |span: &Span| *span == Span::new(at, body) && at != body;
    if !pieces.iter().any(|(span, _)| is_gap(span)) {
        return pieces;
    }
    let flag: String =
        pieces.iter().filter(|(span, _)| *span == Span::at(at)).map(|(_, text)| text.as_str()).collect();
    let rest = pieces.into_iter().filter(|(span, _)| *span != Span::at(at) && !is_gap(span));
    [(Span::new(at, body), flag)].into_iter().chain(rest).collect()
}

/// The least indentation of the lines below the first one of an instruction; four blanks where that is none or one.
///
/// Where a compound command begins behind the keyword, its end stands as deep as it would.
fn body_indent(text: &str, instruction: &Instruction) -> String {
    let end = instruction.heredocs.first().map_or(instruction.span.end(), |heredoc| heredoc.body.start());
    let lines = text[instruction.span.start()..end].lines().skip(1);
    let code = lines.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let indents = code.map(|line| &line[..line.len() - line.trim_start().len()]);
    let least = indents.min_by_key(|indent| indent.len()).filter(|indent| !matches!(*indent, "" | " "));
    least.unwrap_or("    ").to_owned()
}

/// The option that mounts a cache.
///
/// Wheels that pip builds itself say nothing of the C library, and mounts of one place are one on the build host: those
/// of musl get an id of their own.
fn flag(cache: &Cache, is_musl: bool) -> String {
    let id = match is_musl && cache.holds_builds() {
        true => format!("id={}-musl,", cache.owner),
        false => String::new(),
    };
    let sharing = if cache.is_exclusive { ",sharing=locked" } else { "" };
    format!("--mount=type=cache,{id}target={}{sharing}", cache.folder)
}

/// The items that empty the cache, if others remain.
fn purges(image: &ImageView, step: &Step) -> Vec<usize> {
    let script = image.script(step.instruction);
    // Downloads of poetry stay in the image where no mount keeps them.
    let has_mount = |command: &Command| {
        command.name() != "poetry" || step.caches.iter().any(|cache| cache.folder.contains("poetry"))
    };
    let is_purge = |command: &&Command| {
        let empties = caches::is_emptying(command) && has_mount(command);
        command.is_item && (empties || step.removals.items.contains(&command.item))
    };
    let found: Vec<usize> = script.commands.iter().filter(is_purge).map(|command| command.item).collect();
    let is_list = script.is_plain_list() && step.instruction.heredocs.is_empty();
    match is_list && found.len() < script.items.len() {
        true => found,
        false => Vec::new(),
    }
}

/// The edit that removes `PIP_NO_CACHE_DIR` and its like, which switch a cache off with any value.
fn without_switch(image: &ImageView, instruction: &Instruction) -> Option<Edit> {
    if !matches!(instruction.keyword, Keyword::Env | Keyword::Arg) {
        return None;
    }
    let dropped: Vec<_> =
        instruction.pairs.iter().filter(|pair| caches::SWITCHES.contains(&pair.name.as_str())).collect();
    if dropped.is_empty() {
        return None;
    }
    let pieces: Vec<write::Piece> = match dropped.len() == instruction.pairs.len() {
        true => vec![(instruction.body_span(), String::new())],
        false => dropped.iter().map(|pair| write::delete_word(image.text, pair.span)).collect(),
    };
    Some(crate::alpine::stage::rewritten(image, instruction, &pieces))
}
