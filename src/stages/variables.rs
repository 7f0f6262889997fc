//! The variables of a stage that its builder needs too.

use crate::{
    docker::{Instruction, Pair},
    facts::{
        ImageView,
        split::{Ecosystem, Part, Split},
    },
};

/// What installers read, by the start of the name.
const INSTALLERS: [&str; 10] = [
    "PIP_",
    "UV_",
    "POETRY_",
    "PDM_",
    "PIPENV_",
    "VIRTUAL_ENV",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
];

/// The part of an ENV or ARG that the builder needs, in its words; `None` when it needs nothing of it.
pub(super) fn for_builder(image: &ImageView, split: &Split, instruction: &Instruction) -> Option<String> {
    let read: Vec<&Pair> = instruction.pairs.iter().filter(|pair| is_read(image, split, pair)).collect();
    if read.is_empty() {
        return None;
    }
    if read.len() == instruction.pairs.len() {
        return Some(instruction.span.of(image.text).to_owned());
    }
    let keyword = instruction.keyword_span.of(image.text);
    let pairs: Vec<&str> = read.iter().map(|pair| pair.span.of(image.text)).collect();
    Some(format!("{keyword} {}", pairs.join(" ")))
}

fn is_read(image: &ImageView, split: &Split, pair: &Pair) -> bool {
    // A build of Node may read any of them; names such as NEXT_PUBLIC_API are the project's own.
    if split.ecosystem == Ecosystem::Node {
        return true;
    }
    let proxies = ["http_proxy", "https_proxy", "no_proxy"];
    INSTALLERS.iter().any(|prefix| pair.name.starts_with(prefix))
        || pair.name == "CPPFLAGS"
        || pair.name == "PATH"
        || proxies.iter().any(|proxy| pair.name.eq_ignore_ascii_case(proxy))
        || is_named(image, split, &pair.name)
}

/// Whether an instruction that the builder gets, or a variable that it gets, names this one.
fn is_named(image: &ImageView, split: &Split, name: &str) -> bool {
    let used = [format!("${name}"), format!("${{{name}")];
    let names = |text: &str| used.iter().any(|form| contains_variable(text, form));
    let steps = image.instructions().iter().zip(&split.parts).take(split.last + 1).skip(1);
    let mut in_steps = steps.filter(|(_, part)| **part != Part::Stays).map(|(step, _)| step);
    let is_in_variables = || {
        let pairs = image.instructions()[..split.last].iter().flat_map(|step| &step.pairs);
        let mut read = pairs.filter(|pair| {
            INSTALLERS.iter().any(|prefix| pair.name.starts_with(prefix)) || pair.name == "PATH"
        });
        read.any(|pair| pair.name != name && pair.value.as_deref().is_some_and(names))
    };
    in_steps.any(|step| names(step.span.of(image.text))) || is_in_variables()
}

/// Whether `text` holds the variable and not one whose name only starts like it.
fn contains_variable(text: &str, form: &str) -> bool {
    text.match_indices(form).any(|(at, found)| {
        !text[at + found.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}
