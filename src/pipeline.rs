//! Passes in order: apply each change whole, read the text again, reject what breaks its promise.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    docker::{self, Dockerfile, Keyword},
    documents::Documents,
    edit,
    facts::{Context, Contract, contract::is_declared, evidence},
    options::Options,
    pass::{Change, Pass, Proposal, Risk},
    plan::{DeclineRecord, Outcome, Plan, Step, Weighed},
    reason::{Reason, Weight},
    shell::Script,
    source::{FileId, Place, SourceFile},
    workspace::Workspace,
};

mod compose_check;
mod consumers;
mod ignores;
mod inputs;
mod mark;
mod outputs;
mod pragmas;
mod skips;
mod weigh;

use pragmas::Pragmas;
use skips::Skips;

/// Runs `passes` over `ws`, whose files `documents` holds parsed, in their order.
pub fn run(ws: Workspace, documents: Documents, passes: &[Pass], options: &Options) -> Plan {
    let pragmas = Pragmas::of(&ws, &documents);
    let skips = Skips::of(&ws, &documents, &pragmas);
    let inputs = inputs::checked(&ws, &documents, options);
    let (steps, declines) = (Vec::new(), Vec::new());
    let mut state =
        State { ws: ws.clone(), documents, pragmas, skips, steps, declines, of_files: inputs.reasons };
    state.ws.read_only.extend(state.skips.ids());
    let selected: Vec<&Pass> = passes.iter().filter(|pass| is_selected(pass, options)).collect();
    for pass in &selected {
        state.run_pass(pass, options);
    }
    let ran: Vec<&'static str> = selected.iter().map(|pass| pass.id).collect();
    let (outputs, conflicts) = outputs::of(&state.ws, &state.documents, options);
    let mut findings = inputs.findings;
    findings.extend(consumers::findings(&ws, &outputs));
    findings.extend(state.pragmas.findings(&ws, (passes, &ran)));
    Plan {
        before: ws,
        after: state.ws,
        steps: state.steps,
        declines: state.declines,
        findings,
        skips: state.skips.into_list(),
        outputs,
        conflicts,
        remarks: Vec::new(),
    }
}

/// The Python packages of the project of which the tables know too little, by name in PyPI's normal form.
pub fn questions(ws: &Workspace, documents: &Documents, options: &Options) -> BTreeSet<String> {
    let cx = context(documents, ws, options);
    cx.images().flat_map(|image| evidence::python(&cx, &image).unknown_packages.clone()).collect()
}

/// What passes may look at: `documents`, which are those of the files of `ws`.
fn context<'a>(documents: &'a Documents, ws: &'a Workspace, options: &'a Options) -> Context<'a> {
    let Documents { dockerfiles, composes, places, manifests } = documents;
    Context { ws, options, dockerfiles, composes, places, manifests, evidence: evidence::Memo::default() }
}

fn is_selected(pass: &Pass, options: &Options) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| id == pass.id);
    (options.only.is_empty() || named(&options.only)) && !named(&options.skip)
}

struct State {
    ws: Workspace,
    documents: Documents,
    pragmas: Pragmas,
    skips: Skips,
    steps: Vec<Step>,
    declines: Vec<DeclineRecord>,
    /// What speaks against any change of a file, until a change carries it.
    of_files: BTreeMap<FileId, Vec<Reason>>,
}

/// A change with its place in the text as it was read, and its reasons weighed.
struct Proposed {
    change: Change,
    place: Place,
    reasons: Vec<Weighed>,
}

impl Proposed {
    fn questions(&self) -> usize {
        self.reasons.iter().filter(|weighed| weighed.weight == Weight::Ask).count()
    }

    /// What a question is asked about, a person has to agree to.
    fn risk(&self) -> Risk {
        if self.questions() > 0 { self.change.risk.max(Risk::Review) } else { self.change.risk }
    }
}

impl State {
    fn run_pass(&mut self, pass: &Pass, options: &Options) {
        let seen = self.ws.files.clone();
        let proposals = (pass.run)(&context(&self.documents, &self.ws, options));
        self.pragmas.refresh(&self.ws, &self.documents);
        let mut changes = Vec::new();
        for proposal in proposals {
            match proposal {
                Proposal::Decline(decline) if self.skips.contains(decline.file) => {}
                Proposal::Change(change) if self.skips.contains(change.file) => {}
                Proposal::Decline(decline) => {
                    if !decline.is_quiet() {
                        self.pragmas.note(pass, decline.file, decline.span);
                    }
                    let record = self.declined(pass, decline, options);
                    self.declines.push(record);
                }
                Proposal::Change(change) => {
                    let proposed = self.weighed(change, options);
                    match proposed.reasons.first().map(|weighed| weighed.weight) {
                        Some(Weight::Breaks) => {
                            self.pragmas.note(pass, proposed.change.file, proposed.change.span);
                            self.declines.push(weigh::forbidden(pass, proposed));
                        }
                        _ => changes.push(proposed),
                    }
                }
            }
        }
        self.take_all(pass, &seen, changes, options);
    }

    /// The place of `offset` as it was read.
    fn place(&self, id: FileId, offset: usize) -> Place {
        self.documents.places.place(id, self.ws.file(id), offset)
    }

