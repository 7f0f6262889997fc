//! Reading a line of program text in which a sign was seen.

mod imports;
mod paths;
mod start;

pub use imports::package_of;

use super::finding::Effect;
use crate::knowledge::signs::{Language, Sign, Tells, signs};

/// More folders than a path has.
const MOST_LEVELS: usize = 32;

/// A line, where it stands, and what kinds of signs were seen in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'t> {
    pub(super) text: &'t str,
    /// The offset of the line's first byte.
    pub(super) start: usize,
    pub(super) line: &'t str,
    pub(super) language: Language,
    /// A bit for each kind.
    pub(super) kinds: u32,
}

/// What a line tells: the effect, its sign, its argument.
pub(super) type Told = (Effect, &'static str, String);

impl Seen<'_> {
    fn has(&self, tells: Tells) -> bool {
        self.kinds & bit(tells) != 0
    }

    fn first(&self, tells: Tells) -> Option<&'static Sign> {
        let mut known = signs(tells).iter().filter(|sign| sign.is_of(self.language));
        known.find(|sign| self.line.contains(sign.text))
    }
}

/// The bit of a kind of signs.
pub(super) fn bit(tells: Tells) -> u32 {
    1 << tells as u32
}

/// What a line tells, in a set order.
pub(super) fn read(seen: &Seen) -> Vec<Told> {
    let trimmed = seen.line.trim_start();
    let mut found = Vec::new();
    if seen.language == Language::Settings {
        if !trimmed.starts_with(['#', ';', '/']) {
            paths::in_settings(seen, &mut found);
        }
        return found;
    }
    if ["#", "//", "*"].iter().any(|start| trimmed.starts_with(start)) {
        return found;
    }
    if let Some(sign) = of_root(seen) {
        found.push((Effect::NeedsRoot, "needs root", sign.trim_end_matches('(').to_owned()));
    }
    if let Some(sign) = seen.has(Tells::Logs).then(|| seen.first(Tells::Logs)).flatten() {
        found.push((Effect::LogsAs, "", sign.argument.to_owned()));
    }
    let up = if seen.has(Tells::Above) { levels_up(seen.line) } else { 0 };
    if up > 1 {
        found.push((Effect::Above, "", vec![".."; up].join("/")));
    }
    paths::in_code(seen, &mut found);
    imports::read(seen, &mut found);
    start::read(seen, &mut found);
    found
}

/// What only root may do, in a line that starts another program or by itself.
fn of_root(seen: &Seen) -> Option<&'static str> {
    if !seen.has(Tells::Root) && !seen.has(Tells::Starts) {
        return None;
    }
    let line = seen.line;
    let plain = line.replace(['"', '\'', ','], "");
    let is_such = |sign: &&Sign| match sign.place {
        "started" => seen.has(Tells::Starts) && plain.contains(sign.text),
        _ => line.contains(sign.text),
    };
    signs(Tells::Root).iter().find(is_such).map(|sign| sign.text)
}

/// How many folders above its own file a line names: 1 is the folder of the file.
fn levels_up(line: &str) -> usize {
    let parents = line
        .split_once("parents[")
        .and_then(|(_, rest)| rest.split(']').next()?.trim().parse::<usize>().ok());
    let of_python = line.matches(".parent").count().max(line.matches("dirname(").count());
    let own = usize::from(line.contains("__dirname"));
    let dots = line.matches("..").count();
    parents.map_or(0, |index| index.saturating_add(1)).max(of_python + dots).max(own + dots).min(MOST_LEVELS)
}
