//! Pragmas in a run: which changes they hold back, and which pragmas hold back nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    documents::Documents,
    edit,
    knowledge::traps,
    pass::{Change, Pass},
    plan::Finding,
    pragma::{self, Below, Pragma, Wish},
    source::{FileId, FileKind, LineMap, Lines, SourceFile, Span, place},
    workspace::Workspace,
};

/// What the records call the messages about pragmas.
pub(super) const TOPIC: &str = "pragma";

/// A pragma of a file: its text, and how many of the same text stand above it.
type Key = (FileId, String, usize);

/// The pragmas of a run and whether they were of use.
#[derive(Debug, Default)]
pub(super) struct Pragmas {
    files: BTreeMap<FileId, Vec<(Key, Pragma)>>,
    used: BTreeSet<(Key, &'static str)>,
}

impl Pragmas {
    /// The pragmas of `ws`.
    pub(super) fn of(ws: &Workspace, documents: &Documents) -> Self {
        let files = ws.files.iter().enumerate().filter(|(_, file)| pragma::may_hold(&file.text));
        let files = files.map(|(index, file)| (FileId(index), pragmas(file, FileId(index), documents)));
        Self { files: files.filter(|(_, pragmas)| !pragmas.is_empty()).collect(), used: BTreeSet::new() }
    }

    /// Reads the pragmas again where they stand now.
    pub(super) fn refresh(&mut self, ws: &Workspace, documents: &Documents) {
        for (id, found) in &mut self.files {
            *found = pragmas(ws.file(*id), *id, documents);
        }
    }

    /// The pragma that keeps the whole file from changing.
    pub(super) fn skipping(&self, id: FileId) -> Option<&Pragma> {
        let mut all = self.files.get(&id)?.iter().map(|(_, pragma)| pragma);
        all.find(|pragma| pragma.wish == Wish::SkipFile)
    }

    /// The files in which these changes together part a pragma from what it stands above.
    ///
    /// In any other file none of them does so alone: to try out each by itself would cost the file each time.
    pub(super) fn parted_by(&self, changes: &[&Change], seen: &[SourceFile]) -> BTreeSet<FileId> {
        let parts = |(id, pragmas): &(&FileId, &Vec<(Key, Pragma)>)| {
            let edits = changes.iter().flat_map(|change| &change.edits);
            let edits: Vec<&edit::Edit> = edits.filter(|edit| edit.file == **id).collect();
            !edits.is_empty() && !matches!(parted(&seen[id.0], **id, pragmas, &edits), Ok(None))
        };
        self.files.iter().filter(parts).map(|(id, _)| *id).collect()
    }

    /// Why a pragma keeps `change` back, if one does; `parted_in` is what [`Pragmas::parted_by`] gave.
    pub(super) fn held_back(
        &mut self,
        pass: &Pass,
        change: &Change,
        (seen, parted_in): (&[SourceFile], &BTreeSet<FileId>),
    ) -> Option<String> {
        let mut why = None;
        for (id, pragmas) in &self.files {
            let about = (change.file == *id).then_some(change.span);
            let mut edits: Vec<&edit::Edit> = change.edits.iter().filter(|edit| edit.file == *id).collect();
            edits.sort_by_key(|edit| (edit.span.start(), edit.span.end()));
            for (key, pragma) in pragmas.iter().filter(|(_, pragma)| pragma.ignores(pass.id)) {
                let Some(below) = &pragma.below else { continue };
                let is_about = about.is_some_and(|span| is_within(below.span, span.start()));
                if is_about || is_touched(&edits, below.span) {
                    self.used.insert((key.clone(), pass.id));
                    why = why.or_else(|| Some(asked(&seen[id.0], pragma)));
                }
            }
            let parts = || parted(&seen[id.0], *id, pragmas, &edits).ok().flatten();
            why = why.or_else(|| parted_in.contains(id).then(parts).flatten());
        }
        why
    }

