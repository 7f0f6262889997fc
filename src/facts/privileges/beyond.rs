//! Reasons beside the Dockerfile for which a service keeps its rights.

use super::super::{
    Context,
    bare::{Bare, bare},
    beside, layers, runtime,
    service::Running,
};
use crate::{
    docker::{self, Keyword},
    reason::Reason,
    workspace::path,
};

/// Images whose servers listen below 1024 where nothing else is said; their own EXPOSE is not in the file.
const ON_LOW_PORTS: [&str; 8] =
    ["caddy", "haproxy", "httpd", "nextcloud", "nginx", "tomcat", "traefik", "wordpress"];

/// All such reasons.
pub fn reasons(cx: &Context, running: &Running) -> Vec<Reason> {
    let all = [
        not_built(cx, running),
        unknown_base(running),
        of_text(running),
        idle(running),
        layers::builds_otherwise(cx, running.service),
    ];
    all.into_iter().flatten().collect()
}

/// That compose builds the original, and not the sibling in which this run sets a user.
fn not_built(cx: &Context, running: &Running) -> Option<Reason> {
    let file = cx.ws.file(running.image.id);
    if !beside::is_beside(file, running.image.dockerfile, cx.options) {
        return None;
    }
    let build = running.service.service.build.as_ref()?;
    let named = build.dockerfile.as_ref().map_or("Dockerfile", |field| field.value.as_str());
    let is_original = path::join(&running.image.image.context, named) == file.path;
    let what = "compose still builds the original Dockerfile, whose user this run does not speak of";
    let has_own = || {
        let original = docker::parse(&file.on_disk).ok()?;
        let lineage = runtime::lineage(&original, original.final_stage()?);
        let user = lineage.into_iter().rfind(|step| step.keyword == Keyword::User)?;
        let name = user.body.text.split(':').next().unwrap_or_default().to_owned();
        Some(!matches!(name.as_str(), "root" | "0"))
    };
    (is_original && has_own() != Some(true))
        .then(|| Reason::known("HARD-09", running.service.service.key, what))
}

/// An image of which nobody knows whether its programs gain rights, by sudo or by capabilities of their own.
fn unknown_base(running: &Running) -> Option<Reason> {
    let (root, span) = (running.image.root(), running.image.base_word().span);
    let reason = match root.official_name() {
        Some("caddy" | "vault") => Reason::known(
            "HARD-10",
            span,
            format!("the program of {} has capabilities of its own", root.name),
        ),
        Some(_) => return None,
        None => Reason::doubt("HARD-10", span, format!("a program of {} may gain rights", root.name)),
    };
    Some(reason.within(running.image.id))
}

/// Keys that the service has and that are not read, in its own lines.
fn of_text(running: &Running) -> Option<Reason> {
    let view = running.service;
    let lines = view.service.span.of(view.text).lines();
    let key = view.service.key;
    lines.map(str::trim_start).find_map(|line| {
        let is = |key: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
        match () {
            () if is("post_start") || is("pre_stop") => {
                Some(Reason::known("HARD-10", key, "it has a hook, which may run as root"))
            }
            () if is("develop") => {
                Some(Reason::known("HARD-20", key, "`develop` writes the changed source into the container"))
            }
            () if line.contains("!reset") || line.contains("!override") => {
                Some(Reason::doubt("LIM-16", key, "it sets back what another file says"))
            }
            () => None,
        }
    })
}

/// A container that waits for others to run something in it.
fn idle(running: &Running) -> Option<Reason> {
    let words: Vec<String> = running.commands.iter().flat_map(|line| line.words.clone()).collect();
    let waits = words.windows(2).any(|pair| {
        matches!((pair[0].as_str(), pair[1].as_str()), ("sleep", "infinity") | ("-f", "/dev/null"))
    });
    let has_start = !words.is_empty()
        || !matches!(running.image.root().official_name(), Some("debian" | "ubuntu" | "alpine"));
    let what = "it only waits, and people run in it what no file tells";
    (waits || !has_start || matches!(bare(&words), Some((_, Bare::Shell))))
        .then(|| Reason::known("HARD-20", running.service.service.key, what))
}

/// The server of the base image, which listens on a port below 1024 unless the file says otherwise.
pub fn low_port_of_base(running: &Running) -> Option<&'static str> {
    let name = running.image.root().official_name()?;
    let says = running.image.lineage().into_iter().any(|step| step.keyword == Keyword::Expose);
    ON_LOW_PORTS.into_iter().find(|known| *known == name && !says)
}
