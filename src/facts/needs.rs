//! What a service needs at least, and so what stands against a lower limit.

use std::{collections::BTreeSet, time::Duration};

use super::{Context, evidence, limits::MIB, service::Running, workers};
use crate::{compose::size, docker::Keyword, knowledge::heavy};

/// A package of the image whose need no table can tell, in words.
pub fn heavy_package(cx: &Context, running: &Running) -> Option<String> {
    let stages = 0..running.image.dockerfile.stages.len();
    let names: BTreeSet<String> = stages
        .map(|index| evidence::python(cx, &running.image.at(index)))
        .flat_map(|evidence| evidence.known.into_iter().chain(evidence.unknown_packages))
        .collect();
    let (name, holds) = names.iter().find_map(|name| Some((name, heavy::holds(name)?)))?;
    Some(format!("it installs {name}, which holds {holds}"))
}

/// Why `bytes` are too few for the workers or the heap of the service.
pub fn memory_obstacle(cx: &Context, running: &Running, bytes: f64) -> Option<String> {
    if let Some(target) = running.other_target() {
        return Some(format!("it builds the stage `{}`, whose command is not looked at", target.value));
    }
    heap_obstacle(running, bytes).or_else(|| {
        let workers = workers::of(cx, running)?;
        let count = match workers.count {
            Ok(count) => count,
            Err(why) => return Some(format!("{why}, so nothing tells whether they fit (LIM-03)")),
        };
        let need = workers.server.need(count) as f64;
        (need > bytes).then(|| {
            format!(
                "{count} workers ({}) need at least {} MiB, and {} MiB hold {} of them (LIM-03)",
                workers.place,
                (need / MIB) as u64,
                (bytes / MIB) as u64,
                workers.server.fitting(bytes as u64)
            )
        })
    })
}

/// A heap flag that takes three quarters of `bytes` or more.
fn heap_obstacle(running: &Running, bytes: f64) -> Option<String> {
    let words = running.commands.iter().flat_map(|line| line.words.iter().cloned());
    let variables = running.state.env.values().flat_map(|value| value.split_whitespace().map(str::to_owned));
    let words: Vec<String> = words.chain(variables).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let plain = word.replace('_', "-");
        let heap = if let Some(rest) = plain.strip_prefix("--max-old-space-size") {
            let value = rest.strip_prefix('=').or(words.get(at + 1).map(String::as_str))?;
            value.parse::<f64>().ok()? * MIB
        } else {
            size::parse_memory(plain.strip_prefix("-Xmx")?)? as f64
        };
        (heap >= bytes * 0.75).then(|| {
            format!(
                "`{word}` lets the heap take {} of {} MiB (LIM-07)",
                (heap / MIB) as u64,
                (bytes / MIB) as u64
            )
        })
    })
}

/// How the workers of the service were counted, for the reviewer.
pub fn memory_note(cx: &Context, running: &Running) -> Option<String> {
    let workers = workers::of(cx, running)?;
    let count = workers.count.ok()?;
    let need = workers.server.need(count) as f64 / MIB;
    Some(format!(
        "Counted {count} {} ({}), which take at least {need} MiB; large imports take more (LIM-03).",
        if count == 1 { "worker" } else { "workers" },
        workers.place
    ))
}

/// What becomes of the health check's patience when the start has `new` instead of `old` processors.
pub fn stretched_start(running: &Running, old: f64, new: f64) -> Option<String> {
    let service = running.service.service;
    let own = service.healthcheck.as_ref();
    let lineage = running.image.lineage();
    let of_image = lineage.iter().rev().find(|instruction| instruction.keyword == Keyword::Healthcheck);
    if own.is_some_and(|check| check.disable.as_ref().is_some_and(|field| field.value.value == Some(true))) {
        return None;
    }
    if own.is_none()
        && of_image.is_none_or(|check| check.words.first().is_some_and(|word| word.text == "NONE"))
    {
        return None;
    }
    let factor = old / new;
    let flag = of_image.and_then(|check| check.flag("start-period")?.value.clone());
    let from_image = flag.and_then(|text| crate::compose::health::parse_duration(&text));
    let from_compose = own.and_then(|check| check.start_period.as_ref()?.value.value);
    let times = size::format_cpus((factor * 100.0).round() / 100.0, "1");
    // A check in compose without a start period takes the image's.
    match from_compose.or(from_image).filter(|period| *period > Duration::ZERO) {
        Some(period) => Some(format!(
            "the start may take {times} times as long, and the health check waits {}s: `start_period: {}s` would do (HC-07)",
            period.as_secs(),
            (period.as_secs_f64() * factor).ceil() as u64
        )),
        None => Some(format!(
            "the start may take {times} times as long, and the health check has no start_period: set one (HC-07)"
        )),
    }
}
