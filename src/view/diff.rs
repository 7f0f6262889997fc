//! The plan as one patch in git's extended format, which `git apply` takes.
//!
//! Paths start at the folder of the run. Within a git repository `git apply` counts them from its top, wherever it is
//! started, and leaves out what it does not find below the current folder: there they start at the top, as those of
//! `git diff` do.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use similar::TextDiff;

use crate::{
    plan::{Base, Output, Plan},
    workspace::path::join,
};

/// Writes the patch of every output.
///
/// # Errors
/// When `out` does not take it.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    patches(plan).iter().try_for_each(|patch| out.write_all(patch.as_bytes()))
}

/// The patches of the outputs, in their order.
pub fn patches(plan: &Plan) -> Vec<String> {
    patches_below(plan, "")
}

/// The patches of the outputs, in their order; the folder of the run is `folder` from the top of its repository.
pub fn patches_below(plan: &Plan, folder: &str) -> Vec<String> {
    plan.outputs.iter().map(|output| patch(output, folder)).collect()
}

/// The patch of one output.
fn patch(output: &Output, folder: &str) -> String {
    let (from, old) = match &output.base {
        Base::Same(text) => (&output.path, text.as_str()),
        Base::Copy { path, text } => (path, text.as_str()),
        Base::New { .. } => (&output.path, ""),
    };
    let (from, to) = (&join(folder, from), &join(folder, &output.path));
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "diff --git {} {}", quoted("a/", from), quoted("b/", to));
    let diff =
        TextDiff::configure().algorithm(similar::Algorithm::Patience).diff_lines(old, output.text.as_str());
    if matches!(output.base, Base::Copy { .. }) {
        let _ = writeln!(out, "similarity index {}%", (diff.ratio() * 100.0).floor());
        let _ = writeln!(out, "copy from {}\ncopy to {}", quoted("", from), quoted("", to));
    }
    if *old == output.text {
        return out;
    }
    let from = match output.base {
        Base::New { .. } => "/dev/null".to_owned(),
        _ => quoted("a/", from),
    };
    if matches!(output.base, Base::New { .. }) {
        out.push_str("new file mode 100644\n");
    }
    let _ = writeln!(out, "--- {from}\n+++ {}", quoted("b/", to));
    let _ = write!(out, "{}", diff.unified_diff().context_radius(3));
    out
}

/// A path as git writes it: quoted when it holds a control character, a quote or a backslash.
fn quoted(prefix: &str, path: &str) -> String {
    let is_odd = |c: char| c.is_control() || matches!(c, '"' | '\\') || !c.is_ascii();
    if !path.contains(is_odd) {
        return format!("{prefix}{path}");
    }
    let mut out = format!("\"{prefix}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte as char]),
            0x20..=0x7e => out.push(byte as char),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out + "\""
}
