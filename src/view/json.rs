//! The plan for programs: one JSON object.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    plan::{Base, DeclineRecord, Finding, Outcome, Output, Plan, Step, Weighed},
    source::FileId,
    workspace::Consumer,
};

/// The lists of the object, in order.
const LISTS: [&str; 8] =
    ["remarks", "outputs", "steps", "declines", "findings", "consumers", "skipped", "conflicts"];

/// The lists of a run, put together project by project, and the number of questions.
#[derive(Clone, Debug, Default)]
pub struct Lists([Vec<String>; LISTS.len()], usize);

impl Lists {
    /// The lists of one project with its `patches`.
    pub fn of(plan: &Plan, patches: &[String]) -> Self {
        let named = |id: FileId, mut value: Value| {
            let path = json!(plan.before.file(id).path);
            if let Some(object) = value.as_object_mut() {
                object.shift_insert(0, "file".to_owned(), path);
            }
            value.to_string()
        };
        let text = |value: Value| value.to_string();
        let lists = [
            plan.remarks.iter().map(|remark| text(json!(remark))).collect(),
            plan.outputs.iter().zip(patches).map(|(one, patch)| text(output(one, patch))).collect(),
            plan.steps.iter().map(|one| named(one.file, step(one))).collect(),
            plan.declines.iter().map(|record| named(record.file, decline(record))).collect(),
            plan.findings.iter().map(|one| named(one.file, finding(one))).collect(),
            plan.before.consumers.iter().map(|one| named(one.dockerfile, consumer(one))).collect(),
            plan.skips
                .iter()
                .map(|skip| text(json!({"file": skip.path, "line": skip.line, "why": skip.why})))
                .collect(),
            plan.conflicts.iter().map(|conflict| text(json!(conflict.path))).collect(),
        ];
        Self(lists, plan.questions())
    }

    /// Adds the lists of another project.
    pub fn add(&mut self, other: Self) {
        for (list, more) in self.0.iter_mut().zip(other.0) {
            list.extend(more);
        }
        self.1 += other.1;
    }

    /// Writes all of it as one JSON object on one line.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, (name, list)) in LISTS.iter().zip(&self.0).enumerate() {
            let opening = if index == 0 { '{' } else { ',' };
            write!(out, "{opening}\"{name}\":[")?;
            for (index, value) in list.iter().enumerate() {
                write!(out, "{}{value}", if index == 0 { "" } else { "," })?;
            }
            write!(out, "]")?;
        }
        writeln!(out, ",\"questions\":{}}}", self.1)
    }
}

/// A step without its file.
pub fn step(step: &Step) -> Value {
    let (outcome, detail) = match &step.outcome {
        Outcome::Applied => ("applied", None),
        Outcome::Held(flag) => ("held", Some(flag)),
        Outcome::Ignored(why) => ("ignored", Some(why)),
        Outcome::Rejected(why) => ("rejected", Some(why)),
    };
    json!({
        "line": step.place.line, "column": step.place.column, "pass": step.pass, "title": step.title,
        "why": step.why, "notes": step.notes, "reasons": reasons(&step.reasons), "risk": step.risk, "outcome": outcome, "detail": detail,
    })
}

/// A decline without its file.
pub fn decline(record: &DeclineRecord) -> Value {
    json!({
        "line": record.place.line, "column": record.place.column, "pass": record.pass,
        "why": record.sentence(), "reasons": reasons(&record.reasons), "quiet": record.is_quiet(),
    })
}

/// What speaks against a change, for a program.
fn reasons(all: &[Weighed]) -> Vec<Value> {
    let told = |weighed: &Weighed| {
        let reason = &weighed.reason;
        json!({
            "trap": reason.trap, "weight": weighed.weight, "file": weighed.path, "line": weighed.place.line,
            "column": weighed.place.column, "origin": reason.origin, "what": reason.what,
            "subjects": reason.subjects, "settle": reason.way(),
        })
    };
    all.iter().map(told).collect()
}

/// A finding without its file.
pub fn finding(finding: &Finding) -> Value {
    json!({
        "line": finding.place.line, "column": finding.place.column, "topic": finding.topic,
        "what": finding.what,
    })
}

/// Another file that names the Dockerfile.
pub fn consumer(consumer: &Consumer) -> Value {
    json!({
        "path": consumer.path, "line": consumer.line,
        "without_buildkit": consumer.without_buildkit.map(|(_, what)| what),
    })
}

/// A file to write, with its patch.
pub fn output(output: &Output, patch: &str) -> Value {
    let copied_from = match &output.base {
        Base::Copy { path, .. } => Some(path),
        Base::Same(_) | Base::New { .. } => None,
    };
    json!({"path": output.path, "copied_from": copied_from, "patch": patch})
}
