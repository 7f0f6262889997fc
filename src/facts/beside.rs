//! Whether an optimized Dockerfile stands beside its original or takes its place.

use super::{is_alpine, root_image};
use crate::{
    docker::{self, Dockerfile},
    options::Options,
    source::SourceFile,
};

/// Whether what the passes made of `file`, now `after`, is written beside it.
///
/// A sibling is for another base or another structure, which people want to compare and to go back from. Where both
/// stay, or the image stands on Alpine already, a second file would be a burden.
pub fn is_beside(file: &SourceFile, after: &Dockerfile, options: &Options) -> bool {
    if options.in_place || options.sibling || !file.is_changed() {
        return options.sibling;
    }
    docker::parse(&file.on_disk).is_ok_and(|before| !is_alpine(&before) && is_other(&before, after))
}

/// Whether the final stage has another base, or there are more stages or fewer.
fn is_other(before: &Dockerfile, after: &Dockerfile) -> bool {
    let base = |dockerfile: &Dockerfile| {
        let image = root_image(dockerfile, dockerfile.final_stage()?);
        Some((image.name.clone(), image.tag.clone()))
    };
    base(before) != base(after) || before.stages.len() != after.stages.len()
}
