//! Passes in order: apply each change whole, read the text again, reject what breaks its promise.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    compose::Compose,
    docker::{self, Dockerfile},
    edit,
    facts::{Context, Contract, contract::is_declared, evidence},
    options::Options,
    pass::{Change, Pass, Proposal},
    places::Places,
    plan::{DeclineRecord, Outcome, Plan, Step},
    source::{FileId, FileKind, Place, SourceFile},
    workspace::Workspace,
};

mod compose_check;
mod consumers;
mod inputs;
mod outputs;

/// Documents of a workspace, parsed once a text.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// The Dockerfiles.
    pub dockerfiles: BTreeMap<FileId, Dockerfile>,
    /// The compose files.
    pub composes: BTreeMap<FileId, Compose>,
    /// Where the files stood as they were read.
    pub places: Places,
}

impl Documents {
    /// Parses every file of `ws`; a file that does not parse is left out.
    pub fn of(ws: &Workspace) -> Self {
        let mut documents = Documents { places: Places::new(ws.files.len()), ..Documents::default() };
        for (index, file) in ws.files.iter().enumerate() {
            // Files that do not parse never get into a workspace.
            let _ = documents.read(FileId(index), file);
        }
        documents
    }

    /// What passes may look at: these documents, of the files of `ws`.
    fn context<'a>(&'a self, ws: &'a Workspace, options: &'a Options) -> Context<'a> {
        let Self { dockerfiles, composes, places } = self;
        Context { ws, options, dockerfiles, composes, places }
    }

    fn read(&mut self, id: FileId, file: &SourceFile) -> Result<(), String> {
        match file.kind {
            FileKind::Compose => {
                let compose = Compose::parse(&file.text).map_err(|error| error.to_string())?;
                self.composes.insert(id, compose);
            }
            FileKind::Dockerfile => {
                let dockerfile = docker::parse(&file.text).map_err(|error| error.to_string())?;
                self.dockerfiles.insert(id, dockerfile);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Runs `passes` over `ws` in their order.
pub fn run(ws: Workspace, passes: &[Pass], options: &Options) -> Plan {
    let documents = Documents::of(&ws);
    let inputs = inputs::checked(&ws, &documents, options);
    let mut state = State { ws: inputs.ws, documents, steps: Vec::new(), declines: inputs.declines };
    for pass in passes.iter().filter(|pass| is_selected(pass, options)) {
        state.run_pass(pass, options);
    }
    let (outputs, conflicts) = outputs::of(&state.ws, &state.documents, options);
    let mut findings = inputs.findings;
    findings.extend(consumers::findings(&ws, &outputs));
    Plan {
        before: ws,
        after: state.ws,
        steps: state.steps,
        declines: state.declines,
        findings,
        outputs,
        conflicts,
        remarks: Vec::new(),
    }
}

/// The Python packages of the project of which the tables know too little, by name in PyPI's normal form.
pub fn questions(ws: &Workspace, options: &Options) -> BTreeSet<String> {
    let documents = Documents::of(ws);
    let cx = documents.context(ws, options);
    cx.images().flat_map(|image| evidence::python(&cx, &image).unknown_packages).collect()
}

fn is_selected(pass: &Pass, options: &Options) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| id == pass.id);
    (options.only.is_empty() || named(&options.only)) && !named(&options.skip)
}

struct State {
    ws: Workspace,
    documents: Documents,
    steps: Vec<Step>,
    declines: Vec<DeclineRecord>,
}

impl State {
    fn run_pass(&mut self, pass: &Pass, options: &Options) {
        let seen = self.ws.files.clone();
        let proposals = (pass.run)(&self.documents.context(&self.ws, options));
        let mut changes = Vec::new();
        for proposal in proposals {
            match proposal {
                Proposal::Decline(decline) => {
                    let place = self.place(decline.file, decline.span.start);
                    self.declines.push(DeclineRecord { pass: pass.id, decline, place });
                }
                Proposal::Change(change) => changes.push(change),
            }
        }
        let place = |change: &Change| self.place(change.file, change.span.start);
        let changes = changes.into_iter().map(|change| (place(&change), change)).collect();
        self.take_all(pass, &seen, changes, options);
    }

    /// The place of `offset` as it was read.
    fn place(&self, id: FileId, offset: usize) -> Place {
        self.documents.places.place(id, self.ws.file(id), offset)
    }

    /// Applies the changes of a pass together; when that breaks a promise, one by one, to find out which did.
    fn take_all(
        &mut self,
        pass: &Pass,
        seen: &[SourceFile],
        changes: Vec<(Place, Change)>,
        options: &Options,
    ) {
        let is_let_through = |change: &Change| change.risk <= options.risk && change.risk <= pass.risk;
        let edits: Vec<edit::Edit> = changes
            .iter()
            .filter(|(_, change)| is_let_through(change))
            .flat_map(|(_, change)| change.edits.clone())
            .collect();
        let is_done = !edits.is_empty() && self.apply(pass, seen, &edits, &mut Vec::new()).is_ok();
        let mut accepted = Vec::new();
        for (place, change) in changes {
            let outcome = if change.risk > options.risk {
                Outcome::Held(format!("--risk {}", change.risk.name()))
            } else if change.risk > pass.risk {
                Outcome::Rejected(format!("it carries the risk {}, above its pass's", change.risk.name()))
            } else if is_done {
                Outcome::Applied
            } else {
                match self.apply(pass, seen, &change.edits, &mut accepted) {
                    Ok(()) => Outcome::Applied,
                    Err(why) => Outcome::Rejected(why),
                }
            };
            self.steps.push(Step {
                pass: pass.id,
                title: change.title,
                why: change.why,
                notes: change.notes,
                risk: change.risk,
                file: change.file,
                place,
                outcome,
            });
        }
    }

    /// Puts the edits into the workspace if the result keeps every promise.
    fn apply(
        &mut self,
        pass: &Pass,
        seen: &[SourceFile],
        edits: &[edit::Edit],
        accepted: &mut Vec<edit::Edit>,
    ) -> Result<(), String> {
        let mut all = accepted.clone();
        all.extend(edits.iter().cloned());
        let mut files: Vec<FileId> = edits.iter().map(|edit| edit.file).collect();
        files.sort_unstable();
        files.dedup();
        let mut fresh = Documents::default();
        let mut changed = Vec::new();
        for id in files {
            let edits = all.iter().filter(|edit| edit.file == id);
            let text = edit::apply(&seen[id.0].text, edits).map_err(|error| error.to_string())?;
            if *self.ws.file(id).text == *text {
                return Err("it changes nothing".to_owned());
            }
            let file = SourceFile { text: text.into(), ..self.ws.file(id).clone() };
            fresh.read(id, &file).map_err(|error| format!("the result does not parse: {error}"))?;
            self.verify(pass, id, &file, &fresh)?;
            changed.push((id, file));
        }
        for (id, file) in changed {
            self.ws.files[id.0] = file;
            self.documents.places.forget(id);
        }
        self.documents.dockerfiles.append(&mut fresh.dockerfiles);
        self.documents.composes.append(&mut fresh.composes);
        *accepted = all;
        Ok(())
    }

    fn verify(&self, pass: &Pass, id: FileId, new: &SourceFile, documents: &Documents) -> Result<(), String> {
        let old = self.ws.file(id);
        if let (Some(before), Some(after)) =
            (self.documents.dockerfiles.get(&id), documents.dockerfiles.get(&id))
        {
            let lost = lost_comment(&before.comments(&old.text), &after.comments(&new.text));
            if let Some(comment) = lost {
                return Err(format!("the comment \"{comment}\" would be lost"));
            }
            for (aspect, detail) in Contract::of(before).differences(&Contract::of(after)) {
                if !is_declared(pass.alters, aspect, &detail) {
                    return Err(format!("it alters {aspect:?} {detail}, which the pass does not declare"));
                }
            }
        }
        if let (Some(before), Some(after)) = (self.documents.composes.get(&id), documents.composes.get(&id)) {
            compose_check::check(pass, (&old.text, before), (&new.text, after))?;
        }
        Ok(())
    }
}

/// A comment that stands in `before` more often than in `after`.
fn lost_comment<'t>(before: &[&'t str], after: &[&str]) -> Option<&'t str> {
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
