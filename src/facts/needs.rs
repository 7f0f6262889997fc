//! What a service needs at least, and so what stands against a lower limit.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Context, evidence,
    launch::{self, Launch},
    limits::MIB,
    service::Running,
    workers::{self, Workers},
};
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
    let launch = match launch::of(cx, running) {
        Ok(launch) => launch,
        Err(why) => return Some(format!("{why}, so nothing tells how much it needs (LIM-03)")),
    };
    let workers = workers::of(cx, running, &launch);
    heap_obstacle(&launch, bytes)
        .or_else(|| workers.as_ref().and_then(|workers| crowded(workers, bytes)))
        .or_else(|| unread(running, workers.as_ref()))
}

/// The workers, when they do not fit or are not known.
fn crowded(workers: &Workers, bytes: f64) -> Option<String> {
    let count = match &workers.count {
        Ok(count) => *count,
        Err(why) => return Some(format!("{why}, so nothing tells whether they fit (LIM-03)")),
    };
    let need = workers.server.need(count) as f64;
    (need > bytes).then(|| {
        format!(
            "{count} {} ({}) need at least {} MiB, and {} MiB hold {} of them (LIM-03)",
            if count == 1 { "worker" } else { "workers" },
            workers.place,
            (need / MIB) as u64,
            (bytes / MIB) as u64,
            workers.server.fitting(bytes as u64)
        )
    })
}

/// An environment file that is not there, when what it may set would change the need.
fn unread(running: &Running, workers: Option<&Workers>) -> Option<String> {
    let file = running.unread?;
    let is_told = workers.is_some_and(|workers| workers.is_fixed && workers.server.is_python());
    (!is_told).then(|| {
        format!(
            "{} is not here, and may set the number of workers or the size of a heap (LIM-03)",
            file.value
        )
    })
}

/// A heap that is meant to take three quarters of `bytes` or more, or whose size is not known.
fn heap_obstacle(launch: &Launch, bytes: f64) -> Option<String> {
    let options = |name: &str| name.contains("OPTIONS") || name.contains("OPTS");
    let mut unknown = launch.env.iter().filter(|(name, value)| {
        workers::VARIABLES.contains(&name.as_str()) && options(name) && value.contains('$')
    });
    if let Some((name, _)) = unknown.next() {
        return Some(format!("what {name} says of the heap is not known (LIM-07)"));
    }
    let words = launch.lines.iter().flat_map(|line| line.words.iter().cloned());
    let variables = launch.env.values().flat_map(|value| value.split_whitespace().map(str::to_owned));
    let words: Vec<String> = words.chain(variables).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let (heap, most) = heap(word, words.get(at + 1))?;
        let (heap_mib, mib) = ((heap / MIB) as u64, (bytes / MIB) as u64);
        (heap >= bytes * most).then(|| match word.contains("MaxRAM=") {
            true => {
                format!("`{word}` has Java reckon with {heap_mib} MiB, and there would be {mib} (LIM-07)")
            }
            false => format!("`{word}` lets the heap take {heap_mib} of {mib} MiB (LIM-07)"),
        })
    })
}

/// The bytes of a heap flag, and the part of a limit that they may take; MaxRAM is the whole that Java reckons with.
fn heap(word: &str, next: Option<&String>) -> Option<(f64, f64)> {
    let plain = word.replace('_', "-");
    if let Some(rest) = plain.strip_prefix("--max-old-space-size") {
        let value = rest.strip_prefix('=').or(next.map(String::as_str).filter(|_| rest.is_empty()))?;
        return Some((value.parse::<f64>().ok()? * MIB, 0.75));
    }
    let bytes = |value: &str| size::parse_memory(value).map(|bytes| bytes as f64);
    if let Some(value) = word.strip_prefix("-XX:MaxRAM=") {
        // As much as the limit is what the limit itself says.
        return Some((bytes(value)?, 1.0 + f64::EPSILON));
    }
    let names = ["-Xmx", "-Xms", "-XX:MaxHeapSize=", "-XX:InitialHeapSize="];
    let value = names.iter().find_map(|name| word.strip_prefix(name))?;
    Some((bytes(value)?, 0.75))
}

/// How the workers of the service were counted, for the reviewer.
pub fn memory_note(cx: &Context, running: &Running) -> Option<String> {
    let workers = workers::of(cx, running, &launch::of(cx, running).ok()?)?;
    let count = workers.count.ok()?;
    let need = workers.server.need(count) as f64 / MIB;
    Some(format!(
        "Counted {count} {} ({}), which {} at least {need} MiB; large imports take more (LIM-03).",
        if count == 1 { "worker" } else { "workers" },
        workers.place,
        if count == 1 { "takes" } else { "take" }
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
