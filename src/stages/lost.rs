//! What runs later and would no longer find what it expects: programs and packages that stand in an environment now.

pub(super) mod paths;
mod pip;
mod shells;

use super::later::{self, Later};
use crate::{
    docker::{Keyword, instruction::unquoted},
    facts::{
        Context, ImageView, python,
        split::{Ecosystem, Split},
    },
    source::Span,
    workspace::path,
};

/// The first thing that runs later and would miss something: its place and a sentence.
pub(super) fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    if split.environment.is_authors || split.ecosystem != Ecosystem::Python {
        return None;
    }
    let of_text = |later: &Later| {
        let why = missed(later, image, split)?;
        Some((later.span, format!("{} {why}", later.who)))
    };
    let found = later::of(cx, image, split).iter().find_map(of_text);
    found.or_else(|| of_variables(image, split)).or_else(|| of_services(cx, image, split))
}

/// What a text misses, as the rest of a sentence.
fn missed(later: &Later, image: &ImageView, split: &Split) -> Option<String> {
    let (words, folder) = (later.words(), &split.environment.path);
    let in_usr_local = || words.iter().find_map(|word| paths::missed(word, image, split));
    let pip = || {
        let program = pip::caller(&words)?;
        let and = if python::is_pip(path::name(program)) { "" } else { ", which starts pip" };
        Some(format!("calls {program}{and}, and {folder} has none (MS-25)."))
    };
    let shell = || {
        let what = shells::new_environment(&words)?;
        Some(format!("calls `{what}`, which sets PATH anew, without {folder}/bin (MS-12)."))
    };
    let variable = || {
        let value = shells::lost_path(&later.text)?;
        Some(format!("sets PATH to {value}, where {folder}/bin is not first (MS-12)."))
    };
    in_usr_local().or_else(pip).or_else(shell).or_else(variable)
}

/// An ENV after the installation that hides the environment.
fn of_variables(image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let later = image.instructions().iter().skip(split.first).filter(|step| step.keyword == Keyword::Env);
    let mut pairs = later.flat_map(|step| step.pairs.iter().map(move |pair| (step, pair)));
    pairs.find_map(|(step, pair)| {
        let value = unquoted(pair.value.as_deref().filter(|_| pair.name == "PATH")?);
        let why = format!(
            "Line {} sets PATH to {value}, where {}/bin is not first (MS-12).",
            image.line(step),
            split.environment.path
        );
        (!shells::keeps_path(&value)).then_some((step.span, why))
    })
}

/// A service that sets PATH: compose knows nothing of the one in the image.
fn of_services(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let services = cx.services_of(image.image);
    let sets =
        services.iter().find(|view| view.service.environment.iter().any(|one| one.value.name == "PATH"))?;
    let why = format!(
        "The service {} sets PATH, without {}/bin (MS-12).",
        sets.service.name, split.environment.path
    );
    Some((image.instructions()[0].span, why))
}
