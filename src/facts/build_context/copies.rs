//! What the COPY steps of a Dockerfile bring where: a file is looked up, without a walk over all steps.

use std::{collections::HashMap, ops::Range};

use super::{Lookup, context_path, is_pattern, is_whole_context, local_copy, matches_glob};
use crate::{
    docker::Instruction,
    facts::{contract::join_path, runtime::State},
    knowledge::folders::{Trait, that_are},
    workspace::{Entry, path},
};

/// What COPY and ADD bring from the build context, by the place that they bring it to.
#[derive(Clone, Debug)]
pub struct Copies {
    context: String,
    /// The folders and files of the image that something is brought to; the first is the root.
    places: Vec<Place>,
}

/// A folder or file of the image.
#[derive(Clone, Debug, Default)]
struct Place {
    /// By name, as an index.
    below: HashMap<String, usize>,
    /// What is brought here, in the order of the steps.
    brought: Vec<Copied>,
}

/// A source, and the steps that bring it without another one between them.
#[derive(Clone, Debug)]
struct Copied {
    brings: Brings,
    /// Each with the place of the source among those of its step; ascending, and at least one.
    steps: Vec<(usize, usize)>,
}

/// What stands at a place afterwards, as paths of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Brings {
    /// This file itself.
    File(String),
    /// What this folder holds.
    Folder(String),
    /// Files whose names fit the last part of this path.
    Matching(String),
}

impl Copies {
    /// What the instructions of a stage, which starts in the state `first`, copy from the folder `context`.
    pub fn of(instructions: &[Instruction], (context, first): (&str, State), lookup: &Lookup) -> Self {
        let mut copies = Self::new(context);
        let mut state = first;
        for (index, step) in instructions.iter().enumerate() {
            state.go(step);
            copies.take((index, step), &state, lookup);
        }
        copies
    }

    /// Nothing yet.
    pub fn new(context: &str) -> Self {
        Self { context: context.to_owned(), places: vec![Place::default()] }
    }

    /// Takes in a step that comes after those so far and runs in this state.
    pub fn take(&mut self, (index, step): (usize, &Instruction), state: &State, lookup: &Lookup) {
        let Some((sources, target)) = local_copy(step) else { return };
        let (workdir, target) = (&*state.workdir, &target.text);
        let target = if target.contains('$') { state.known(target) } else { target.clone() };
        let to = join_path(workdir, &target);
        let into_folder = target.ends_with('/')
            || sources.len() > 1
            || that_are(Trait::Present).any(|folder| folder == to.trim_end_matches('/'))
            || to.trim_end_matches('/') == workdir.trim_end_matches('/');
        for (nth, source) in sources.iter().enumerate() {
            // What an ARG is by default counts: who passes another value is asked elsewhere.
            let source =
                if source.text.contains('$') { state.by_default(&source.text) } else { source.text.clone() };
            let from = context_path(&self.context, &source);
            if is_whole_context(&source) || lookup(&from) == Some(Entry::Folder) {
                self.put(&to, (index, nth), Brings::Folder(from));
            } else if is_pattern(&source) {
                self.put(&to, (index, nth), Brings::Matching(from));
            } else if into_folder {
                let place = format!("{to}/{}", path::name(&source));
                self.put(&place, (index, nth), Brings::File(from));
            } else {
                self.put(&to, (index, nth), Brings::File(from));
            }
        }
    }

    fn put(&mut self, place: &str, step: (usize, usize), brings: Brings) {
        let mut at = 0;
        for name in place.split('/').filter(|name| !name.is_empty()) {
            let new = self.places.len();
            at = match self.places[at].below.get(name) {
                Some(known) => *known,
                None => {
                    self.places[at].below.insert(name.to_owned(), new);
                    self.places.push(Place::default());
                    new
                }
            };
        }
        let brought = &mut self.places[at].brought;
        match brought.last_mut().filter(|last| last.brings == brings) {
            Some(last) => last.steps.push(step),
            None => brought.push(Copied { brings, steps: vec![step] }),
        }
    }

    /// The context path of the file that stands at `wanted` in the image after the steps of `range`, and the
    /// step that brought it.
    pub fn origin(&self, range: Range<usize>, wanted: &str, lookup: &Lookup) -> Option<(usize, String)> {
        let mut place = &self.places[0];
        let mut rest = wanted.trim_start_matches('/');
        let mut found = place.file(&range, rest, lookup);
        while let Some((name, after)) = split_first(rest) {
            let Some(next) = place.below.get(name) else { break };
            (place, rest) = (&self.places[*next], after);
            found = found.into_iter().chain(place.file(&range, rest, lookup)).max_by_key(|(step, _)| *step);
        }
        found.map(|((step, _), path)| (step, path))
    }
}

