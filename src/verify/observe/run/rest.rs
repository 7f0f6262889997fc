//! Measuring a container at rest.

use std::time::Duration;

use serde_json::Value;

use super::Container;
use crate::verify::step::Measures;

/// How long is waited before it counts as at rest.
const REST: Duration = Duration::from_secs(2);
/// How many written files are kept.
const KEPT: usize = 100;

/// Measures memory and processes, and tells who runs it and what it wrote.
pub(super) fn measure(container: &Container, measures: &mut Measures) {
    container.work.engine.pause(REST);
    let answer = container.call(["stats", "--no-stream", "--format", "{{json .}}", container.name]);
    let stats: Value = serde_json::from_str(answer.out.trim()).unwrap_or_default();
    // Podman names its columns in another way.
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| stats[name].as_str());
    let memory = text(["MemUsage", "mem_usage"]).and_then(|text| bytes(text.split('/').next()?));
    measures.memory.extend(memory);
    let processes = text(["PIDs", "pids"]).and_then(|text| text.parse::<f64>().ok());
    measures.processes.extend(processes);
    let user = container.call(["exec", container.name, "id", "-u"]);
    measures.user = user.is_good().then(|| user.out.trim().to_owned()).or(measures.user.take());
    let inspected = container.inspected();
    let words = inspected["Args"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let line: Vec<&str> = inspected["Path"].as_str().into_iter().chain(words).collect();
    let shown = crate::verify::words::masked(&line.join(" "), &container.work.settings.hidden);
    measures.first = Some(shown);
    measures.written = written(&container.call(["diff", container.name]).out);
}

/// The files of `docker diff`: of the paths that were added or changed those with nothing below them.
fn written(diff: &str) -> Vec<String> {
    let paths: Vec<&str> =
        diff.lines().filter_map(|line| line.strip_prefix("A ").or_else(|| line.strip_prefix("C "))).collect();
    let holds_another = |path: &str| {
        paths.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    };
    let mut files: Vec<String> =
        paths.iter().filter(|path| !holds_another(path)).map(|path| (*path).to_owned()).collect();
    files.sort();
    files.truncate(KEPT);
    files
}

/// A size as engines print it: `12.5MiB`, `1.2GB`.
fn bytes(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..end].trim().parse().ok()?;
    let (unit, step) = match text[end..].strip_suffix("iB") {
        Some(unit) => (unit, 1024_f64),
        None => (text[end..].strip_suffix('B')?, 1000.0),
    };
    let power = ["", "k", "m", "g", "t"].iter().position(|name| unit.eq_ignore_ascii_case(name))?;
    Some(number * step.powi(i32::try_from(power).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        assert_eq!(bytes("12.5MiB "), Some(12.5 * 1_048_576.0));
        assert_eq!(bytes("1.2GB"), Some(1.2e9));
        assert_eq!(bytes("0B"), Some(0.0));
        assert_eq!(bytes("--"), None);
    }

    #[test]
    fn only_files_are_written() {
        assert_eq!(written("C /app\nA /app/x.log\nC /tmp\nD /gone\n"), ["/app/x.log", "/tmp"]);
    }
}
