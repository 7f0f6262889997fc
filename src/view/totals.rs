//! What a run comes to: files, changes by pass, declines by reason.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{
    knowledge::traps,
    plan::{DeclineRecord, Outcome, Plan},
};

/// How many reasons are listed; the rest is counted.
const MOST_REASONS: usize = 12;

/// The counts of a run, or of a part of one.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Projects that were looked at.
    pub projects: usize,
    /// Files that were read.
    pub files: usize,
    /// Files that could not be read, parsed or found.
    pub failed: usize,
    /// Files that are left alone.
    pub skipped: usize,
    /// Files to write.
    pub outputs: usize,
    /// Lines that the patches add and take away.
    pub lines: usize,
    /// What was done by each pass.
    pub applied: BTreeMap<&'static str, usize>,
    /// Changes above the risk that was asked for.
    pub held: usize,
    /// Changes that the author does not want.
    pub ignored: usize,
    /// Changes that failed our own checks.
    pub rejected: usize,
    /// Questions on the changes that were made.
    pub questions: usize,
    /// Pass and reason of what was declined.
    pub declined: BTreeMap<(&'static str, String), usize>,
}

impl Totals {
    /// The counts of one project with its `patches`.
    pub fn of(plan: &Plan, patches: &[String]) -> Self {
        let mut totals = Self { projects: 1, files: plan.before.files.len(), ..Self::default() };
        totals.skipped = plan.skips.len();
        totals.outputs = plan.outputs.len();
        totals.questions = plan.questions();
        totals.lines = patches.iter().map(|patch| changed_lines(patch)).sum();
        for step in &plan.steps {
            match step.outcome {
                Outcome::Applied => *totals.applied.entry(step.pass).or_default() += 1,
                Outcome::Held(_) => totals.held += 1,
                Outcome::Ignored(_) => totals.ignored += 1,
                Outcome::Rejected(_) => totals.rejected += 1,
            }
        }
        for record in plan.declines.iter().filter(|record| !record.is_quiet()) {
            *totals.declined.entry((record.pass, cause(record))).or_default() += 1;
        }
        totals
    }

    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: Self) {
        self.projects += other.projects;
        self.files += other.files;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.outputs += other.outputs;
        self.lines += other.lines;
        self.held += other.held;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
        self.questions += other.questions;
        for (pass, count) in other.applied {
            *self.applied.entry(pass).or_default() += count;
        }
        for (reason, count) in other.declined {
            *self.declined.entry(reason).or_default() += count;
        }
    }

    /// Writes the one line that ends every run.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write_line(&self, out: &mut dyn Write) -> io::Result<()> {
        let (applied, declined) = (sum(&self.applied), sum(&self.declined));
        let mut parts = vec![format!("{applied} applied"), format!("{declined} declined")];
        let rest = [
            (self.questions, if self.questions == 1 { "question" } else { "questions" }),
            (self.held, "held"),
            (self.ignored, "ignored"),
            (self.rejected, "rejected"),
            (self.skipped, "skipped"),
        ];
        parts.extend(
            rest.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")),
        );
        let plural = if self.outputs == 1 { "" } else { "s" };
        let (files, lines) = (self.outputs, self.lines);
        writeln!(out, "{}; {files} file{plural} to write, {lines} lines in the diff", parts.join(", "))
    }

    /// Writes the line, and before it what a run over several projects comes to.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.projects > 1 {
            let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
            writeln!(out, "{} files in {} projects{failed}", self.files, self.projects)?;
            list(out, "applied", self.applied.iter().map(|(pass, count)| (*count, (*pass).to_owned())))?;
            let reasons = self.declined.iter();
            list(out, "declined", reasons.map(|((pass, why), count)| (*count, format!("{pass}: {why}"))))?;
        }
        self.write_line(out)
    }
}

fn sum<K>(counts: &BTreeMap<K, usize>) -> usize {
    counts.values().sum()
}

/// Lists what happened most often, then by name.
fn list(out: &mut dyn Write, title: &str, counts: impl Iterator<Item = (usize, String)>) -> io::Result<()> {
    let mut counts: Vec<(usize, String)> = counts.collect();
    if counts.is_empty() {
        return Ok(());
    }
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    writeln!(out, "{title}")?;
    for (count, text) in counts.iter().take(MOST_REASONS) {
        writeln!(out, "{count:8}  {text}")?;
    }
    let rest: usize = counts.iter().skip(MOST_REASONS).map(|(count, _)| count).sum();
    if rest > 0 { writeln!(out, "{rest:8}  for other reasons") } else { Ok(()) }
}

/// What a decline comes from, the same for every file: its heaviest trap.
fn cause(record: &DeclineRecord) -> String {
    let trap = record.reasons.first().and_then(|weighed| traps::get(weighed.reason.trap));
    trap.map_or_else(String::new, |trap| format!("{} ({})", trap.name, trap.id))
}

fn changed_lines(patch: &str) -> usize {
    patch
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++ ") && !line.starts_with("--- "))
        .count()
}
