//! One service of a compose file by itself, so that trying out an edit costs no more than the service is long.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    compose::{
        edit::Edits,
        file::Compose,
        layout::{column, line_ending, line_start},
        locate::own_entry,
        node::{Entry, Node, NodeId, NodeKind, Tree},
        refusal::{EditRefusal, Obstacle},
    },
    edit::{Edit, apply},
    source::{FileId, Span},
};

/// A compose file that holds one service of another one, in that one's words, and what its aliases stand for.
///
/// Where other services have a say in what is edited, through an anchor in this one, it is the whole file instead.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// Its view.
    pub compose: Compose,
    /// Where each piece starts here and in the whole file, both ascending. The last piece is the service.
    pieces: Vec<(usize, usize)>,
}

impl Excerpt {
    /// The service called `service` of the file `text`, which `compose` was parsed from.
    pub fn of(text: &str, compose: &Compose, service: &str) -> Self {
        let part = Outline::of(text, &compose.tree).and_then(|outline| {
            let (part, pieces) = outline.cut(service)?;
            let inner = Compose { habits: compose.habits, ..Compose::parse(&part).ok()? };
            let is_there = inner.tree.further.is_none() && inner.service(service).is_some();
            is_there.then_some(Self { text: part, compose: inner, pieces })
        });
        part.unwrap_or_else(|| Self { text: text.to_owned(), compose: compose.clone(), pieces: vec![(0, 0)] })
    }

    /// The same with `edits`, which are in its own coordinates.
    ///
    /// # Errors
    /// When they overlap, or the text after them does not parse.
    pub fn with(&self, edits: Edits) -> Result<Self, EditRefusal> {
        let refuse = |why: String| EditRefusal::new(self.span(Span::at(0)), Obstacle::Unsafe, why);
        let edits: Vec<Edit> =
            edits.into_iter().map(|(span, text)| Edit::replace(FileId(0), span, text)).collect();
        let text = apply(&self.text, &edits).map_err(|error| refuse(error.to_string()))?;
        let compose = Compose::parse(&text).map_err(|error| refuse(error.to_string()))?;
        let compose = Compose { habits: self.compose.habits, ..compose };
        Ok(Self { text, compose, pieces: self.pieces.clone() })
    }

    /// Edits or a refusal of this excerpt, with the places that they have in the whole file.
    ///
    /// # Errors
    /// The refusal.
    pub fn outside(&self, edits: Result<Edits, EditRefusal>) -> Result<Edits, EditRefusal> {
        match edits {
            Ok(edits) => Ok(edits.into_iter().map(|(span, text)| (self.span(span), text)).collect()),
            Err(refusal) => Err(EditRefusal { span: self.span(refusal.span), ..refusal }),
        }
    }

    /// The one replacement in the whole file that makes `after` of this excerpt.
    pub fn difference(&self, after: &Self) -> (Span, String) {
        let (old, new) = (self.text.as_str(), after.text.as_str());
        let pairs = old.char_indices().zip(new.chars());
        let start =
            pairs.clone().find(|((_, a), b)| a != b).map_or(old.len().min(new.len()), |((at, _), _)| at);
        let shared = old[start..].chars().rev().zip(new[start..].chars().rev()).take_while(|(a, b)| a == b);
        let tail: usize = shared.map(|(a, _)| a.len_utf8()).sum();
        (self.span(Span::new(start, old.len() - tail)), new[start..new.len() - tail].to_owned())
    }

    /// The place in the whole file of a span of this excerpt.
    pub fn span(&self, span: Span) -> Span {
        let next = self.pieces.partition_point(|(here, _)| *here <= span.start()).max(1);
        let (here, there) = self.pieces[next - 1];
        let start = there + (span.start() - here);
        Span::new(start, start + span.len())
    }
}

/// How many values the file holds, keys among them.
pub fn values(compose: &Compose) -> usize {
    compose.tree.nodes.len()
}

/// How many values the excerpts of all services of the file hold together; counted up to somewhat above `most`.
pub fn values_tried(text: &str, compose: &Compose, most: usize) -> usize {
    let outline = Outline::of(text, &compose.tree);
    let whole = compose.tree.nodes.len();
    let mut count = 0;
    for service in &compose.services {
        let own = outline.as_ref().and_then(|outline| outline.needed_by(&service.name));
        count += own.map_or(whole, |own| own.iter().map(|(first, end)| end - first).sum());
        if count > most {
            break;
        }
    }
    count
}

/// A file whose services stand in a plain block: which nodes and lines each of its entries has.
struct Outline<'t> {
    text: &'t str,
    tree: &'t Tree,
    /// The entries of the file.
    root: &'t [Entry],
    /// The entries of `services`.
    services: &'t [Entry],
    /// The entry that holds them.
    block: Entry,
}

impl<'t> Outline<'t> {
    fn of(text: &'t str, tree: &'t Tree) -> Option<Self> {
        let top = tree.root.filter(|_| tree.further.is_none())?;
        let root = tree.mapping(top)?;
        let block = own_entry(tree, root, "services")?;
        let services = match &tree.node(block.value).kind {
            NodeKind::Mapping(mapping) if !root.flow && !mapping.flow => &mapping.entries,
            _ => return None,
        };
        let is_plain = tree.node(block.value).anchor.is_none() && tree.node(top).anchor.is_none();
        let has_merge = services.iter().any(|entry| tree.is_merge(*entry));
        let is_at_left = column(text, tree.node(block.key).span.start()) == 0;
        let is_indented = |entry: &Entry| column(text, tree.node(entry.key).span.start()) > 0;
        let is_fit = is_plain && !has_merge && is_at_left && services.first().is_some_and(is_indented);
        is_fit.then_some(Self { text, tree, root: &root.entries, services, block })
    }

