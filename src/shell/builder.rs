//! From rable's tree to [`Script`].
//!
//! rable's spans count characters, so they are mapped to bytes once. Of a word it knows where it starts, and not
//! always where it ends, nor where the scripts inside it stand: `boundaries` finds both, and each of these scripts
//! is read on its own.

use rable::{ListOperator, Node, NodeKind};

use super::{
    Command, Item, Join, Script, ShellWord,
    boundaries::{self, Substitution},
    convert::children,
    literal,
};
use crate::{docker::lines::Logical, source::Span};

/// Why a script is left unread that the parser and [`boundaries`] cut into other words.
const MISREAD: &str = "its words can be read in more than one way";

/// Byte offset of each character and of the end; `None` when characters are bytes.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
}

/// A word's place and the scripts in it.
struct Cut {
    span: Span,
    scripts: Vec<Substitution>,
}

pub(super) struct Builder<'l> {
    logical: &'l Logical,
    /// The part of the text that is read as a script: all of it, or a substitution.
    part: Span,
    bytes: Option<Vec<usize>>,
    script: Script,
}

impl<'l> Builder<'l> {
    pub(super) fn new(logical: &'l Logical) -> Self {
        let (part, bytes) = (Span::new(0, logical.text.len()), byte_offsets(&logical.text));
        Self { logical, part, bytes, script: Script::default() }
    }

    /// The script that `nodes` are the tree of.
    pub(super) fn script(mut self, nodes: &[Node]) -> Result<Script, String> {
        for node in nodes {
            self.top(node, Some(Join::Then)).ok_or(MISREAD)?;
        }
        // Nothing follows the last item, but a `&` behind it is a part of what it does.
        if let Some(last) = self.script.items.last_mut().filter(|last| last.join != Some(Join::Background)) {
            last.join = None;
        }
        // Most scripts are one command: what was kept free for more would outweigh it.
        self.script.items.shrink_to_fit();
        self.script.commands.shrink_to_fit();
        Ok(self.script)
    }

    fn logical_span(&self, node: &Node) -> Span {
        let (start, end) = (self.part.start(), self.part.end());
        let byte = |at: usize| match &self.bytes {
            Some(offsets) => offsets.get(at).map_or(end, |offset| start + offset),
            None => (start + at).min(end),
        };
        let (start, end) = (byte(node.span.start), byte(node.span.end));
        Span::new(start, end.max(start))
    }

    fn top(&mut self, node: &Node, join: Option<Join>) -> Option<()> {
        match &node.kind {
            NodeKind::List { items } => {
                for item in items {
                    let own = item.operator.map(|operator| match operator {
                        ListOperator::And => Join::And,
                        ListOperator::Or => Join::Or,
                        ListOperator::Semi => Join::Then,
                        ListOperator::Background => Join::Background,
                    });
                    self.top(&item.command, own.or(join))?;
                }
            }
            NodeKind::Comment { .. } | NodeKind::Empty => {}
            _ => {
                let (index, first) = (self.script.items.len(), self.script.commands.len());
                let command = matches!(node.kind, NodeKind::Command { .. }).then_some(first);
                let span = self.logical.source_span(self.logical_span(node));
                self.script.items.push(Item { span, join, command });
                self.visit(node, index, true)?;
                // A pipeline ends where its last word does.
                let ends = self.script.commands[first..].iter().map(|command| command.span.end());
                let item = &mut self.script.items[index];
                item.span = Span::new(item.span.start(), ends.fold(item.span.end(), usize::max));
            }
        }
        Some(())
    }

    /// Takes in the commands of `node`; `None` when it is misread.
    fn visit(&mut self, node: &Node, item: usize, is_item: bool) -> Option<()> {
        match &node.kind {
            NodeKind::Command { assignments, words, redirects } => {
                let cut =
                    |words: &[Node]| words.iter().map(|word| self.cut(word)).collect::<Option<Vec<_>>>();
                let (assignments, words) = (cut(assignments)?, cut(words)?);
                let parts = (assignments.as_slice(), words.as_slice(), redirects.as_slice());
                let command = self.command(parts, item, is_item)?;
                self.script.commands.push(command);
                for cut in assignments.into_iter().chain(words) {
                    self.visit_scripts(cut.scripts, item)?;
                }
                redirects.iter().try_for_each(|redirect| self.visit(redirect, item, false))
            }
            NodeKind::Word { .. } => {
                let cut = self.cut(node)?;
                self.visit_scripts(cut.scripts, item)
            }
            NodeKind::Redirect { .. } => {
                let span = self.redirect_span(node)?;
                self.visit_scripts(boundaries::substitutions(&self.logical.text, span)?, item)
            }
            NodeKind::ConditionalExpr { .. } => {
                let span = self.logical_span(node);
                self.visit_scripts(boundaries::substitutions(&self.logical.text, span)?, item)
            }
            NodeKind::For { body, redirects, .. } | NodeKind::Select { body, redirects, .. } => {
                // The words of its head have no places.
                let (start, end) = (self.logical_span(node).start(), self.logical_span(body).start());
                let head = Span::new(start, end.max(start));
                self.visit_scripts(boundaries::substitutions(&self.logical.text, head)?, item)?;
                [&**body].into_iter().chain(redirects).try_for_each(|child| self.visit(child, item, false))
            }
            kind => children(kind).into_iter().try_for_each(|child| self.visit(child, item, false)),
        }
    }

