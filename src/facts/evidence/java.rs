//! Programs for glibc that a build with Maven or Gradle fetches.

use super::super::{Context, ImageView, sources};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::java_plugins,
    reason::Reason,
    workspace::path,
};

/// What the build files that the image takes from its context fetch for glibc.
pub(super) fn fetched(cx: &Context, image: &ImageView) -> Vec<Reason> {
    let mut steps = image.instructions().iter();
    let Some(step) = steps.find(|step| step.keyword == Keyword::Run && builds(image, step)) else {
        return Vec::new();
    };
    let taken = sources::required(image.dockerfile, &sources::Request::default());
    let is_taken = |file: &str| {
        let file = path::relative(&image.image.context, file);
        taken.iter().any(|source| {
            let folder = source.path.trim_end_matches('/');
            folder.is_empty() || folder == "." || file == folder || file.starts_with(&format!("{folder}/"))
        })
    };
    let mut found: Vec<(&str, String)> = Vec::new();
    for file in cx.files_of(image).paths().filter(|file| is_build_file(file) && is_taken(file)) {
        let what = cx.files_of(image).text(file).and_then(|text| java_plugins::fetched(text));
        if let Some(what) = what.filter(|what| found.iter().all(|(known, _)| known != what)) {
            found.push((what, file.to_string()));
        }
    }
    let told = found.into_iter().map(|(what, file)| Reason::known("BASE-03", step.span, what).about(&file));
    told.collect()
}

fn builds(image: &ImageView, step: &Instruction) -> bool {
    let mut commands = image.script(step).commands.iter();
    commands.any(|command| matches!(command.name(), "mvn" | "mvnw" | "gradle" | "gradlew"))
}

fn is_build_file(file: &str) -> bool {
    java_plugins::BUILD_FILES.contains(&path::name(file))
}
