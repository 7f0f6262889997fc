//! What is known before any pass runs: images that do not build as they are, which are left alone.

use std::collections::BTreeMap;

use crate::{
    documents::Documents,
    facts::{
        ImageView,
        sources::{self, Absence, Absent},
    },
    options::Options,
    plan::Finding,
    reason::Reason,
    source::{FileId, place},
    workspace::Workspace,
};

/// What the records call this check.
const TOPIC: &str = "build-context";

/// What is said before any pass runs.
#[derive(Default)]
pub(super) struct Inputs {
    /// What speaks against any change of a file.
    pub(super) reasons: BTreeMap<FileId, Vec<Reason>>,
    pub(super) findings: Vec<Finding>,
}

/// Checks that the sources of every image are in its build context.
///
/// A compose file says which folder that is. Where it is only guessed, the guess may be what is wrong.
pub(super) fn checked(ws: &Workspace, documents: &Documents, options: &Options) -> Inputs {
    let cx = super::context(documents, ws, options);
    let mut inputs = Inputs::default();
    for image in cx.images() {
        let absent = sources::absent(&cx, &image);
        let Some(first) = absent.first() else { continue };
        if !image.image.services.is_empty() {
            let reasons = absent.iter().map(reason);
            inputs.reasons.entry(image.id).or_default().extend(reasons);
        } else if sources::is_any_present(&cx, &image) {
            let what = format!(
                "{} No compose file says that this is the build context, so it may be another.",
                list(&image, &absent)
            );
            let place = place(image.text, first.source.span.start());
            inputs.findings.push(Finding { topic: TOPIC, file: image.id, place, what });
        }
    }
    inputs
}

/// What is absent, as a question: no Dockerfile builds without it.
fn reason(absent: &Absent) -> Reason {
    let what = match &absent.why {
        Absence::Missing => "not in this checkout, and neither Dockerfile builds without it".to_owned(),
        Absence::Hidden { file, line, rule } => {
            format!(
                "kept out of the build by `{rule}`, line {line} of {file}, and neither Dockerfile builds without it"
            )
        }
    };
    Reason::doubt("MS-14", absent.source.span, what).about(absent.source.path.clone())
}

/// What is absent, in sentences.
fn list(image: &ImageView, absent: &[Absent]) -> String {
    let told: Vec<String> = absent.iter().map(|absent| told(image, absent)).collect();
    let is_missing = absent.iter().any(|absent| absent.why == Absence::Missing);
    let way_out = if is_missing { " If another step makes it, run that first." } else { "" };
    format!("{} (MS-14).{way_out}", told.join("; "))
}

fn told(image: &ImageView, Absent { source, why }: &Absent) -> String {
    let line = place(image.text, source.span.start()).line;
    let taken = format!("{} in line {line} takes {}", source.instruction.name(), source.path);
    match why {
        Absence::Missing => {
            let context = format!("the build context {}", image.image.context);
            format!("{taken}, which is not in {}", context.trim_end())
        }
        Absence::Hidden { file, line, rule } => {
            format!("{taken}, which `{rule}` keeps out, line {line} of {file}")
        }
    }
}
