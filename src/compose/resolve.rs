//! Aliases and merge keys resolved as compose does, remembering what is inherited.

use std::{borrow::Cow, collections::HashSet, ops::Deref};

use crate::{
    compose::{
        node::{Entry, NodeId, NodeKind, Scalar, Style, Tree},
        scalar::{Type, is_interpolated, read_type},
    },
    source::Span,
};

/// Whether a value is written where it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It is written there.
    Own,
    /// An alias or a `<<` brings it from elsewhere.
    Inherited,
}

/// A value with its place. Most of the many that a service may have are absent, so one takes no room of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<T>(Box<Placed<T>>);

/// What a [`Field`] holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The written value; for an alias the alias.
    pub span: Span,
    /// The whole entry with its key, or the item of a list.
    pub entry: Span,
    /// Whether it is written there.
    pub origin: Origin,
    /// Whether the value holds a variable, as in `${MEMORY:-512M}`.
    pub interpolated: bool,
}

impl<T> Field<T> {
    /// The same place with the value turned into something else.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Field<U> {
        let Placed { value, span, entry, origin, interpolated } = *self.0;
        Field(Box::new(Placed { value: turn(value), span, entry, origin, interpolated }))
    }

    /// The same, known to hold a variable where `has_variable`.
    pub(crate) fn interpolated_if(mut self, has_variable: bool) -> Self {
        self.0.interpolated |= has_variable;
        self
    }
}

impl<T> Deref for Field<T> {
    type Target = Placed<T>;

    fn deref(&self) -> &Placed<T> {
        &self.0
    }
}

/// A value that has to be read further.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<T> {
    /// The value as the file has it, without quotes.
    pub text: String,
    /// What it means; nothing when it is malformed or holds a variable.
    pub value: Option<T>,
}

/// An entry of a mapping as it takes effect.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The entry.
    pub entry: Entry,
    /// Whether it is written in the mapping itself.
    pub origin: Origin,
}

impl Tree {
    /// The entries of a mapping after `<<`: its own ones first, of several equal keys the first.
    ///
    /// The merge is shallow: a key of the mapping hides the whole inherited value.
    pub fn members(&self, mapping: NodeId) -> Vec<Member> {
        let mut found =
            Members { tree: self, keys: HashSet::new(), merged: HashSet::new(), members: Vec::new() };
        found.merge(mapping, Origin::Own);
        found.members
    }

    /// The entry under `key` as it takes effect.
    pub fn member(&self, mapping: NodeId, key: &str) -> Option<Member> {
        self.find(mapping, key, &mut HashSet::new())
    }

    fn find(&self, id: NodeId, key: &str, searched: &mut HashSet<NodeId>) -> Option<Member> {
        let id = self.resolve(id);
        if !searched.insert(id) {
            return None;
        }
        let mapping = self.mapping(id)?;
        let own = |entry: &&Entry| self.key(**entry) == key && !self.is_merge(**entry);
        if let Some(entry) = mapping.entries.iter().find(own) {
            return Some(Member { entry: *entry, origin: Origin::Own });
        }
        let merges = mapping.entries.iter().filter(|entry| self.is_merge(**entry));
        let found = merges.flat_map(|entry| self.merged(*entry)).find_map(|id| self.find(id, key, searched));
        found.map(|member| Member { origin: Origin::Inherited, ..member })
    }

    /// The mappings that a `<<` brings, the first one first.
    fn merged(&self, entry: Entry) -> Vec<NodeId> {
        match self.sequence(entry.value) {
            Some(sequence) => sequence.items.clone(),
            None => vec![entry.value],
        }
    }

    /// Whether the entry is `<<` without quotes.
    pub fn is_merge(&self, entry: Entry) -> bool {
        matches!(self.scalar(entry.key), Some(Scalar { value, style: Style::Plain }) if value == "<<")
    }
}

struct Members<'t> {
    tree: &'t Tree,
    keys: HashSet<&'t str>,
    merged: HashSet<NodeId>,
    members: Vec<Member>,
}

impl<'t> Members<'t> {
    fn merge(&mut self, id: NodeId, origin: Origin) {
        let id = self.tree.resolve(id);
        // A mapping that was merged before has nothing new to add.
        if !self.merged.insert(id) {
            return;
        }
        let tree = self.tree;
        let Some(mapping) = tree.mapping(id) else { return };
        for entry in mapping.entries.iter().filter(|entry| !tree.is_merge(**entry)) {
            if self.keys.insert(tree.key(*entry)) {
                self.members.push(Member { entry: *entry, origin });
            }
        }
        for entry in mapping.entries.iter().filter(|entry| tree.is_merge(**entry)) {
            tree.merged(*entry).into_iter().for_each(|id| self.merge(id, Origin::Inherited));
        }
    }
}

/// A place in the resolved document, with the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    pub(crate) tree: &'t Tree,
    /// The node as written, perhaps an alias.
    pub(crate) node: NodeId,
    pub(crate) entry: Span,
    pub(crate) key: Span,
    pub(crate) origin: Origin,
    /// The key or the position that leads here.
    name: Cow<'t, str>,
}

