//! `packages`, `wheels` and `images` of alpinist.yaml: what the project knows better than the tables.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use crate::{
    docker::ImageRef,
    knowledge::{Knowledge, OwnImage, OwnPackage, OwnWheel},
    manifest::normal_name,
};

/// A value that is not understood, and where it stands.
pub(super) struct Fault {
    pub(super) at: Location,
    pub(super) what: String,
}

/// A value, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "this is neither a text nor a list of texts")]
pub(super) enum Words {
    One(String),
    Many(Vec<String>),
}

/// A word, or what a package needs to be compiled.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "this is neither wheel, pure nor stay, nor a map of build and run")]
pub(super) enum Wheel {
    Word(String),
    Builds(Needs),
}

/// What a package needs to be compiled and to run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Needs {
    build: Option<Words>,
    run: Option<Words>,
}

/// The three maps as they are written.
#[derive(Debug, Default)]
pub(super) struct Maps {
    pub(super) packages: BTreeMap<String, Spanned<Words>>,
    pub(super) wheels: BTreeMap<String, Spanned<Wheel>>,
    pub(super) images: BTreeMap<String, Spanned<String>>,
}

/// Takes the maps over into `knowledge`.
pub(super) fn apply(maps: Maps, knowledge: &mut Knowledge) -> Result<(), Fault> {
    for (name, value) in maps.packages {
        let package = package(&value.value).map_err(|what| Fault { at: value.referenced, what })?;
        knowledge.packages.insert(name, package);
    }
    for (name, value) in maps.wheels {
        let wheel = wheel(&value.value).map_err(|what| Fault { at: value.referenced, what })?;
        knowledge.wheels.insert(normal_name(&name), wheel);
    }
    for (name, value) in maps.images {
        let image = image(&value.value).map_err(|what| Fault { at: value.referenced, what })?;
        knowledge.images.insert(name, image);
    }
    Ok(())
}

fn package(words: &Words) -> Result<OwnPackage, String> {
    match words {
        Words::One(word) if word == "none" => Ok(OwnPackage::NotNeeded),
        Words::One(word) if word == "decline" => Ok(OwnPackage::Decline),
        words => apk_names(words).map(OwnPackage::Apk),
    }
}

fn wheel(wheel: &Wheel) -> Result<OwnWheel, String> {
    match wheel {
        Wheel::Word(word) => match word.as_str() {
            "wheel" => Ok(OwnWheel::Wheel),
            "pure" => Ok(OwnWheel::Pure),
            "stay" => Ok(OwnWheel::Stay),
            other => Err(format!("{other} is neither wheel, pure nor stay, nor a map of build and run")),
        },
        Wheel::Builds(needs) => {
            let names = |words: &Option<Words>| words.as_ref().map_or(Ok(Vec::new()), apk_names);
            Ok(OwnWheel::Builds { build: names(&needs.build)?, runtime: names(&needs.run)? })
        }
    }
}

/// The names of Alpine packages, which end up in a RUN.
fn apk_names(words: &Words) -> Result<Vec<&'static str>, String> {
    let words: Vec<&str> = match words {
        Words::One(text) => text.split_whitespace().collect(),
        Words::Many(list) => list.iter().map(String::as_str).collect(),
    };
    let is_name = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
    };
    match words.iter().find(|word| !is_name(word)) {
        Some(word) => Err(format!("{word:?} is no name of an Alpine package")),
        None if words.is_empty() => {
            Err("a name of an Alpine package is missing; write none for none".to_owned())
        }
        // A configuration is read once, and its names are handed on like those of the tables.
        None => Ok(words.into_iter().map(|word| &*word.to_owned().leak()).collect()),
    }
}

fn image(text: &str) -> Result<OwnImage, String> {
    let image = ImageRef::parse(text);
    let is_plain = image.digest.is_none() && !text.contains(|c: char| c.is_whitespace() || c == '$');
    match &image.tag {
        Some(tag) if is_plain && image.is_alpine() => {
            let branch = tag.split('-').find_map(|part| part.strip_prefix("alpine")?.parse().ok());
            Ok(OwnImage { image: image.name.clone(), tag: tag.clone(), branch })
        }
        Some(_) if is_plain => {
            Err(format!("{text} does not name Alpine in its tag, so nothing tells that it is Alpine"))
        }
        _ => Err(format!("{text} is no image with a tag, such as python:3.12-alpine3.24")),
    }
}
