//! What else is said of a service: by the other compose files of its folder, and along `extends`.
//!
//! Which files are read together is decided on the command line of compose, so each of the folder counts.

use std::collections::BTreeSet;

use super::{Context, ServiceView};
use crate::{
    compose::{Compose, Field, Service, service::Extends},
    source::FileId,
    workspace::path,
};

/// The key of a service that matters to a question; none when none of its keys does.
pub type Matters = fn(&Service) -> Option<&'static str>;

/// Why a change of the service would reach further than its own text tells, in words.
pub fn obstacle(cx: &Context, view: ServiceView, matters: Matters) -> Option<String> {
    beside(cx, view, matters).or_else(|| above(cx, view, matters)).or_else(|| below(cx, view, matters))
}

/// Another compose file of the folder that builds the service from something else.
pub fn builds_otherwise(cx: &Context, view: ServiceView) -> Option<String> {
    let folder = path::parent(&cx.ws.file(view.id).path);
    let text = |field: &Option<Field<String>>, default: &str| {
        field.as_ref().map_or(default.to_owned(), |field| field.value.trim_start_matches("./").to_owned())
    };
    let source = |service: &Service| {
        let build = service.build.as_ref()?;
        Some((
            text(&build.context, "."),
            text(&build.dockerfile, "Dockerfile"),
            text(&build.dockerfile_inline, ""),
        ))
    };
    let own = source(view.service);
    cx.composes.iter().filter(|(id, _)| **id != view.id).find_map(|(id, compose)| {
        let other = &cx.ws.file(*id).path;
        let service = compose.service(&view.service.name).filter(|_| path::parent(other) == folder)?;
        let is_other = source(service).is_some_and(|source| Some(source) != own)
            || (service.build.is_none() && service.image.is_some());
        is_other.then(|| {
            format!("{} builds it from something else, and compose may read both (LIM-16)", path::name(other))
        })
    })
}

/// Another compose file of the folder that says something of the service.
fn beside(cx: &Context, view: ServiceView, matters: Matters) -> Option<String> {
    let folder = path::parent(&cx.ws.file(view.id).path);
    cx.composes.iter().filter(|(id, _)| **id != view.id).find_map(|(id, compose)| {
        let other = &cx.ws.file(*id).path;
        let key = matters(compose.service(&view.service.name)?).filter(|_| path::parent(other) == folder)?;
        Some(format!("{} sets `{key}` for it too, and compose may read both (LIM-16)", path::name(other)))
    })
}

/// A service that this one extends, be it through others.
fn above(cx: &Context, view: ServiceView, matters: Matters) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut at = (view.id, view.service);
    while let Some(extends) = &at.1.extends {
        let Some((id, service)) = extended(cx, at.0, extends) else {
            let name = extends.service.as_ref().map_or("another service", |field| field.value.as_str());
            return Some(format!("it extends {name}, which is not looked at (LIM-16)"));
        };
        if !seen.insert((id, service.key.start())) {
            return Some("its `extends` leads back to itself".to_owned());
        }
        if let Some(key) = matters(service) {
            return Some(format!("it extends {}, which sets `{key}` (LIM-16)", named(cx, (id, service))));
        }
        at = (id, service);
    }
    None
}

/// A service that extends this one, be it through others.
fn below(cx: &Context, view: ServiceView, matters: Matters) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(view.id, view.service.name.as_str())];
    while let Some(parent) = waiting.pop() {
        for (id, compose) in cx.composes {
            let extending = compose.services.iter().filter(|service| is_child(cx, (*id, service), parent));
            for service in extending {
                if let Some(key) = matters(service) {
                    let child = named(cx, (*id, service));
                    return Some(format!("{child} extends it and sets `{key}` (LIM-16)"));
                }
                if seen.insert((*id, service.key.start())) {
                    waiting.push((*id, &service.name));
                }
            }
        }
    }
    None
}

/// Whether a service extends `name` of the file `of`, or of another file of its folder that may be read with it.
fn is_child(cx: &Context, (id, service): (FileId, &Service), (of, name): (FileId, &str)) -> bool {
    let Some(extends) = &service.extends else { return false };
    let (own, wanted) = (&cx.ws.file(id).path, &cx.ws.file(of).path);
    let is_named = extends.service.as_ref().is_some_and(|field| field.value == name);
    let is_there = match &extends.file {
        Some(file) => path::join(path::parent(own), &file.value) == *wanted,
        None => path::parent(own) == path::parent(wanted),
    };
    is_named && is_there
}

fn extended<'a>(cx: &Context<'a>, own: FileId, extends: &Extends) -> Option<(FileId, &'a Service)> {
    let id = match &extends.file {
        Some(file) => cx.ws.find(&path::join(path::parent(&cx.ws.file(own).path), &file.value))?,
        None => own,
    };
    let compose: &Compose = cx.composes.get(&id)?;
    Some((id, compose.service(&extends.service.as_ref()?.value)?))
}

fn named(cx: &Context, (id, service): (FileId, &Service)) -> String {
    let line = cx.place(id, service.key.start()).line;
    format!("{} (line {line} of {})", service.name, path::name(&cx.ws.file(id).path))
}
