//! What a pass is: a pure function from facts to proposals.

use crate::{
    edit::Edit,
    facts::{Aspect, Context},
    reason::Reason,
    source::{FileId, Span},
};

/// How much a reviewer has to look at a change. Ordered: a cap lets through what is at most that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Keeps the meaning.
    Safe,
    /// Changes something that a person should agree to.
    Review,
    /// Shown, never written.
    Manual,
}

impl Risk {
    /// The word for it in messages.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Safe => "safe",
            Risk::Review => "review",
            Risk::Manual => "manual",
        }
    }
}

/// One atomic change: all of its edits or none.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it does, imperative, without a full stop.
    pub title: String,
    /// Why, in sentences that a reviewer can check.
    pub why: String,
    /// How much to look at it.
    pub risk: Risk,
    /// Where it is, for the summary.
    pub file: FileId,
    /// The place to name in the summary.
    pub span: Span,
    /// The edits, in coordinates of the text that the pass saw.
    pub edits: Vec<Edit>,
    /// Further sentences for the reviewer: what to watch, what was left alone.
    pub notes: Vec<String>,
    /// What speaks against it; the pipeline weighs these.
    pub reasons: Vec<Reason>,
    /// Paths of the project that its Dockerfile's ignore file has to keep out of the build context.
    pub kept_out: Vec<String>,
    /// What holds where it is not made, such as `stays on python:3.11-slim`; said before the reasons.
    pub otherwise: String,
    /// Whether it decides the way of the whole file, so that people read first why it is not made.
    pub comes_first: bool,
}

impl Change {
    /// A change at `span` of `file`, with no edits yet.
    pub fn new(
        file: FileId,
        span: Span,
        risk: Risk,
        title: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        let (title, why) = (title.into(), why.into());
        Self {
            title,
            why,
            risk,
            file,
            span,
            edits: Vec::new(),
            notes: Vec::new(),
            reasons: Vec::new(),
            kept_out: Vec::new(),
            otherwise: String::new(),
            comes_first: false,
        }
    }

    /// The same change with these edits.
    pub fn with(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits);
        self
    }

    /// The same change with this note.
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same change with what speaks against it.
    pub fn against(mut self, reasons: impl IntoIterator<Item = Reason>) -> Self {
        self.reasons.extend(reasons);
        self
    }

    /// The same change, with these paths of the project kept out of the build context.
    pub fn keeping_out(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.kept_out.extend(paths);
        self
    }

    /// The same change, said to be `otherwise` where it is not made.
    pub fn or_else(mut self, otherwise: impl Into<String>) -> Self {
        self.otherwise = otherwise.into();
        self
    }

    /// As a proposal.
    pub fn propose(self) -> Proposal {
        Proposal::Change(self)
    }
}

/// A place where the pass does nothing, and why.
#[derive(Clone, Debug)]
pub struct Decline {
    /// The file.
    pub file: FileId,
    /// The place.
    pub span: Span,
    /// What holds instead, such as `stays on python:3.11-slim`, or the whole of it where there are no reasons.
    pub what: String,
    /// What speaks against a change; none where there was simply nothing to gain, which is shown only on request.
    pub reasons: Vec<Reason>,
    /// Whether it decides the way of the whole file, so that people read it first.
    pub comes_first: bool,
}

impl Decline {
    /// Whether there was simply nothing to gain.
    pub fn is_quiet(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What a pass says.
#[derive(Clone, Debug)]
pub enum Proposal {
    /// A change to make.
    Change(Change),
    /// A reason not to.
    Decline(Decline),
}

impl Proposal {
    /// Nothing is done at `span`, because of these reasons.
    pub fn refuse(file: FileId, span: Span, reasons: impl IntoIterator<Item = Reason>) -> Self {
        let (what, reasons) = (String::new(), reasons.into_iter().collect());
        Proposal::Decline(Decline { file, span, what, reasons, comes_first: false })
    }

    /// The same decline, said to be `what` before its reasons; a change stays as it is.
    pub fn saying(mut self, what: impl Into<String>) -> Self {
        if let Proposal::Decline(decline) = &mut self {
            decline.what = what.into();
        }
        self
    }

    /// The same, told before the rest of the file: what comes after it follows from it.
    pub fn first(mut self) -> Self {
        match &mut self {
            Proposal::Decline(decline) => decline.comes_first = true,
            Proposal::Change(change) => change.comes_first = true,
        }
        self
    }

    /// There is nothing to do at `span`, and nobody would expect otherwise.
    pub fn nothing(file: FileId, span: Span, why: impl Into<String>) -> Self {
        let (what, reasons) = (why.into(), Vec::new());
        Proposal::Decline(Decline { file, span, what, reasons, comes_first: false })
    }
}

/// A transform pass. It has no state, so it is a value.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name on the command line.
    pub id: &'static str,
    /// One line of what it does.
    pub title: &'static str,
    /// Its own source file; the `//!` header is its manual page.
    pub source: &'static str,
    /// The highest risk that its changes carry.
    pub risk: Risk,
    /// What of an image's or a service's contract it may change.
    pub alters: &'static [Aspect],
    /// Looks at the facts and proposes.
    pub run: fn(&Context) -> Vec<Proposal>,
}

impl Pass {
    /// The manual page: the `//!` header of the source without its markers.
    pub fn manual(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        lines
            .map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or("").to_owned() + "\n")
            .collect()
    }
}
