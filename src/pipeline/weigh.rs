//! Weighing what speaks against a change: the traps' weights, the project's own, and the pragmas.

use super::{Proposed, State};
use crate::{
    options::Options,
    pass::{Change, Decline, Pass},
    plan::{DeclineRecord, Outcome, Weighed},
    reason::{self, Reason, Weight},
    source::FileId,
};

impl State {
    /// The change with its reasons weighed, those of its file among them.
    pub(super) fn weighed(&self, mut change: Change, options: &Options) -> Proposed {
        let mut reasons = self.of_files.get(&change.file).cloned().unwrap_or_default();
        reasons.append(&mut change.reasons);
        let reasons = self.weigh(change.file, reasons, options);
        Proposed { place: self.place(change.file, change.span.start()), change, reasons }
    }

    /// The record of a decline with its reasons weighed.
    pub(super) fn declined(&self, pass: &Pass, decline: Decline, options: &Options) -> DeclineRecord {
        let Decline { file, span, what, reasons, comes_first } = decline;
        let reasons = self.weigh(file, reasons, options);
        DeclineRecord {
            pass: pass.id,
            file,
            place: self.place(file, span.start()),
            what,
            reasons,
            comes_first,
        }
    }

    /// The reasons, grouped, with the heaviest first; `file` is the one that they are about.
    fn weigh(&self, file: FileId, reasons: Vec<Reason>, options: &Options) -> Vec<Weighed> {
        let weighed = |reason: Reason| {
            let at = reason.file.unwrap_or(file);
            let weight = match self.pragmas.waives(reason.trap, at, reason.span) {
                true => Weight::Note,
                false => options.weights.of(&reason),
            };
            let path = (at != file).then(|| self.ws.file(at).path.clone());
            Weighed { weight, path, place: self.place(at, reason.span.start()), reason }
        };
        let mut all: Vec<Weighed> = reason::grouped(reasons).into_iter().map(weighed).collect();
        all.sort_by_key(|weighed| std::cmp::Reverse(weighed.weight));
        all
    }

    /// The reasons without those that an earlier change of the file carries already; notes what is carried from now on.
    pub(super) fn unasked(
        &mut self,
        file: FileId,
        mut reasons: Vec<Weighed>,
        outcome: &Outcome,
    ) -> Vec<Weighed> {
        for weighed in &reasons {
            self.pragmas.waive(weighed.reason.trap, weighed.reason.file.unwrap_or(file), weighed.reason.span);
        }
        if *outcome != Outcome::Applied {
            return reasons;
        }
        self.of_files.remove(&file);
        let applied = self.steps.iter().filter(|step| step.file == file && step.outcome == Outcome::Applied);
        let asked: Vec<&Reason> =
            applied.flat_map(|step| &step.reasons).map(|weighed| &weighed.reason).collect();
        let is_asked = |reason: &Reason| {
            asked.iter().any(|other| {
                (other.trap, &other.what, &other.subjects) == (reason.trap, &reason.what, &reason.subjects)
            })
        };
        reasons.retain(|weighed| !is_asked(&weighed.reason));
        reasons
    }
}

/// The record of a change that its reasons do not allow.
pub(super) fn forbidden(pass: &Pass, proposed: Proposed) -> DeclineRecord {
    let Proposed { change, place, reasons } = proposed;
    let Change { file, otherwise, comes_first, .. } = change;
    DeclineRecord { pass: pass.id, file, place, what: otherwise, reasons, comes_first }
}
