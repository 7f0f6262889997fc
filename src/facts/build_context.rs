//! The build context: which file of it stands where in the image.

mod copies;

use std::ops::Range;

pub use copies::Copies;

use super::{
    Context, ImageView,
    contract::join_path,
    runtime::{self, State},
};
use crate::{
    docker::{Instruction, Keyword, Stage, Word},
    workspace::{Entry, path},
};

/// Answers what stands at a path of the context; `None` where nobody looked.
pub type Lookup<'l> = dyn Fn(&str) -> Option<Entry> + 'l;

/// Sources and destination of a COPY or ADD from the build context.
pub fn local_copy(instruction: &Instruction) -> Option<(&[Word], &Word)> {
    let is_copy = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
    if !is_copy || instruction.flag("from").is_some() || !instruction.heredocs.is_empty() {
        return None;
    }
    let (target, sources) = instruction.words.split_last()?;
    let is_remote = |word: &Word| word.text.contains("://") || word.text.starts_with("git@");
    (!sources.iter().any(is_remote)).then_some((sources, target))
}

/// The context path of a COPY source.
pub fn context_path(context: &str, source: &str) -> String {
    path::join(context, source.trim_start_matches('/'))
}

/// Whether a source holds a wildcard or a variable.
pub fn is_pattern(source: &str) -> bool {
    source.contains(['*', '?', '[', '$'])
}

/// Whether `source` names the whole context.
pub fn is_whole_context(source: &str) -> bool {
    matches!(source.trim_start_matches('/').trim_end_matches('/'), "" | "." | "./.")
}

/// Whether a COPY brings a folder with source code, rather than single files.
pub fn copies_folder(instruction: &Instruction, context: &str, lookup: &Lookup) -> bool {
    let Some((sources, _)) = local_copy(instruction) else { return false };
    sources.iter().any(|source| {
        is_whole_context(&source.text)
            || source.text.ends_with('/')
            || lookup(&context_path(context, &source.text)) == Some(Entry::Folder)
    })
}

/// The steps of a stage: what holds before each, and what they copy.
#[derive(Clone, Debug)]
pub struct Steps<'a> {
    /// The instructions.
    pub instructions: &'a [Instruction],
    /// The image.
    pub image: ImageView<'a>,
    /// The state before each, and one more after the last.
    pub states: Vec<State>,
    /// What they copy.
    copies: Copies,
}

impl<'a> Steps<'a> {
    /// Those of the stage in view.
    pub fn of(cx: &Context, image: &ImageView<'a>) -> Self {
        Self::of_stage(cx, image, image.stage())
    }

    /// Those of another stage of an image.
    pub fn of_stage(cx: &Context, image: &ImageView<'a>, stage: &Stage) -> Self {
        let instructions = image.dockerfile.instructions_of(stage);
        let first = runtime::inherited(&image.at(stage.index));
        let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
        let copies = Copies::of(instructions, (&image.image.context, first.clone()), &lookup);
        Self {
            instructions,
            image: *image,
            states: runtime::states_of(first, instructions, image.text),
            copies,
        }
    }

    /// The RUN steps, each with its index.
    pub fn runs(&self) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        self.instructions.iter().enumerate().filter(|(_, step)| step.keyword == Keyword::Run)
    }

    /// The step at `index`.
    pub fn site(&self, index: usize) -> Site<'_> {
        let (step, workdir) = (&self.instructions[index], &self.states[index].workdir);
        Site { copies: &self.copies, before: (0, index), step, workdir }
    }

    /// The context path of the file that stands at `wanted` after the steps of `range`, and the step that
    /// brought it.
    pub fn origin(&self, cx: &Context, range: Range<usize>, wanted: &str) -> Option<(usize, String)> {
        self.copies.origin(range, wanted, &|path| cx.files_of(&self.image).entry(path).cloned())
    }

    /// Whether a file or folder at `source` of the context would stand at `target` after all steps, if it is there.
    pub fn would_bring(&self, cx: &Context, source: &str, target: &str) -> bool {
        let lookup = |path: &str| match path == source {
            true => Some(Entry::File(None)),
            false => cx.files_of(&self.image).entry(path).cloned(),
        };
        let found = self.copies.origin(0..self.instructions.len(), target, &lookup);
        found.is_some_and(|(_, path)| path == source)
    }
}

/// A RUN step and what stands before it: what it can read.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// What is copied.
    pub copies: &'a Copies,
    /// The first step before it that has a say, and the end of those.
    pub before: (usize, usize),
    /// The step.
    pub step: &'a Instruction,
    /// The working directory that the step runs in.
    pub workdir: &'a str,
}

impl Site<'_> {
    /// The context path of the file that the step sees as `operand`: mounted or copied.
    pub fn file(&self, cx: &Context, image: &ImageView, operand: &str) -> Option<String> {
        let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
        self.find(&image.image.context, operand, &lookup)
    }

    /// As [`Site::file`], for a context folder and what stands in it.
    pub fn find(&self, context: &str, operand: &str, lookup: &Lookup) -> Option<String> {
        let wanted = join_path(self.workdir, operand);
        let copied = || self.copies.origin(self.before.0..self.before.1, &wanted, lookup);
        self.mounted(context, &wanted, lookup).or_else(|| copied().map(|(_, path)| path))
    }

    /// The context path of a file that a bind mount of the step brings to `wanted`.
    pub fn mounted(&self, context: &str, wanted: &str, lookup: &Lookup) -> Option<String> {
        bind_mounts(self.step).into_iter().find_map(|(source, target)| {
            let (from, to) = (context_path(context, source), join_path(self.workdir, target));
            if to == wanted {
                return Some(from);
            }
            let rest = wanted.strip_prefix(to.trim_end_matches('/'))?.strip_prefix('/')?;
            let candidate = path::join(&from, rest);
            matches!(lookup(&candidate), Some(Entry::File(_)) | None).then_some(candidate)
        })
    }
}

/// Source and target of the bind mounts of a RUN from the build context.
pub fn bind_mounts(step: &Instruction) -> Vec<(&str, &str)> {
    let mounts =
        step.flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref());
    mounts
        .filter_map(|mount| {
            let field = |keys: &[&str]| {
                let mut fields = mount.split(',').filter_map(|field| field.split_once('='));
                fields.find(|(key, _)| keys.contains(key)).map(|(_, value)| value)
            };
            let is_bind = field(&["type"]).is_none_or(|kind| kind == "bind") && field(&["from"]).is_none();
            let target = field(&["target", "dst", "destination"]).filter(|_| is_bind)?;
            Some((field(&["source", "src"]).unwrap_or("."), target))
        })
        .collect()
}

/// Whether `name` fits `pattern` with `*` and `?`.
pub fn matches_glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // After the last `*`, and from where on it was tried: an earlier one never has to take more.
    let mut star = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, seen));
            }
            Some(c) if *c == b'?' || *c == name[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match star {
                Some((after, from)) => {
                    (at, seen) = (after, from + 1);
                    star = Some((after, seen));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}
