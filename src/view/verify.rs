//! The result of `verify` for people: a table an image, and one line of verdict.

use std::io::{self, Write};

use crate::verify::{ImageReport, LeftOut, Measures, Report, judge::middle};

/// How a number is shown.
#[derive(Clone, Copy)]
enum Unit {
    Megabytes,
    Seconds,
    Count,
}

/// How many of the files that were written are named.
const SHOWN: usize = 4;

/// The rows of a table that are numbers.
type Row = (&'static str, Unit, fn(&Measures) -> &Vec<f64>);
const ROWS: [Row; 7] = [
    ("image", Unit::Megabytes, |of| &of.size),
    ("layers", Unit::Count, |of| &of.layers),
    ("build without cache", Unit::Seconds, |of| &of.build),
    ("start to ready", Unit::Seconds, |of| &of.ready),
    ("memory at rest", Unit::Megabytes, |of| &of.memory),
    ("processes", Unit::Count, |of| &of.processes),
    ("stop", Unit::Seconds, |of| &of.stop),
];

/// Writes the report.
///
/// # Errors
/// When `out` does not take it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.images.iter().try_for_each(|image| table(image, out))?;
    report.left_out.iter().try_for_each(|one| left_out(one, out))?;
    report.notes.iter().try_for_each(|note| writeln!(out, "note: {note}"))?;
    match report.left_out.is_empty() {
        true => writeln!(out, "{}", report.verdict().name()),
        false => {
            let (all, rest) = (report.verdict().name(), report.rest().name());
            writeln!(out, "{all}; without what is left out: {rest}")
        }
    }
}

fn table(image: &ImageReport, out: &mut dyn Write) -> io::Result<()> {
    let service = image.service.as_ref().map_or_else(String::new, |service| format!(" ({service})"));
    writeln!(out, "{}{service}", image.dockerfile)?;
    if let (Some(before), Some(after)) = (&image.before, &image.after) {
        let (old, new) = (&before.measures, &after.measures);
        if !(old.size.is_empty() && new.size.is_empty()) {
            line(out, ["", "before", "after", "ratio"])?;
        }
        for (name, unit, of) in ROWS {
            let (left, right) = (of(old), of(new));
            if left.is_empty() && right.is_empty() {
                continue;
            }
            let ratio = middle(left).zip(middle(right)).filter(|(left, _)| *left > 0.0);
            let ratio = ratio.map_or_else(String::new, |(left, right)| format!("{:.2}", right / left));
            line(out, [name, &shown(left, unit), &shown(right, unit), &ratio])?;
        }
        let texts = [
            ("user id", old.user.clone(), new.user.clone()),
            ("exit code", old.exit.map(|code| code.to_string()), new.exit.map(|code| code.to_string())),
            ("files written", count(old, &old.written), count(new, &new.written)),
        ];
        for (name, left, right) in texts {
            if left.is_some() || right.is_some() {
                line(out, [name, &left.unwrap_or_default(), &right.unwrap_or_default(), ""])?;
            }
        }
        for (name, side) in [("before", before), ("after", after)] {
            writes(name, &side.measures.written, out)?;
            side.notes.iter().try_for_each(|note| writeln!(out, "  note, {name}: {note}"))?;
        }
    }
    verdict(image, out)?;
    let shown = if image.answers_questions() { "did not show in this run" } else { "still open" };
    image.questions.iter().try_for_each(|question| writeln!(out, "  asked, {shown}: {question}"))
}

/// The first files that were written: what a read-only root would need a volume or memory for.
fn writes(name: &str, written: &[String], out: &mut dyn Write) -> io::Result<()> {
    let Some((shown, rest)) = written.split_at_checked(written.len().min(SHOWN)) else { return Ok(()) };
    if shown.is_empty() {
        return Ok(());
    }
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    writeln!(out, "  written, {name}: {}{more}", shown.join(", "))
}

/// How many files were written, where the container was looked at.
fn count(side: &Measures, written: &[String]) -> Option<String> {
    (!side.stop.is_empty()).then(|| written.len().to_string())
}

fn verdict(image: &ImageReport, out: &mut dyn Write) -> io::Result<()> {
    let judgement = &image.judgement;
    let at = judgement.step.map_or_else(String::new, |step| format!(" at {}", step.name()));
    writeln!(out, "  {}{at}: {}", judgement.verdict.name(), judgement.why.join("; "))?;
    last(&judgement.last, out)?;
    if !image.traps.is_empty() {
        writeln!(out, "    known for: {}; see `alpinist explain`", image.traps.join(", "))?;
    }
    Ok(())
}

fn left_out(one: &LeftOut, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Left out with --skip {}, for {}: {}",
        one.passes.join(","),
        one.dockerfile,
        one.why.join("; ")
    )?;
    last(&one.last, out)?;
    match one.is_complete {
        true => Ok(()),
        false => writeln!(out, "  The budget ended before every set was tried; more may work."),
    }
}

fn last(words: &[String], out: &mut dyn Write) -> io::Result<()> {
    words[words.len().saturating_sub(10)..].iter().try_for_each(|line| writeln!(out, "    | {line}"))
}

fn line(out: &mut dyn Write, [name, before, after, ratio]: [&str; 4]) -> io::Result<()> {
    let line = format!("  {name:<20} {before:>16} {after:>16} {ratio:>7}");
    writeln!(out, "{}", line.trim_end())
}

/// What was measured: the one number, or the smallest and the largest.
fn shown(values: &[f64], unit: Unit) -> String {
    let (Some(least), Some(most)) =
        (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max))
    else {
        return String::new();
    };
    let number = |value: f64| match unit {
        Unit::Megabytes => format!("{:.1}", value / 1e6),
        Unit::Seconds => format!("{value:.1}"),
        Unit::Count => format!("{value:.0}"),
    };
    let name = match unit {
        Unit::Megabytes => " MB",
        Unit::Seconds => " s",
        Unit::Count => "",
    };
    match number(least) == number(most) {
        true => format!("{}{name}", number(least)),
        false => format!("{}–{}{name}", number(least), number(most)),
    }
}
