//! Reasons: what speaks against a change, as values with a trap id and a weight; nobody looks into their sentences.

use std::collections::BTreeMap;

pub use crate::knowledge::traps::Weight;
use crate::{
    knowledge::traps,
    source::{FileId, Span},
};

/// How sure it is that a trap is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surety {
    /// The project or a sourced row says so.
    Known,
    /// It may be, or nobody can tell.
    Doubt,
}

/// One thing that speaks against a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The trap, a row of `knowledge/traps.tsv`, such as `PKG-17`.
    pub trap: &'static str,
    /// How sure it is that the trap is there.
    pub surety: Surety,
    /// What there is and what would go wrong, as a clause without a full stop and without the trap's id.
    pub what: String,
    /// What the clause is about, where several things share it, such as the names of packages.
    pub subjects: Vec<String>,
    /// The file, when it is another than that of the change.
    pub file: Option<FileId>,
    /// The place in that file.
    pub span: Span,
    /// The place in a file that is not looked at itself, such as `start.sh:3`.
    pub origin: Option<String>,
    /// How to settle it, imperative; none is the trap's own way.
    pub settle: Option<String>,
}

impl Reason {
    /// A trap that is there for sure.
    pub fn known(trap: &'static str, span: Span, what: impl Into<String>) -> Self {
        Self::new(trap, Surety::Known, span, what.into())
    }

    /// A trap that may be there.
    pub fn doubt(trap: &'static str, span: Span, what: impl Into<String>) -> Self {
        Self::new(trap, Surety::Doubt, span, what.into())
    }

    fn new(trap: &'static str, surety: Surety, span: Span, mut what: String) -> Self {
        what.truncate(what.trim_end_matches('.').len());
        Self { trap, surety, what, subjects: Vec::new(), file: None, span, origin: None, settle: None }
    }

    /// The same reason, at this place.
    pub fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// The same reason, about this; reasons with the same clause are told as one.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subjects.push(subject.into());
        self
    }

    /// The same reason, in this file.
    pub fn within(mut self, file: FileId) -> Self {
        self.file = Some(file);
        self
    }

    /// The same reason, from this place, such as `start.sh:3`.
    pub fn from(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// The same reason, from this place, where there is one.
    pub fn perhaps_from(self, origin: Option<String>) -> Self {
        Self { origin: origin.or(self.origin.clone()), ..self }
    }

    /// The same reason, settled in this way.
    pub fn settled_by(mut self, how: impl Into<String>) -> Self {
        self.settle = Some(how.into());
        self
    }

    /// How to settle it, imperative; empty where the trap has no such way.
    pub fn way(&self) -> &str {
        let of_trap = || traps::get(self.trap).map_or("", |trap| trap.settle);
        self.settle.as_deref().unwrap_or_else(of_trap)
    }

    /// The clause with what it is about, and the trap.
    pub fn clause(&self) -> String {
        let trap = self.trap;
        match &self.subjects[..] {
            [] => format!("{} ({trap})", self.what),
            subjects => format!("{}: {} ({trap})", subjects.join(", "), self.what),
        }
    }

    /// Whether `other` says the same of something else.
    fn is_like(&self, other: &Self) -> bool {
        let same_kind = (self.trap, self.surety, &self.what) == (other.trap, other.surety, &other.what);
        let same_way = (self.file, &self.settle) == (other.file, &other.settle);
        let is_listed = self.subjects.is_empty() == other.subjects.is_empty();
        same_kind && same_way && is_listed && (!self.subjects.is_empty() || self.origin == other.origin)
    }
}

/// The reasons with those that say the same of several things told as one, at the first place.
pub fn grouped(reasons: Vec<Reason>) -> Vec<Reason> {
    let mut groups: Vec<Reason> = Vec::new();
    for reason in reasons {
        match groups.iter_mut().find(|group| group.is_like(&reason)) {
            Some(group) => {
                let new: Vec<String> =
                    reason.subjects.into_iter().filter(|subject| !group.subjects.contains(subject)).collect();
                group.subjects.extend(new);
            }
            None => groups.push(reason),
        }
    }
    groups
}

/// What reasons weigh: as the table of traps says, or as the project wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// The project's own weights, by the id of the trap.
    pub own: BTreeMap<String, Weight>,
    /// Whether the user takes doubts on himself: what would be asked is noted.
    pub takes_doubts: bool,
}

impl Weights {
    /// What `reason` weighs.
    pub fn of(&self, reason: &Reason) -> Weight {
        let of_trap = || {
            let trap = traps::get(reason.trap);
            match reason.surety {
                Surety::Known => trap.map_or(Weight::Breaks, |trap| trap.known),
                Surety::Doubt if self.takes_doubts => Weight::Note,
                Surety::Doubt => trap.map_or(Weight::Ask, |trap| trap.doubt),
            }
        };
        self.own.get(reason.trap).copied().unwrap_or_else(of_trap)
    }

    /// Whether one of these reasons keeps a change from being made.
    pub fn forbid(&self, reasons: &[Reason]) -> bool {
        reasons.iter().any(|reason| self.of(reason) == Weight::Breaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(name: &str) -> Reason {
        Reason::doubt("PKG-01", Span::at(0), "not in the tables").about(name)
    }

    #[test]
    fn the_same_of_several_things_is_told_once() {
        let reasons =
            vec![unknown("a"), Reason::known("PKG-03", Span::at(1), "x"), unknown("b"), unknown("a")];
        let told: Vec<String> = grouped(reasons).iter().map(Reason::clause).collect();
        assert_eq!(told, ["a, b: not in the tables (PKG-01)", "x (PKG-03)"]);
    }

    #[test]
    fn the_project_weighs_anew() {
        let mut weights = Weights::default();
        assert_eq!(weights.of(&Reason::known("PKG-03", Span::at(0), "x")), Weight::Breaks);
        assert_eq!(weights.of(&unknown("a")), Weight::Ask);
        weights.own.insert("PKG-01".to_owned(), Weight::Note);
        assert_eq!(weights.of(&unknown("a")), Weight::Note);
        weights.takes_doubts = true;
        assert_eq!(weights.of(&Reason::doubt("PKG-03", Span::at(0), "x")), Weight::Note);
    }
}
