//! One project of a run: read, planned and rendered, so that nothing of it has to be kept.

use std::{borrow::Cow, collections::BTreeSet, path::Path, sync::Arc};

use crate::{
    cli::Format,
    index::{self, Settings},
    options::Options,
    pipeline,
    plan::{Conflict, Output, Plan},
    transforms,
    view::{diagnostic, diff, json::Lists, ndjson, summary, totals::Totals},
    workspace::{
        load::{Loaded, load_text},
        path,
    },
};

/// How a run shows what it found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'s> {
    /// What is printed.
    pub(super) format: Format,
    /// Whether quiet declines are told as well.
    pub(super) everything: bool,
    /// Whether errors are coloured.
    pub(super) colour: bool,
    /// Whether the package index is asked.
    pub(super) online: bool,
    /// Whether the files are written in the end.
    pub(super) writes: bool,
    /// The folder of the run, from the top of its repository.
    pub(super) folder: &'s str,
}

/// What is left of a project when it was looked at.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// For stdout.
    pub(super) out: String,
    /// For stderr.
    pub(super) messages: Vec<u8>,
    /// For the one JSON object.
    pub(super) lists: Lists,
    /// The counts.
    pub(super) totals: Totals,
    /// What there is to write, if the run writes.
    pub(super) outputs: Vec<Output>,
    /// The patches of ignore files, each with its path: one a file is printed.
    pub(super) shared: Vec<(String, String)>,
    /// The folders of its files, if the run writes.
    pub(super) folders: BTreeSet<String>,
    /// What stands in the way of it.
    pub(super) conflicts: Vec<Conflict>,
}

/// Plans the changes of a project and renders them.
pub(super) fn look(loaded: Loaded, options: &Options, shown: Shown) -> Seen {
    let mut seen = Seen::default();
    for error in &loaded.errors {
        seen.messages.extend(diagnostic::render(error, shown.colour).into_bytes());
    }
    let (options, remark) = match shown.online {
        true => asked(&loaded, options),
        false => (Cow::Borrowed(options), None),
    };
    let mut plan = pipeline::run(loaded.ws, loaded.documents, transforms::ALL, &options);
    plan.skips.extend(loaded.skips);
    plan.remarks.extend(remark);
    let patches = diff::patches(&plan);
    seen.totals = Totals::of(&plan, &patches);
    seen.totals.failed = loaded.errors.len();
    match shown.format {
        Format::Diff => {
            // Several projects may add the same entry to an ignore file that they share.
            let is_shared =
                |output: &Output| output.of == output.path && output.path.ends_with(".dockerignore");
            for (output, patch) in plan.outputs.iter().zip(diff::patches_below(&plan, shown.folder)) {
                match is_shared(output) {
                    true => seen.shared.push((output.path.clone(), patch)),
                    false => seen.out += &patch,
                }
            }
            summarize(&plan, shown.everything, &mut seen.messages);
        }
        Format::Summary => {
            let mut out = Vec::new();
            summarize(&plan, shown.everything, &mut out);
            seen.out = String::from_utf8_lossy(&out).into_owned();
        }
        Format::Json => seen.lists = Lists::of(&plan, &patches),
        Format::Ndjson => {
            for line in ndjson::lines(&plan, &patches, &loaded.errors) {
                seen.out += &line;
                seen.out.push('\n');
            }
        }
    }
    seen.conflicts = plan.conflicts;
    if shown.writes {
        seen.folders = plan.before.files.iter().map(|file| path::parent(&file.path).to_owned()).collect();
        seen.outputs = plan.outputs;
    }
    seen
}

fn summarize(plan: &Plan, everything: bool, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = summary::write_files(plan, everything, out);
}

/// The options with what the package index says of packages that the tables do not know; a sentence when it is mute.
pub(in crate::commands) fn asked<'o>(
    loaded: &Loaded,
    options: &'o Options,
) -> (Cow<'o, Options>, Option<String>) {
    let names = pipeline::questions(&loaded.ws, &loaded.documents, options);
    if names.is_empty() {
        return (Cow::Borrowed(options), None);
    }
    let answers = index::ask(&names, &Settings::from_environment());
    let mut options = options.clone();
    Arc::make_mut(&mut options.knowledge).index = answers.by_name;
    let remark = answers.problem.map(|problem| format!("The package index was not reached: {problem}."));
    (Cow::Owned(options), remark)
}

/// A Dockerfile whose text is at hand, optimized in place; its build context is `base`.
pub(super) fn look_at_text(
    base: &Path,
    text: &str,
    options: &Options,
    shown: Shown,
) -> (Seen, Option<String>) {
    let loaded = load_text(base, super::stdin::NAME, text);
    let seen = look(loaded, options, Shown { writes: true, ..shown });
    let result = seen.outputs.iter().find(|output| output.of == super::stdin::NAME);
    let result = result.map(|output| output.text.clone());
    (seen, result)
}