/// The first name of a path without a slash at its start, and what follows it.
fn split_first(path: &str) -> Option<(&str, &str)> {
    let (name, after) = path.split_once('/').unwrap_or((path, ""));
    (!name.is_empty()).then(|| (name, after.trim_start_matches('/')))
}

impl Place {
    /// What the last step of `range` that brings a file to `below` of this place brings there.
    fn file(&self, range: &Range<usize>, below: &str, lookup: &Lookup) -> Option<((usize, usize), String)> {
        let until = self.brought.partition_point(|copied| copied.steps[0].0 < range.end);
        let in_range = self.brought[..until].iter().rev().map_while(|copied| {
            let until = copied.steps.partition_point(|(step, _)| *step < range.end);
            let last = copied.steps[until - 1];
            (last.0 >= range.start).then_some((last, &copied.brings))
        });
        in_range.into_iter().find_map(|(step, brings)| Some((step, brings.path(below, lookup)?)))
    }
}

impl Brings {
    /// The context path of what stands `below` the place that this is brought to, or there when it is empty.
    fn path(&self, below: &str, lookup: &Lookup) -> Option<String> {
        match self {
            Brings::File(from) => below.is_empty().then(|| from.clone()),
            Brings::Folder(_) | Brings::Matching(_) if below.is_empty() => None,
            Brings::Folder(from) => {
                let candidate = path::join(from, below);
                matches!(lookup(&candidate), Some(Entry::File(_)) | None).then_some(candidate)
            }
            Brings::Matching(from) => {
                let fits = !below.contains('/') && matches_glob(path::name(from), below);
                fits.then(|| path::join(path::parent(from), below))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(text: &str) -> (Copies, usize) {
        let dockerfile = crate::docker::parse(text).expect("parses");
        (
            Copies::of(&dockerfile.instructions, ("p", State::default()), &lookup),
            dockerfile.instructions.len(),
        )
    }

    fn lookup(path: &str) -> Option<Entry> {
        Some(if matches!(path, "p/src" | "p/lib") { Entry::Folder } else { Entry::File(None) })
    }

    #[test]
    fn follows_copies_to_the_context() {
        let text = "FROM a\nWORKDIR /app\nCOPY docker/r.txt .\nCOPY src/ ./src/\nCOPY a*.txt ./\nCOPY x y\n";
        let (copies, all) = copies(text);
        let origin = |wanted| copies.origin(0..all, wanted, &lookup).map(|(_, path)| path);
        assert_eq!(origin("/app/r.txt").as_deref(), Some("p/docker/r.txt"));
        assert_eq!(origin("/app/src/a/b.sh").as_deref(), Some("p/src/a/b.sh"));
        assert_eq!(origin("/app/abc.txt").as_deref(), Some("p/abc.txt"));
        assert_eq!(origin("/app/y").as_deref(), Some("p/x"));
        assert_eq!(origin("/other"), None);
    }

    #[test]
    fn names_fit_patterns_without_trying_each_way() {
        for (pattern, name) in
            [("*", ""), ("a*c", "abbc"), ("*b*", "abc"), ("?b*", "ab"), ("**.txt", "a.txt")]
        {
            assert!(matches_glob(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("?", ""), ("a*c", "abb"), ("*b", "abc"), ("a", "ab"), ("", "a")] {
            assert!(!matches_glob(pattern, name), "{pattern} {name}");
        }
        assert!(!matches_glob(&"*a".repeat(60), &"a".repeat(59)));
    }

    #[test]
    fn the_last_step_of_a_range_wins() {
        let text = "FROM a\nCOPY src /w\nCOPY x /w/f\nCOPY lib /w\nCOPY lib /w\nRUN b\nCOPY src /w\n";
        let (copies, _) = copies(text);
        let origin = |range| copies.origin(range, "/w/f", &lookup);
        let some = |step, path: &str| Some((step, path.to_owned()));
        assert_eq!(origin(0..2), some(1, "p/src/f"));
        assert_eq!(origin(0..3), some(2, "p/x"));
        assert_eq!(origin(0..4), some(3, "p/lib/f"));
        assert_eq!(origin(0..6), some(4, "p/lib/f"));
        assert_eq!(origin(4..7), some(6, "p/src/f"));
        assert_eq!(origin(5..6), None);
        assert_eq!(origin(7..7), None);
    }
}
