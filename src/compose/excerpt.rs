//! One service of a compose file by itself, so that trying out an edit costs no more than the service is long.

use crate::{
    compose::{
        edit::Edits,
        file::Compose,
        layout::{column, line_ending, line_start},
        locate::own_entry,
        node::{NodeKind, Tree},
        refusal::{EditRefusal, Obstacle},
    },
    edit::{Edit, apply},
    source::{FileId, Span},
};

/// A compose file that holds one service of another one, in that one's words.
///
/// Where something outside has a say in the service, through an anchor or `<<`, it is the whole file instead.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// Its view.
    pub compose: Compose,
    /// How many bytes stand here in place of those before the service.
    head: usize,
    /// Where the service starts in the whole file.
    start: usize,
}

impl Excerpt {
    /// The service called `service` of the file `text`, which `compose` was parsed from.
    pub fn of(text: &str, compose: &Compose, service: &str) -> Self {
        let part = lines_of(text, &compose.tree, service).and_then(|lines| {
            let head = format!("services:{}", line_ending(text, 0));
            let part = head.clone() + lines.of(text);
            let inner = Compose { habits: compose.habits, ..Compose::parse(&part).ok()? };
            let is_alone = inner.tree.further.is_none() && inner.services.len() == 1;
            is_alone.then_some(Self { text: part, compose: inner, head: head.len(), start: lines.start })
        });
        part.unwrap_or_else(|| Self { text: text.to_owned(), compose: compose.clone(), head: 0, start: 0 })
    }

    /// The same with `edits`, which are in its own coordinates.
    ///
    /// # Errors
    /// When they overlap, or the text after them does not parse.
    pub fn with(&self, edits: Edits) -> Result<Self, EditRefusal> {
        let refuse = |why: String| EditRefusal::new(Span::at(self.start), Obstacle::Unsafe, why);
        let edits: Vec<Edit> =
            edits.into_iter().map(|(span, text)| Edit::replace(FileId(0), span, text)).collect();
        let text = apply(&self.text, &edits).map_err(|error| refuse(error.to_string()))?;
        let compose = Compose::parse(&text).map_err(|error| refuse(error.to_string()))?;
        let compose = Compose { habits: self.compose.habits, ..compose };
        Ok(Self { text, compose, ..*self })
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

    /// The place in the whole file of a span of this excerpt.
    pub fn span(&self, span: Span) -> Span {
        let place = |at: usize| self.start + at.saturating_sub(self.head);
        Span::new(place(span.start), place(span.end))
    }
}

/// The lines of a service that says all that there is to say about it: a block of its own without anchors and
/// aliases, in a plain block of services.
fn lines_of(text: &str, tree: &Tree, service: &str) -> Option<Span> {
    let root = tree.mapping(tree.root.filter(|_| tree.further.is_none())?)?;
    let services = own_entry(tree, root, "services")?;
    let block = match &tree.node(services.value).kind {
        NodeKind::Mapping(mapping) if !root.flow && !mapping.flow => mapping,
        _ => return None,
    };
    let is_plain = tree.node(services.value).anchor.is_none() && tree.node(tree.root?).anchor.is_none();
    let has_merge = block.entries.iter().any(|entry| tree.is_merge(*entry));
    let at = block.entries.iter().position(|entry| tree.key(*entry) == service)?;
    let following = root.entries.iter().skip_while(|entry| entry.key != services.key).nth(1);
    let next = block.entries.get(at + 1).or(following).map(|entry| entry.key);
    let key = block.entries[at].key;
    let nodes = &tree.nodes[key.0..next.map_or(tree.nodes.len(), |next| next.0)];
    let is_closed =
        nodes.iter().all(|node| node.anchor.is_none() && !matches!(node.kind, NodeKind::Alias(_)));
    let start = line_start(text, tree.node(key).span.start);
    let end = next.map_or(text.len(), |next| line_start(text, tree.node(next).span.start));
    let is_indented =
        column(text, tree.node(services.key).span.start) == 0 && column(text, tree.node(key).span.start) > 0;
    let stands_alone = text[start..tree.node(key).span.start].trim().is_empty() && start < end;
    (is_plain && !has_merge && is_closed && is_indented && stands_alone).then(|| Span::new(start, end))
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
    fn a_service_that_others_have_a_say_in_is_not_cut_out() {
        let anchored = "x-a: &a\n  image: a\nservices:\n  a:\n    <<: *a\n  b:\n    image: b\n";
        assert_eq!(excerpt(anchored, "a").text, anchored);
        assert!(excerpt(anchored, "b").text.len() < anchored.len());
        for whole in ["services: {a: {image: a}}\n", "services:\n  a: &a\n    image: a\n  b: *a\n"] {
            assert_eq!(excerpt(whole, "a").text, whole);
        }
    }
}
