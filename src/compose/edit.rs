//! Edits of a compose file as replaced spans of its text.
//!
//! Every edit is tried out first: the text after it must parse, and its values must be the same but for
//! the path that was to change. Comments, quotes, indentation, line endings and the order of keys stay.

use crate::{
    compose::{
        file::Compose,
        insert::Insertion,
        layout::{Habits, after_colon, column, line_end, line_ending},
        locate::{Found, check_not_merged, locate, own_entry},
        node::{NodeKind, Scalar, Style, Tree},
        read::read,
        refusal::{EditRefusal, Obstacle},
        scalar::{is_interpolated, written_like},
        verify::verify_trees,
        write::{NewValue, flow_entry},
    },
    edit::{Edit, apply},
    source::{FileId, Span},
};

/// Replaced spans of one text, each with what stands there afterwards.
pub type Edits = Vec<(Span, String)>;

/// Gives the scalar at `path` the value `new_value`, in the quotes of the old one.
///
/// A plain value that would be read as another type than before gets quotes. `text` is the text that
/// `compose` was parsed from, here and below.
///
/// # Errors
/// When the value is shared, inherited, holds a variable, or is not a scalar on its own line.
pub fn set_scalar(
    text: &str,
    compose: &Compose,
    path: &[&str],
    new_value: &str,
) -> Result<Edits, EditRefusal> {
    let tree = tree_of(text, compose)?;
    let found = locate(tree, path)?;
    let node = tree.node(found.node);
    let refuse = |obstacle, why: &str| Err(EditRefusal::new(node.span, obstacle, why));
    let NodeKind::Scalar(scalar) = &node.kind else {
        return refuse(Obstacle::Form, "the value is a list or a mapping, not a scalar");
    };
    if is_interpolated(&scalar.value) {
        return refuse(
            Obstacle::Interpolated,
            "the value holds a variable; change it where the variable is set",
        );
    }
    if node.tag.is_some() || matches!(scalar.style, Style::Literal | Style::Folded) {
        return refuse(Obstacle::Form, "the value is a block or carries a tag; change it by hand");
    }
    if scalar.value == new_value && scalar.style != Style::Absent {
        return Ok(Vec::new());
    }
    let written = written_like(new_value, scalar);
    let written = if scalar.style == Style::Absent { format!(" {written}") } else { written };
    let after = checked(text, tree, vec![(node.span, written)], path)?;
    match locate(&after.tree, path).map(|found| after.tree.scalar(found.node)) {
        Ok(Some(scalar)) if scalar.value == new_value => Ok(after.edits),
        _ => refuse(Obstacle::Unsafe, "the new value cannot be written here"),
    }
}

/// Appends `key` with `value` to the mapping at `parent_path`, which may be empty or `null`.
///
/// # Errors
/// When the mapping is shared or inherited, or the key is there already, be it through `<<`.
pub fn insert_entry(
    text: &str,
    compose: &Compose,
    parent_path: &[&str],
    (key, value): (&str, NewValue),
) -> Result<Edits, EditRefusal> {
    let tree = tree_of(text, compose)?;
    let parent = locate(tree, parent_path)?;
    let insertion = Insertion { text, tree, habits: compose.habits };
    let edits = match &tree.node(parent.node).kind {
        NodeKind::Mapping(mapping) => {
            if let Some(entry) = own_entry(tree, mapping, key) {
                let why = format!("`{key}` is there already");
                return Err(EditRefusal::new(tree.entry_span(entry), Obstacle::Present, why));
            }
            check_not_merged(tree, parent.node, key)?;
            insertion.entry(parent, mapping, (key, &value))
        }
        NodeKind::Scalar(Scalar { style: Style::Absent, .. }) => insertion
            .below_key(parent, |columns, habits| value.block_lines(key, columns + habits.step, habits)),
        _ => None,
    };
    let edits = edits.ok_or_else(|| unfit(tree, parent, "an entry cannot be added to this value"))?;
    let path: Vec<&str> = parent_path.iter().copied().chain([key]).collect();
    let after = checked(text, tree, edits, &path)?;
    locate(&after.tree, &path).map_err(|_| unfit(tree, parent, "the entry cannot be written here"))?;
    Ok(after.edits)
}

/// Adds `value` at `path`, together with the mappings on the way that are not there yet.
///
/// # Errors
/// As [`insert_entry`], for the deepest mapping that is there.
pub fn insert_at(
    text: &str,
    compose: &Compose,
    path: &[&str],
    value: NewValue,
) -> Result<Edits, EditRefusal> {
    for depth in (0..path.len()).rev() {
        match locate(&compose.tree, &path[..depth]) {
            Err(refusal) if refusal.obstacle == Obstacle::Missing && depth > 0 => {}
            Err(refusal) => return Err(refusal),
            Ok(_) => {
                let value = NewValue::under(&path[depth + 1..], value);
                return insert_entry(text, compose, &path[..depth], (path[depth], value));
            }
        }
    }
    Err(EditRefusal::new(Span::at(0), Obstacle::Missing, "the path is empty"))
}

