//! Reads YAML text into a tree; the input is bounded in size, depth and expansion.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle};

use crate::{
    compose::{
        error::ComposeError,
        layout::{after_colon, line_end},
        node::{Anchor, Entry, Mapping, Node, NodeId, NodeKind, Scalar, Sequence, Style, Tree},
    },
    source::{Span, place},
};

/// Largest text that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// Deepest nesting that is read, in the text.
pub const MAX_DEPTH: usize = 64;
/// Largest number of nodes of the text; of 5,489 public compose files the largest has 2,859.
pub const MAX_NODES: usize = 30_000;
/// Largest number of nodes once the aliases are expanded; the largest of those files has 5,292.
pub const MAX_EXPANDED: usize = 60_000;
/// Deepest nesting once the aliases are expanded.
const MAX_HEIGHT: usize = 200;

/// Reads the first document of `text` that is not empty.
///
/// # Errors
/// On text that is not YAML, on a key that occurs twice or is not a text, and over the limits above.
pub fn read(text: &str) -> Result<Tree, ComposeError> {
    if text.len() > MAX_BYTES {
        let message =
            format!("the file is larger than {} MiB; compose files are read up to that", MAX_BYTES >> 20);
        return Err(ComposeError::new(Span::at(0), message));
    }
    let options = granit_parser::options! {
        emit_anchor_events: true,
        emit_comments: false,
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader::new(text);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, place) = event.map_err(|error| syntax_error(text, &error))?;
        let range = place.byte_range().unwrap_or(text.len()..text.len());
        let tag = place.tag_span().and_then(|span| span.byte_range()).map(Span::from);
        reader.take(event, Span::from(range), tag)?;
    }
    reader.tree.nodes.shrink_to_fit();
    Ok(reader.tree)
}

/// A collection that is still open.
struct Open {
    id: NodeId,
    key: Option<NodeId>,
    seen: HashSet<String>,
}

/// How large a node becomes once its aliases are expanded.
#[derive(Clone, Copy)]
struct Weight {
    nodes: usize,
    height: usize,
}

