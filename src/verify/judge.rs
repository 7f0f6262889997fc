//! Comparing two observations, step by step, up to where both stop.

use super::{
    step::{Observation, Seen, Step},
    words,
};

/// How much larger or smaller an image has to be for that to count.
const SIZE: f64 = 0.05;
/// From how many times the memory on an image is worse, where it also is so many bytes more.
const MEMORY: (f64, f64) = (1.5, 32e6);
/// From how many times the seconds on a start or a stop is worse, where it also takes so many seconds more.
const SECONDS: (f64, f64) = (2.0, 5.0);

/// What a comparison comes to, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does the same and is smaller, or runs with fewer rights.
    Better,
    /// It does the same.
    Same,
    /// As before, as far as the original gets; the rest could not be proved.
    Unproved,
    /// It does the same, and costs more or lacks something.
    Worse,
    /// It does not do what the original does.
    Broken,
}

impl Verdict {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Same => "same",
            Verdict::Unproved => "unproved",
            Verdict::Worse => "worse",
            Verdict::Broken => "broken",
        }
    }

    /// Whether a change with this verdict may stay.
    pub fn holds(self) -> bool {
        self < Verdict::Worse
    }
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The step that decided, where one did.
    pub step: Option<Step>,
    /// Why, as clauses; the first is for the line of the verdict.
    pub why: Vec<String>,
    /// The last words of the side that fails.
    pub last: Vec<String>,
}

/// Compares what was seen of the two sides.
pub fn judge(before: &Observation, after: &Observation) -> Judgement {
    let mut faults = Vec::new();
    for step in Step::ALL {
        let (Some(left), Some(right)) = (before.at(step), after.at(step)) else { continue };
        match (&left.failure, &right.failure) {
            (None, None) => {
                faults.extend(differences(left, right).into_iter().map(|(verdict, why)| (step, verdict, why)))
            }
            (None, Some(failure)) if failure.out_of_reach.is_some() => {
                let what = failure.out_of_reach.unwrap_or_default();
                let why = format!("the rewrite could not be built, for want of {what}, which proves nothing");
                return unproved(step, why, failure.last.clone(), faults);
            }
            (None, Some(failure)) => {
                let why = vec![failure.what.clone()];
                let last = failure.last.clone();
                return Judgement { verdict: Verdict::Broken, step: Some(step), why, last };
            }
            (Some(failure), None) => {
                let why = format!("the original does not get further: {}; the rewrite does", failure.what);
                let last = failure.last.clone();
                return unproved(step, why, last, faults);
            }
            (Some(left), Some(right)) => {
                // Before anything runs, other words are what another base image says.
                let is_same = step == Step::Build || words::are_same(&left.last, &right.last);
                let (why, last) = match is_same {
                    true => (format!("as before, could not be proved further: {}", left.what), &left.last),
                    false => (format!("both fail, in different ways: {}", right.what), &right.last),
                };
                if is_same {
                    return unproved(step, why, last.clone(), faults);
                }
                let (verdict, last) = (Verdict::Broken, last.clone());
                return Judgement { verdict, step: Some(step), why: vec![why], last };
            }
        }
    }
    match worst(faults) {
        Some(judgement) => judgement,
        None => by_measures(before, after),
    }
}

type Fault = (Step, Verdict, String);

fn worst(faults: Vec<Fault>) -> Option<Judgement> {
    let verdict = faults.iter().map(|(_, verdict, _)| *verdict).max()?;
    let step = faults.iter().find(|(_, own, _)| *own == verdict).map(|(step, _, _)| *step);
    let why = faults.into_iter().map(|(_, _, why)| why).collect();
    Some(Judgement { verdict, step, why, last: Vec::new() })
}

fn unproved(step: Step, why: String, last: Vec<String>, faults: Vec<Fault>) -> Judgement {
    match worst(faults) {
        Some(judgement) => judgement,
        None => Judgement { verdict: Verdict::Unproved, step: Some(step), why: vec![why], last },
    }
}

/// What the rewrite does otherwise in a step that both passed.
fn differences(before: &Seen, after: &Seen) -> Vec<(Verdict, String)> {
    if before.unseen.is_some() || after.unseen.is_some() {
        return Vec::new();
    }
    let value =
        |side: &Seen, what: &String| side.facts.get(what).cloned().unwrap_or_else(|| "nothing".to_owned());
    // Each side names the programs that it starts; of the other facts both have the same.
    let names = if before.step == Step::Inside { after.facts.keys() } else { before.facts.keys() };
    let mut found = Vec::new();
    for what in names {
        let (old, new) = (value(before, what), value(after, what));
        let verdict = match before.step {
            // What the original lacks itself, nobody misses.
            Step::Inside if new != "ok" && matches!(old.as_str(), "ok" | "nothing") => Verdict::Worse,
            Step::Stop if new == "killed" && old != "killed" => Verdict::Worse,
            Step::Inside | Step::Stop => continue,
            _ if old != new => Verdict::Broken,
            _ => continue,
        };
        found.push((verdict, format!("{what}: {old} before, {new} after")));
    }
    found
}

