//! From rable's tree to [`Script`].
//!
//! rable's spans count characters, so they are mapped to bytes once. It says little of where the parts of a
//! word stand: `boundaries` finds the scripts in a word, and each is read as a script of its own.

use rable::{ListOperator, Node, NodeKind};

use super::{
    Command, Item, Join, Script, ShellWord,
    boundaries::{self, Substitution},
    limits::excess,
    literal,
};
use crate::{docker::lines::Logical, source::Span};

pub(super) fn convert(logical: &Logical) -> Script {
    if let Some(why) = excess(&logical.text) {
        return unreadable(why);
    }
    match rable::parse(&logical.text, false) {
        Err(error) => unreadable(error.message()),
        Ok(nodes) => {
            let mut builder = Builder::new(logical);
            for node in &nodes {
                builder.top(node, Some(Join::Then));
            }
            if builder.is_misread {
                return unreadable("its words can be read in more than one way");
            }
            if let Some(last) = builder.script.items.last_mut() {
                last.join = None;
            }
            builder.script
        }
    }
}

/// The script of a here-document, which the shell gets as it is written.
pub(super) fn convert_heredoc(logical: &Logical) -> Script {
    if logical.text.contains('\r') {
        return unreadable("its lines end in CR LF, and the shell takes the CR for a part of its words");
    }
    convert(logical)
}

/// The script, unless it opens a here-document.
pub(super) fn convert_without_heredocs(logical: &Logical) -> Script {
    let may_open = logical.text.contains("<<") && excess(&logical.text).is_none();
    let opens = || rable::parse(&logical.text, false).is_ok_and(|nodes| nodes.iter().any(holds_heredoc));
    if may_open && opens() {
        return unreadable("the here-document is none that BuildKit sees");
    }
    convert(logical)
}

fn holds_heredoc(node: &Node) -> bool {
    let redirects = match &node.kind {
        NodeKind::HereDoc { .. } => return true,
        NodeKind::Command { redirects, .. } => redirects.as_slice(),
        _ => &[],
    };
    redirects.iter().chain(children(&node.kind)).any(holds_heredoc)
}

fn unreadable(why: &str) -> Script {
    Script { unreadable: Some(why.to_owned()), ..Script::default() }
}

/// Byte offset of each character and of the end; `None` when characters are bytes.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
}

struct Builder<'l> {
    logical: &'l Logical,
    /// The part of the text that is read as a script: all of it, or a substitution.
    part: Span,
    bytes: Option<Vec<usize>>,
    script: Script,
    /// Whether rable ended a word elsewhere than a shell does.
    is_misread: bool,
}

impl<'l> Builder<'l> {
    fn new(logical: &'l Logical) -> Self {
        let (part, bytes) = (Span::new(0, logical.text.len()), byte_offsets(&logical.text));
        Self { logical, part, bytes, script: Script::default(), is_misread: false }
    }

    fn logical_span(&self, node: &Node) -> Span {
        let Span { start, end } = self.part;
        let byte = |at: usize| match &self.bytes {
            Some(offsets) => offsets.get(at).map_or(end, |offset| start + offset),
            None => (start + at).min(end),
        };
        let (start, end) = (byte(node.span.start), byte(node.span.end));
        Span::new(start, end.max(start))
    }

    /// A redirection with the number before it, which rable leaves out.
    fn redirect_span(&self, node: &Node) -> Span {
        let span = self.logical_span(node);
        let before = &self.logical.text[self.part.start..span.start];
        let rest = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.is_empty() || rest.ends_with(boundaries::ends_word);
        Span::new(span.start - if is_number { before.len() - rest.len() } else { 0 }, span.end)
    }

    fn span(&self, node: &Node) -> Span {
        self.logical.source_span(self.logical_span(node))
    }

    fn top(&mut self, node: &Node, join: Option<Join>) {
        match &node.kind {
            NodeKind::List { items } => {
                for item in items {
                    let own = item.operator.map(|operator| match operator {
                        ListOperator::And => Join::And,
                        ListOperator::Or => Join::Or,
                        ListOperator::Semi => Join::Then,
                        ListOperator::Background => Join::Background,
                    });
                    self.top(&item.command, own.or(join));
                }
            }
            NodeKind::Comment { .. } | NodeKind::Empty => {}
            _ => {
                let index = self.script.items.len();
                let command =
                    matches!(node.kind, NodeKind::Command { .. }).then_some(self.script.commands.len());
                let span = self.span(node);
                self.script.items.push(Item { span, join, command });
                self.visit(node, index, true);
            }
        }
    }

