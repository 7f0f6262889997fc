//! Starting a container, waiting for it, asking it, and stopping it.

mod rest;
mod wait;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SHORT, Work, failed};
use crate::{
    engine::{Call, Knock},
    verify::step::{Observation, Seen, Step},
};

/// How long a container may take to end when it is asked to, in seconds; what `docker stop` gives it.
const GRACE: u64 = 10;
/// How often an address is asked that does not answer.
const TRIES: usize = 3;
/// How long is waited between two questions.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

/// Runs the image as often as is asked for; the last run tells what is compared.
pub(super) fn take(work: &Work, seen: &mut Observation) {
    let before = seen.steps.len();
    for number in 0..work.settings.runs.max(1) {
        seen.steps.truncate(before);
        let name = format!("{}-{number}", work.side.tag);
        once(work, &name, seen);
        work.engine.call(&Call::short(["rm", "--force", "--volumes", &name], SHORT));
        if seen.failure().is_some() || work.engine.is_stopped() {
            return;
        }
    }
}

fn once(work: &Work, name: &str, seen: &mut Observation) {
    let started =
        work.engine.call(&Call::short(start(work, name), SHORT.max(work.settings.timeout.as_secs())));
    if !started.is_good() {
        return seen.steps.push(failed(work, Step::Start, (&started, "the start")));
    }
    seen.steps.push(Seen::passed(Step::Start));
    let container = Container { work, name };
    let ready = match wait::ready(&container) {
        Ok(ready) => ready,
        Err(failure) => {
            let Failed { what, said } = failure;
            return seen.steps.push(Seen::failed(Step::Ready, what, work.last(&said)));
        }
    };
    let mut step = Seen::passed(Step::Ready);
    step.facts.insert("ready".to_owned(), ready.how.clone());
    seen.steps.push(step);
    seen.measures.ready.push(ready.seconds);
    if ready.has_ended {
        seen.measures.exit = Some(0);
        return;
    }
    seen.steps.push(answers(&container, ready.port));
    rest::measure(&container, &mut seen.measures);
    let stopped = stop(&container, seen);
    seen.steps.push(stopped);
}

/// A container that runs.
struct Container<'c> {
    work: &'c Work<'c>,
    name: &'c str,
}

/// Why a container is not ready, and what it said.
struct Failed {
    what: String,
    said: String,
}

impl Container<'_> {
    /// What the engine knows of it.
    fn inspected(&self) -> Value {
        let answer = self.work.engine.call(&Call::short(["container", "inspect", self.name], SHORT));
        let all: Value = serde_json::from_str(&answer.out).unwrap_or_default();
        all[0].clone()
    }

    fn call<const N: usize>(&self, words: [&str; N]) -> crate::engine::Answer {
        self.work.engine.call(&Call::short(words, SHORT))
    }

    /// What it said, stdout and stderr.
    fn said(&self) -> String {
        self.call(["logs", "--tail", "60", self.name]).said()
    }

    /// The ports of this machine that lead to its own, by those; on the host's network they are the same.
    fn ports(&self, inspected: &Value) -> BTreeMap<u16, u16> {
        if self.work.settings.network == "host" {
            return wanted(self.work, inspected).into_iter().map(|port| (port, port)).collect();
        }
        let Some(all) = inspected["NetworkSettings"]["Ports"].as_object() else { return BTreeMap::new() };
        let pair = |(inner, outer): (&String, &Value)| {
            let inner = inner.strip_suffix("/tcp")?.parse().ok()?;
            let outer = outer[0]["HostPort"].as_str()?.parse().ok()?;
            Some((inner, outer))
        };
        all.iter().filter_map(pair).collect()
    }
}

/// The TCP ports that a container may listen on: what the image exposes, and what the service and the probes name.
fn wanted(work: &Work, image: &Value) -> Vec<u16> {
    let exposed = image["Config"]["ExposedPorts"].as_object();
    let exposed = exposed.into_iter().flat_map(|ports| ports.keys());
    let mut all: Vec<u16> = exposed.filter_map(|port| port.strip_suffix("/tcp")?.parse().ok()).collect();
    all.extend(&work.side.launch.ports);
    all.extend(work.settings.probes.iter().filter_map(|(port, _)| *port));
    all.extend(health_address(work, image).map(|(port, _)| port));
    all.sort_unstable();
    all.dedup();
    all
}

/// The address on this machine that the health check asks, as port and path.
fn health_address(work: &Work, image: &Value) -> Option<(u16, String)> {
    let test = || {
        let words = image["Config"]["Healthcheck"]["Test"].as_array()?;
        Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
    };
    address(&work.side.launch.health.clone().or_else(test)?)
}

