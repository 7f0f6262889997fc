//! New values as YAML text in the habits of the file.

use crate::compose::{layout::Habits, scalar::quoted_if_needed};

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// A scalar as it shall stand in the file, with its quotes.
    Scalar(String),
    /// A list of scalars as they shall stand in the file.
    Sequence(Vec<String>),
    /// Keys with values; the keys are quoted where needed.
    Mapping(Vec<(String, NewValue)>),
}

impl NewValue {
    /// `value` under `keys`, one mapping in the other.
    pub fn under(keys: &[&str], value: Self) -> Self {
        keys.iter().rev().fold(value, |value, key| Self::Mapping(vec![((*key).to_owned(), value)]))
    }

    /// The lines of an entry whose key stands at `columns`.
    pub(crate) fn block_lines(&self, key: &str, columns: usize, habits: Habits) -> Vec<String> {
        let indent = " ".repeat(columns);
        let key = quoted_if_needed(key);
        match self {
            Self::Sequence(items) if !items.is_empty() => {
                let dash = " ".repeat(columns + habits.dash);
                let items = items.iter().map(|item| format!("{dash}- {item}"));
                [format!("{indent}{key}:")].into_iter().chain(items).collect()
            }
            Self::Mapping(entries) if !entries.is_empty() => {
                let inner = columns + habits.step;
                let lines = entries.iter().flat_map(|(key, value)| value.block_lines(key, inner, habits));
                [format!("{indent}{key}:")].into_iter().chain(lines).collect()
            }
            Self::Scalar(text) if text.is_empty() => vec![format!("{indent}{key}:")],
            other => vec![format!("{indent}{key}: {}", other.flow())],
        }
    }

    /// The value in braces and brackets.
    pub(crate) fn flow(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Sequence(items) => format!("[{}]", items.join(", ")),
            Self::Mapping(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| flow_entry(key, value)).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// An entry in braces.
pub(crate) fn flow_entry(key: &str, value: &NewValue) -> String {
    format!("{}: {}", quoted_if_needed(key), value.flow())
}
