//! The plan for people: per file and pass what was applied, held, declined, and why.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

use crate::{
    plan::{Outcome, Plan, Step},
    source::{FileId, Place},
    view::diff,
};

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();
const WIDTH: usize = 100;

/// Writes the summary; `everything` shows quiet declines too.
///
/// # Errors
/// When `out` does not take it.
pub fn write(plan: &Plan, everything: bool, out: &mut dyn Write) -> io::Result<()> {
    for remark in &plan.remarks {
        writeln!(out, "{remark}")?;
    }
    let mut files: BTreeMap<&str, FileId> = BTreeMap::new();
    let steps = plan.steps.iter().map(|step| step.file);
    let declines = plan.declines.iter().filter(|record| everything || !record.decline.is_quiet);
    let findings = plan.findings.iter().map(|finding| finding.file);
    for id in steps.chain(declines.map(|record| record.decline.file)).chain(findings) {
        files.insert(&plan.before.file(id).path, id);
    }
    for (path, id) in files {
        file(plan, path, id, everything, out)?;
    }
    for conflict in &plan.conflicts {
        let text = "exists with other content than alpinist would write; --force overwrites it";
        writeln!(out, "{RED}conflict{RED:#} {}: {text}", conflict.path)?;
    }
    totals(plan, out)
}

fn file(plan: &Plan, path: &str, id: FileId, everything: bool, out: &mut dyn Write) -> io::Result<()> {
    match plan.outputs.iter().find(|output| is_output_of(output, path)) {
        Some(output) if output.path != path => writeln!(out, "{BOLD}{path}{BOLD:#} -> {}", output.path)?,
        _ => writeln!(out, "{BOLD}{path}{BOLD:#}")?,
    }
    for step in plan.steps.iter().filter(|step| step.file == id) {
        self::step(step, out)?;
    }
    for record in plan.declines.iter().filter(|record| record.decline.file == id) {
        if record.decline.is_quiet && !everything {
            continue;
        }
        let mark = if record.decline.is_quiet { "nothing " } else { "declined" };
        line(out, (YELLOW, mark), record.pass, record.place, "")?;
        wrapped(out, &record.decline.why)?;
    }
    for finding in plan.findings.iter().filter(|finding| finding.file == id) {
        line(out, (YELLOW, "noted   "), finding.topic, finding.place, "")?;
        wrapped(out, &finding.what)?;
    }
    Ok(())
}

fn is_output_of(output: &crate::plan::Output, path: &str) -> bool {
    match &output.base {
        crate::plan::Base::Copy { path: from, .. } => from == path,
        crate::plan::Base::Same(_) => output.path == path,
    }
}

fn step(step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let mark = match &step.outcome {
        Outcome::Applied => (GREEN, "applied "),
        Outcome::Held(_) => (YELLOW, "held    "),
        Outcome::Rejected(_) => (RED, "rejected"),
    };
    let title = format!("{} [{}]", step.title, step.risk.name());
    line(out, mark, step.pass, step.place, &title)?;
    wrapped(out, &step.why)?;
    for note in &step.notes {
        wrapped(out, note)?;
    }
    match &step.outcome {
        Outcome::Applied => Ok(()),
        Outcome::Held(flag) => wrapped(out, &format!("Let it through with {flag}.")),
        Outcome::Rejected(why) => {
            let text =
                format!("This is a bug of alpinist: {why}. Please report it with the file and this line.");
            wrapped(out, &text)
        }
    }
}

fn line(out: &mut dyn Write, mark: (Style, &str), pass: &str, place: Place, title: &str) -> io::Result<()> {
    let (style, word) = mark;
    writeln!(
        out,
        "  {style}{word}{style:#} {pass}, line {}{}{title}",
        place.line,
        if title.is_empty() { "" } else { ": " }
    )
}

fn wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut row = String::new();
    for word in text.split_whitespace() {
        if !row.is_empty() && row.len() + 1 + word.len() > WIDTH - 11 {
            writeln!(out, "           {row}")?;
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    if row.is_empty() { Ok(()) } else { writeln!(out, "           {row}") }
}

fn totals(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let count = |wanted: fn(&Outcome) -> bool| plan.steps.iter().filter(|step| wanted(&step.outcome)).count();
    let applied = count(|outcome| *outcome == Outcome::Applied);
    let held = count(|outcome| matches!(outcome, Outcome::Held(_)));
    let rejected = count(|outcome| matches!(outcome, Outcome::Rejected(_)));
    let declined = plan.declines.iter().filter(|record| !record.decline.is_quiet).count();
    let lines: usize = plan.outputs.iter().map(|output| changed_lines(&diff::patch(output))).sum();
    let mut parts = vec![format!("{applied} applied"), format!("{declined} declined")];
    parts.extend((held > 0).then(|| format!("{held} held")));
    parts.extend((rejected > 0).then(|| format!("{rejected} rejected")));
    let files = plan.outputs.len();
    writeln!(
        out,
        "{}; {files} file{} to write, {lines} lines in the diff",
        parts.join(", "),
        if files == 1 { "" } else { "s" }
    )
}

fn changed_lines(patch: &str) -> usize {
    patch
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++ ") && !line.starts_with("--- "))
        .count()
}
