//! What else is said of a service: by the compose files that are read together with its own, and along `extends`.
//!
//! Two files are read together when compose does so by itself, as with `compose.override.yaml`, or when something in
//! the project names both in one list. Any other file of the folder is a stack of its own.

use std::collections::BTreeSet;

use super::{Context, ServiceView};
use crate::{
    compose::{Compose, Field, Service, scalar::with_defaults, service::Extends},
    reason::Reason,
    source::FileId,
    workspace::{path, projects::COMPOSE_NAMES},
};

/// The key of a service that matters to a question; none when none of its keys does.
pub type Matters = fn(&Service) -> Option<&'static str>;

/// What the name of a file that compose reads on top has in place of a dot.
const OVERRIDE: &str = ".override.";

/// Why a change of the service would reach further than its own text tells, or not as far.
pub fn obstacle(cx: &Context, view: ServiceView, matters: Matters) -> Option<Reason> {
    beside(cx, view, matters).or_else(|| above(cx, view, matters)).or_else(|| below(cx, view, matters))
}

/// Another compose file, read together with its own, that builds the service from something else.
pub fn builds_otherwise(cx: &Context, view: ServiceView) -> Option<Reason> {
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
    layers(cx, view.id).into_iter().find_map(|layer| {
        let service = layer.compose.service(&view.service.name)?;
        let is_other = source(service).is_some_and(|source| Some(source) != own)
            || (service.build.is_none() && service.image.is_some());
        let what = || format!("{} builds it from something else, and {}", layer.name, layer.why);
        is_other.then(|| Reason::known("LIM-16", view.service.key, what()))
    })
}

/// The other compose files that have a service of this name and are stacks of their own.
pub fn other_stacks<'a>(cx: &Context<'a>, view: ServiceView) -> Vec<&'a str> {
    let folder = path::parent(&cx.ws.file(view.id).path);
    let together: BTreeSet<FileId> = layers(cx, view.id).into_iter().map(|layer| layer.id).collect();
    let others = cx.composes.iter().filter(|(id, _)| **id != view.id && !together.contains(id));
    let named = others.filter(|(_, compose)| compose.service(&view.service.name).is_some());
    let paths = named.map(|(id, _)| cx.ws.file(*id).path.as_str());
    paths.filter(|other| path::parent(other) == folder).map(path::name).collect()
}

/// A compose file that is read together with another.
struct Layer<'a> {
    id: FileId,
    compose: &'a Compose,
    name: &'a str,
    /// Why it is, as a clause.
    why: String,
}

/// The files that are read together with `id`.
fn layers<'a>(cx: &Context<'a>, id: FileId) -> Vec<Layer<'a>> {
    let own = cx.ws.file(id).path.as_str();
    let others = cx.composes.iter().filter(|(other, _)| **other != id);
    let layer = |(id, compose): (&FileId, &'a Compose)| {
        let other = cx.ws.file(*id).path.as_str();
        let listed = cx.ws.merges.iter().find(|merge| {
            let holds = |path: &str| merge.files.iter().any(|file| file == path);
            holds(own) && holds(other)
        });
        let why = match listed {
            Some(merge) => format!("{} has compose read both", merge.place),
            None if is_override(own, other) => "compose reads both by itself".to_owned(),
            None => return None,
        };
        Some(Layer { id: *id, compose, name: path::name(other), why })
    };
    others.filter_map(layer).collect()
}

/// Whether one of the files overrides the other without being told to.
fn is_override(a: &str, b: &str) -> bool {
    let is_found = |name: &str| COMPOSE_NAMES.contains(&name);
    let overrides = |name: &str| name.contains(OVERRIDE) && is_found(&name.replacen(OVERRIDE, ".", 1));
    let pair = |a: &str, b: &str| is_found(path::name(a)) && overrides(path::name(b));
    path::parent(a) == path::parent(b) && (pair(a, b) || pair(b, a))
}

/// Another compose file that is read together with its own and says something of the service.
fn beside(cx: &Context, view: ServiceView, matters: Matters) -> Option<Reason> {
    layers(cx, view.id).into_iter().find_map(|layer| {
        let key = matters(layer.compose.service(&view.service.name)?)?;
        let what = format!("{} sets `{key}` for it too, and {}", layer.name, layer.why);
        Some(Reason::known("LIM-16", view.service.key, what))
    })
}

/// A service that this one extends, be it through others.
fn above(cx: &Context, view: ServiceView, matters: Matters) -> Option<Reason> {
    let mut seen = BTreeSet::new();
    let mut at = (view.id, view.service);
    let known = |what: String| Some(Reason::known("LIM-16", view.service.key, what));
    while let Some(extends) = &at.1.extends {
        let Some((id, service)) = extended(cx, at.0, extends) else {
            let name = extends.service.as_ref().map_or("another service", |field| field.value.as_str());
            let what = format!("it extends {name}, which is not looked at");
            return Some(Reason::doubt("LIM-29", view.service.key, what));
        };
        if !seen.insert((id, service.key.start())) {
            return known("its `extends` leads back to itself".to_owned());
        }
        if let Some(key) = matters(service) {
            return known(format!("it extends {}, which sets `{key}`", named(cx, (id, service))));
        }
        at = (id, service);
    }
    None
}

/// A service that extends this one, be it through others.
fn below(cx: &Context, view: ServiceView, matters: Matters) -> Option<Reason> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(view.id, view.service.name.as_str())];
    while let Some(parent) = waiting.pop() {
        for (id, compose) in cx.composes {
            let extending = compose.services.iter().filter(|service| is_child(cx, (*id, service), parent));
            for service in extending {
                if let Some(key) = matters(service) {
                    let what = format!("{} extends it and sets `{key}`", named(cx, (*id, service)));
                    return Some(Reason::known("LIM-16", view.service.key, what));
                }
                if seen.insert((*id, service.key.start())) {
                    waiting.push((*id, &service.name));
                }
            }
        }
    }
    None
}

/// Whether a service extends `name` of the file `of`, or of a file that is read with it.
fn is_child(cx: &Context, (id, service): (FileId, &Service), (of, name): (FileId, &str)) -> bool {
    let Some(extends) = &service.extends else { return false };
    let is_named = extends.service.as_ref().is_some_and(|field| field.value == name);
    let is_there = || match &extends.file {
        Some(file) => file_of(cx, id, &file.value) == Some(of),
        None => id == of || layers(cx, id).iter().any(|layer| layer.id == of),
    };
    is_named && is_there()
}

fn extended<'a>(cx: &Context<'a>, own: FileId, extends: &Extends) -> Option<(FileId, &'a Service)> {
    let id = match &extends.file {
        Some(file) => file_of(cx, own, &file.value)?,
        None => own,
    };
    let compose: &Compose = cx.composes.get(&id)?;
    Some((id, compose.service(&extends.service.as_ref()?.value)?))
}

/// The file that the compose file `own` calls `file`.
fn file_of(cx: &Context, own: FileId, file: &str) -> Option<FileId> {
    cx.ws.find(&path::join(path::parent(&cx.ws.file(own).path), &with_defaults(file)?))
}

fn named(cx: &Context, (id, service): (FileId, &Service)) -> String {
    let line = cx.place(id, service.key.start()).line;
    format!("{} (line {line} of {})", service.name, path::name(&cx.ws.file(id).path))
}