    /// Whether a pragma asks not to hear of `trap` at `span` of `file`.
    pub(super) fn waives(&self, trap: &str, file: FileId, span: Span) -> bool {
        self.waiving(trap, file, span).next().is_some()
    }

    /// Notes that a change or a decline got by without `trap`: a pragma there is of use.
    pub(super) fn waive(&mut self, trap: &'static str, file: FileId, span: Span) {
        let keys: Vec<Key> = self.waiving(trap, file, span).cloned().collect();
        self.used.extend(keys.into_iter().map(|key| (key, trap)));
    }

    fn waiving(&self, trap: &str, file: FileId, span: Span) -> impl Iterator<Item = &Key> {
        let is_there = move |pragma: &Pragma| {
            let below = pragma.below.as_ref();
            pragma.ignores(trap) && below.is_some_and(|below| is_within(below.span, span.start()))
        };
        let pragmas = self.files.get(&file).into_iter().flatten();
        pragmas.filter(move |(_, pragma)| is_there(pragma)).map(|(key, _)| key)
    }

    /// Notes that `pass` said at `span` of `file` why it does nothing: a pragma there is of use.
    pub(super) fn note(&mut self, pass: &Pass, file: FileId, span: Span) {
        for (key, pragma) in self.files.get(&file).into_iter().flatten() {
            let is_there = pragma.below.as_ref().is_some_and(|below| is_within(below.span, span.start()));
            if is_there && pragma.ignores(pass.id) {
                self.used.insert((key.clone(), pass.id));
            }
        }
    }

