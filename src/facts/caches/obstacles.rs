//! What keeps the downloads of an installation from a mount.

use super::{Cache, counts_on_downloads, moves_folder};
use crate::{
    docker::{Instruction, Keyword},
    facts::{Context, ImageView, root, runtime::State},
    reason::Reason,
    shell::Command,
};

/// Why the folder of root may not be the one that the installation fills.
pub fn not_root(view: &ImageView, (state, step): (&State, &Instruction), is_known: bool) -> Option<Reason> {
    match state.is_root() {
        true if is_known || state.user.is_some() => None,
        true => {
            let name = view.root().name.clone();
            let what =
                format!("it is not known as whom {name} runs its steps, and a cache mount belongs to root");
            Some(Reason::doubt("PIP-07", step.span, what))
        }
        false => {
            let what = "the installation does not run as root, and a cache mount belongs to root";
            Some(Reason::known("PIP-07", step.span, what))
        }
    }
}

/// Why the folder is not one of root, who would own what the mount leaves behind there.
pub fn in_a_home(
    view: &ImageView,
    (state, step): (&State, &Instruction),
    caches: &[Cache],
) -> Option<Reason> {
    if !state.env.contains_key("HOME") && root::has_other_home(view) {
        let name = view.root().name.clone();
        let what = format!("{name} leads programs to another home folder than that of root");
        return Some(Reason::known("PIP-08", step.span, what));
    }
    let has_user = view.dockerfile.instructions.iter().any(|step| {
        step.keyword == Keyword::User && !matches!(step.body.text.split(':').next(), Some("root" | "0"))
    });
    let is_of_user = |folder: &str| {
        let home = state.env.get("HOME").filter(|home| !matches!(home.as_str(), "/root" | "/root/"));
        folder.starts_with("/home/")
            || (has_user && home.is_some_and(|home| folder.starts_with(home.as_str())))
    };
    let cache = caches.iter().find(|cache| is_of_user(&cache.folder))?;
    let what = format!("a mount at {} leaves folders of root in the home of a user", cache.folder);
    Some(Reason::known("PIP-08", step.span, what))
}

/// Why the file is built without BuildKit, if it is.
pub fn without_buildkit(cx: &Context, image: &ImageView) -> Option<Reason> {
    cx.ws.consumers_of(image.id).find_map(|consumer| {
        let (line, what) = consumer.without_buildkit?;
        let what = format!(
            "builds the file with {what}, which does not carry out cache mounts as they would stand here"
        );
        let place = format!("{}:{line}", consumer.path);
        Some(Reason::known("PIP-06", image.base_word().span, what).from(place))
    })
}

/// Why downloads are kept elsewhere, or have to stay in the image for a later step, if so.
pub fn kept_otherwise(image: &ImageView) -> Option<Reason> {
    let steps = image.dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
    let needs = |command: &&Command| counts_on_downloads(command) || moves_folder(command);
    let (step, command) =
        steps.into_iter().find_map(|step| Some((step, image.script(step).commands.iter().find(needs)?)))?;
    let (trap, what) = match moves_folder(command) {
        true => ("PIP-08", "says where downloads are kept, so a mount would be in another place"),
        false => ("PIP-11", "counts on downloads that stay in the image, where a mount would hide them"),
    };
    let words = command.span.of(image.text).lines().next().unwrap_or_default();
    let words = words.trim_end_matches(['\\', '`']).trim_end();
    Some(Reason::known(trap, step.span, format!("`{words}` {what}")))
}

/// Why the image itself has to have the folder of a cache, or must not have it yet.
pub fn wanted(image: &ImageView, cache: &Cache) -> Option<Reason> {
    let is_within = |path: &str| {
        let rest = cache.folder.strip_prefix(path.trim_end_matches('/'));
        path.len() > "/root/".len() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_made = |command: &Command| {
        let words = || command.arguments().map(|word| word.replace(['~'], "/root").replace("$HOME", "/root"));
        let is_lenient = || command.arguments().any(|word| word.starts_with('-') && word.contains('p'));
        match command.name() {
            "mkdir" => !is_lenient() && words().any(|word| is_within(&word)),
            "ln" => words().any(|word| is_within(&word)),
            "chmod" | "chown" | "cp" | "mv" | "rsync" | "tar" => {
                words().any(|word| is_within(&word) || word.starts_with(&cache.folder))
            }
            _ => false,
        }
    };
    let step = image.dockerfile.instructions.iter().find(|step| match step.keyword {
        Keyword::Copy if step.flag("from").is_some() => {
            let sources = step.words.iter().rev().skip(1);
            sources
                .into_iter()
                .any(|source| is_within(&source.text) || source.text.starts_with(&cache.folder))
        }
        Keyword::Run => image.script(step).commands.iter().any(is_made),
        _ => false,
    })?;
    let what = format!("counts on what {} holds in the image", cache.folder);
    Some(Reason::known("PIP-11", step.span, what))
}
