//! What speaks against limits that nobody measured.

use std::collections::BTreeSet;

use super::super::{Context, ImageView, evidence, packages, service::Running, uploads};
use crate::{
    docker::Keyword,
    knowledge::heavy::{self, Ecosystem},
    reason::Reason,
};

/// What is known against lower limits: what forbids them, and the clauses of the one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// What forbids them.
    pub known: Vec<Reason>,
    /// Clauses of the question.
    pub clauses: Vec<String>,
}

/// What is known against lower limits of this service.
pub fn doubts(cx: &Context, running: &Running) -> Doubts {
    let mut doubts = Doubts::default();
    of_packages(cx, running, &mut doubts);
    of_programs(cx, running, &mut doubts);
    doubts.known.extend(of_uploads(cx, running));
    of_text(running, &mut doubts);
    doubts
}

/// The Python packages of all stages of a service's image.
pub fn python_packages(cx: &Context, running: &Running) -> BTreeSet<String> {
    packages_of(cx, &running.image)
}

/// The Python packages of all stages of an image.
pub fn packages_of(cx: &Context, image: &ImageView) -> BTreeSet<String> {
    let stages = 0..image.dockerfile.stages.len();
    let evidence = stages.map(|index| evidence::python(cx, &image.at(index)));
    evidence
        .flat_map(|found| found.known.iter().chain(&found.unknown_packages).cloned().collect::<Vec<_>>())
        .collect()
}

fn of_packages(cx: &Context, running: &Running, doubts: &mut Doubts) {
    let key = running.service.service.key;
    let mut held: Vec<(&'static str, Vec<String>)> = Vec::new();
    for name in python_packages(cx, running) {
        let Some(heavy) = heavy::package(&name) else { continue };
        if heavy.import.is_none() {
            let what = format!("{}, whose size no file tells", heavy.holds);
            doubts.known.push(Reason::known("LIM-30", key, what).about(name));
            continue;
        }
        match held.iter_mut().find(|(holds, _)| *holds == heavy.holds) {
            Some((_, names)) => names.push(name),
            None => held.push((heavy.holds, vec![name])),
        }
    }
    let told = held.iter().map(|(holds, names)| match &names[..] {
        [name] => format!("{name} holds {holds}"),
        names => format!("{} hold {holds}", names.join(", ")),
    });
    doubts.clauses.extend(told);
}

/// Files that are sent to the service, where they wait in memory.
fn of_uploads(cx: &Context, running: &Running) -> Option<Reason> {
    let mut tmpfs = running.service.service.tmpfs.iter();
    let field = tmpfs.find(|field| field.value.split(':').next() == Some("/tmp"))?;
    let place = uploads::taken_at(cx, running)?;
    let what =
        format!("files that are sent to it ({place}) wait in /tmp, a tmpfs that counts towards the limit");
    Some(Reason::known("LIM-32", field.span, what))
}

/// Programs of the distribution and modules of npm that need memory of their own.
fn of_programs(cx: &Context, running: &Running, doubts: &mut Doubts) {
    let runs = running.image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let installed = runs
        .flat_map(|step| packages::installs(running.image.script(step)))
        .flat_map(|install| install.packages)
        .map(|package| (package.name, Ecosystem::System));
    let project = evidence::node_project(cx, &running.image).and_then(Result::ok);
    let modules = project.iter().flat_map(|project| &project.package.dependencies);
    let modules = modules.map(|(name, _)| (name.clone(), Ecosystem::Npm));
    for (name, ecosystem) in installed.chain(modules) {
        match heavy::is_unbounded(&name, ecosystem) {
            Some(true) => {
                let what = "memory of its own, of which no file tells how much";
                doubts.known.push(Reason::known("LIM-30", running.service.service.key, what).about(name));
            }
            Some(false) => doubts.clauses.push(format!("{name} may need as much again")),
            None => {}
        }
    }
}

/// What the service itself says: that less was not enough, or that other memory counts towards the limit.
fn of_text(running: &Running, doubts: &mut Doubts) {
    let view = running.service;
    // The comment behind the last value belongs to it.
    let end = view.text[view.service.span.end()..]
        .find('\n')
        .map_or(view.text.len(), |at| view.service.span.end() + at);
    // So does one above its name.
    let above = view.text[..view.service.key.start()].lines().rev().skip(1);
    let lead: usize =
        above.take_while(|line| line.trim_start().starts_with('#')).map(|line| line.len() + 1).sum();
    let start = view.text[..view.service.key.start()].rfind('\n').map_or(0, |at| at + 1).saturating_sub(lead);
    let text = view.text.get(start..end).unwrap_or(&view.text[view.service.span.start()..end]);
    let mut comments =
        text.lines().filter_map(|line| line.split_once('#')).map(|(_, note)| note.to_ascii_lowercase());
    if comments.any(|note| heavy::tells_of_too_little(&note)) {
        let what = "a comment tells that less was not enough";
        doubts.known.push(Reason::known("LIM-02", view.service.key, what));
    }
    let keys = ["memswap_limit", "shm_size", "size="];
    if let Some(key) = keys.into_iter().find(|key| text.contains(key)) {
        doubts.clauses.push(format!("`{}` counts towards the same memory", key.trim_end_matches('=')));
    }
}
