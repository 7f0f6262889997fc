//! Names with values, written as a mapping or as a list of `NAME=value`.

use crate::compose::resolve::{Cursor, Field};

/// One variable of `environment` or `args`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The value; without one it comes from the environment of compose.
    pub value: Option<String>,
}

pub(crate) fn variables(cursor: &Cursor<'_>) -> Vec<Field<Variable>> {
    if cursor.is_sequence() {
        return cursor.items().iter().filter_map(item).collect();
    }
    let entries = cursor.entries();
    entries
        .iter()
        .filter_map(|entry| entry.text_or_nothing().map(|value| entry.field(named(entry.name(), value))))
        .collect()
}

fn item(cursor: &Cursor<'_>) -> Option<Field<Variable>> {
    let text = cursor.value()?;
    Some(cursor.field(match text.split_once('=') {
        Some((name, value)) => named(name, Some(value.to_owned())),
        None => named(text, None),
    }))
}

fn named(name: &str, value: Option<String>) -> Variable {
    Variable { name: name.to_owned(), value }
}
