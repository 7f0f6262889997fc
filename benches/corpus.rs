//! Measures the files of a folder: `ALPINIST_CORPUS=folder cargo bench --bench corpus`.
//!
//! Every Dockerfile below the folder is read as `alpinist optimize Dockerfile` reads it, with the compose files
//! beside and above it and what its build context holds. Parsing and the pipeline are timed in memory, one file
//! after the other on one core. Without the variable nothing runs.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alpinist::{
    docker,
    documents::Documents,
    options::Options,
    pipeline, transforms,
    workspace::{Workspace, discover, load},
};

/// Each file is run so often; its fastest run counts.
const RUNS: usize = 3;

fn main() {
    let Some(folder) = std::env::var_os("ALPINIST_CORPUS") else {
        println!("ALPINIST_CORPUS names no folder: nothing to measure");
        return;
    };
    let folder = Path::new(&folder);
    let mut dockerfiles = Vec::new();
    find(folder, folder, &mut dockerfiles);
    dockerfiles.sort();
    println!("{} Dockerfiles below {}", dockerfiles.len(), folder.display());
    parsing(folder, &dockerfiles);
    pipelines(folder, &dockerfiles);
}

/// The Dockerfiles below `at`, relative to `folder`.
fn find(folder: &Path, at: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(at) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            find(folder, &path, found);
        } else if kind.is_file() && path.to_str().is_some_and(discover::is_dockerfile) {
            found.extend(path.strip_prefix(folder).map(Path::to_owned));
        }
    }
}

fn parsing(folder: &Path, paths: &[PathBuf]) {
    let texts: Vec<String> =
        paths.iter().filter_map(|path| std::fs::read_to_string(folder.join(path)).ok()).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let parse_all = || texts.iter().filter(|text| docker::parse(text).is_ok()).count();
    let fastest = (0..RUNS).map(|_| timed(parse_all).1).min().unwrap_or_default();
    let rate = bytes as f64 / 1e6 / fastest.as_secs_f64();
    println!("parse: {bytes} bytes in {fastest:.2?}, {rate:.0} MB/s");
}

fn pipelines(folder: &Path, paths: &[PathBuf]) {
    let mut loads = Vec::new();
    let mut alone = Vec::new();
    let mut with_compose = Vec::new();
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for path in paths {
        let (loaded, load) = timed(|| load::load(folder, path));
        let Some(ws) = loaded.ok().map(|loaded| loaded.ws).filter(|ws| !ws.images.is_empty()) else {
            continue;
        };
        loads.push(load);
        let has_compose = ws.images.iter().any(|image| !image.services.is_empty());
        let run = (0..RUNS).map(|_| pipeline(ws.clone())).min().unwrap_or_default();
        if run > slowest.0 {
            slowest = (run, path.clone());
        }
        if has_compose { &mut with_compose } else { &mut alone }.push(run);
    }
    report("read a Dockerfile and its project", loads);
    report("pipeline, a Dockerfile alone", alone);
    report("pipeline, a Dockerfile with its compose file", with_compose);
    println!("slowest pipeline: {:.2?}, {}", slowest.0, slowest.1.display());
}

fn pipeline(ws: Workspace) -> Duration {
    let options = Options::default();
    let (plan, time) = timed(|| {
        let documents = Documents::of(&ws.files);
        pipeline::run(ws, documents, transforms::ALL, &options)
    });
    drop(plan);
    time
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else { return };
    let at = |percent: usize| times[last * percent / 100];
    let sum: Duration = times.iter().sum();
    println!(
        "{what}: {} files, median {:.1?}, 90th percentile {:.1?}, 99th {:.1?}, longest {:.1?}, sum {sum:.2?}",
        times.len(),
        at(50),
        at(90),
        at(99),
        at(100),
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