    /// Applies the changes of a pass together; when that breaks a promise, one by one, to find out which did.
    fn take_all(&mut self, pass: &Pass, seen: &[SourceFile], changes: Vec<Proposed>, options: &Options) {
        let all: Vec<&Change> = changes.iter().map(|proposed| &proposed.change).collect();
        let seen_so = (seen, &self.pragmas.parted_by(&all, seen));
        let held: Vec<Option<Outcome>> =
            changes.iter().map(|proposed| self.held(pass, seen_so, proposed, options)).collect();
        let edits: Vec<edit::Edit> = changes
            .iter()
            .zip(&held)
            .filter(|(_, held)| held.is_none())
            .flat_map(|(proposed, _)| proposed.change.edits.clone())
            .collect();
        let is_done = !edits.is_empty() && self.apply(pass, seen, &edits, &mut Vec::new()).is_ok();
        let mut accepted = Vec::new();
        for (proposed, held) in changes.into_iter().zip(held) {
            let risk = proposed.risk();
            let Proposed { change, place, reasons } = proposed;
            let outcome = match held {
                Some(held) => held,
                None if is_done => Outcome::Applied,
                None => match self.apply(pass, seen, &change.edits, &mut accepted) {
                    Ok(()) => Outcome::Applied,
                    Err(why) => Outcome::Rejected(why),
                },
            };
            if outcome == Outcome::Applied {
                ignores::keep_out(&mut self.ws, &change);
            }
            let reasons = self.unasked(change.file, reasons, &outcome);
            self.steps.push(Step {
                pass: pass.id,
                title: change.title,
                why: change.why,
                notes: change.notes,
                reasons,
                risk,
                file: change.file,
                place,
                outcome,
            });
        }
    }

    /// What keeps `change` from being applied, whatever it makes of the text.
    fn held(
        &mut self,
        pass: &Pass,
        seen: (&[SourceFile], &BTreeSet<FileId>),
        proposed: &Proposed,
        options: &Options,
    ) -> Option<Outcome> {
        let (change, questions) = (&proposed.change, proposed.questions());
        if proposed.risk() > options.risk {
            return Some(Outcome::Held(format!("--risk {}", proposed.risk().name())));
        }
        if options.max_questions.is_some_and(|most| questions > most) {
            return Some(Outcome::Held(format!("--max-questions {questions}")));
        }
        if change.risk > pass.risk {
            let risk = change.risk.name();
            return Some(Outcome::Rejected(format!("it carries the risk {risk}, above its pass's")));
        }
        let why = self.pragmas.held_back(pass, change, seen);
        why.or_else(|| self.skips.in_the_way(change)).map(Outcome::Ignored)
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
        let touched: BTreeSet<FileId> = edits.iter().map(|edit| edit.file).collect();
        let mut by_file: BTreeMap<FileId, Vec<&edit::Edit>> = BTreeMap::new();
        for edit in all.iter().filter(|edit| touched.contains(&edit.file)) {
            by_file.entry(edit.file).or_default().push(edit);
        }
        let mut fresh = Documents::default();
        let mut changed = Vec::new();
        for (id, edits) in by_file {
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
            self.ws.replace(id, file);
        }
        self.documents.replace(fresh);
        *accepted = all;
        Ok(())
    }

    fn verify(&self, pass: &Pass, id: FileId, new: &SourceFile, documents: &Documents) -> Result<(), String> {
        let old = self.ws.file(id);
        if let (Some(before), Some(after)) =
            (self.documents.dockerfiles.get(&id), documents.dockerfiles.get(&id))
        {
            let lost = docker::lost_comment(&before.comments(&old.text), &after.comments(&new.text));
            if let Some(comment) = lost {
                return Err(format!("the comment \"{comment}\" would be lost"));
            }
            if docker::hidden_stage(after, &new.text).is_some() {
                return Err("a FROM would be read as a part of the instruction above it".to_owned());
            }
            if let Some(why) = broken_script((before, &old.text), (after, &new.text)) {
                return Err(format!("a RUN would no longer be a shell script: {why}"));
            }
            if let Some(flag) = lost_flag((before, &old.text), (after, &new.text)) {
                return Err(format!("a RUN would lose its flag {flag}"));
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

/// A flag of a RUN in `before`, other than a cache mount, that no RUN of `after` has.
fn lost_flag(before: (&Dockerfile, &str), after: (&Dockerfile, &str)) -> Option<String> {
    fn flags<'a>((dockerfile, text): (&'a Dockerfile, &'a str)) -> BTreeSet<&'a str> {
        let runs = dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
        let flags = runs.flat_map(|step| &step.flags).map(|flag| flag.span.of(text));
        flags.filter(|flag| !flag.contains("type=cache")).collect()
    }
    flags(before).difference(&flags(after)).next().map(|flag| (*flag).to_owned())
}

/// Why a RUN of `after` cannot be read as a script, where more of them cannot than of `before`.
fn broken_script(before: (&Dockerfile, &str), after: (&Dockerfile, &str)) -> Option<String> {
    let unread = |(dockerfile, text): (&Dockerfile, &str)| {
        let runs = dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
        let scripts = runs.map(|step| Script::of(step, text));
        scripts.filter_map(|script| script.unreadable.clone()).collect::<Vec<_>>()
    };
    let (old, mut new) = (unread(before), unread(after));
    if new.len() > old.len() { new.pop() } else { None }
}
