//! Building an image without the cache of layers.

use serde_json::Value;

use super::{SHORT, Work, failed};
use crate::{
    engine::{Answer, Call},
    knowledge::out_of_reach,
    verify::step::{Observation, Seen, Step},
};

/// Builds the image and measures it.
pub(super) fn take(work: &Work, seen: &mut Observation) {
    let mut answer = build(work, &work.side.dockerfile);
    if let Some((plain, frontend)) = &work.side.plain
        && !answer.is_good()
        && is_without(&answer, frontend)
    {
        answer = build(work, plain);
        seen.notes.push(format!(
            "the frontend {frontend} could not be fetched: built with the one within the engine"
        ));
    }
    if !answer.is_good() {
        let mut step = failed(work, Step::Build, (&answer, "the build"));
        if let Some(failure) = &mut step.failure {
            failure.out_of_reach = out_of_reach::named_in(&failure.last);
        }
        return seen.steps.push(step);
    }
    let (measures, image) = (&mut seen.measures, inspected(work));
    measures.build.push(answer.took.as_secs_f64());
    measures.size.extend(image["Size"].as_f64());
    let layers = image["RootFS"]["Layers"].as_array().map(Vec::len);
    measures.layers.extend(layers.map(|layers| layers as f64));
    seen.steps.push(Seen::passed(Step::Build));
}

/// What the engine knows of the image.
pub(super) fn inspected(work: &Work) -> Value {
    let answer = work.engine.call(&Call::short(["image", "inspect", &work.side.tag], SHORT));
    let all: Value = serde_json::from_str(&answer.out).unwrap_or_default();
    all[0].clone()
}

fn build(work: &Work, dockerfile: &str) -> Answer {
    let (side, settings) = (work.side, work.settings);
    let mut words: Vec<String> = vec!["build".into(), "--no-cache".into()];
    let mut pair = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    pair("--tag", &side.tag);
    pair("--label", &settings.label);
    pair("--file", dockerfile);
    if let Some(network) = settings.build_network {
        pair("--network", network);
    }
    if let Some(target) = &side.target {
        pair("--target", target);
    }
    for arg in &side.args {
        pair("--build-arg", arg);
    }
    words.extend(settings.build_flags.iter().cloned());
    words.push(side.context.clone());
    let call = Call {
        words,
        limit: settings.build_timeout,
        is_short: false,
        is_loud: settings.is_loud,
        hidden: settings.hidden.clone(),
    };
    work.engine.call(&call)
}

/// Whether a build failed because its frontend could not be fetched: the error is about that image.
fn is_without(answer: &Answer, frontend: &str) -> bool {
    let name = frontend.split(['@', ':']).next().unwrap_or(frontend);
    let said = answer.said();
    let last: Vec<&str> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(12).collect();
    last.iter().any(|line| line.contains(name)) && !said.contains("[internal] load metadata for")
}

/// A Dockerfile without its `# syntax=` line, and the frontend that the line names; none where there is no such line.
pub fn unfronted(text: &str) -> Option<(String, String)> {
    let parsed = crate::docker::parse(text).ok()?;
    let directive = parsed.directives.iter().find(|directive| directive.name == "syntax")?;
    let (start, end) = (directive.span.start(), directive.span.end());
    // The line stays, so that the lines of messages are the file's own.
    Some((format!("{}#{}", &text[..start], &text[end..]), directive.value.clone()))
}