/// The verdict over two sides that do the same.
fn by_measures(before: &Observation, after: &Observation) -> Judgement {
    let (old, new) = (&before.measures, &after.measures);
    let mut worse = Vec::new();
    let costs = |what: &str, (old, new): (&[f64], &[f64]), (times, more): (f64, f64)| {
        let (old, new) = (middle(old)?, middle(new)?);
        (new > old * times && new > old + more)
            .then(|| format!("{what} is {:.1} times the original's", new / old))
    };
    worse.extend(costs("its memory", (&old.memory, &new.memory), MEMORY));
    worse.extend(costs("its time to be ready", (&old.ready, &new.ready), SECONDS));
    worse.extend(costs("its time to stop", (&old.stop, &new.stop), SECONDS));
    let size = middle(&old.size).zip(middle(&new.size)).map(|(old, new)| new / old - 1.0);
    if size.is_some_and(|size| size > SIZE) {
        worse.push(format!("the image is {:.0} % larger", size.unwrap_or_default() * 100.0));
    }
    let mut better = Vec::new();
    if size.is_some_and(|size| size < -SIZE) {
        better.push(format!("the image is {:.0} % smaller", size.unwrap_or_default() * -100.0));
    }
    if old.user.as_deref() == Some("0") && new.user.as_deref().is_some_and(|user| user != "0") {
        better.push("it does not run as root any more".to_owned());
    }
    let unseen = unseen(before, after);
    let (verdict, why) = match (worse.is_empty(), better.is_empty()) {
        (false, _) => (Verdict::Worse, worse),
        (true, false) => (Verdict::Better, better),
        (true, true) => (Verdict::Same, vec!["it does the same".to_owned()]),
    };
    Judgement { verdict, step: None, why: why.into_iter().chain(unseen).collect(), last: Vec::new() }
}

/// What could not be looked at on one side or the other.
fn unseen(before: &Observation, after: &Observation) -> Vec<String> {
    let of =
        |side: &Observation| side.steps.iter().filter_map(|seen| seen.unseen.clone()).collect::<Vec<_>>();
    let mut all = of(before);
    all.extend(of(after));
    all.dedup();
    all
}

/// The middle of what was measured.
pub fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(steps: Vec<Seen>, size: f64) -> Observation {
        let mut side = Observation { steps, ..Observation::default() };
        side.measures.size = vec![size];
        side
    }

    fn failing(step: Step, last: &str) -> Seen {
        Seen::failed(step, "it ends", vec![last.to_owned()])
    }

    fn answering(value: &str) -> Seen {
        let mut seen = Seen::passed(Step::Answers);
        seen.facts.insert("/".to_owned(), value.to_owned());
        seen
    }

    fn verdict(before: Observation, after: Observation) -> Verdict {
        judge(&before, &after).verdict
    }

    #[test]
    fn what_does_the_same_and_is_smaller_is_better() {
        let ok = || vec![Seen::passed(Step::Build), answering("200 text/html")];
        assert_eq!(verdict(side(ok(), 100.0), side(ok(), 50.0)), Verdict::Better);
        assert_eq!(verdict(side(ok(), 100.0), side(ok(), 99.0)), Verdict::Same);
        assert_eq!(verdict(side(ok(), 100.0), side(ok(), 120.0)), Verdict::Worse);
    }

    #[test]
    fn another_answer_is_broken_however_small() {
        let (before, after) = (answering("200 text/html"), answering("500 text/html"));
        assert_eq!(verdict(side(vec![before], 100.0), side(vec![after], 1.0)), Verdict::Broken);
    }

    #[test]
    fn the_same_failure_at_the_same_place_proves_nothing() {
        let fails = |step, words| side(vec![failing(step, words)], 1.0);
        let (early, late) = (Step::Start, Step::Ready);
        let database = "could not connect to db";
        assert_eq!(verdict(fails(late, database), fails(late, database)), Verdict::Unproved);
        assert_eq!(verdict(fails(late, database), fails(late, "no module x")), Verdict::Broken);
        assert_eq!(verdict(fails(Step::Build, "a"), fails(Step::Build, "b")), Verdict::Unproved);
        let after = side(vec![Seen::passed(early), failing(late, "x")], 1.0);
        assert_eq!(verdict(side(vec![Seen::passed(early), Seen::passed(late)], 1.0), after), Verdict::Broken);
        let after = side(vec![Seen::passed(late)], 1.0);
        assert_eq!(verdict(fails(late, database), after), Verdict::Unproved);
    }

    #[test]
    fn what_is_out_of_reach_proves_nothing() {
        let mut build = failing(Step::Build, "dial tcp: lookup registry: no such host");
        build.failure.as_mut().expect("it fails").out_of_reach = Some("the network");
        let after = side(vec![build], 1.0);
        assert_eq!(verdict(side(vec![Seen::passed(Step::Build)], 1.0), after), Verdict::Unproved);
    }

    #[test]
    fn what_the_original_lacks_nobody_misses() {
        let with = |value: &str| {
            let mut seen = Seen::passed(Step::Inside);
            seen.facts.insert("module x".to_owned(), value.to_owned());
            side(vec![seen], 1.0)
        };
        assert_eq!(verdict(with("missing"), with("missing")), Verdict::Same);
        assert_eq!(verdict(with("ok"), with("missing")), Verdict::Worse);
    }
}
