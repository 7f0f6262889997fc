//! What program text tells: one pass over its bytes, and a careful look at the lines where a sign stands.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{
    finding::{Effect, Finding},
    lines::{Seen, bit, read},
};
use crate::knowledge::signs::{Language, Sign, Tells, signs};

/// How many findings of one file are kept.
const MOST_FOUND: usize = 4_000;

/// The kinds of signs that are looked for; the others are asked about a line in which one of these stands.
const SOUGHT: [Tells; 12] = [
    Tells::Above,
    Tells::Imports,
    Tells::Library,
    Tells::Logs,
    Tells::Loop,
    Tells::Names,
    Tells::Root,
    Tells::Spools,
    Tells::Starts,
    Tells::Variable,
    Tells::Writes,
    Tells::Never,
];

/// What the program text of an image tells.
#[derive(Clone, Debug, Default)]
pub struct ProgramText {
    /// The files that were read, each with what it tells.
    pub files: Vec<(Arc<str>, Arc<[Finding]>)>,
    /// Whether there is more of it than is read.
    pub is_cut: bool,
}

impl ProgramText {
    /// All that it tells, file by file and line by line.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|(_, findings)| findings.iter())
    }

    /// What it tells of this effect.
    pub fn of(&self, effect: Effect) -> impl Iterator<Item = &Finding> {
        self.findings().filter(move |finding| finding.effect == effect)
    }
}

/// The signs of a language, and what finds them.
struct Matcher {
    automaton: AhoCorasick,
    signs: Vec<&'static Sign>,
}

impl Matcher {
    /// The signs are rows of a table in the program and no input: a test builds the matcher of each language, so
    /// that building one cannot fail later.
    fn new(language: Language) -> Self {
        let all = SOUGHT.into_iter().flat_map(|tells| signs(tells).iter());
        let signs: Vec<&'static Sign> = all.filter(|sign| sign.is_of(language)).collect();
        let builder =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(signs.iter().map(|sign| sign.text));
        Self { automaton: builder.expect("the signs are few and short"), signs }
    }

    fn of(language: Language) -> &'static Self {
        static NODE: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(Language::Node));
        static PYTHON: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(Language::Python));
        static SETTINGS: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(Language::Settings));
        match language {
            Language::Node => &NODE,
            Language::Python => &PYTHON,
            Language::Settings => &SETTINGS,
        }
    }
}

/// Whether a sign counts at this offset: a folder only as the start of a path.
fn counts(sign: &Sign, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    sign.tells != Tells::Names || before.is_none_or(|c| !c.is_ascii_alphanumeric() && !b"/._-}".contains(c))
}

/// What the text of the file called `file` tells, line by line, and whether there is more.
pub fn found_in(file: &Arc<str>, language: Language, text: &str) -> (Vec<Finding>, bool) {
    let mut found = Vec::new();
    if let Some(rest) = text.strip_prefix("#!") {
        let argument = rest.lines().next().unwrap_or_default().trim().to_owned();
        found.push(Finding { effect: Effect::RunsWith, sign: "#!", argument, file: file.clone(), line: 1 });
    }
    // A manifest of Kubernetes speaks of other containers, too.
    let is_of_others = || text.lines().any(|line| line.starts_with("apiVersion:"));
    if language == Language::Settings && is_of_others() {
        return (found, false);
    }
    let mut line = 1;
    let mut counted = 0;
    for (start, end, kinds) in lines_with_signs(text, Matcher::of(language)) {
        line += text.as_bytes()[counted..start].iter().filter(|c| **c == b'\n').count();
        counted = start;
        let seen = Seen { text, start, line: &text[start..end], language, kinds };
        found.extend(read(&seen).into_iter().map(|(effect, sign, argument)| Finding {
            effect,
            sign,
            argument,
            file: file.clone(),
            line,
        }));
        if found.len() > MOST_FOUND {
            return (found, true);
        }
    }
    (found, false)
}

/// The lines in which signs stand, as start and end, each with the kinds of its signs.
fn lines_with_signs(text: &str, matcher: &Matcher) -> Vec<(usize, usize, u32)> {
    let bytes = text.as_bytes();
    let mut lines: Vec<(usize, usize, u32)> = Vec::new();
    for hit in matcher.automaton.find_overlapping_iter(text) {
        let sign = matcher.signs[hit.pattern().as_usize()];
        if !counts(sign, bytes, hit.start()) {
            continue;
        }
        match lines.last_mut().filter(|(_, end, _)| hit.start() < *end) {
            Some((_, _, kinds)) => *kinds |= bit(sign.tells),
            None => {
                let start = text[..hit.start()].rfind('\n').map_or(0, |before| before + 1);
                let end = text[hit.start()..].find('\n').map_or(text.len(), |after| hit.start() + after);
                let end = if text[..end].ends_with('\r') { end - 1 } else { end };
                lines.push((start, end, bit(sign.tells)));
            }
        }
    }
    lines
}
