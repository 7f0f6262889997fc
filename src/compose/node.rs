//! A YAML document as a tree of nodes, each with its span in the text.

use crate::source::Span;

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

/// One value, key or alias as it is written.
#[derive(Clone, Debug)]
pub struct Node {
    /// The written value without anchor and tag; a block scalar starts at its `|` or `>`.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
    /// The anchor that it carries.
    pub anchor: Option<Box<Anchor>>,
    /// Its explicit tag as written, as in `!reset`.
    pub tag: Option<Box<str>>,
}

/// The kinds of node.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A text, a number, a switch or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Sequence),
    /// Keys with values.
    Mapping(Mapping),
    /// A reference to the node that carries an anchor.
    Alias(NodeId),
}

/// A scalar: its value after escapes, and how it is written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The value without quotes and escapes.
    pub value: String,
    /// How it is written.
    pub style: Style,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Nothing is written: `key:`.
    Absent,
    /// Without quotes.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// A list.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The items in order.
    pub items: Vec<NodeId>,
    /// Whether it is written in brackets.
    pub flow: bool,
}

/// Keys with values, in the order of the text.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The entries as written, `<<` among them; no scalar key occurs twice.
    pub entries: Vec<Entry>,
    /// Whether it is written in braces.
    pub flow: bool,
}

/// One key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The key, always a scalar.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
}

/// An anchor on a node.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The name without `&`.
    pub name: String,
    /// The text `&name`.
    pub span: Span,
    /// Whether an alias refers to it.
    pub used: bool,
}

/// The first document of a file.
///
/// No alias lies within the node that it refers to, and the aliases expand to a bounded number of nodes.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// The value of the document, if there is one.
    pub root: Option<NodeId>,
    /// Where a further document starts.
    pub further: Option<Span>,
    /// Length of the text that was read.
    pub length: usize,
}

impl Tree {
    /// The node as written.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The node that an alias refers to, or the node itself.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            NodeKind::Alias(target) => target,
            _ => id,
        }
    }

    /// The scalar at `id`, seen through an alias.
    pub fn scalar(&self, id: NodeId) -> Option<&Scalar> {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The sequence at `id`, seen through an alias.
    pub fn sequence(&self, id: NodeId) -> Option<&Sequence> {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Sequence(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// The mapping at `id`, seen through an alias.
    pub fn mapping(&self, id: NodeId) -> Option<&Mapping> {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The text of a key.
    pub fn key(&self, entry: Entry) -> &str {
        self.scalar(entry.key).map_or("", |scalar| &scalar.value)
    }

    /// The end of a node or of its anchor, whichever is later.
    pub fn end(&self, id: NodeId) -> usize {
        let node = self.node(id);
        node.anchor.as_ref().map_or(0, |anchor| anchor.span.end()).max(node.span.end())
    }

    /// The entry from its key to the end of its value.
    pub fn entry_span(&self, entry: Entry) -> Span {
        let key = self.node(entry.key).span;
        Span::new(key.start(), self.end(entry.value).max(key.end()))
    }

    /// The value under a key that is written in the mapping itself.
    pub fn own(&self, mapping: &Mapping, key: &str) -> Option<Entry> {
        mapping.entries.iter().copied().find(|entry| self.key(*entry) == key)
    }
}
