//! What a service serves, by what it runs.

use super::{
    super::{
        Context, evidence,
        service::{CommandLine, Running},
        workers::Server,
    },
    unmeasured::python_packages,
};
use crate::{
    docker::Keyword,
    knowledge::roles::{self, FRONT_END, Served, WEB_SERVER},
    workspace::path,
};

/// What the service serves that these lines start; none where it builds or watches, or where nothing tells.
pub(super) fn of(cx: &Context, running: &Running, lines: &[CommandLine]) -> Option<Served> {
    if lines.iter().any(|line| roles::builds(&line.words.join(" "))) {
        return None;
    }
    lines.iter().rev().find_map(|line| {
        let words: Vec<&str> = line.words.iter().map(|word| path::name(word)).collect();
        of_page(cx, running, &words)
            .or_else(|| roles::of_command(&words))
            .or_else(|| of_text(cx, running, &words))
    })
}

/// A front end that its own build serves with Node.
fn of_page(cx: &Context, running: &Running, words: &[&str]) -> Option<Served> {
    let server = words.iter().find_map(|word| Server::of_program(word))?;
    let is_node = matches!(server, Server::Node | Server::NodePool);
    if !is_node || !listens(running) {
        return None;
    }
    modules(cx, running).iter().any(|name| roles::is_front_end(name)).then_some(FRONT_END)
}

/// A program of the project that listens, or that has a web server among its packages.
fn of_text(cx: &Context, running: &Running, words: &[&str]) -> Option<Served> {
    let server = words.iter().find_map(|word| Server::of_program(word))?;
    let has_server = || {
        let packages = if server.is_python() {
            python_packages(cx, running).into_iter().collect()
        } else {
            modules(cx, running)
        };
        packages.iter().any(|name| roles::of_command(&[name]) == Some(WEB_SERVER))
    };
    (listens(running) || has_server()).then_some(WEB_SERVER)
}

/// The modules of Node that the project asks for.
fn modules(cx: &Context, running: &Running) -> Vec<String> {
    let mut names = Vec::new();
    for index in 0..running.image.dockerfile.stages.len() {
        let Some(Ok(project)) = evidence::node_project(cx, &running.image.at(index)) else { continue };
        names.extend(project.package.dependencies.iter().map(|(name, _)| name.clone()));
    }
    names
}

fn listens(running: &Running) -> bool {
    let service = running.service.service;
    let mut steps = running.image.lineage().into_iter();
    !service.ports.is_empty()
        || !service.expose.is_empty()
        || steps.any(|step| step.keyword == Keyword::Expose)
}