impl<'t> Cursor<'t> {
    /// The root of the document.
    pub(crate) fn root(text: &'t str, tree: &'t Tree) -> Option<Self> {
        let node = tree.root?;
        let span = tree.node(node).span;
        Some(Self { text, tree, node, entry: span, key: span, origin: Origin::Own, name: Cow::default() })
    }

    /// The entries of the mapping; none when it is not a mapping. Values with `!reset` are left out.
    pub(crate) fn entries(&self) -> Vec<Self> {
        let members = self.tree.members(self.node);
        members.into_iter().map(|member| self.enter(member)).filter(|entry| !entry.is_reset()).collect()
    }

    /// The keys of the mapping that set back what other files say, by `!reset` or `!override`.
    pub(crate) fn set_back(&self) -> Vec<Field<String>> {
        let members = self.tree.members(self.node).into_iter().map(|member| self.enter(member));
        let is_set_back =
            |entry: &Self| matches!(self.tree.node(entry.node).tag.as_deref(), Some("!reset" | "!override"));
        members.filter(is_set_back).map(|entry| entry.field(entry.name().to_owned())).collect()
    }

    /// The value under `key`, unless nothing is written there.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let found = self.enter(self.tree.member(self.node, key)?);
        (!found.is_reset() && !found.is_absent()).then_some(found)
    }

    /// The items of the sequence; none when it is not a sequence.
    pub(crate) fn items(&self) -> Vec<Self> {
        let Some(sequence) = self.tree.sequence(self.node) else { return Vec::new() };
        let items = sequence.items.iter().enumerate();
        items.map(|(index, item)| self.step(*item, index.to_string().into(), None)).collect()
    }

    /// The items of a sequence, or the one value that stands for it.
    pub(crate) fn items_or_self(&self) -> Vec<Self> {
        if self.is_sequence() { self.items() } else { vec![self.clone()] }
    }

    pub(crate) fn is_sequence(&self) -> bool {
        self.tree.sequence(self.node).is_some()
    }

    pub(crate) fn is_mapping(&self) -> bool {
        self.tree.mapping(self.node).is_some()
    }

    /// The value of a scalar.
    pub(crate) fn value(&self) -> Option<&'t str> {
        self.tree.scalar(self.node).map(|scalar| scalar.value.as_str())
    }

    /// The written value.
    pub(crate) fn span(&self) -> Span {
        self.tree.node(self.node).span
    }

    /// The key or the position that leads here.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A field at this place.
    pub(crate) fn field<T>(&self, value: T) -> Field<T> {
        Field(Box::new(Placed {
            value,
            span: self.span(),
            entry: self.entry,
            origin: self.origin,
            interpolated: self.value().is_some_and(is_interpolated),
        }))
    }

    /// The scalar here as text.
    pub(crate) fn text_field(&self) -> Option<Field<String>> {
        self.value().map(|value| self.field(value.to_owned()))
    }

    /// The texts of the list under `key`, or the one text that stands for it.
    pub(crate) fn texts(&self, key: &str) -> Vec<Field<String>> {
        let items = self.get(key).map(|value| value.items_or_self()).unwrap_or_default();
        items.iter().filter_map(Self::text_field).collect()
    }

    /// A scalar, or nothing where no value is written; not a collection.
    pub(crate) fn text_or_nothing(&self) -> Option<Option<String>> {
        let scalar = self.tree.scalar(self.node)?;
        Some((read_type(scalar) != Type::Null).then(|| scalar.value.clone()))
    }

    /// The name of the anchor here, when an alias uses it.
    pub(crate) fn shared_anchor(&self) -> Option<&'t str> {
        let node = self.tree.node(self.tree.resolve(self.node));
        node.anchor.as_ref().filter(|anchor| anchor.used).map(|anchor| anchor.name.as_str())
    }

    /// The scalar here read by `parse`; what is not a scalar stays text.
    pub(crate) fn parsed<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Field<Parsed<T>> {
        let text = self.value().unwrap_or_else(|| self.span().of(self.text)).to_owned();
        let value = self.value().filter(|value| !is_interpolated(value)).and_then(parse);
        self.field(Parsed { text, value })
    }

    fn enter(&self, member: Member) -> Self {
        let key = self.tree.key(member.entry);
        let mut entered = self.step(member.entry.value, key.into(), Some(member.entry));
        entered.origin = entered.origin.max(member.origin);
        entered
    }

    fn step(&self, node: NodeId, name: Cow<'t, str>, entry: Option<Entry>) -> Self {
        let span = self.tree.node(node).span;
        let (key, entry) = match entry {
            Some(entry) => (self.tree.node(entry.key).span, self.tree.entry_span(entry)),
            None => (span, span),
        };
        let is_alias = matches!(self.tree.node(node).kind, NodeKind::Alias(_));
        let origin = if is_alias { Origin::Inherited } else { self.origin };
        Self { text: self.text, tree: self.tree, node, entry, key, origin, name }
    }

    fn is_reset(&self) -> bool {
        self.tree.node(self.node).tag.as_deref() == Some("!reset")
    }

    fn is_absent(&self) -> bool {
        matches!(self.tree.scalar(self.node), Some(Scalar { style: Style::Absent, .. }))
    }
}
