//! `command` and `entrypoint`: a list of words, or a text that compose splits into words.

use crate::{
    compose::resolve::{Cursor, Field},
    source::Span,
};

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A text; compose splits it into words and calls no shell.
    Text(String),
    /// A list.
    List(Vec<Word>),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub value: String,
    /// Where it is written.
    pub span: Span,
}

impl Command {
    pub(crate) fn read(cursor: &Cursor<'_>) -> Option<Field<Self>> {
        let command = if cursor.is_sequence() {
            let items = cursor.items();
            Self::List(items.iter().filter_map(|item| word(item)).collect())
        } else {
            Self::Text(cursor.value()?.to_owned())
        };
        let has_variable = matches!(&command, Self::List(words)
            if words.iter().any(|word| crate::compose::scalar::is_interpolated(&word.value)));
        Some(cursor.field(command).interpolated_if(has_variable))
    }

    /// The words; nothing when a quote of the text is not closed.
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => split_words(text),
            Self::List(words) => Some(words.iter().map(|word| word.value.clone()).collect()),
        }
    }
}

fn word(item: &Cursor<'_>) -> Option<Word> {
    Some(Word { value: item.value()?.to_owned(), span: item.span() })
}

/// Splits as a shell does, without expanding anything; nothing when a quote is not closed.
fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\'' => quoted(&mut chars, '\'', word.get_or_insert_default())?,
            '"' => quoted(&mut chars, '"', word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next()?),
            _ if char.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Some(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            char if char == quote => return Some(()),
            '\\' if quote == '"' => {
                let next = chars.next()?;
                if !matches!(next, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(next);
            }
            char => word.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_text() {
        let words = |text: &str| split_words(text);
        assert_eq!(
            words("a  'b c' \"d \\\"e\"f g\\ h ''"),
            Some(vec!["a".into(), "b c".into(), "d \"ef".into(), "g h".into(), String::new()])
        );
        assert_eq!(words("sh -c 'x"), None);
        assert_eq!(words(" "), Some(vec![]));
    }
}