/// The first `http://localhost:PORT/path` of a text.
fn address(text: &str) -> Option<(u16, String)> {
    let rest = text.split("http://").nth(1)?;
    let end = rest.find(|c: char| c.is_whitespace() || "'\"`);|&>".contains(c)).unwrap_or(rest.len());
    let (host, path) = rest[..end].split_once('/').unwrap_or((&rest[..end], ""));
    let (host, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]");
    is_here.then_some((port.parse().ok()?, format!("/{path}")))
}

/// The words of `run`.
fn start(work: &Work, name: &str) -> Vec<String> {
    let (side, settings) = (work.side, work.settings);
    let image = super::build::inspected(work);
    let mut words: Vec<String> = vec!["run".into(), "--detach".into()];
    for (flag, value) in [("--name", name), ("--label", &settings.label), ("--network", &settings.network)] {
        words.extend([flag.to_owned(), value.to_owned()]);
    }
    if !matches!(settings.network.as_str(), "host" | "none") {
        for port in wanted(work, &image) {
            words.extend(["--publish".to_owned(), format!("127.0.0.1::{port}")]);
        }
    }
    let is_off = side.launch.flags.iter().any(|flag| flag == "--no-healthcheck");
    let has_health = side.launch.health.is_some() || image["Config"]["Healthcheck"]["Test"].is_array();
    if let Some(health) = &side.launch.health {
        words.push(format!("--health-cmd={health}"));
    }
    if has_health && !is_off {
        // Often, so that little time is lost, and without an end: how long is waited is decided here.
        words.extend(["--health-interval=1s".to_owned(), "--health-retries=10000".to_owned()]);
    }
    words.extend(side.launch.flags.iter().chain(&side.paths).cloned());
    let (first, rest) = match &side.launch.entrypoint {
        Some(entrypoint) => (entrypoint.first().cloned(), entrypoint.get(1..).unwrap_or_default()),
        None => (None, &[][..]),
    };
    words.extend(first.map(|first| format!("--entrypoint={first}")));
    words.push(side.tag.clone());
    words.extend(rest.iter().cloned());
    words.extend(side.launch.command.iter().flatten().cloned());
    words
}

/// Asks `/`, what the health check asks, and what the user wants to be asked.
fn answers(container: &Container, port: Option<u16>) -> Seen {
    let inspected = container.inspected();
    let ports = container.ports(&inspected);
    let mut asked: Vec<(Option<u16>, String)> = vec![(None, "/".to_owned())];
    asked.extend(health_address(container.work, &inspected).map(|(port, path)| (Some(port), path)));
    asked.extend(container.work.settings.probes.iter().cloned());
    let mut step = Seen::passed(Step::Answers);
    for (own, path) in asked {
        let Some(inner) = own.or(port) else { continue };
        let Some(outer) = ports.get(&inner) else { continue };
        let knock = knocked(container, (*outer, &path));
        step.facts.insert(format!("GET :{inner}{path}"), knock.told());
    }
    step
}

fn knocked(container: &Container, (port, path): (u16, &str)) -> Knock {
    let engine = container.work.engine;
    let mut knock = Knock::Closed;
    for _ in 0..TRIES {
        knock = engine.knock(port, path);
        if matches!(knock, Knock::Answered(..)) {
            break;
        }
        engine.pause(PAUSE);
    }
    knock
}

/// Asks the container to end.
fn stop(container: &Container, seen: &mut Observation) -> Seen {
    let answer = container.call(["stop", "--time", &GRACE.to_string(), container.name]);
    let code = container.inspected()["State"]["ExitCode"].as_i64();
    seen.measures.stop.push(answer.took.as_secs_f64());
    seen.measures.exit = code;
    // An end by SIGKILL before the time is over is the container's own.
    let is_killed = code == Some(137) && answer.took.as_secs() >= GRACE;
    let mut step = Seen::passed(Step::Stop);
    let how = if is_killed { "killed" } else { "ended" };
    step.facts.insert("when asked to stop".to_owned(), how.to_owned());
    step
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn finds_the_address_of_a_health_check() {
        let found = |text| address(text).map(|(port, path)| format!("{port}{path}"));
        assert_eq!(found("curl -f http://localhost:8000/health || exit 1").as_deref(), Some("8000/health"));
        assert_eq!(found("wget -q http://127.0.0.1/").as_deref(), Some("80/"));
        assert_eq!(found("python -c \"get('http://localhost:5000')\"").as_deref(), Some("5000/"));
        assert_eq!(found("curl http://db:80/"), None);
    }
}
