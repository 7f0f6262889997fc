//! Passes in order: apply each change whole, read the text again, reject what breaks its promise.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    compose::Compose,
    docker::{self, Dockerfile},
    edit,
    facts::{Context, Contract, contract::is_declared},
    options::Options,
    pass::{Change, Pass, Proposal},
    plan::{DeclineRecord, Outcome, Plan, Step},
    source::{FileId, FileKind, Place, SourceFile, place},
    workspace::Workspace,
};

mod compose_check;
mod outputs;

/// Documents of a workspace, parsed once a text.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// The Dockerfiles.
    pub dockerfiles: BTreeMap<FileId, Dockerfile>,
    /// The compose files.
    pub composes: BTreeMap<FileId, Compose>,
}

impl Documents {
    /// Parses every file of `ws`; a file that does not parse is left out.
    pub fn of(ws: &Workspace) -> Self {
        let mut documents = Documents::default();
        for index in 0..ws.files.len() {
            // Files that do not parse never get into a workspace.
            let _ = documents.read(ws, FileId(index));
        }
        documents
    }

    fn read(&mut self, ws: &Workspace, id: FileId) -> Result<(), String> {
        let file = ws.file(id);
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
    let mut state =
        State { documents: Documents::of(&ws), ws: ws.clone(), steps: Vec::new(), declines: Vec::new() };
    for pass in passes.iter().filter(|pass| is_selected(pass, options)) {
        state.run_pass(pass, options);
    }
    let (outputs, conflicts) = outputs::of(&state.ws, &state.documents, options);
    Plan {
        before: ws,
        after: state.ws,
        steps: state.steps,
        declines: state.declines,
        outputs,
        conflicts,
        remarks: Vec::new(),
    }
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
        let seen = self.ws.clone();
        let cx = Context {
            ws: &seen,
            options,
            dockerfiles: &self.documents.dockerfiles,
            composes: &self.documents.composes,
        };
        let proposals = (pass.run)(&cx);
        let mut accepted: Vec<edit::Edit> = Vec::new();
        for proposal in proposals {
            match proposal {
                Proposal::Decline(decline) => {
                    let place = read_place(seen.file(decline.file), decline.span.start);
                    self.declines.push(DeclineRecord { pass: pass.id, decline, place });
                }
                Proposal::Change(change) => self.take(pass, &seen, change, &mut accepted, options),
            }
        }
    }

    fn take(
        &mut self,
        pass: &Pass,
        seen: &Workspace,
        change: Change,
        accepted: &mut Vec<edit::Edit>,
        options: &Options,
    ) {
        let outcome = if change.risk > options.risk {
            Outcome::Held(format!("--risk {}", change.risk.name()))
        } else if change.risk > pass.risk {
            Outcome::Rejected(format!("it carries the risk {}, above its pass's", change.risk.name()))
        } else {
            match self.apply(pass, seen, &change, accepted) {
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
            place: read_place(seen.file(change.file), change.span.start),
            outcome,
        });
    }

    /// Puts the change into the workspace if the result keeps every promise.
    fn apply(
        &mut self,
        pass: &Pass,
        seen: &Workspace,
        change: &Change,
        accepted: &mut Vec<edit::Edit>,
    ) -> Result<(), String> {
        let mut all = accepted.clone();
        all.extend(change.edits.iter().cloned());
        let mut files: Vec<FileId> = change.edits.iter().map(|edit| edit.file).collect();
        files.sort_unstable();
        files.dedup();
        let mut ws = self.ws.clone();
        let mut documents = self.documents.clone();
        for id in files {
            let edits = all.iter().filter(|edit| edit.file == id);
            let text = edit::apply(&seen.file(id).text, edits).map_err(|error| error.to_string())?;
            let before = Arc::clone(&self.ws.file(id).text);
            if *before == *text {
                return Err("it changes nothing".to_owned());
            }
            ws = ws.with_text(id, text);
            documents.read(&ws, id).map_err(|error| format!("the result does not parse: {error}"))?;
            self.verify(pass, id, &ws, &documents)?;
        }
        (self.ws, self.documents, *accepted) = (ws, documents, all);
        Ok(())
    }

    fn verify(&self, pass: &Pass, id: FileId, ws: &Workspace, documents: &Documents) -> Result<(), String> {
        let (old, new) = (self.ws.file(id), ws.file(id));
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
        if new.kind == FileKind::Compose {
            compose_check::check(pass, &old.text, &new.text)?;
        }
        Ok(())
    }
}

/// The place in the text as it was read: that of the same line, or of the last line above that was there.
fn read_place(file: &SourceFile, offset: usize) -> Place {
    let seen = place(&file.text, offset);
    if !file.is_changed() {
        return seen;
    }
    let lines: Vec<&str> = file.text.lines().take(seen.line).collect();
    let original: Vec<&str> = file.on_disk.lines().collect();
    let found = lines.iter().rev().find_map(|line| {
        let at = original.iter().position(|old| old == line && !line.trim().is_empty())?;
        Some((at + 1, *line))
    });
    match found {
        Some((line, text)) if lines.last() == Some(&text) => Place { line, ..seen },
        Some((line, _)) => Place { line, column: 1 },
        None => Place { line: 1, column: 1 },
    }
}

/// A comment that stands in `before` more often than in `after`.
fn lost_comment<'t>(before: &[&'t str], after: &[&str]) -> Option<&'t str> {
    let count = |list: &[&str], wanted: &str| list.iter().filter(|comment| **comment == wanted).count();
    before.iter().find(|comment| count(after, comment) < count(before, comment)).copied()
}