    fn visit(&mut self, node: &Node, item: usize, is_item: bool) {
        match &node.kind {
            NodeKind::Command { assignments, words, redirects } => {
                let spans = redirects.iter().map(|redirect| self.redirect_span(redirect));
                let command = Command {
                    span: self.span(node),
                    assignments: assignments.iter().map(|word| self.word(word)).collect(),
                    words: words.iter().map(|word| self.word(word)).collect(),
                    redirects: spans.map(|span| self.logical.source_span(span)).collect(),
                    stdout: redirects.iter().rev().find_map(|redirect| self.stdout(redirect)),
                    item,
                    is_item,
                };
                self.script.commands.push(command);
                self.is_misread |= !self.is_spaced(assignments.iter().chain(words), redirects);
                for child in assignments.iter().chain(words).chain(redirects) {
                    self.visit(child, item, false);
                }
            }
            NodeKind::Word { .. } => {
                let span = self.logical_span(node);
                let word = boundaries::word(&self.logical.text[..self.part.end], span.start);
                let found = word.filter(|word| word.end == span.end).map(|word| word.substitutions);
                self.visit_scripts(found, item);
            }
            NodeKind::Redirect { .. } | NodeKind::ConditionalExpr { .. } => {
                let span = self.logical_span(node);
                self.visit_scripts(boundaries::substitutions(&self.logical.text, span), item);
            }
            NodeKind::For { body, redirects, .. } | NodeKind::Select { body, redirects, .. } => {
                // The words of its head have no places.
                let head = Span::new(self.logical_span(node).start, self.logical_span(body).start);
                self.visit_scripts(boundaries::substitutions(&self.logical.text, head), item);
                for child in [&**body].into_iter().chain(redirects) {
                    self.visit(child, item, false);
                }
            }
            kind => {
                for child in children(kind) {
                    self.visit(child, item, false);
                }
            }
        }
    }

    /// Whether blanks stand between the parts of a command, and nothing else.
    fn is_spaced<'n>(&self, words: impl Iterator<Item = &'n Node>, redirects: &[Node]) -> bool {
        let mut parts: Vec<Span> = words.map(|word| self.logical_span(word)).collect();
        parts.extend(redirects.iter().map(|redirect| self.redirect_span(redirect)));
        parts.sort_unstable();
        let gap = |pair: &[Span]| self.logical.text.get(pair[0].end..pair[1].start);
        parts.windows(2).all(|pair| gap(pair).is_some_and(boundaries::is_blank))
    }

    /// Reads the scripts inside a word, whose places rable counts from the script's own start.
    fn visit_scripts(&mut self, found: Option<Vec<Substitution>>, item: usize) {
        let Some(found) = found else {
            self.is_misread = true;
            return;
        };
        let logical = self.logical;
        for Substitution { script, is_plain } in found {
            let text = script.of(&logical.text);
            let Some(nodes) = rable::parse(text, false).ok().filter(|_| is_plain) else {
                self.is_misread = true;
                return;
            };
            let outer = (self.part, std::mem::replace(&mut self.bytes, byte_offsets(text)));
            self.part = script;
            nodes.iter().for_each(|node| self.visit(node, item, false));
            (self.part, self.bytes) = outer;
        }
    }

    /// The file that a redirection sends stdout to.
    fn stdout(&self, node: &Node) -> Option<String> {
        let NodeKind::Redirect { op, fd, .. } = &node.kind else { return None };
        let is_stdout = matches!(op.as_str(), ">" | ">>" | ">|") && matches!(fd, -1 | 1);
        // The target has no span of its own; it is what follows the operator.
        let text = self.redirect_span(node).of(&self.logical.text);
        let target = text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(op.as_str())?;
        literal(target.trim()).filter(|target| is_stdout && !target.is_empty())
    }

    fn word(&self, node: &Node) -> ShellWord {
        let span = self.logical_span(node);
        let raw = span.of(&self.logical.text).to_owned();
        ShellWord {
            span: self.logical.source_span(span),
            literal: literal(&raw),
            is_whole: self.logical.is_contiguous(span),
            raw,
        }
    }
}

/// The nodes right below a node that may hold commands.
fn children(kind: &NodeKind) -> Vec<&Node> {
    use NodeKind::*;
    match kind {
        Word { parts, .. } => parts.iter().collect(),
        Pipeline { commands, .. } => commands.iter().collect(),
        List { items } => items.iter().map(|item| &item.command).collect(),
        If { condition, then_body, else_body, redirects } => {
            let bodies = [Some(condition), Some(then_body), else_body.as_ref()];
            bodies.into_iter().flatten().map(|body| &**body).chain(redirects).collect()
        }
        While { condition, body, redirects } | Until { condition, body, redirects } => {
            [&**condition, &**body].into_iter().chain(redirects).collect()
        }
        For { words, body, redirects, .. } | Select { words, body, redirects, .. } => {
            words.iter().flatten().chain([&**body]).chain(redirects).collect()
        }
        ForArith { body, redirects, .. } | Subshell { body, redirects } | BraceGroup { body, redirects } => {
            [&**body].into_iter().chain(redirects).collect()
        }
        Case { word, patterns, redirects } => {
            let bodies = patterns.iter().filter_map(|pattern| pattern.body.as_ref());
            [&**word].into_iter().chain(bodies).chain(redirects).collect()
        }
        Function { body, .. } => vec![body],
        Coproc { command, .. }
        | CommandSubstitution { command, .. }
        | ProcessSubstitution { command, .. } => {
            vec![command]
        }
        Redirect { target, .. } => vec![target],
        Negation { pipeline } | Time { pipeline, .. } => vec![pipeline],
        ConditionalExpr { body, redirects } => [&**body].into_iter().chain(redirects).collect(),
        Array { elements } => elements.iter().collect(),
        _ => Vec::new(),
    }
}