/// Appends `item`, a scalar as it shall stand in the file, to the list at `path`, which may be empty.
///
/// # Errors
/// When the list is shared or inherited, or the value is not a list.
pub fn append_item(text: &str, compose: &Compose, path: &[&str], item: &str) -> Result<Edits, EditRefusal> {
    let tree = tree_of(text, compose)?;
    let list = locate(tree, path)?;
    let insertion = Insertion { text, tree, habits: compose.habits };
    let (edits, length) = match &tree.node(list.node).kind {
        NodeKind::Sequence(sequence) => (insertion.item(list, sequence, item), sequence.items.len()),
        NodeKind::Scalar(Scalar { style: Style::Absent, .. }) => {
            let lines =
                |columns, habits: Habits| vec![format!("{}- {item}", " ".repeat(columns + habits.dash))];
            (insertion.below_key(list, lines), 0)
        }
        _ => (None, 0),
    };
    let edits = edits.ok_or_else(|| unfit(tree, list, "an item cannot be added to this value"))?;
    let position = length.to_string();
    let path: Vec<&str> = path.iter().copied().chain([position.as_str()]).collect();
    let after = checked(text, tree, edits, &path)?;
    locate(&after.tree, &path).map_err(|_| unfit(tree, list, "the item cannot be written here"))?;
    Ok(after.edits)
}

/// Turns the short `build: ./api` of a service into the long form, with further entries after `context`.
///
/// # Errors
/// When the build is shared, inherited, long already or not on the line of its key.
pub fn expand_build(
    text: &str,
    compose: &Compose,
    service: &str,
    further: &[(&str, NewValue)],
) -> Result<Edits, EditRefusal> {
    let path = ["services", service, "build"];
    let tree = tree_of(text, compose)?;
    let build = locate(tree, &path)?;
    let node = tree.node(build.node);
    let key = build.entry.map(|entry| tree.node(entry.key).span);
    let is_short = matches!(&node.kind, NodeKind::Scalar(scalar) if scalar.style != Style::Absent);
    let (Some(key), true) = (key, is_short) else {
        return Err(unfit(tree, build, "the build is not in its short form"));
    };
    let colon = after_colon(text, key.end()).filter(|colon| *colon <= node.span.start());
    let gap = colon.map(|colon| Span::new(colon, node.span.start()));
    let Some(gap) = gap.filter(|gap| gap.of(text).trim_matches([' ', '\t']).is_empty()) else {
        return Err(unfit(tree, build, "the build is not written right after its key"));
    };
    let context = NewValue::Scalar(node.span.of(text).to_owned());
    let entries = [("context", context)].into_iter().chain(further.iter().cloned()).collect::<Vec<_>>();
    let edits = if build.in_flow {
        let entries: Vec<String> = entries.iter().map(|(key, value)| flow_entry(key, value)).collect();
        vec![(node.span, format!("{{{}}}", entries.join(", ")))]
    } else {
        let habits = compose.habits;
        let columns = column(text, key.start()) + habits.step;
        let lines = entries
            .iter()
            .flat_map(|(key, value)| value.block_lines(key, columns, habits))
            .collect::<Vec<_>>();
        moved_below(text, Span::new(gap.start(), node.span.end()), &lines)
    };
    let after = checked(text, tree, edits, &path)?;
    let context = locate(&after.tree, &["services", service, "build", "context"]).ok();
    let context = context.and_then(|found| after.tree.scalar(found.node)).map(|scalar| &scalar.value);
    if context != tree.scalar(build.node).map(|scalar| &scalar.value) {
        return Err(unfit(tree, build, "the long form cannot be written here"));
    }
    Ok(after.edits)
}

/// Replaces `value`, the last thing on its line but for a comment, by `lines` below.
fn moved_below(text: &str, value: Span, lines: &[String]) -> Edits {
    let ending = line_ending(text, value.end());
    let block: String = lines.iter().flat_map(|line| [ending, line.as_str()]).collect();
    let end = line_end(text, value.end());
    if Span::new(value.end(), end).of(text).trim().is_empty() {
        return vec![(Span::new(value.start(), end), block)];
    }
    vec![(value, String::new()), (Span::at(end), block)]
}

/// Edits that were tried out.
struct Checked {
    edits: Edits,
    tree: Tree,
}

fn checked(text: &str, tree: &Tree, edits: Edits, path: &[&str]) -> Result<Checked, EditRefusal> {
    let place = edits.first().map_or(Span::at(0), |(span, _)| *span);
    let refuse =
        |why: String| EditRefusal::new(place, Obstacle::Unsafe, format!("the edit would go wrong: {why}"));
    let pieces: Vec<Edit> =
        edits.iter().map(|(span, new)| Edit::replace(FileId(0), *span, new.as_str())).collect();
    let after = apply(text, &pieces).map_err(|error| refuse(error.to_string()))?;
    let changed = [path.iter().map(|key| (*key).to_owned()).collect()];
    let new = read(&after).map_err(|error| refuse(error.to_string()))?;
    verify_trees(tree, &new, &changed).map_err(refuse)?;
    Ok(Checked { edits, tree: new })
}

fn tree_of<'c>(text: &str, compose: &'c Compose) -> Result<&'c Tree, EditRefusal> {
    if compose.tree.length == text.len() {
        return Ok(&compose.tree);
    }
    Err(EditRefusal::new(Span::at(0), Obstacle::Unsafe, "the text is not the one that was parsed"))
}

fn unfit(tree: &Tree, found: Found, why: &str) -> EditRefusal {
    EditRefusal::new(tree.node(found.node).span, Obstacle::Form, why)
}
