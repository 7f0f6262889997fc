//! From rable's tree to [`Script`].
//!
//! rable's spans count characters, so they are mapped to bytes once. Nested `$(` costs it cubic time: the
//! depth is bounded before it is called.

use rable::{ListOperator, Node, NodeKind};

use super::{Command, Item, Join, Script, ShellWord, literal};
use crate::{docker::lines::Logical, source::Span};

const DEEPEST_SUBSTITUTION: usize = 12;

/// No script that people write is as long; rable's trees are as deep as a list is long.
const LONGEST: usize = 64 << 10;
/// How many compound commands may be open at once, at most.
const MOST_OPENED: usize = 200;

pub(super) fn convert(logical: &Logical) -> Script {
    if let Some(why) = excess(&logical.text) {
        return unreadable(why);
    }
    match rable::parse(&logical.text, false) {
        Err(error) => unreadable(error.message()),
        Ok(nodes) => {
            let mut builder =
                Builder { logical, bytes: byte_offsets(&logical.text), script: Script::default() };
            for node in &nodes {
                builder.top(node, Some(Join::Then));
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

/// What about a script would take too long or too much of the stack.
fn excess(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return Some("it is longer than 64 KiB");
    }
    if text.contains(|c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Some("it holds control characters");
    }
    // rable ends a target in backquotes elsewhere than a shell does, and takes a line's end for one.
    let is_misread = |rest: &str| rest.trim_start_matches([' ', '\t']).starts_with(['`', '\n']);
    if text.split(['<', '>']).skip(1).any(is_misread) {
        return Some("it redirects to or from a command in backquotes, or nothing");
    }
    let opens =
        |word: &&str| matches!(*word, "{" | "if" | "while" | "until" | "for" | "case" | "select" | "!");
    if text.split_ascii_whitespace().filter(opens).count() > MOST_OPENED {
        return Some("it opens too many compound commands");
    }
    (substitution_depth(text) > DEEPEST_SUBSTITUTION).then_some("command substitutions are nested too deep")
}

fn substitution_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Byte offset of each character and of the end; `None` when characters are bytes.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
}

struct Builder<'l> {
    logical: &'l Logical,
    bytes: Option<Vec<usize>>,
    script: Script,
}

impl Builder<'_> {
    fn logical_span(&self, node: &Node) -> Span {
        let byte = |at: usize| match &self.bytes {
            Some(offsets) => offsets.get(at).copied().unwrap_or(self.logical.text.len()),
            None => at.min(self.logical.text.len()),
        };
        let (start, end) = (byte(node.span.start), byte(node.span.end));
        Span::new(start, end.max(start))
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
                let command = Command {
                    span: self.span(node),
                    assignments: assignments.iter().map(|word| self.word(word)).collect(),
                    words: words.iter().map(|word| self.word(word)).collect(),
                    redirects: redirects.iter().map(|redirect| self.span(redirect)).collect(),
                    stdout: redirects.iter().rev().find_map(|redirect| self.stdout(redirect)),
                    item,
                    is_item,
                };
                self.script.commands.push(command);
                for child in assignments.iter().chain(words).chain(redirects) {
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

    /// The file that a redirection sends stdout to.
    fn stdout(&self, node: &Node) -> Option<String> {
        let NodeKind::Redirect { op, fd, .. } = &node.kind else { return None };
        let is_stdout = matches!(op.as_str(), ">" | ">>" | ">|") && matches!(fd, -1 | 1);
        // The target has no span of its own; it is what follows the operator.
        let text = self.logical_span(node).of(&self.logical.text);
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
