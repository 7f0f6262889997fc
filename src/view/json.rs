//! The plan for programs: one JSON object.

use std::io::{self, Write};

use serde_json::json;

use crate::{
    plan::{Base, Outcome, Plan},
    view::diff,
};

/// Writes the plan as one JSON object on one line.
///
/// # Errors
/// When `out` does not take it.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let path = |id| &plan.before.file(id).path;
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| {
            let (outcome, detail) = match &step.outcome {
                Outcome::Applied => ("applied", None),
                Outcome::Held(flag) => ("held", Some(flag)),
                Outcome::Rejected(why) => ("rejected", Some(why)),
            };
            json!({
                "file": path(step.file), "line": step.place.line, "column": step.place.column, "pass": step.pass,
                "title": step.title, "why": step.why, "notes": step.notes, "risk": step.risk,
                "outcome": outcome, "detail": detail,
            })
        })
        .collect();
    let declines: Vec<_> = plan
        .declines
        .iter()
        .map(|record| {
            json!({
                "file": path(record.decline.file), "line": record.place.line, "column": record.place.column,
                "pass": record.pass, "why": record.decline.why, "quiet": record.decline.is_quiet,
            })
        })
        .collect();
    let findings: Vec<_> = plan
        .findings
        .iter()
        .map(|finding| {
            json!({
                "file": path(finding.file), "line": finding.place.line, "column": finding.place.column,
                "topic": finding.topic, "what": finding.what,
            })
        })
        .collect();
    let outputs: Vec<_> = plan
        .outputs
        .iter()
        .map(|output| {
            let copied_from = match &output.base {
                Base::Copy { path, .. } => Some(path),
                Base::Same(_) => None,
            };
            json!({"path": output.path, "copied_from": copied_from, "patch": diff::patch(output)})
        })
        .collect();
    let consumers: Vec<_> = plan
        .before
        .consumers
        .iter()
        .map(|consumer| {
            json!({
                "file": path(consumer.dockerfile), "path": consumer.path, "line": consumer.line,
                "without_buildkit": consumer.without_buildkit.map(|(_, what)| what),
            })
        })
        .collect();
    let conflicts: Vec<_> = plan.conflicts.iter().map(|conflict| &conflict.path).collect();
    let object = json!({
        "remarks": plan.remarks, "outputs": outputs, "steps": steps, "declines": declines,
        "findings": findings, "consumers": consumers, "conflicts": conflicts,
    });
    writeln!(out, "{object}")
}
