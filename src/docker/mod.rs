//! The lossless Dockerfile layer: BuildKit's logical lines and typed views, as spans of the text.
//!
//! Nothing is ever printed from these views. What nobody touches cannot change.

pub mod bytes;
mod check;
pub mod directive;
mod duration;
pub mod error;
pub mod exec_form;
pub mod expand;
mod flag_check;
mod head;
pub mod heredoc;
pub mod ignore;
pub mod image;
pub mod instruction;
mod json;
pub mod keyword;
mod lexer;
pub mod lines;
#[cfg(test)]
mod parity_tests;
pub mod parse;
pub mod stage;
pub mod words;
pub mod write;

use std::collections::BTreeMap;

use crate::source::Span;

pub use error::DockerfileError;
pub use image::ImageRef;
pub use instruction::{Flag, Instruction, Pair, Word};
pub use keyword::Keyword;
pub use parse::{parse, parse_bounded, read_instructions};
pub use stage::Stage;

/// A Dockerfile as typed views into its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// Parser directives at the top.
    pub directives: Vec<directive::Directive>,
    /// The escape character.
    pub escape: char,
    /// All instructions in file order.
    pub instructions: Vec<Instruction>,
    /// The build stages; `ARG` before the first `FROM` belongs to none.
    pub stages: Vec<Stage>,
    /// Where a name leads.
    pub names: stage::Names,
}

impl Dockerfile {
    /// The stage that an image is built from when no target is named.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The instructions of `stage`, its FROM first.
    pub fn instructions_of(&self, stage: &Stage) -> &[Instruction] {
        &self.instructions[stage.instructions.clone()]
    }

    /// The word of a stage's FROM that names its base.
    pub fn base_word(&self, stage: &Stage) -> &Word {
        &self.instructions[stage.instructions.start].words[0]
    }

    /// The name that a stage's FROM gives it.
    pub fn name_of(&self, stage: &Stage) -> Option<&Word> {
        stage::name(&self.instructions[stage.instructions.start])
    }

    /// `ARG` instructions before the first `FROM`.
    pub fn global_arguments(&self) -> &[Instruction] {
        &self.instructions[..self.stages.first().map_or(0, |stage| stage.instructions.start)]
    }

    /// The stage and those that it starts from, itself first.
    pub fn lineage<'d>(&'d self, stage: &'d Stage) -> impl Iterator<Item = &'d Stage> {
        std::iter::successors(Some(stage), |stage| stage.parent.map(|parent| &self.stages[parent]))
    }

    /// The stage called `name`, or with that index, as `COPY --from` resolves it.
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        let by_name = self.names.get(&name.to_ascii_lowercase()).copied();
        self.stages.get(by_name.or_else(|| name.parse().ok())?)
    }

    /// The comment lines of the file, trimmed, in order; here-document bodies are no comments.
    pub fn comments<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let bodies: Vec<_> = self.instructions.iter().flat_map(|i| &i.heredocs).map(|h| h.body).collect();
        let is_in_a_body = |line: &lines::Line| {
            let next = bodies.partition_point(|body| body.start() <= line.span.start());
            bodies[..next].last().is_some_and(|body| body.contains(line.span) && !body.is_empty())
        };
        lines::split(text)
            .into_iter()
            .filter(|line| lines::is_comment(line.span.of(text)) && !is_in_a_body(line))
            .map(|line| line.span.of(text).trim())
            .collect()
    }
}

/// The first line that looks like a FROM and is read as a part of the instruction above it, from its FROM on.
pub fn hidden_stage(dockerfile: &Dockerfile, text: &str) -> Option<Span> {
    let is_from =
        |line: &str| line.get(.."FROM ".len()).is_some_and(|word| word.eq_ignore_ascii_case("FROM "));
    let hidden = |instruction: &Instruction| {
        let end = instruction.heredocs.first().map_or(instruction.span.end(), |heredoc| heredoc.body.start());
        let whole = Span::new(instruction.span.start(), end);
        let lines = lines::split(whole.of(text)).into_iter().skip(1).map(|line| line.span);
        let trimmed = lines.map(|line| {
            let rest = line.of(whole.of(text)).trim_start();
            Span::new(line.end() - rest.len(), line.end()).shifted(whole.start())
        });
        trimmed.into_iter().find(|line| is_from(line.of(text)))
    };
    let mut longer = dockerfile.instructions.iter().filter(|step| step.lines.1 > step.lines.0);
    longer.find_map(hidden)
}

/// A comment that stands in `before` more often than in `after`.
pub fn lost_comment<'t>(before: &[&'t str], after: &[&str]) -> Option<&'t str> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for comment in after {
        *left.entry(comment).or_default() += 1;
    }
    before.iter().copied().find(|comment| match left.get_mut(comment) {
        None | Some(0) => true,
        Some(count) => {
            *count -= 1;
            false
        }
    })
}