    /// The word that starts where rable says, if it is the one that rable read.
    fn cut(&self, word: &Node) -> Option<Cut> {
        let NodeKind::Word { value, .. } = &word.kind else { return None };
        let span = self.logical_span(word);
        let text = &self.logical.text[..self.part.end()];
        let extent = boundaries::word(text, span.start())?;
        let own = Span::new(span.start(), extent.end);
        // Where lines are joined inside a word, rable counts what is left of it.
        let is_same = own == span || own.of(text).contains('\n') && is_same_text(own.of(text), value);
        is_same.then_some(Cut { span: own, scripts: extent.substitutions })
    }

    /// A command of these assignments, words and redirections; `None` unless blanks alone stand between them.
    fn command(
        &self,
        (assignments, words, redirects): (&[Cut], &[Cut], &[Node]),
        item: usize,
        is_item: bool,
    ) -> Option<Command> {
        let redirected: Option<Vec<Span>> =
            redirects.iter().map(|redirect| self.redirect_span(redirect)).collect();
        let redirected = redirected?;
        let mut parts: Vec<Span> = assignments.iter().chain(words).map(|cut| cut.span).collect();
        parts.extend(&redirected);
        parts.sort_unstable();
        let gap = |pair: &[Span]| self.logical.text.get(pair[0].end()..pair[1].start());
        let is_spaced = parts.windows(2).all(|pair| gap(pair).is_some_and(boundaries::is_blank));
        let whole = Span::new(parts.first()?.start(), parts.last()?.end());
        is_spaced.then(|| Command {
            span: self.logical.source_span(whole),
            assignments: assignments.iter().map(|cut| self.word(cut.span)).collect(),
            words: words.iter().map(|cut| self.word(cut.span)).collect(),
            redirects: redirected.iter().map(|span| self.logical.source_span(*span)).collect(),
            stdout: redirects.iter().rev().find_map(|redirect| self.stdout(redirect)),
            item,
            is_item,
        })
    }

    /// Reads the scripts inside a word, whose places rable counts from the script's own start.
    fn visit_scripts(&mut self, scripts: Vec<Substitution>, item: usize) -> Option<()> {
        for Substitution { script, is_plain } in scripts {
            let text = script.of(&self.logical.text);
            let nodes = rable::parse(text, false).ok().filter(|_| is_plain)?;
            let outer = (self.part, std::mem::replace(&mut self.bytes, byte_offsets(text)));
            self.part = script;
            nodes.iter().try_for_each(|node| self.visit(node, item, false))?;
            (self.part, self.bytes) = outer;
        }
        Some(())
    }

    /// A redirection with the number before it, which rable leaves out; `None` unless one word ends it.
    fn redirect_span(&self, node: &Node) -> Option<Span> {
        let span = self.logical_span(node);
        let before = &self.logical.text[self.part.start()..span.start()];
        let rest = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.is_empty() || rest.ends_with(boundaries::ends_word);
        let start = span.start() - if is_number { before.len() - rest.len() } else { 0 };
        let text = &self.logical.text[..self.part.end()];
        let target = boundaries::redirected(text, start)?;
        let own = Span::new(start, boundaries::word(text, target)?.end);
        let is_read = || match &node.kind {
            NodeKind::Redirect { target: read, .. } => matches!(&read.kind, NodeKind::Word { value, .. }
                if is_same_text(&text[target..own.end()], value)),
            _ => false,
        };
        // As for a word, where lines are joined inside it.
        (own.end() == span.end() || own.of(text).contains('\n') && is_read()).then_some(own)
    }

    /// The file that a redirection sends stdout to.
    fn stdout(&self, node: &Node) -> Option<String> {
        let NodeKind::Redirect { op, fd, .. } = &node.kind else { return None };
        let is_stdout = matches!(op.as_str(), ">" | ">>" | ">|") && matches!(fd, -1 | 1);
        // The target has no span of its own; it is what follows the operator.
        let text = self.redirect_span(node)?.of(&self.logical.text);
        let target = text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(op.as_str())?;
        literal(target.trim()).filter(|target| is_stdout && !target.is_empty())
    }

    fn word(&self, span: Span) -> ShellWord {
        let raw = span.of(&self.logical.text).to_owned();
        ShellWord {
            span: self.logical.source_span(span),
            literal: literal(&raw),
            is_whole: self.logical.is_contiguous(span),
            raw,
        }
    }
}

/// Whether two texts are the same but for blanks and for line ends that a backslash hides.
fn is_same_text(written: &str, read: &str) -> bool {
    let essence = |text: &str| text.replace("\\\n", "").split_whitespace().collect::<String>();
    essence(written) == essence(read)
}
