//! A whole stage in Alpine's words: every instruction that has to change, and what stands in the way.

use super::{accounts, lines, obstacles, places, run};
use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{Context, ImageView},
    knowledge::{AlpineBranch, apt::ImageFamily},
    reason::Reason,
    shell::bashism,
    source::Span,
};

/// A stage that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Translated {
    /// The edits, complete but for further packages.
    pub edits: Vec<Edit>,
    /// What has no translation, or may have none.
    pub reasons: Vec<Reason>,
    /// Alpine packages that commands need, and for what.
    pub needs: Vec<(String, String)>,
    /// Alpine packages that the stage installs.
    pub installed: Vec<String>,
    /// What a reviewer should know.
    pub notes: Vec<String>,
    /// The RUN that installs packages first, with its pieces and the word after which more can be added.
    pub first_install: Option<(usize, Vec<write::Piece>, Span)>,
}

const GLIBC_KNOBS: [&str; 3] = ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"];

/// Translates the stage of `image` in view for `branch`.
pub fn translate(cx: &Context, image: &ImageView, branch: AlpineBranch) -> Translated {
    let mut out = Translated::default();
    let family = ImageFamily::of(&image.root().name);
    let mut wanted = run::Wanted { knowledge: &cx.options.knowledge, branch, family, systems: 0 };
    for (index, instruction) in image.instructions().iter().enumerate() {
        out.reasons.extend(obstacles::of_instruction(instruction, image.text));
        places::look(image, instruction, &mut out);
        match instruction.keyword {
            Keyword::Run => {
                run_step(image, index, instruction, wanted, &mut out);
                wanted.systems += accounts::system_users(image.script(instruction));
            }
            Keyword::Entrypoint => entrypoint(image, instruction, &mut out),
            Keyword::Shell => shell(image, instruction, &mut out),
            Keyword::Env | Keyword::Arg => variables(image, instruction, &mut out),
            Keyword::Copy | Keyword::Add => {
                archives(instruction, &mut out);
                let from = instruction.flag("from").and_then(|flag| flag.value.as_deref());
                let external = from.filter(|from| image.dockerfile.stage_named(from).is_none());
                let external = external.filter(|from| !cx.is_named_folder(image.image, from));
                out.reasons
                    .extend(external.and_then(|image| obstacles::of_copied_image(image, instruction.span)));
            }
            _ => {}
        }
    }
    let services = cx.services_of(image.image).into_iter().filter(|_| image.is_final());
    let mut settings = services.flat_map(|running| &running.service.environment).map(|entry| &entry.value);
    if settings.any(|setting| is_zone(&setting.name, setting.value.as_deref().unwrap_or_default())) {
        out.needs.push(("tzdata".to_owned(), "TZ".to_owned()));
    }
    if out.installed.iter().any(|name| name == "git") && fetches_over_ssh(cx, image) {
        // On Debian git recommends it.
        out.needs.push(("openssh-client".to_owned(), "git over ssh".to_owned()));
    }
    super::wishes::look(image, &mut out);
    super::commands::look(cx, image, branch, &mut out);
    out
}

/// Whether something of the image, or a manifest that it copies, names a repository that git fetches over ssh.
fn fetches_over_ssh(cx: &Context, image: &ImageView) -> bool {
    let names = |text: &str| ["git@", "ssh://", "git+ssh", "type=ssh"].iter().any(|part| text.contains(part));
    let is_manifest = |path: &str| {
        let name = crate::workspace::path::name(path);
        matches!(name, "package.json" | "pyproject.toml" | "Pipfile") || name.ends_with(".txt")
    };
    let is_told = |step: &Instruction| names(step.span.of(image.text));
    let mut manifests = cx.files_of(image).paths().filter(|path| is_manifest(path));
    image.instructions().iter().any(is_told)
        || manifests.any(|path| cx.files_of(image).text(path).is_some_and(|text| names(text)))
}

