//! Cache mounts of the author's own, in stages that stood on glibc when they were read and stand on musl now.

use crate::{
    docker::{self, Keyword},
    facts::{ImageView, is_alpine},
    source::Span,
};

/// The mounts that share wheels with builds on glibc: each with the option that has an id of its own.
///
/// Mounts of one place are one on the build host, and what pip builds itself says nothing of the C library.
pub fn shared(image: &ImageView) -> Vec<(Span, String)> {
    let was_glibc = || docker::parse(&image.file.on_disk).is_ok_and(|before| !is_alpine(&before));
    if !is_alpine(image.dockerfile) || !was_glibc() {
        return Vec::new();
    }
    let steps = image.dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
    let flags = steps.flat_map(|step| &step.flags).filter(|flag| flag.name == "mount");
    let with_id = flags.filter_map(|flag| {
        let value = flag.value.as_deref()?;
        let has = |part: &str| value.split(',').any(|option| option.starts_with(part));
        let target = value.split(',').filter_map(|option| option.split_once('='));
        let mut target = target.filter(|(name, _)| matches!(*name, "target" | "dst" | "destination"));
        let (_, folder) = target.next()?;
        let owner = ["pip", "uv", "pypoetry", "pdm"]
            .into_iter()
            .find(|owner| folder.trim_end_matches('/').ends_with(&format!("/.cache/{owner}")))?;
        let owner = if owner == "pypoetry" { "poetry" } else { owner };
        let is_free = has("type=cache") && !has("id=");
        is_free.then(|| {
            let text = flag.span.of(image.text);
            (flag.span, text.replacen("type=cache", &format!("type=cache,id={owner}-musl"), 1))
        })
    });
    with_id.collect()
}
