//! The result of `verify` for programs; `docs/schema/verify.schema.json` describes it.

use serde_json::{Value, json};

use crate::verify::{ImageReport, LeftOut, Measures, Observation, Report};

/// The version of the format; it grows when a program that reads it may have to change.
const VERSION: u32 = 1;

/// The report as one object.
pub fn report(report: &Report) -> Value {
    json!({
        "version": VERSION,
        "verdict": report.verdict().name(),
        "rest": report.rest().name(),
        "engine": report.engine,
        "images": report.images.iter().map(image).collect::<Vec<_>>(),
        "left_out": report.left_out.iter().map(left_out).collect::<Vec<_>>(),
        "notes": report.notes,
    })
}

fn image(image: &ImageReport) -> Value {
    let judgement = &image.judgement;
    json!({
        "dockerfile": image.dockerfile,
        "service": image.service,
        "verdict": judgement.verdict.name(),
        "step": judgement.step.map(|step| step.name()),
        "why": judgement.why,
        "last_words": judgement.last,
        "traps": image.traps,
        "questions": image.questions,
        "before": image.before.as_ref().map(side),
        "after": image.after.as_ref().map(side),
    })
}

fn side(side: &Observation) -> Value {
    let steps = side.steps.iter().map(|seen| {
        json!({
            "step": seen.step.name(),
            "passed": seen.failure.is_none(),
            "facts": seen.facts,
            "failure": seen.failure.as_ref().map(|failure| &failure.what),
            "last_words": seen.failure.as_ref().map(|failure| &failure.last),
            "unseen": seen.unseen,
        })
    });
    json!({
        "steps": steps.collect::<Vec<_>>(),
        "measures": measures(&side.measures),
        "notes": side.notes,
    })
}

fn measures(of: &Measures) -> Value {
    json!({
        "size_bytes": of.size, "layers": of.layers, "build_seconds": of.build, "ready_seconds": of.ready,
        "memory_bytes": of.memory, "processes": of.processes, "stop_seconds": of.stop,
        "exit_code": of.exit, "user": of.user, "process_1": of.first, "written": of.written,
    })
}

fn left_out(one: &LeftOut) -> Value {
    json!({
        "dockerfile": one.dockerfile, "passes": one.passes, "verdict": one.verdict.name(), "why": one.why, "last_words": one.last,
        "complete": one.is_complete,
    })
}