/// Archives of the build context, into which nobody looks.
fn archives(instruction: &Instruction, out: &mut Translated) {
    const ENDINGS: [&str; 12] = [
        ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".zip", ".7z", ".rpm",
        ".run",
    ];
    if instruction.flag("from").is_some() {
        return;
    }
    let is_archive = |name: &str| !name.contains("://") && ENDINGS.iter().any(|end| name.ends_with(end));
    for source in instruction.words.iter().rev().skip(1).filter(|word| is_archive(&word.text)) {
        let what = "an archive, which may hold a program for glibc";
        out.reasons.push(Reason::doubt("BASE-03", source.span, what).about(&source.text));
    }
}

fn run_step(
    image: &ImageView,
    index: usize,
    instruction: &Instruction,
    wanted: run::Wanted,
    out: &mut Translated,
) {
    // bash prints what it gets; so does Alpine's sh, which takes its place.
    let is_bash = |step: &&Instruction| step.keyword == Keyword::Shell && step.body.text.contains("bash");
    if !image
        .lineage()
        .into_iter()
        .take_while(|step| step.span != instruction.span)
        .any(|step| is_bash(&step))
    {
        let commands = &image.script(instruction).commands;
        out.reasons.extend(commands.iter().filter_map(obstacles::escaped_echo));
    }
    let step = run::translate(instruction, image.text, wanted);
    let is_translated = step.reasons.is_empty()
        && !out.reasons.last().is_some_and(|known| instruction.span.contains(known.span));
    out.reasons.extend(step.reasons);
    out.installed.extend(step.installed);
    out.notes.extend(step.notes);
    out.needs.extend(step.needs.into_iter().map(|(package, what)| (package.to_owned(), what)));
    if instruction.span.of(image.text).contains("/usr/share/zoneinfo") {
        out.needs.push(("tzdata".to_owned(), "/usr/share/zoneinfo".to_owned()));
    }
    // What has no translation is told already.
    if is_translated && let Some(name) = debian_word_left(image, instruction, &step.pieces) {
        let what = format!("`{name}` would be left where no translation is known");
        out.reasons.push(Reason::known("PKG-11", instruction.span, what));
    }
    if step.pieces.is_empty() {
        return;
    }
    match (step.last_package, &out.first_install) {
        (Some(word), None) => out.first_install = Some((index, step.pieces, word)),
        _ => out.edits.push(rewritten(image, instruction, &step.pieces)),
    }
}

/// A program of Debian's that the RUN still names after `pieces`.
fn debian_word_left(image: &ImageView, instruction: &Instruction, pieces: &[write::Piece]) -> Option<String> {
    let rewritten = match pieces.is_empty() {
        true => None,
        false => Some(write::rewrite(image.text, instruction, pieces, write::Comments::Keep)?),
    };
    let text = rewritten.as_deref().unwrap_or_else(|| instruction.span.of(image.text));
    text.lines().find_map(lines::debian_word).map(str::to_owned)
}

/// `ENTRYPOINT ["/usr/bin/tini", "--"]`: Alpine's package has the program in /sbin.
fn entrypoint(image: &ImageView, instruction: &Instruction, out: &mut Translated) {
    let words = instruction.json.iter().flatten().filter(|word| word.is_whole && word.text == lines::TINI.0);
    let moved =
        |word: &crate::docker::Word| Edit::replace(image.id, word.span, format!("\"{}\"", lines::TINI.1));
    out.edits.extend(words.map(moved));
}

/// The edit that puts `pieces` into an instruction, or removes it when nothing is left of it.
pub fn rewritten(image: &ImageView, instruction: &Instruction, pieces: &[write::Piece]) -> Edit {
    match write::rewrite(image.text, instruction, pieces, write::Comments::Keep) {
        Some(text) => Edit::replace(image.id, instruction.span, text),
        None => removed(image, instruction),
    }
}

/// The edit that removes an instruction and leaves the comments inside it. Of the blank lines around it, those
/// above go as well when blank lines follow, so that one gap is left and not two.
fn removed(image: &ImageView, instruction: &Instruction) -> Edit {
    let text = image.text;
    let kept: String = text[instruction.span.start()..instruction.end]
        .split_inclusive('\n')
        .skip(1)
        .filter(|line| line.trim_start().starts_with('#'))
        .collect();
    let mut start = text[..instruction.span.start()].rfind('\n').map_or(0, |at| at + 1);
    let is_blank = |line: &str| line.trim().is_empty();
    let is_followed_by_a_gap = text[instruction.end..].lines().next().is_none_or(is_blank);
    if kept.is_empty() && is_followed_by_a_gap {
        start = text[..start]
            .split_inclusive('\n')
            .rev()
            .take_while(|line| is_blank(line))
            .fold(start, |start, line| start - line.len());
    }
    Edit::replace(image.id, Span::new(start, instruction.end), kept)
}