    /// What is wrong with the pragmas: misspelt, above nothing, or of no use to any of the passes that `ran`.
    pub(super) fn findings(&self, ws: &Workspace, passes: (&[Pass], &[&'static str])) -> Vec<Finding> {
        let mut found = Vec::new();
        for &id in self.files.keys() {
            let mut documents = Documents::default();
            // A file that does not parse never gets into a workspace.
            let _ = documents.read(id, ws.file(id));
            let pragmas = pragmas(ws.file(id), id, &documents);
            let lines = Lines::of(&ws.file(id).text);
            if pragmas.iter().any(|(_, pragma)| pragma.wish == Wish::SkipFile) {
                continue;
            }
            for (key, pragma) in &pragmas {
                let place = lines.place(&ws.file(id).text, pragma.span.start());
                let finding = |what| Finding { topic: TOPIC, file: id, place, what };
                found.extend(self.faults(key, pragma, passes).into_iter().map(finding));
            }
        }
        found
    }

    fn faults(&self, key: &Key, pragma: &Pragma, (known, ran): (&[Pass], &[&'static str])) -> Vec<String> {
        let passes = match &pragma.wish {
            Wish::SkipFile => return Vec::new(),
            Wish::Unreadable(why) => return vec![format!("The pragma is not understood: {why}.")],
            Wish::Ignore(passes) => passes,
        };
        if pragma.below.is_none() {
            let place = "the line above an instruction, or above a service of a compose file";
            return vec![format!(
                "The pragma stands above nothing and is without effect: move it to {place}."
            )];
        }
        let is_used = |id: &str| self.used.iter().any(|(of, used)| of == key && *used == id);
        let fault = |pass: &String| match known.iter().find(|known| known.id == pass) {
            None if traps::get(pass).is_some() && is_used(pass) => None,
            None if traps::get(pass).is_some() => {
                Some(format!("The pragma is not needed: {pass} speaks against nothing here. Remove it."))
            }
            None => {
                Some(format!("The pragma names {pass}, which is no pass and no trap: see `alpinist passes`."))
            }
            Some(known) if !ran.contains(&known.id) || self.used.contains(&(key.clone(), known.id)) => None,
            Some(_) => Some(format!("The pragma is not needed: {pass} has nothing to do here. Remove it.")),
        };
        passes.iter().filter_map(fault).collect()
    }
}

/// The pragmas of a file with their keys.
fn pragmas(file: &SourceFile, id: FileId, documents: &Documents) -> Vec<(Key, Pragma)> {
    let found = match file.kind {
        FileKind::Compose => {
            documents.composes.get(&id).map(|compose| pragma::in_compose(&file.text, compose))
        }
        _ => documents.dockerfiles.get(&id).map(|dockerfile| pragma::in_dockerfile(&file.text, dockerfile)),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let keyed = found.unwrap_or_default().into_iter().map(|pragma| {
        let text = pragma.span.of(&file.text).to_owned();
        let count = counts.entry(text.clone()).or_default();
        *count += 1;
        ((id, text, *count), pragma)
    });
    keyed.collect()
}

fn asked(file: &SourceFile, pragma: &Pragma) -> String {
    let line = read_line(file, pragma);
    let reason = if pragma.reason.is_empty() { "it gives no reason" } else { &pragma.reason };
    format!("the pragma in line {line} asks for it: {reason}")
}

/// The line of a pragma in the file as it was read. Pragmas are rare, so nothing is kept for the next one.
fn read_line(file: &SourceFile, pragma: &Pragma) -> usize {
    LineMap::of(file).as_read(place(&file.text, pragma.span.start())).line
}

fn is_within(span: Span, offset: usize) -> bool {
    span.start() <= offset && offset < span.end()
}

/// Whether one of these edits, which are in order and do not overlap, changes what stands at `span`.
fn is_touched(edits: &[&edit::Edit], span: Span) -> bool {
    let near = &edits[edits.partition_point(|edit| edit.span.end() < span.start())..];
    near.iter().take_while(|edit| edit.span.start() <= span.end()).any(|edit| touches(edit, span))
}

/// Whether `edit` changes what stands at `span`; new lines before and after it do not.
fn touches(edit: &edit::Edit, span: Span) -> bool {
    if !edit.span.is_empty() {
        return edit.span.start() < span.end() && span.start() < edit.span.end();
    }
    let at = edit.span.start();
    let is_inside = span.start() < at && at < span.end();
    let continues = at == span.end() && !edit.text.starts_with(['\n', '\r']);
    let replaces = at == span.start() && !edit.text.ends_with('\n');
    is_inside || (continues && !edit.text.is_empty()) || (replaces && !edit.text.trim().is_empty())
}

/// Says so when a pragma would stand above something else after the edits, or stand there twice.
///
/// # Errors
/// When there is nothing to tell, since the edits do not fit or their result does not parse.
fn parted(
    file: &SourceFile,
    id: FileId,
    before: &[(Key, Pragma)],
    edits: &[&edit::Edit],
) -> Result<Option<String>, String> {
    if before.is_empty() || edits.is_empty() {
        return Ok(None);
    }
    let text = edit::apply(&file.text, edits.iter().copied()).map_err(|error| error.to_string())?;
    let changed = SourceFile { text: text.into(), ..file.clone() };
    let mut documents = Documents::default();
    documents.read(id, &changed).map_err(|error| error.to_string())?;
    let after: BTreeMap<Key, Pragma> = pragmas(&changed, id, &documents).into_iter().collect();
    let name = |below: &Option<Below>| below.as_ref().map(|below| below.name.clone());
    let lost = before
        .iter()
        .find(|(key, pragma)| after.get(key).is_none_or(|now| name(&now.below) != name(&pragma.below)));
    if let Some((_, pragma)) = lost {
        let line = read_line(file, pragma);
        return Ok(Some(format!("it would part the pragma in line {line} from what it stands above")));
    }
    let known: BTreeSet<&Key> = before.iter().map(|(key, _)| key).collect();
    let copied = after.keys().find(|key| !known.contains(key));
    let first = copied.and_then(|(_, text, _)| before.iter().find(|((_, known, _), _)| known == text));
    Ok(first.map(|(_, pragma)| format!("it would copy the pragma in line {}", read_line(file, pragma))))
}
