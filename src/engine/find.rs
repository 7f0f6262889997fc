//! Finding an engine that answers and can build.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use serde_json::Value;

use super::{Answer, Call, Engine, local::Local};

/// The programs that are looked for, in this order.
const PROGRAMS: [&str; 3] = ["docker", "podman", "nerdctl"];
/// The first Docker client that builds through a plugin of its own, and not by itself.
const NEEDS_BUILDX: u64 = 23;

/// An engine that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The program.
    pub program: String,
    /// Its name and version.
    pub told: String,
}

/// No engine: what was tried, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no container engine to build and run with: {}", .0.join("; "))]
pub struct NoEngine(pub Vec<String>);

impl NoEngine {
    /// What to do.
    pub fn help(&self) -> &'static str {
        "install and start Docker (with docker-buildx-plugin), Podman or nerdctl, or name one with --engine; DOCKER_HOST and contexts are heeded"
    }
}

/// The engine `named`, or the first one on the search path that answers and can build.
///
/// # Errors
/// When there is none.
pub fn find(named: Option<&str>, stopped: &Arc<AtomicBool>) -> Result<Found, NoEngine> {
    let candidates = match named {
        Some(named) if named.contains(std::path::is_separator) => vec![PathBuf::from(named)],
        Some(named) => on_path(named),
        None => PROGRAMS.into_iter().flat_map(on_path).collect(),
    };
    if candidates.is_empty() {
        let names = named.map_or_else(|| PROGRAMS.join(", "), str::to_owned);
        return Err(NoEngine(vec![format!("none of {names} is on the search path")]));
    }
    let mut tried = Vec::new();
    for candidate in candidates {
        let program = candidate.display().to_string();
        match usable(&Local::new(&program, stopped.clone()), &candidate) {
            Ok(told) => return Ok(Found { program, told }),
            Err(why) => tried.push(format!("{program} {why}")),
        }
    }
    Err(NoEngine(tried))
}

/// Every program of that name on the search path, the first first.
fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in folders.map(|folder| folder.join(name)).filter(|candidate| candidate.is_file()) {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

/// Name and version of an engine, or why it is of no use, as the end of a sentence.
fn usable(engine: &dyn Engine, program: &Path) -> Result<String, String> {
    let answer = engine.call(&Call::short(["version", "--format", "{{json .}}"], 20));
    if !answer.is_good() {
        return Err(format!("does not answer ({})", last_line(&answer)));
    }
    let version: Value = serde_json::from_str(answer.out.trim()).unwrap_or_default();
    let text = |value: &Value| value["Version"].as_str().unwrap_or_default().to_owned();
    let (client, server) = (text(&version["Client"]), text(&version["Server"]));
    let name = program.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let major = client.split('.').next().and_then(|major| major.parse::<u64>().ok());
    let is_docker = name.starts_with("docker");
    if is_docker && major.is_none_or(|major| major >= NEEDS_BUILDX) {
        let buildx = engine.call(&Call::short(["buildx", "version"], 20));
        if !buildx.is_good() {
            return Err("answers and cannot build: its buildx component is missing".to_owned());
        }
    }
    let server = if server.is_empty() { String::new() } else { format!(", server {server}") };
    Ok(format!("{name} {client}{server}"))
}

fn last_line(answer: &Answer) -> String {
    let said = answer.said();
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.unwrap_or("it says nothing").chars().take(200).collect()
}
