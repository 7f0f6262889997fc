//! What was found for programs that take a line a file: one JSON object for each Dockerfile and compose file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::json;
use crate::{
    plan::{Plan, Skip},
    source::{FileId, FileKind},
    workspace::{discover, load::InputError},
};

/// The lines of a project: one for each file of `plan`, and one for each that could not be read.
pub fn lines(plan: &Plan, patches: &[String], errors: &[InputError]) -> Vec<String> {
    let mut by_file = ByFile::default();
    by_file.take(plan, patches);
    let skips: BTreeMap<&str, &Skip> = plan.skips.iter().map(|skip| (skip.path.as_str(), skip)).collect();
    let read: BTreeSet<&str> = plan.before.files.iter().map(|file| file.path.as_str()).collect();
    let mut objects: Vec<(String, Value)> = Vec::new();
    for (index, file) in plan.before.files.iter().enumerate() {
        if plan.before.read_only.contains(&FileId(index)) && file.kind == FileKind::Compose {
            continue;
        }
        objects.push((file.path.clone(), by_file.object(&file.path, skips.get(file.path.as_str()), plan)));
    }
    for skip in plan.skips.iter().filter(|skip| !read.contains(skip.path.as_str())) {
        objects.push((skip.path.clone(), by_file.object(&skip.path, Some(&skip), plan)));
    }
    objects.extend(errors.iter().map(|error| (error.path.clone(), failed(error))));
    objects.sort_by(|a, b| a.0.cmp(&b.0));
    objects.into_iter().map(|(_, object)| object.to_string()).collect()
}

/// What could not be read, as an object of the same shape.
pub fn failed(error: &InputError) -> Value {
    let place = error.place();
    let (line, column) = (place.map(|place| place.line), place.map(|place| place.column));
    json!({
        "file": error.path, "kind": kind(&error.path), "status": "failed", "questions": 0, "outputs": [], "steps": [],
        "declines": [], "findings": [], "skipped": null,
        "error": {"line": line, "column": column, "what": error.what, "help": error.help},
    })
}

fn kind(path: &str) -> &'static str {
    if discover::is_compose(path) { "compose" } else { "dockerfile" }
}

/// The parts of a plan by the path of their file.
#[derive(Debug, Default)]
struct ByFile {
    parts: BTreeMap<(&'static str, String), Vec<Value>>,
}

impl ByFile {
    fn take(&mut self, plan: &Plan, patches: &[String]) {
        let path = |id: FileId| plan.before.file(id).path.clone();
        for step in &plan.steps {
            self.put("steps", path(step.file), json::step(step));
        }
        for record in &plan.declines {
            self.put("declines", path(record.file), json::decline(record));
        }
        for finding in &plan.findings {
            self.put("findings", path(finding.file), json::finding(finding));
        }
        for (output, patch) in plan.outputs.iter().zip(patches) {
            self.put("outputs", output.of.clone(), json::output(output, patch));
        }
    }

    fn put(&mut self, part: &'static str, path: String, value: Value) {
        self.parts.entry((part, path)).or_default().push(value);
    }

    fn object(&mut self, path: &str, skip: Option<&&Skip>, plan: &Plan) -> Value {
        let mut part = |name| self.parts.remove(&(name, path.to_owned())).unwrap_or_default();
        let (outputs, steps) = (part("outputs"), part("steps"));
        let (declines, findings) = (part("declines"), part("findings"));
        let conflicts = plan.conflicts.iter().any(|conflict| conflict.of == path);
        let status = match (skip, conflicts, outputs.is_empty()) {
            (Some(_), ..) => "skipped",
            (None, true, _) => "conflict",
            (None, false, false) => "changed",
            (None, false, true) => "unchanged",
        };
        let questions = plan.questions_about(path);
        let skipped = skip.map(|skip| json!({"line": skip.line, "why": skip.why}));
        json!({
            "file": path, "kind": kind(path), "status": status, "questions": questions, "outputs": outputs, "steps": steps,
            "declines": declines, "findings": findings, "skipped": skipped, "error": null,
        })
    }
}