/// `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`: ash knows these options.
fn shell(image: &ImageView, instruction: &Instruction, out: &mut Translated) {
    let words = instruction.json.as_deref().unwrap_or_default();
    let Some(program) = words.first().filter(|word| word.text.ends_with("bash")) else { return };
    let known =
        ["-o", "pipefail", "-c", "-e", "-x", "-u", "-eo", "-ec", "-euo", "-exo", "-euxo", "-eux", "-xe"];
    match words[1..].iter().find(|word| !known.contains(&word.text.as_str())) {
        Some(word) => {
            let what = format!("SHELL starts bash with {}, which ash does not know", word.text);
            out.reasons.push(Reason::known("PKG-18", word.span, what));
        }
        None => match bash_only(image, instruction) {
            Some((span, what)) => {
                let what = format!("bash is the shell, and the step uses {what}, which ash does not know");
                out.reasons.push(Reason::known("PKG-18", span, what));
            }
            None => out.edits.push(Edit::replace(image.id, program.span, "\"/bin/ash\"")),
        },
    }
}

/// The first step that `shell` runs and ash does not understand, and why: in this stage, or in one that starts from it.
fn bash_only(image: &ImageView, shell: &Instruction) -> Option<(Span, String)> {
    let own = image.stage().index;
    let below = image.instructions().iter().skip_while(|step| step.span.start() <= shell.span.start());
    find_bash_only(image, below).or_else(|| {
        let stages = image.dockerfile.stages[own + 1..].iter();
        let children = stages.filter(|stage| stage.root == image.stage().root);
        children
            .filter(|stage| image.dockerfile.lineage(stage).any(|parent| parent.index == own))
            .find_map(|stage| find_bash_only(image, image.dockerfile.instructions_of(stage).iter()))
    })
}

fn find_bash_only<'i>(
    image: &ImageView,
    steps: impl Iterator<Item = &'i Instruction>,
) -> Option<(Span, String)> {
    let mut until_next = steps.take_while(|step| step.keyword != Keyword::Shell);
    until_next.find_map(|step| {
        let runs = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        let is_run = runs.contains(&step.keyword) && step.json.is_none();
        is_run.then(|| Some((step.span, bashism::find_in_bash(step.span.of(image.text))?))).flatten()
    })
}

/// Whether a variable names a time zone that has to be looked up.
fn is_zone(name: &str, value: &str) -> bool {
    name == "TZ" && value != "UTC"
}

/// Drops what only apt or glibc reads, and notes what musl ignores.
fn variables(image: &ImageView, instruction: &Instruction, out: &mut Translated) {
    let is_dropped = |name: &str| name == "DEBIAN_FRONTEND" || GLIBC_KNOBS.contains(&name);
    let dropped: Vec<_> = instruction.pairs.iter().filter(|pair| is_dropped(&pair.name)).collect();
    if !dropped.is_empty() {
        let pieces: Vec<_> = match dropped.len() == instruction.pairs.len() {
            true => vec![(instruction.body_span(), String::new())],
            false => dropped.iter().map(|pair| write::delete_word(image.text, pair.span)).collect(),
        };
        out.edits.push(rewritten(image, instruction, &pieces));
    }
    for pair in &instruction.pairs {
        let value = pair.value.as_deref().unwrap_or_default().trim_matches(['"', '\'']);
        let is_locale = matches!(pair.name.as_str(), "LANG" | "LC_ALL");
        if is_locale && !value.is_empty() && !value.starts_with("C") && value != "POSIX" {
            out.notes.push(format!(
                "{}={value}: musl accepts it and keeps C.UTF-8 sorting and formats (BASE-23).",
                pair.name
            ));
        }
        if is_zone(&pair.name, value) {
            out.needs.push(("tzdata".to_owned(), "TZ".to_owned()));
        }
    }
}
