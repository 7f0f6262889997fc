//! Waiting until a container is ready.

use std::time::Duration;

use serde_json::Value;

use super::{Container, Failed, PAUSE, wanted};
use crate::engine::Knock;

/// How long a container without health check or port has to stay up to count as running, and one with a port that
/// does not answer.
const STAYS: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(30);

/// A container that is ready.
pub(super) struct Ready {
    /// How that is known.
    pub(super) how: String,
    /// The seconds that it took.
    pub(super) seconds: f64,
    /// The port of the container that answers.
    pub(super) port: Option<u16>,
    /// Whether it ran to its end.
    pub(super) has_ended: bool,
}

/// Waits until a container is healthy, or answers where it has no health check, or stays up where it has no port.
pub(super) fn ready(container: &Container) -> Result<Ready, Failed> {
    let (engine, settings) = (container.work.engine, container.work.settings);
    let start = engine.now();
    let mut first = None;
    loop {
        let inspected = container.inspected();
        let (state, took) = (&inspected["State"], engine.now().saturating_sub(start));
        let is_running = state["Running"].as_bool().unwrap_or_default();
        if !is_running {
            return ended(container, state, took);
        }
        if first.is_none() {
            first = answering(container, &inspected).map(|port| (port, engine.now().saturating_sub(start)));
        }
        let health = state["Health"]["Status"].as_str();
        let is_quiet = settings.network == "none" || wanted(container.work, &inspected).is_empty();
        let how = match (health, first) {
            (Some("healthy"), _) => Some("healthy".to_owned()),
            (Some("starting" | "unhealthy"), _) => None,
            (_, Some((port, _))) => Some(format!("answers on port {port}")),
            (_, None) if is_quiet && took >= STAYS => Some("stays up".to_owned()),
            (_, None) if took >= SILENT.min(settings.timeout) => Some("stays up, no port answers".to_owned()),
            _ => None,
        };
        if let Some(how) = how {
            let seconds = first.map_or(took, |(_, took)| took).as_secs_f64();
            return Ok(Ready { how, seconds, port: first.map(|(port, _)| port), has_ended: false });
        }
        if took >= settings.timeout || engine.is_stopped() {
            let log = state["Health"]["Log"].as_array().and_then(|log| log.last());
            let check = log.and_then(|log| log["Output"].as_str()).unwrap_or_default();
            let what = format!("it is not healthy after {} s", took.as_secs());
            return Err(Failed { what, said: format!("{}\n{check}", container.said()) });
        }
        engine.pause(PAUSE);
    }
}

/// The first port of the container that answers HTTP, or else that something listens on.
fn answering(container: &Container, inspected: &Value) -> Option<u16> {
    let ports = container.ports(inspected);
    let mut open = None;
    for (inner, outer) in ports {
        match container.work.engine.knock(outer, "/") {
            Knock::Answered(..) => return Some(inner),
            Knock::Open => open = open.or(Some(inner)),
            Knock::Closed => {}
        }
    }
    open
}

/// A container that does not run any more: one without ports or health check may have done its work.
fn ended(container: &Container, state: &Value, took: Duration) -> Result<Ready, Failed> {
    let code = state["ExitCode"].as_i64().unwrap_or(-1);
    let is_job = wanted(container.work, &container.inspected()).is_empty() && state["Health"].is_null();
    if code == 0 && is_job {
        let how = "runs to its end with code 0".to_owned();
        return Ok(Ready { how, seconds: took.as_secs_f64(), port: None, has_ended: true });
    }
    let memory = if state["OOMKilled"].as_bool() == Some(true) { ", out of memory" } else { "" };
    let error = state["Error"].as_str().unwrap_or_default();
    let said = format!("{}\n{error}", container.said());
    Err(Failed { what: format!("it ends with code {code}{memory}"), said })
}
