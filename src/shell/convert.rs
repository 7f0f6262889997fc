//! Reads a text as a [`Script`], or says why not.
//!
//! What is too large, and what the parser reads otherwise than a shell, is left unread.

use rable::{Node, NodeKind};

use super::{Script, builder::Builder, limits::excess, misread};
use crate::{docker::lines::Logical, facts::programs::is_shell};

pub(super) fn convert(logical: &Logical) -> Script {
    if let Some(why) = excess(&logical.text) {
        return unreadable(why);
    }
    let script = rable::parse(&logical.text, false)
        .map_err(|error| error.message().to_owned())
        .and_then(|nodes| Builder::new(logical).script(&nodes));
    script.unwrap_or_else(|why| unreadable(&why))
}

/// The script of a here-document, which the shell gets as it is written.
pub(super) fn convert_heredoc(logical: &Logical) -> Script {
    if logical.text.contains('\r') {
        return unreadable("its lines end in CR LF, and the shell takes the CR for a part of its words");
    }
    convert(logical)
}

/// Whether a here-document starts with a line that names another interpreter than a shell.
pub(super) fn is_of_other_language(document: &str) -> bool {
    let Some(first) = document.strip_prefix("#!").and_then(|rest| rest.lines().next()) else { return false };
    !first.split_whitespace().any(is_shell)
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

/// The script of a RUN in the file `text`, unless a command of it is safe only where it is.
pub(super) fn for_run(script: Script, text: &str) -> Script {
    match misread::danger(&script, text) {
        Some(why) => unreadable(why),
        None => script,
    }
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

/// The nodes right below a node that may hold commands.
pub(super) fn children(kind: &NodeKind) -> Vec<&Node> {
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