    /// The text of a service with what its aliases stand for, and where the pieces of it start, here and there.
    fn cut(&self, service: &str) -> Option<(String, Vec<(usize, usize)>)> {
        let (mut text, mut pieces) = (String::new(), Vec::new());
        let mut is_headed = false;
        for (first, end) in self.needed_by(service)? {
            let lines = self.lines(first..end)?;
            if first > self.block.key.0 && !is_headed {
                is_headed = true;
                pieces.push((text.len(), self.tree.node(self.block.key).span.start()));
                text += "services:";
                text += line_ending(self.text, 0);
            }
            pieces.push((text.len(), lines.start()));
            text += lines.of(self.text);
        }
        Some((text, pieces))
    }

    /// The nodes of the entries that a service needs; none where another one may use what is in it.
    fn needed_by(&self, service: &str) -> Option<BTreeMap<usize, usize>> {
        let own = self.services.iter().find(|entry| self.tree.key(**entry) == service)?;
        let own = self.nodes_at(own.key)?;
        let is_shared = |node: &Node| node.anchor.as_ref().is_some_and(|anchor| anchor.used);
        if self.tree.nodes[own.clone()].iter().any(is_shared) {
            return None;
        }
        self.needed(own)
    }

    /// The nodes of the entries that one needs, it among them: first and end of each, in the order of the file.
    fn needed(&self, own: Range<usize>) -> Option<BTreeMap<usize, usize>> {
        let mut needed = BTreeMap::new();
        let mut waiting = vec![own];
        while let Some(nodes) = waiting.pop() {
            if needed.insert(nodes.start, nodes.end).is_some() {
                continue;
            }
            for node in &self.tree.nodes[nodes] {
                if let NodeKind::Alias(target) = node.kind {
                    waiting.push(self.nodes_at(target)?);
                }
            }
        }
        Some(needed)
    }

    /// The nodes of the entry that `node` is in: of a service, or of what stands beside `services`.
    fn nodes_at(&self, node: NodeId) -> Option<Range<usize>> {
        let at = self.root.partition_point(|entry| entry.key <= node).checked_sub(1)?;
        let end = self.root.get(at + 1).map_or(self.tree.nodes.len(), |next| next.key.0);
        if self.root[at].key != self.block.key {
            return Some(self.root[at].key.0..end);
        }
        let at = self.services.partition_point(|entry| entry.key <= node).checked_sub(1)?;
        let end = self.services.get(at + 1).map_or(end, |next| next.key.0);
        Some(self.services[at].key.0..end)
    }

    /// The lines of an entry; nothing where it does not start a line.
    fn lines(&self, nodes: Range<usize>) -> Option<Span> {
        let line_of = |node: &Node| line_start(self.text, node.span.start());
        let key = &self.tree.nodes[nodes.start];
        let end = self.tree.nodes.get(nodes.end).map_or(self.text.len(), line_of);
        let start = line_of(key);
        let stands_alone = self.text[start..key.span.start()].trim().is_empty() && start < end;
        stands_alone.then(|| Span::new(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{NewValue, insert_entry};

    const TEXT: &str = "name: x\nservices:\n    a:\n        image: a\n    # about b\n    b:\n        image: b # why\n\
                        volumes:\n    v:\n";

    fn excerpt(text: &str, service: &str) -> Excerpt {
        Excerpt::of(text, &Compose::parse(text).expect("parses"), service)
    }

    #[test]
    fn edits_are_those_of_the_whole_file() {
        let compose = Compose::parse(TEXT).expect("parses");
        for service in ["a", "b"] {
            let entry = || ("init", NewValue::Scalar("true".to_owned()));
            let path = ["services", service];
            let part = excerpt(TEXT, service);
            assert!(part.text.len() < TEXT.len());
            let inside = part.outside(insert_entry(&part.text, &part.compose, &path, entry()));
            assert_eq!(inside, insert_entry(TEXT, &compose, &path, entry()));
        }
    }

    #[test]
    fn what_aliases_stand_for_comes_along() {
        let text = "x-b: &b [c]\nx-a: &a\n  cap_drop: *b\nx-c: 1\nservices:\n  o: &o\n    user: o\n  p:\n    user: p\n  \
                    # me\n  a:\n    <<: [*a, *o]\n    init: true\n  z:\n    <<: *a\n";
        let part = excerpt(text, "a");
        let expected = "x-b: &b [c]\nx-a: &a\n  cap_drop: *b\nservices:\n  o: &o\n    user: o\n  a:\n    <<: [*a, *o]\n    \
                        init: true\n";
        assert_eq!(part.text, expected);
        let service = part.compose.service("a").expect("it is there");
        assert_eq!(service.cap_drop[0].value, "c");
        for word in ["x-b", "cap_drop", "services", "user: o", "init"] {
            let here = part.text.find(word).expect("it is there");
            assert_eq!(part.span(Span::new(here, here + word.len())).of(text), word);
        }
    }

    #[test]
    fn a_service_that_others_have_a_say_in_is_not_cut_out() {
        for whole in ["services: {a: {image: a}}\n", "services:\n  a: &a\n    image: a\n  b: *a\n"] {
            assert_eq!(excerpt(whole, "a").text, whole);
        }
    }
}
