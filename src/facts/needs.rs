//! What a service needs at least, and so what stands against a lower limit.

use std::time::Duration;

use super::{
    Context,
    launch::Launch,
    limits::{MIB, unmeasured::python_packages},
    service::Running,
    workers::{self, Workers},
};
use crate::{
    compose::{
        health::{Healthcheck, parse_duration},
        size,
    },
    docker::Keyword,
    knowledge::heavy,
    reason::Reason,
};

/// The least memory that the files tell of.
#[derive(Clone, Debug, PartialEq)]
pub struct Floor {
    /// Bytes.
    pub bytes: f64,
    /// What needs them, as a clause.
    pub what: String,
    /// The trap below it.
    pub trap: &'static str,
}

/// The least memory of the workers or of the heap of the service; `counts_imports` counts what heavy packages take.
pub fn floor(cx: &Context, running: &Running, launch: &Launch, counts_imports: bool) -> Option<Floor> {
    let workers = workers::of(cx, running, launch);
    let imports = if counts_imports { largest_import(cx, running) } else { None };
    let of_workers = workers.as_ref().and_then(|workers| of_workers(workers, imports));
    let heaps =
        heaps(launch).into_iter().map(|heap| Floor { bytes: heap.least, what: heap.told(), trap: "LIM-07" });
    of_workers.into_iter().chain(heaps).max_by(|a, b| a.bytes.total_cmp(&b.bytes))
}

/// The package whose import takes most, with its bytes.
fn largest_import(cx: &Context, running: &Running) -> Option<(String, u64)> {
    let names = python_packages(cx, running).into_iter();
    let imports = names.filter_map(|name| Some((heavy::package(&name)?.import? * MIB as u64, name)));
    imports.max().map(|(bytes, name)| (name, bytes))
}

fn of_workers(workers: &Workers, import: Option<(String, u64)>) -> Option<Floor> {
    let count = *workers.count.as_ref().ok()?;
    let import = import.filter(|_| workers.server.is_python());
    let more = import.as_ref().map_or(0, |(_, bytes)| *bytes);
    let bytes = workers.server.need_with(count, more) as f64;
    let with = import.map_or(String::new(), |(name, _)| format!(", each with {name},"));
    let what = format!(
        "{} ({}){with} {} at least {} MiB",
        numbered(count),
        workers.place,
        if count == 1 { "needs" } else { "need" },
        (bytes / MIB) as u64
    );
    Some(Floor { bytes, what, trap: "LIM-03" })
}

fn numbered(count: u64) -> String {
    format!("{count} {}", if count == 1 { "worker" } else { "workers" })
}

/// What keeps the need from being known.
pub fn untold(cx: &Context, running: &Running, launch: &Result<Launch, String>) -> Vec<Reason> {
    let key = running.service.service.key;
    let doubt = |what: String| Reason::doubt("LIM-03", key, what);
    if let Some(target) = running.other_target() {
        return vec![doubt(format!("it builds the stage `{}`, which is not there", target.value))];
    }
    let launch = match launch {
        Ok(launch) => launch,
        Err(why) => return vec![doubt(format!("{why}, so nothing tells how much it needs"))],
    };
    let mut found = Vec::new();
    let workers = workers::of(cx, running, launch);
    if let Some((Err(why), by_processor)) =
        workers.as_ref().map(|workers| (&workers.count, workers.is_by_processor))
    {
        let what = format!("{why}, so nothing tells whether they fit");
        found.push(if by_processor { Reason::known("LIM-03", key, what) } else { doubt(what) });
    }
    found.extend(unread(running, workers.as_ref()));
    found.extend(unknown_heap(launch).map(|what| Reason::doubt("LIM-07", key, what)));
    found
}

/// An environment file that is not there, when what it may set would change the need.
fn unread(running: &Running, workers: Option<&Workers>) -> Option<Reason> {
    let file = running.unread?;
    let is_told = workers.is_some_and(|workers| workers.is_fixed && workers.server.is_python());
    let what =
        || format!("{} is not here, and may set the number of workers or the size of a heap", file.value);
    (!is_told).then(|| Reason::doubt("LIM-31", file.span, what()))
}

/// A variable of which it is not known what it says of the heap.
fn unknown_heap(launch: &Launch) -> Option<String> {
    let options = |name: &str| name.contains("OPTIONS") || name.contains("OPTS");
    let mut unknown = launch.env.iter().filter(|(name, value)| {
        workers::VARIABLES.contains(&name.as_str()) && options(name) && value.contains('$')
    });
    unknown.next().map(|(name, _)| format!("what {name} says of the heap is not known"))
}

