//! Whether two texts mean the same but for the paths that were meant to change.

use std::collections::HashMap;

use crate::compose::{
    node::{NodeId, NodeKind, Style, Tree},
    read::read,
    scalar::{Type, read_type},
};

/// Requires that `before` and `after` have equal values everywhere but at and below `changed_paths`.
///
/// Aliases and `<<` are resolved first, so a change that reaches further through an anchor is found.
///
/// # Errors
/// When one of the two does not parse or holds several documents, and at the first other difference.
pub fn verify(before: &str, after: &str, changed_paths: &[Vec<String>]) -> Result<(), String> {
    let before = read(before).map_err(|error| format!("the text before does not parse: {error}"))?;
    let after = read(after).map_err(|error| format!("the text after does not parse: {error}"))?;
    verify_trees(&before, &after, changed_paths)
}

/// As [`verify`], for texts that are parsed already.
///
/// # Errors
/// When one of the two holds several documents, and at the first other difference.
pub fn verify_trees(before: &Tree, after: &Tree, changed_paths: &[Vec<String>]) -> Result<(), String> {
    if before.further.is_some() || after.further.is_some() {
        return Err("the file holds several YAML documents".to_owned());
    }
    let (old, new) = (before.root, after.root);
    let deepest = changed_paths.iter().map(Vec::len).max().unwrap_or(0);
    let mut changed: Vec<&[String]> = changed_paths.iter().map(Vec::as_slice).collect();
    changed.sort_unstable();
    Comparison { before, after, changed, deepest, path: Vec::new() }.compare(old, new)
}

struct Comparison<'t> {
    before: &'t Tree,
    after: &'t Tree,
    /// In order.
    changed: Vec<&'t [String]>,
    /// The length of the longest changed path: below it no path has to be looked for.
    deepest: usize,
    path: Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, old: Option<NodeId>, new: Option<NodeId>) -> Result<(), String> {
        let is_near = self.path.len() <= self.deepest;
        if is_near && self.is_changed() {
            return Ok(());
        }
        let old = old.map(|id| self.before.resolve(id));
        let new = new.map(|id| self.after.resolve(id));
        // On the way to a change nothing, `null` and an empty collection are alike.
        let on_the_way = is_near && self.leads_to_a_change();
        let hollow_old = on_the_way && old.is_none_or(|id| is_null(self.before, id));
        let hollow_new = on_the_way && new.is_none_or(|id| is_null(self.after, id));
        if hollow_old && hollow_new {
            return Ok(());
        }
        self.compare_tags(old, new)?;
        let old_kind = old.filter(|_| !hollow_old).map(|id| &self.before.node(id).kind);
        let new_kind = new.filter(|_| !hollow_new).map(|id| &self.after.node(id).kind);
        match (old_kind, new_kind) {
            (None, None) => Ok(()),
            (Some(NodeKind::Scalar(one)), Some(NodeKind::Scalar(other))) => {
                let same = read_type(one) == read_type(other)
                    && (read_type(one) == Type::Null || one.value == other.value);
                if same { Ok(()) } else { self.differs() }
            }
            (Some(NodeKind::Mapping(_)), Some(NodeKind::Mapping(_))) => self.compare_members(old, new),
            (Some(NodeKind::Mapping(_)), None) if hollow_new => self.compare_members(old, None),
            (None, Some(NodeKind::Mapping(_))) if hollow_old => self.compare_members(None, new),
            (Some(NodeKind::Sequence(_)), Some(NodeKind::Sequence(_))) => self.compare_items(old, new),
            (Some(NodeKind::Sequence(_)), None) if hollow_new => self.compare_items(old, None),
            (None, Some(NodeKind::Sequence(_))) if hollow_old => self.compare_items(None, new),
            _ => self.differs(),
        }
    }

    /// Whether the path is at or below one that was to change.
    fn is_changed(&self) -> bool {
        let is_listed = |path: &[String]| self.changed.binary_search(&path).is_ok();
        (0..=self.path.len()).any(|length| is_listed(&self.path[..length]))
    }

    /// Whether a path that was to change is at or below this one.
    fn leads_to_a_change(&self) -> bool {
        let first = self.changed.partition_point(|changed| *changed < self.path.as_slice());
        self.changed.get(first).is_some_and(|changed| changed.starts_with(&self.path))
    }

    fn compare_tags(&self, old: Option<NodeId>, new: Option<NodeId>) -> Result<(), String> {
        let (Some(old), Some(new)) = (old, new) else { return Ok(()) };
        let same = self.before.node(old).tag == self.after.node(new).tag;
        if same { Ok(()) } else { self.differs() }
    }

    fn compare_members(&mut self, old: Option<NodeId>, new: Option<NodeId>) -> Result<(), String> {
        let mut rest: HashMap<String, NodeId> = members(self.after, new).into_iter().collect();
        for (key, value) in members(self.before, old) {
            let other = rest.remove(&key);
            self.within(key, Some(value), other)?;
        }
        let mut added: Vec<(String, NodeId)> = rest.into_iter().collect();
        added.sort();
        added.into_iter().try_for_each(|(key, value)| self.within(key, None, Some(value)))
    }

    fn compare_items(&mut self, old: Option<NodeId>, new: Option<NodeId>) -> Result<(), String> {
        let (old, new) = (items(self.before, old), items(self.after, new));
        for at in 0..old.len().max(new.len()) {
            self.within(at.to_string(), old.get(at).copied(), new.get(at).copied())?;
        }
        Ok(())
    }

    fn within(&mut self, key: String, old: Option<NodeId>, new: Option<NodeId>) -> Result<(), String> {
        self.path.push(key);
        self.compare(old, new)?;
        self.path.pop();
        Ok(())
    }

    fn differs(&self) -> Result<(), String> {
        Err(format!("the value at `{}` is no longer the same", self.path.join(".")))
    }
}

fn is_null(tree: &Tree, id: NodeId) -> bool {
    tree.scalar(id).is_some_and(|scalar| scalar.style == Style::Absent || read_type(scalar) == Type::Null)
}

fn members(tree: &Tree, id: Option<NodeId>) -> Vec<(String, NodeId)> {
    let members = id.map(|id| tree.members(id)).unwrap_or_default();
    members.into_iter().map(|member| (tree.key(member.entry).to_owned(), member.entry.value)).collect()
}

fn items(tree: &Tree, id: Option<NodeId>) -> Vec<NodeId> {
    id.and_then(|id| tree.sequence(id)).map(|sequence| sequence.items.clone()).unwrap_or_default()
}
