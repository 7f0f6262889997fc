//! Reasons beside the Dockerfile for which a service keeps its rights.

use super::super::{
    Context,
    bare::{Bare, bare},
    beside, layers,
    service::Running,
};
use crate::{docker::Keyword, workspace::path};

/// Images whose servers listen below 1024 where nothing else is said; their own EXPOSE is not in the file.
const ON_LOW_PORTS: [&str; 8] =
    ["caddy", "haproxy", "httpd", "nextcloud", "nginx", "tomcat", "traefik", "wordpress"];

/// The first such reason, as a part of a sentence.
pub fn reason(cx: &Context, running: &Running) -> Option<String> {
    not_built(cx, running)
        .or_else(|| unknown_base(running))
        .or_else(|| of_text(running))
        .or_else(|| idle(running))
        .or_else(|| Some(layers::builds_otherwise(cx, running.service)?.clause()))
}

/// That compose builds the original, and not the sibling in which this run sets a user.
fn not_built(cx: &Context, running: &Running) -> Option<String> {
    let file = cx.ws.file(running.image.id);
    if !beside::is_beside(file, running.image.dockerfile, cx.options) {
        return None;
    }
    let build = running.service.service.build.as_ref()?;
    let named = build.dockerfile.as_ref().map_or("Dockerfile", |field| field.value.as_str());
    let is_original = path::join(&running.image.image.context, named) == file.path;
    is_original
        .then(|| "compose still builds the original Dockerfile, of which this run does not speak".to_owned())
}

/// An image of which nobody knows whether its programs gain rights, by sudo or by capabilities of their own.
fn unknown_base(running: &Running) -> Option<String> {
    let root = running.image.root();
    let brings_capabilities = matches!(root.official_name(), Some("caddy" | "vault"));
    (root.official_name().is_none() || brings_capabilities)
        .then(|| format!("whether a program of {} gains rights is not known (HARD-10)", root.name))
}

/// Keys that the service has and that are not read, in its own lines.
fn of_text(running: &Running) -> Option<String> {
    let view = running.service;
    let lines = view.service.span.of(view.text).lines();
    lines.map(str::trim_start).find_map(|line| {
        let is = |key: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
        match () {
            () if is("post_start") || is("pre_stop") => Some("a hook may run as root (HARD-10)".to_owned()),
            () if is("develop") => Some("`develop` marks a development service".to_owned()),
            () if line.contains("!reset") || line.contains("!override") => {
                Some("it sets back what another file says".to_owned())
            }
            () => None,
        }
    })
}

/// A container that waits for others to run something in it.
fn idle(running: &Running) -> Option<String> {
    let words: Vec<String> = running.commands.iter().flat_map(|line| line.words.clone()).collect();
    let waits = words.windows(2).any(|pair| {
        matches!((pair[0].as_str(), pair[1].as_str()), ("sleep", "infinity") | ("-f", "/dev/null"))
    });
    let has_start = !words.is_empty()
        || !matches!(running.image.root().official_name(), Some("debian" | "ubuntu" | "alpine"));
    (waits || !has_start || matches!(bare(&words), Some((_, Bare::Shell))))
        .then(|| "it only waits, and what runs in it is not known".to_owned())
}

/// The server of the base image, which listens on a port below 1024 unless the file says otherwise.
pub fn low_port_of_base(running: &Running) -> Option<&'static str> {
    let name = running.image.root().official_name()?;
    let says = running.image.lineage().into_iter().any(|step| step.keyword == Keyword::Expose);
    ON_LOW_PORTS.into_iter().find(|known| *known == name && !says)
}
