//! From a path of keys to the one place in the text that decides its value.

use crate::{
    compose::{
        node::{Entry, Mapping, NodeId, NodeKind, Tree},
        refusal::{EditRefusal, Obstacle},
    },
    source::Span,
};

/// A node that may be edited: nothing on the way to it is shared or inherited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The node as written.
    pub(crate) node: NodeId,
    /// Its entry, unless it is the root or an item of a list.
    pub(crate) entry: Option<Entry>,
    /// Whether it lies in braces or brackets.
    pub(crate) in_flow: bool,
}

/// The place of `path` in `tree`; a number is the position in a list.
pub(crate) fn locate(tree: &Tree, path: &[&str]) -> Result<Found, EditRefusal> {
    if let Some(span) = tree.further {
        let why = "the file holds several YAML documents; only files with one are edited";
        return Err(EditRefusal::new(span, Obstacle::Documents, why));
    }
    let Some(root) = tree.root else {
        return Err(EditRefusal::new(Span::at(0), Obstacle::Missing, "the file is empty"));
    };
    let mut found = Found { node: root, entry: None, in_flow: false };
    check(tree, root)?;
    for key in path {
        found = step(tree, found, key)?;
        check(tree, found.node)?;
    }
    Ok(found)
}

/// The refusal for a key that `<<` brings, if it does.
pub(crate) fn check_not_merged(tree: &Tree, mapping: NodeId, key: &str) -> Result<(), EditRefusal> {
    let Some(member) = tree.member(mapping, key) else { return Ok(()) };
    let why = format!("`{key}` comes through `<<`; change it where the anchor is");
    Err(EditRefusal::new(tree.entry_span(member.entry), Obstacle::Inherited, why))
}

/// The entry under `key` that is written in the mapping itself; `<<` is none.
pub(crate) fn own_entry(tree: &Tree, mapping: &Mapping, key: &str) -> Option<Entry> {
    tree.own(mapping, key).filter(|entry| !tree.is_merge(*entry))
}

fn step(tree: &Tree, from: Found, key: &str) -> Result<Found, EditRefusal> {
    let node = tree.node(from.node);
    let missing = || EditRefusal::new(node.span, Obstacle::Missing, format!("there is no `{key}` here"));
    match &node.kind {
        NodeKind::Mapping(mapping) => {
            if let Some(entry) = own_entry(tree, mapping, key) {
                let in_flow = from.in_flow || mapping.flow;
                return Ok(Found { node: entry.value, entry: Some(entry), in_flow });
            }
            check_not_merged(tree, from.node, key)?;
            Err(missing())
        }
        NodeKind::Sequence(sequence) => {
            let item = key.parse().ok().and_then(|at: usize| sequence.items.get(at)).ok_or_else(missing)?;
            Ok(Found { node: *item, entry: None, in_flow: from.in_flow || sequence.flow })
        }
        _ => Err(missing()),
    }
}

fn check(tree: &Tree, id: NodeId) -> Result<(), EditRefusal> {
    let node = tree.node(id);
    if let NodeKind::Alias(_) = node.kind {
        let why = "the value is an alias; change it where the anchor is";
        return Err(EditRefusal::new(node.span, Obstacle::Inherited, why));
    }
    match &node.anchor {
        Some(anchor) if anchor.used => {
            let why = format!("the value carries the anchor `&{}`, which is used elsewhere", anchor.name);
            Err(EditRefusal::new(anchor.span, Obstacle::Shared, why))
        }
        _ => Ok(()),
    }
}
