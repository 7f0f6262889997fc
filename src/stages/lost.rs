//! What runs later and would no longer find what it expects: programs and packages that stand in an environment now.

pub(super) mod paths;
pub(super) mod pip;
mod shells;

use super::later::{self, Later};
use crate::{
    docker::{Keyword, instruction::unquoted},
    effects::Effect,
    facts::{
        Context, ImageView, ServiceView,
        split::{Ecosystem, Split},
    },
    reason::Reason,
};

/// All that runs later and would miss something.
pub(super) fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    if split.environment.is_authors || split.ecosystem != Ecosystem::Python {
        return Vec::new();
    }
    let of_text = |later: &Later| missed(later, image, split).map(|(trap, what)| later.reason(trap, what));
    let all = later::of(cx, image, split);
    let found = all.iter().filter_map(of_text);
    let mut found: Vec<Reason> = found.collect();
    // What is known to be started is told of already.
    if found.is_empty() {
        found.extend(of_code(cx, image, split, &all));
    }
    found.extend(of_variables(image, split));
    found.extend(of_services(cx, image, split));
    found
}

/// What a text misses: the trap, and the rest of a clause.
fn missed(later: &Later, image: &ImageView, split: &Split) -> Option<(&'static str, String)> {
    let (words, folder) = (later.words(), &split.environment.path);
    let in_usr_local = || words.iter().find_map(|word| Some(("MS-12", paths::missed(word, image, split)?)));
    let shell = || {
        let what = shells::new_environment(&words)?;
        Some(("MS-12", format!("calls `{what}`, which sets PATH anew, without {folder}/bin")))
    };
    let variable = || {
        let value = shells::lost_path(&later.text)?;
        Some(("MS-12", format!("sets PATH to {value}, where {folder}/bin is not first")))
    };
    in_usr_local().or_else(shell).or_else(variable)
}

/// Program text that names the interpreter which the environment leaves aside: for sure where the image starts it.
fn of_code(cx: &Context, image: &ImageView, split: &Split, all: &[Later]) -> Vec<Reason> {
    let bound = cx.files_of(image).program_text().of(Effect::RunsWith);
    let files = bound.filter(|found| found.argument.starts_with("/usr/local/bin/python"));
    let mut files = files.map(|found| &*found.file).peekable();
    if files.peek().is_none() {
        return Vec::new();
    }
    let named = later::named_by_programs(cx, image, all);
    let folder = &split.environment.path;
    let what = format!("the first line names the Python in /usr/local/bin, which would not see {folder}");
    let reason = |file: &str| {
        let starter = named.iter().find(|(path, _)| path == file).map(|(_, origin)| origin);
        match starter {
            Some(origin) => {
                let what = format!(
                    "starts {file}, whose first line names the Python in /usr/local/bin, which would not see {folder}"
                );
                Reason::known("MS-12", image.instructions()[0].span, what).from(origin)
            }
            None => Reason::doubt("MS-12", image.instructions()[0].span, &*what).about(file),
        }
    };
    files.map(reason).collect()
}

/// An ENV after the installation that hides the environment.
fn of_variables(image: &ImageView, split: &Split) -> Option<Reason> {
    let later = image.instructions().iter().skip(split.first).filter(|step| step.keyword == Keyword::Env);
    let mut pairs = later.flat_map(|step| step.pairs.iter().map(move |pair| (step, pair)));
    pairs.find_map(|(step, pair)| {
        let value = unquoted(pair.value.as_deref().filter(|_| pair.name == "PATH")?);
        let what = format!("sets PATH to {value}, where {}/bin is not first", split.environment.path);
        (!shells::keeps_path(&value)).then(|| Reason::known("MS-12", step.span, what))
    })
}

/// A service that sets PATH: compose knows nothing of the one in the image.
fn of_services(cx: &Context, image: &ImageView, split: &Split) -> Option<Reason> {
    let sets = |view: ServiceView| {
        let path = view.service.environment.iter().find(|one| one.value.name == "PATH")?;
        let what =
            format!("the service {} sets PATH, without {}/bin", view.service.name, split.environment.path);
        Some(Reason::known("MS-12", path.span, what).within(view.id))
    };
    cx.services_of(image.image).into_iter().find_map(sets)
}
