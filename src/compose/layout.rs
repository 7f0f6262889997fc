//! How a text is laid out: lines, columns, line endings and indentation steps.

use std::collections::BTreeMap;

use crate::compose::node::{Node, NodeId, NodeKind, Tree};

/// The end of the line that holds `at`, before its line ending.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    if end > at && text[..end].ends_with('\r') { end - 1 } else { end }
}

/// The first byte of the line that holds `at`, after a byte order mark.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    match text[..at].rfind('\n') {
        Some(end) => end + 1,
        None if text.starts_with('\u{feff}') && at >= 3 => 3,
        None => 0,
    }
}

/// The byte after the colon that follows a key, on the same line.
pub(crate) fn after_colon(text: &str, key_end: usize) -> Option<usize> {
    let rest = text[key_end..].trim_start_matches([' ', '\t']);
    rest.starts_with(':').then(|| text.len() - rest.len() + 1)
}

/// How many characters stand before `at` on its line.
pub(crate) fn column(text: &str, at: usize) -> usize {
    text[line_start(text, at)..at].chars().count()
}

/// Whether only blanks stand before `at` on its line.
pub(crate) fn is_first_on_line(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim().is_empty()
}

/// The line ending in use around `at`.
pub(crate) fn line_ending(text: &str, at: usize) -> &'static str {
    let next = text[at..].find('\n').map(|end| at + end);
    match next.or_else(|| text[..at].rfind('\n')) {
        Some(end) if text[..end].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The end of the last comment line that follows `at` without a gap and is indented at least `columns` deep.
pub(crate) fn after_comments(text: &str, at: usize, columns: usize) -> usize {
    let mut end = line_end(text, at);
    while let Some(gap) = text[end..].find('\n') {
        let start = end + gap + 1;
        let line = &text[start..line_end(text, start)];
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent < columns || !line[indent..].starts_with('#') {
            break;
        }
        end = start + line.len();
    }
    end
}

/// The indentation habits of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Habits {
    /// Columns from a key to the keys below it.
    pub(crate) step: usize,
    /// Columns from a key to the `-` below it.
    pub(crate) dash: usize,
}

/// What most of the block collections of the file do; two columns when there is none.
pub(crate) fn habits(text: &str, tree: &Tree) -> Habits {
    let (mut steps, mut dashes) = (BTreeMap::new(), BTreeMap::new());
    let columns = key_columns(text, tree);
    for (key, value) in columns {
        let node = tree.node(value);
        if !is_first_on_line(text, node.span.start()) {
            continue;
        }
        let count = match &node.kind {
            NodeKind::Mapping(mapping) if !mapping.flow => &mut steps,
            NodeKind::Sequence(sequence) if !sequence.flow => &mut dashes,
            _ => continue,
        };
        if let Some(step) = column(text, node.span.start()).checked_sub(key) {
            *count.entry(step).or_insert(0_usize) += 1;
        }
    }
    steps.remove(&0);
    let step = most(&steps).unwrap_or(2).clamp(1, 8);
    Habits { step, dash: most(&dashes).unwrap_or(step).min(8) }
}

/// The column of each entry's key, with its value.
fn key_columns(text: &str, tree: &Tree) -> Vec<(usize, NodeId)> {
    let mappings = tree.nodes.iter().filter_map(|Node { kind, span, .. }| match kind {
        NodeKind::Mapping(mapping) if !mapping.flow => Some((mapping, span.start())),
        _ => None,
    });
    mappings
        .flat_map(|(mapping, start)| {
            let key = column(text, start);
            mapping.entries.iter().map(move |entry| (key, entry.value))
        })
        .collect()
}

fn most(counts: &BTreeMap<usize, usize>) -> Option<usize> {
    counts.iter().max_by_key(|(step, count)| (**count, usize::MAX - **step)).map(|(step, _)| *step)
}
