//! What is known before any pass runs: images that do not build as they are, which are left alone.

use crate::{
    documents::Documents,
    facts::{
        ImageView,
        sources::{self, Absence, Absent},
    },
    options::Options,
    pass::Decline,
    plan::{DeclineRecord, Finding},
    source::{FileId, place},
    workspace::Workspace,
};

/// What the records call this check.
const TOPIC: &str = "build-context";

/// The workspace that the passes get to see, and what is said of the rest.
pub(super) struct Inputs {
    pub(super) ws: Workspace,
    pub(super) declines: Vec<DeclineRecord>,
    pub(super) findings: Vec<Finding>,
}

/// Checks that the sources of every image are in its build context.
///
/// A compose file says which folder that is. Where it is only guessed, the guess may be what is wrong.
pub(super) fn checked(ws: &Workspace, documents: &Documents, options: &Options) -> Inputs {
    let cx = super::context(documents, ws, options);
    let mut inputs = Inputs { ws: ws.clone(), declines: Vec::new(), findings: Vec::new() };
    let mut left_alone: Vec<FileId> = Vec::new();
    for image in cx.images() {
        let absent = sources::absent(&cx, &image);
        let Some(first) = absent.first() else { continue };
        let place = place(image.text, first.source.span.start());
        if !image.image.services.is_empty() {
            let why = format!("Left alone: it does not build as it is. {}", list(&image, &absent));
            let decline =
                Decline { file: image.id, span: first.source.span, why, is_quiet: false, comes_first: true };
            inputs.declines.push(DeclineRecord { pass: TOPIC, decline, place });
            left_alone.push(image.id);
        } else if sources::is_any_present(&cx, &image) {
            let what = format!(
                "{} No compose file says that this is the build context, so it may be another.",
                list(&image, &absent)
            );
            inputs.findings.push(Finding { topic: TOPIC, file: image.id, place, what });
        }
    }
    inputs.ws.images.retain(|image| !left_alone.contains(&image.dockerfile));
    inputs
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