/// A heap flag.
struct Heap {
    word: String,
    /// How large the heap may grow, in bytes.
    bytes: f64,
    /// The least limit above it, in bytes.
    least: f64,
}

impl Heap {
    fn told(&self) -> String {
        let mib = (self.bytes / MIB) as u64;
        match self.word.contains("MaxRAM=") {
            true => format!("`{}` has Java reckon with {mib} MiB", self.word),
            false => format!("`{}` lets the heap take {mib} MiB", self.word),
        }
    }
}

/// The heap flags of the commands and of the variables.
fn heaps(launch: &Launch) -> Vec<Heap> {
    let words = launch.lines.iter().flat_map(|line| line.words.iter().cloned());
    let variables = launch.env.values().flat_map(|value| value.split_whitespace().map(str::to_owned));
    let words: Vec<String> = words.chain(variables).collect();
    let flags = words.iter().enumerate().filter_map(|(at, word)| {
        let (bytes, most) = heap(word, words.get(at + 1))?;
        Some(Heap { word: word.clone(), bytes, least: bytes / most })
    });
    flags.collect()
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
        return Some((bytes(value)?, 1.0));
    }
    let names = ["-Xmx", "-Xms", "-XX:MaxHeapSize=", "-XX:InitialHeapSize="];
    let value = names.iter().find_map(|name| word.strip_prefix(name))?;
    Some((bytes(value)?, 0.75))
}

/// How the workers of the service were counted, for the reviewer.
pub fn memory_note(cx: &Context, running: &Running, launch: &Launch) -> Option<String> {
    let workers = workers::of(cx, running, launch)?;
    let count = workers.count.ok()?;
    let need = workers.server.need(count) as f64 / MIB;
    Some(format!(
        "Counted {} ({}), which {} at least {need} MiB; large imports take more (LIM-03).",
        numbered(count),
        workers.place,
        if count == 1 { "takes" } else { "take" }
    ))
}

/// What becomes of the health check's patience when the start has `new` instead of `old` processors, as a clause; none
/// where the check waits long enough.
pub fn stretched_start(running: &Running, old: f64, new: f64) -> Option<String> {
    let patience = Patience::of(running)?;
    let factor = old / new;
    let times = size::format_cpus((factor * 100.0).round() / 100.0, "1");
    // A check in compose without a start period takes the image's.
    let Some(period) = patience.start_period.filter(|period| *period > Duration::ZERO) else {
        return Some(format!(
            "the start may take {times} times as long, and the health check has no start_period"
        ));
    };
    // The author's period is what the start takes at most; failures after it count one by one.
    let stretched = period.as_secs_f64() * factor;
    (stretched > patience.whole().as_secs_f64()).then(|| {
        format!(
            "the start may take {times} times as long, and the health check waits {}s: `start_period: {}s` would do",
            patience.whole().as_secs(),
            stretched.ceil() as u64
        )
    })
}

/// How long a health check waits.
struct Patience {
    start_period: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u64>,
}

impl Patience {
    /// That of the check of the service or of its image; none where there is no check.
    fn of(running: &Running) -> Option<Self> {
        let own = running.service.service.healthcheck.as_ref();
        let lineage = running.image.lineage();
        let of_image = lineage.iter().rev().find(|instruction| instruction.keyword == Keyword::Healthcheck);
        let is_off =
            |check: &Healthcheck| check.disable.as_ref().is_some_and(|field| field.value.value == Some(true));
        let has_none =
            of_image.is_none_or(|check| check.words.first().is_some_and(|word| word.text == "NONE"));
        if own.is_some_and(is_off) || (own.is_none() && has_none) {
            return None;
        }
        let flag = |name: &str| of_image.and_then(|check| check.flag(name)?.value.clone());
        let of_flag = |name: &str| flag(name).and_then(|text| parse_duration(&text));
        Some(Self {
            start_period: own
                .and_then(|check| check.start_period.as_ref()?.value.value)
                .or_else(|| of_flag("start-period")),
            interval: own
                .and_then(|check| check.interval.as_ref()?.value.value)
                .or_else(|| of_flag("interval")),
            retries: own
                .and_then(|check| check.retries.as_ref()?.value.value)
                .or_else(|| flag("retries")?.parse().ok()),
        })
    }

    /// Until the service is unhealthy: the start period, and then as many failures as are counted.
    fn whole(&self) -> Duration {
        // https://docs.docker.com/reference/dockerfile/#healthcheck
        let interval = self.interval.unwrap_or(Duration::from_secs(30));
        let retries = u32::try_from(self.retries.unwrap_or(3)).unwrap_or(u32::MAX);
        self.start_period.unwrap_or_default().saturating_add(interval.saturating_mul(retries))
    }
}
