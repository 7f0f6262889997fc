//! The plan for people: per file and pass what was applied, held, declined, and why.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

use crate::{
    plan::{DeclineRecord, Finding, Outcome, Output, Plan, Step, Weighed},
    source::{FileId, Place},
    view::{diff, totals::Totals},
};

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();
const WIDTH: usize = 100;

/// Writes the summary with its last line; `everything` shows quiet declines too.
///
/// # Errors
/// When `out` does not take it.
pub fn write(plan: &Plan, everything: bool, out: &mut dyn Write) -> io::Result<()> {
    write_files(plan, everything, out)?;
    Totals::of(plan, &diff::patches(plan)).write_line(out)
}

/// Writes what is said of each file; `everything` shows quiet declines too.
///
/// # Errors
/// When `out` does not take it.
pub fn write_files(plan: &Plan, everything: bool, out: &mut dyn Write) -> io::Result<()> {
    for remark in &plan.remarks {
        writeln!(out, "{remark}")?;
    }
    let mut files: BTreeMap<&str, FileId> = BTreeMap::new();
    let steps = plan.steps.iter().map(|step| step.file);
    let declines = plan.declines.iter().filter(|record| everything || !record.is_quiet());
    let findings = plan.findings.iter().map(|finding| finding.file);
    for id in steps.chain(declines.map(|record| record.file)).chain(findings) {
        files.insert(&plan.before.file(id).path, id);
    }
    let by_file = ByFile::of(plan);
    for (path, id) in files {
        by_file.file(path, id, everything, out)?;
    }
    for skip in &plan.skips {
        writeln!(out, "{BOLD}{}{BOLD:#}", skip.path)?;
        writeln!(out, "  {YELLOW}skipped {YELLOW:#} line {}", skip.line)?;
        wrapped(out, &format!("Left alone: {}.", skip.why))?;
    }
    for conflict in &plan.conflicts {
        let text = match conflict.is_old {
            true => "was edited by hand, and is made from an older Dockerfile; --force overwrites it",
            false => "exists with other content than alpinist would write; --force overwrites it",
        };
        writeln!(out, "{RED}conflict{RED:#} {}: {text}", conflict.path)?;
    }
    Ok(())
}

/// The records of a plan by their file.
#[derive(Default)]
struct ByFile<'p> {
    outputs: BTreeMap<&'p str, &'p Output>,
    steps: BTreeMap<FileId, Vec<&'p Step>>,
    declines: BTreeMap<FileId, Vec<&'p DeclineRecord>>,
    findings: BTreeMap<FileId, Vec<&'p Finding>>,
}

impl<'p> ByFile<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut by_file = Self::default();
        for output in plan.outputs.iter().rev() {
            by_file.outputs.insert(&output.of, output);
        }
        for step in &plan.steps {
            by_file.steps.entry(step.file).or_default().push(step);
        }
        for record in &plan.declines {
            by_file.declines.entry(record.file).or_default().push(record);
        }
        for finding in &plan.findings {
            by_file.findings.entry(finding.file).or_default().push(finding);
        }
        by_file
    }

    fn file(&self, path: &str, id: FileId, everything: bool, out: &mut dyn Write) -> io::Result<()> {
        match self.outputs.get(path) {
            Some(output) if output.path != path => writeln!(out, "{BOLD}{path}{BOLD:#} -> {}", output.path)?,
            _ => writeln!(out, "{BOLD}{path}{BOLD:#}")?,
        }
        let declines = self.declines.get(&id).into_iter().flatten();
        let (first, later): (Vec<&DeclineRecord>, Vec<&DeclineRecord>) =
            declines.partition(|record| record.comes_first);
        first.into_iter().try_for_each(|record| decline(record, out))?;
        for step in self.steps.get(&id).into_iter().flatten() {
            self::step(step, out)?;
        }
        let shown = later.into_iter().filter(|record| everything || !record.is_quiet());
        shown.into_iter().try_for_each(|record| decline(record, out))?;
        for finding in self.findings.get(&id).into_iter().flatten() {
            line(out, (YELLOW, "noted   "), finding.topic, finding.place, "")?;
            wrapped(out, &finding.what)?;
        }
        Ok(())
    }
}

fn decline(record: &DeclineRecord, out: &mut dyn Write) -> io::Result<()> {
    let mark = if record.is_quiet() { "nothing " } else { "declined" };
    line(out, (YELLOW, mark), record.pass, record.place, "")?;
    wrapped(out, &record.sentence())
}

fn step(step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let mark = match &step.outcome {
        Outcome::Applied => (GREEN, "applied "),
        Outcome::Held(_) => (YELLOW, "held    "),
        Outcome::Ignored(_) => (YELLOW, "ignored "),
        Outcome::Rejected(_) => (RED, "rejected"),
    };
    let title = format!("{} [{}]", step.title, step.risk.name());
    line(out, mark, step.pass, step.place, &title)?;
    wrapped(out, &step.why)?;
    for note in &step.notes {
        wrapped(out, note)?;
    }
    for question in step.questions() {
        self::question(question, out)?;
    }
    match &step.outcome {
        Outcome::Applied => Ok(()),
        Outcome::Held(flag) => wrapped(out, &format!("Let it through with {flag}.")),
        Outcome::Ignored(why) => wrapped(out, &format!("Not done: {why}.")),
        Outcome::Rejected(why) => {
            let text =
                format!("This is a bug of alpinist: {why}. Please report it with the file and this line.");
            wrapped(out, &text)
        }
    }
}

/// A question below its change: where, what, and how to settle it.
fn question(question: &Weighed, out: &mut dyn Write) -> io::Result<()> {
    let way = question.reason.way();
    let way = if way.is_empty() { String::new() } else { format!(" To settle it: {way}.") };
    wrapped(out, &format!("Question, {}: {}.{way}", question.at(), question.reason.clause()))
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
