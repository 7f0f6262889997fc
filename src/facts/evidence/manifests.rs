//! The requirements files that an image installs, found in the build context.

use std::collections::BTreeSet;

use super::super::{
    Context, ImageView,
    build_context::Steps,
    python::{self, project::Action},
};
use crate::{
    docker::{Instruction, Keyword, Stage},
    manifest::requirements::{self, Closure, ItemKind},
    shell::Script,
    workspace::Entry,
};

/// The requirement files of an image, as context paths, with what could not be found.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// All files and what they ask for, by the `-r` operands of the image; each once.
    pub closures: Vec<(String, requirements::Closure)>,
    /// Operands whose file is not in the context.
    pub missing: Vec<String>,
    /// The files of the closures.
    known: BTreeSet<String>,
}

/// The requirement files that the RUN steps of any stage install.
pub fn manifests(cx: &Context, image: &ImageView) -> Manifests {
    let mut found = Manifests::default();
    for stage in &image.dockerfile.stages {
        found.take_in_stage(cx, image, stage);
    }
    found
}

/// The requirement files that the RUN steps of the stage in view install.
pub(super) fn of_stage(cx: &Context, image: &ImageView) -> Manifests {
    let mut found = Manifests::default();
    found.take_in_stage(cx, image, image.stage());
    found
}

impl Manifests {
    fn take_in_stage(&mut self, cx: &Context, image: &ImageView, stage: &Stage) {
        let steps = Steps::of_stage(cx, image, stage);
        let exported = exported(steps.instructions, image);
        for (index, step) in steps.runs() {
            let site = steps.site(index);
            let script = image.script(step);
            let installs = python::pip_installs(script);
            let operands = installs.iter().flat_map(|install| &install.requirements);
            for operand in operands.filter(|operand| !exported.contains(operand)) {
                match site.file(cx, image, operand) {
                    Some(path) if self.known.contains(&path) => {}
                    Some(path) if matches!(cx.files_of(image).entry(&path), Some(Entry::File(_))) => {
                        let read = |path: &str| cx.files_of(image).text(path).cloned();
                        self.known.insert(path.clone());
                        self.closures.push((path.clone(), requirements::closure(&path, &read)));
                    }
                    _ => self.missing.push(operand.clone()),
                }
            }
        }
    }

    /// What the manifests ask for under this name, in PyPI's normal form.
    pub fn package(&self, name: &str) -> Option<&requirements::Package> {
        let all = self.closures.iter().flat_map(|(_, closure)| &closure.packages);
        all.map(|located| &located.value).find(|package| package.name == name)
    }
}

/// The requirements files that a tool writes from its lock file before they are installed.
fn exported(instructions: &[Instruction], image: &ImageView) -> Vec<String> {
    let steps = instructions.iter().filter(|step| step.keyword == Keyword::Run);
    steps.flat_map(|step| exported_files(image.script(step))).collect()
}

/// The files that the tools of a script write from their lock file.
pub fn exported_files(script: &Script) -> Vec<String> {
    let actions = script.commands.iter().enumerate();
    let actions = actions.filter_map(|(index, command)| python::project::action(index, command));
    actions
        .filter_map(|(_, action)| match action {
            Action::Exports(file) => Some(file),
            _ => None,
        })
        .collect()
}

/// Whether an installation of the image may call git: for a requirement from a repository, a project whose
/// version is told by its tags, or what a tool's manifest and lock name.
pub fn needs_git(cx: &Context, image: &ImageView) -> bool {
    let has_vcs = |closure: &Closure| {
        closure.others.iter().any(|located| matches!(located.value, ItemKind::Vcs { .. }))
    };
    let may_call = |step: &Instruction| {
        let script = image.script(step);
        !python::project::installs(script).is_empty()
            || python::pip_installs(script).iter().any(|install| !install.local.is_empty())
    };
    let mut steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    steps.any(may_call) || manifests(cx, image).closures.iter().any(|(_, closure)| has_vcs(closure))
}
