//! Files of the project that nobody can look into: then nothing tells what the service writes.

use super::super::{Context, ImageView, evidence, node, python, runtime, sources};
use crate::{docker::Keyword, facts::commands::Standing, reason::Reason, workspace::path};

/// What an installation or a start names and the build context does not hold.
pub(super) fn reasons(cx: &Context, image: &ImageView) -> Option<Reason> {
    let span = image.base_word().span;
    let missing = |name: String| {
        Reason::doubt(
            "USER-28",
            span,
            format!("{name} is not in the checkout, so what it tells of is not known"),
        )
    };
    let is_nothing = !sources::absent(cx, image).is_empty() && !sources::is_any_present(cx, image);
    if is_nothing {
        let what =
            "the checkout holds none of the files that are copied, so nothing tells what the service writes";
        return Some(Reason::known("USER-28", span, what));
    }
    manifest(cx, image).or_else(|| program(cx, image)).map(missing)
}

/// A requirements file or package.json that an installation reads.
fn manifest(cx: &Context, image: &ImageView) -> Option<String> {
    let runs = || image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    if runs().any(|step| node::installation(image.script(step)).is_some())
        && !(0..image.dockerfile.stages.len())
            .any(|index| matches!(evidence::node_project(cx, &image.at(index)), Some(Ok(_))))
    {
        return Some("package.json".to_owned());
    }
    let files = evidence::manifests(cx, image).closures;
    let read: Vec<&str> = files.iter().map(|(name, _)| path::name(name)).collect();
    let installs = runs().flat_map(|step| python::pip_installs(image.script(step)));
    let mut named = installs.flat_map(|install| install.requirements);
    named.find(|name| !read.contains(&path::name(name)))
}

/// `main.py` of `python main.py`.
fn program(cx: &Context, image: &ImageView) -> Option<String> {
    let words = runtime::started(image)?;
    let is_code = |word: &&String| {
        !word.contains(' ') && [".py", ".js", ".mjs", ".cjs"].iter().any(|end| word.ends_with(end))
    };
    let name = words.iter().skip(1).find(is_code)?;
    let states = runtime::states(image);
    let place = crate::facts::contract::join_path(&states[states.len() - 1].workdir, name);
    let is_unclear = image.instructions().iter().any(|step| {
        let is_copy = matches!(step.keyword, Keyword::Copy | Keyword::Add);
        is_copy
            && (step.flag("from").is_some()
                || step.words.iter().any(|word| word.text.contains(['$', '*', '?'])))
    });
    (!is_unclear && Standing::of(cx, image).origin(&place).is_none()).then(|| name.clone())
}
