//! Which stages of a file move to Alpine together.
//!
//! What is built in one stage and copied into another has to find the same C library there (BASE-11). Files
//! that a build of Node leaves for browsers need none.

use std::collections::{BTreeMap, BTreeSet};

use super::base::{self, Base};
use crate::{
    docker::{Dockerfile, Instruction, Keyword, Stage},
    facts::{Context, ImageView},
    knowledge::AlpineBranch,
    reason::Reason,
};

/// A stage that moves.
#[derive(Clone, Debug)]
pub struct Moving<'a> {
    /// The stage in view.
    pub view: ImageView<'a>,
    /// The image that its FROM names from now on; none where it starts from another stage.
    pub base: Option<Base>,
    /// The branch of Alpine that it stands on.
    pub branch: AlpineBranch,
}

/// The stages that move when the final one does, in their order.
///
/// # Errors
/// Why one of them cannot: its FROM as written, and a reason.
pub fn moving<'a>(
    cx: &Context,
    image: &ImageView<'a>,
    wanted: Option<AlpineBranch>,
) -> Result<Vec<Moving<'a>>, (String, Reason)> {
    let dockerfile = image.dockerfile;
    let roots = bound(dockerfile);
    let found = bases(cx, image, (&roots, wanted))?;
    let branches: BTreeSet<AlpineBranch> = found.values().map(|base| base.branch()).collect();
    // One C library for all: the oldest branch that each of the images has.
    let found = match (branches.len(), branches.first()) {
        (2.., Some(oldest)) => bases(cx, image, (&roots, Some(*oldest)))?,
        _ => found,
    };
    let of_stage = |stage: &Stage| {
        let base = found.get(&stage.root)?;
        let own = (stage.root == stage.index).then(|| base.clone());
        Some(Moving { view: image.at(stage.index), base: own, branch: base.branch() })
    };
    Ok(dockerfile.stages.iter().filter_map(of_stage).collect())
}

fn bases(
    cx: &Context,
    image: &ImageView,
    (roots, wanted): (&BTreeSet<usize>, Option<AlpineBranch>),
) -> Result<BTreeMap<usize, Base>, (String, Reason)> {
    let dockerfile = image.dockerfile;
    let mut found = BTreeMap::new();
    let last = dockerfile.final_stage().map(|stage| stage.root);
    for root in roots {
        let stage = &dockerfile.stages[*root];
        let is_final = last == Some(*root);
        if !is_final && (stage.base.is_alpine() || stage.base.name == "scratch") {
            continue;
        }
        let base = base::of_stage(cx, &image.at(*root), wanted);
        let written = || dockerfile.base_word(stage).text.clone();
        found.insert(*root, base.map_err(|reason| (written(), reason))?);
    }
    Ok(found)
}

/// The roots of the stages that share compiled files with the final one.
fn bound(dockerfile: &Dockerfile) -> BTreeSet<usize> {
    let mut of_root: Vec<Vec<&Stage>> = vec![Vec::new(); dockerfile.stages.len()];
    for stage in &dockerfile.stages {
        of_root[stage.root].push(stage);
    }
    let mut roots = BTreeSet::new();
    let mut waiting: Vec<usize> = dockerfile.final_stage().map(|stage| stage.root).into_iter().collect();
    while let Some(root) = waiting.pop() {
        if !roots.insert(root) {
            continue;
        }
        let steps = of_root[root].iter().flat_map(|stage| dockerfile.instructions_of(stage));
        let taken = steps.flat_map(|step| taken_from(dockerfile, step));
        waiting.extend(taken.map(|index| dockerfile.stages[index].root));
    }
    roots
}

/// The stages that a step takes compiled files from.
fn taken_from(dockerfile: &Dockerfile, step: &Instruction) -> Vec<usize> {
    let mounts =
        step.flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref());
    let mounted = mounts.flat_map(|mount| mount.split(',')).filter_map(|field| field.strip_prefix("from="));
    let copied =
        step.flag("from").and_then(|flag| flag.value.as_deref()).filter(|_| step.keyword == Keyword::Copy);
    let stages = mounted.chain(copied).filter_map(|name| dockerfile.stage_named(name));
    stages.map(|stage| stage.index).filter(|index| !is_for_browsers(dockerfile, *index, step)).collect()
}

/// Whether a step copies what a build of Node leaves for browsers.
fn is_for_browsers(dockerfile: &Dockerfile, index: usize, step: &Instruction) -> bool {
    let root = &dockerfile.stages[dockerfile.stages[index].root];
    let folders = ["dist", "build", "out", "public", "static", "assets", "html", "www"];
    let Some((_, sources)) = step.words.split_last() else { return false };
    let is_known = |path: &str| {
        let last = path.trim_end_matches(['/', '.']).trim_end_matches('/').rsplit('/').next().unwrap_or(path);
        folders.contains(&last) && !path.contains("node_modules")
    };
    let serves_node = dockerfile
        .final_stage()
        .is_some_and(|last| dockerfile.stages[last.root].base.official_name() == Some("node"));
    root.base.official_name() == Some("node")
        && !serves_node
        && step.keyword == Keyword::Copy
        && sources.iter().all(|word| is_known(&word.text))
}