struct Reader<'t> {
    text: &'t str,
    tree: Tree,
    weights: Vec<Weight>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    last: Option<NodeId>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let tree = Tree { nodes: Vec::new(), root: None, further: None, length: text.len() };
        let (weights, open, anchors) = (Vec::new(), Vec::new(), HashMap::new());
        Self { text, tree, weights, open, anchors, last: None, at: 0 }
    }

    fn take(&mut self, event: Event<'_>, span: Span, tag: Option<Span>) -> Result<(), ComposeError> {
        if let Event::DocumentStart(..) = event {
            self.anchors.clear();
            if self.tree.root.is_some() && self.tree.further.is_none() {
                self.tree.further = Some(span);
            }
        }
        if self.tree.further.is_some() {
            return Ok(());
        }
        match event {
            Event::Scalar(value, style, ..) => {
                let (span, style) = self.scalar_place(span, style);
                let value = if style == Style::Absent { String::new() } else { value.into_owned() };
                let id = self.add(span, NodeKind::Scalar(Scalar { value, style }), tag)?;
                self.attach(id)?;
            }
            Event::Alias(id) => self.alias(id, span)?,
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                let span = if flow { span } else { self.dash(span) };
                self.enter(span, NodeKind::Sequence(Sequence { items: Vec::new(), flow }), tag)?;
            }
            Event::MappingStart(style, ..) => {
                // The pair `[a: b]` is a flow mapping without braces; it cannot take a second entry.
                let flow = style == StructureStyle::Flow;
                self.enter(span, NodeKind::Mapping(Mapping { entries: Vec::new(), flow }), tag)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(span)?,
            Event::Anchor(id, name) => {
                if let Some(last) = self.last {
                    self.anchors.insert(id, last);
                    self.tree.nodes[last.0].anchor =
                        Some(Box::new(Anchor { name: name.into_owned(), span, used: false }));
                }
            }
            _ => {}
        }
        self.at = self.at.max(span.end());
        Ok(())
    }

    fn add(&mut self, span: Span, kind: NodeKind, tag: Option<Span>) -> Result<NodeId, ComposeError> {
        if self.tree.nodes.len() >= MAX_NODES {
            return Err(ComposeError::new(
                span,
                format!("the file has more than {MAX_NODES} values; split it"),
            ));
        }
        let id = NodeId(self.tree.nodes.len());
        let tag = tag.and_then(|tag| self.text.get(tag.range())).map(Box::from);
        self.tree.nodes.push(Node { span, kind, anchor: None, tag });
        self.weights.push(Weight { nodes: 1, height: 1 });
        self.last = Some(id);
        Ok(id)
    }

    fn enter(&mut self, span: Span, kind: NodeKind, tag: Option<Span>) -> Result<(), ComposeError> {
        let id = self.add(span, kind, tag)?;
        self.open.push(Open { id, key: None, seen: HashSet::new() });
        Ok(())
    }

    fn leave(&mut self, span: Span) -> Result<(), ComposeError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let end = match &self.tree.node(open.id).kind {
            NodeKind::Sequence(Sequence { flow: true, .. })
            | NodeKind::Mapping(Mapping { flow: true, .. }) => span.end(),
            NodeKind::Sequence(sequence) => self.end_of(sequence.items.last().copied()),
            NodeKind::Mapping(mapping) => self.end_of(mapping.entries.last().map(|entry| entry.value)),
            _ => span.end(),
        };
        let node = &mut self.tree.nodes[open.id.0];
        node.span = Span::new(node.span.start(), end.max(node.span.start()));
        self.attach(open.id)
    }

    fn end_of(&self, id: Option<NodeId>) -> usize {
        id.map_or(0, |id| self.tree.end(id))
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), ComposeError> {
        let Some(target) = self.anchors.get(&anchor).copied() else {
            return Err(ComposeError::new(
                span,
                "this alias has no anchor before it; define the anchor first",
            ));
        };
        if self.open.iter().any(|open| open.id == target) {
            return Err(ComposeError::new(
                span,
                "this alias refers to a value that contains it; remove one of the two",
            ));
        }
        if let Some(anchor) = &mut self.tree.nodes[target.0].anchor {
            anchor.used = true;
        }
        let id = self.add(span, NodeKind::Alias(target), None)?;
        self.weights[id.0] = self.weights[target.0];
        self.attach(id)
    }

    /// Puts a finished node where it belongs: into the open collection, or at the root.
    fn attach(&mut self, id: NodeId) -> Result<(), ComposeError> {
        let Some(open) = self.open.last_mut() else {
            if !matches!(&self.tree.node(id).kind, NodeKind::Scalar(Scalar { style: Style::Absent, .. })) {
                self.tree.root = Some(id);
            }
            return Ok(());
        };
        let parent = open.id;
        match &mut self.tree.nodes[parent.0].kind {
            NodeKind::Sequence(sequence) => sequence.items.push(id),
            NodeKind::Mapping(mapping) => match open.key.take() {
                Some(key) => mapping.entries.push(Entry { key, value: id }),
                None => {
                    open.key = Some(id);
                    return self.check_key(id, parent);
                }
            },
            _ => {}
        }
        self.weigh(id, parent)
    }

    fn check_key(&mut self, id: NodeId, parent: NodeId) -> Result<(), ComposeError> {
        let node = self.tree.node(id);
        let NodeKind::Scalar(scalar) = &node.kind else {
            let message = "a key must be a text; if this file is a template, run on its result";
            return Err(ComposeError::new(node.span, message));
        };
        let (key, span) = (scalar.value.clone(), node.span);
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if open.seen.insert(key.clone()) {
            return Ok(());
        }
        let first = self.tree.mapping(parent).and_then(|mapping| self.tree.own(mapping, &key));
        let line = first.map_or(0, |entry| place(self.text, self.tree.node(entry.key).span.start()).line);
        let message = format!("the key `{key}` is already on line {line}; keep one of the two");
        Err(ComposeError::new(span, message))
    }

    fn weigh(&mut self, child: NodeId, parent: NodeId) -> Result<(), ComposeError> {
        let child_weight = self.weights[child.0];
        let weight = &mut self.weights[parent.0];
        weight.nodes = weight.nodes.saturating_add(child_weight.nodes);
        weight.height = weight.height.max(child_weight.height + 1);
        if weight.nodes <= MAX_EXPANDED && weight.height <= MAX_HEIGHT {
            return Ok(());
        }
        let message = "the aliases of this file expand to too many values; write the values out";
        Err(ComposeError::new(self.tree.node(child).span, message))
    }

    /// The span from the first written character on, which the parser reports differently per style.
    fn scalar_place(&self, span: Span, style: ScalarStyle) -> (Span, Style) {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            _ if span.is_empty() => Style::Absent,
            _ => Style::Plain,
        };
        match style {
            Style::Absent => (Span::at(after_colon(self.text, span.start()).unwrap_or(span.start())), style),
            Style::Literal | Style::Folded => (self.block_scalar(span), style),
            _ => (span, style),
        }
    }

    fn block_scalar(&self, span: Span) -> Span {
        let header = self.block_header(span.start());
        let first_line = &self.text[header..line_end(self.text, header)];
        let indicators = first_line.split([' ', '\t', '#']).next().unwrap_or_default();
        if indicators.contains('+') {
            return Span::new(header, span.end().max(header));
        }
        let content = span.of(self.text).trim_end_matches(['\n', '\r', ' ', '\t']);
        if content.is_empty() {
            return Span::new(header, header + first_line.len());
        }
        Span::new(header, line_end(self.text, span.start() + content.len()))
    }

    /// The place of a block list; where the `-` is not indented, the parser reports its first item instead.
    fn dash(&self, span: Span) -> Span {
        let is_value = self.open.last().is_some_and(|open| open.key.is_some());
        if is_value { Span::at(self.indicator(&['-'], span.end())) } else { span }
    }

    fn block_header(&self, limit: usize) -> usize {
        self.indicator(&['|', '>'], limit)
    }

    /// The first of `indicators` after the last token, past anchors, tags and comments; else `limit`.
    fn indicator(&self, indicators: &[char], limit: usize) -> usize {
        let mut at = self.at.min(limit);
        while at < limit {
            let rest = &self.text[at..limit];
            let Some(first) = rest.chars().next() else { break };
            at += match first {
                _ if indicators.contains(&first) => return at,
                '#' => rest.find('\n').unwrap_or(rest.len()),
                '&' | '!' => rest.find(char::is_whitespace).unwrap_or(rest.len()),
                other => other.len_utf8(),
            };
        }
        limit
    }
}

fn syntax_error(text: &str, error: &ScanError) -> ComposeError {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..line_end(text, at)];
    let advice = if line.contains("{{") || line.contains("{%") {
        "; this looks like a template, run on its result"
    } else if line.trim_start_matches(' ').starts_with('\t') {
        "; indent with spaces"
    } else {
        ""
    };
    ComposeError::new(Span::at(at), format!("{}{advice}", error.info()))
}
