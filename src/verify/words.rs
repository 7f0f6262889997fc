//! The last words of a program, and whether two programs said the same.

pub use crate::engine::masked;
use crate::knowledge::libc_words;

/// How many lines the last words have.
const KEPT: usize = 20;
/// How much of a line is kept.
const LONGEST: usize = 400;

/// The end of a text, without the colours of a terminal and without what is not to be shown.
pub fn last(text: &str, hidden: &[String]) -> Vec<String> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| masked(&plain(line), hidden).trim_end().chars().take(LONGEST).collect::<String>())
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(KEPT)..].to_vec()
}

/// Whether two programs ended with the same words: the same error where both name one, else each one's last line
/// among the last of the other.
///
/// Numbers, addresses and places of files are no difference, and neither are the names that the two C libraries give
/// to the same error.
pub fn are_same(before: &[String], after: &[String]) -> bool {
    if let (Some(before), Some(after)) = (error(before), error(after)) {
        return before == after;
    }
    let known = |lines: &[String]| lines.iter().map(|line| essence(line)).collect::<Vec<_>>();
    let (before, after) = (known(before), known(after));
    match (before.last(), after.last()) {
        (Some(left), Some(right)) => after.contains(left) && before.contains(right),
        (left, right) => left.is_none() && right.is_none(),
    }
}

/// The last line that names an error as languages do: `KeyError: 'X'`, `sqlalchemy.exc.OperationalError: …`.
fn error(lines: &[String]) -> Option<String> {
    lines.iter().rev().find(|line| names_an_error(line)).map(|line| essence(line.trim_start()))
}

fn names_an_error(line: &str) -> bool {
    let Some((name, rest)) = line.trim_start().split_once(": ") else { return false };
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_camel =
        last.starts_with(|c: char| c.is_ascii_uppercase()) && last.contains(|c: char| c.is_lowercase());
    let is_told = is_camel || name.contains('.');
    !rest.trim().is_empty() && is_told && name.split('.').all(is_word)
}

/// What of a line is the same in every run and with either C library.
fn essence(line: &str) -> String {
    let line = libc_words::same_for_both(line);
    let words = line.split_whitespace().map(|word| {
        let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        match trimmed.rsplit_once('/') {
            Some((_, name)) if trimmed.starts_with('/') => name.to_owned(),
            _ => word.to_owned(),
        }
    });
    let words: Vec<String> = words.map(|word| if is_number(&word) { "#".to_owned() } else { word }).collect();
    words.join(" ")
}

/// Whether a word is a number, a time, an address or the like: digits, and what stands between them.
fn is_number(word: &str) -> bool {
    let is_hex = word.len() >= 12 && word.chars().all(|c| c.is_ascii_hexdigit());
    is_hex
        || (word.contains(|c: char| c.is_ascii_digit())
            && !word.contains(|c: char| c.is_alphabetic() && !"TZxsm".contains(c)))
}

/// A line without escape sequences.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => drop(chars.by_ref().find(|c| c.is_ascii_alphabetic())),
            '\r' => {}
            char => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        last(text, &[])
    }

    #[test]
    fn the_same_error_in_other_words() {
        let before = "Traceback:\n  File \"/usr/local/lib/x.py\", line 3\nsocket.gaierror: [Errno -2] Name or service not known\nINFO bye\n";
        let after = "[1] starting\nsocket.gaierror: [Errno -2] Name does not resolve\n[7] Shutting down\n";
        assert!(are_same(&said(before), &said(after)));
        assert!(!are_same(&said("KeyError: 'DB'"), &said("KeyError: 'KEY'")));
    }

    #[test]
    fn without_an_error_the_last_lines_count() {
        assert!(are_same(&said("2026-01-01 10:00:00 no database"), &said("2026-01-02 11:00:00 no database")));
        assert!(!are_same(&said("no database"), &said("no key")));
        assert!(are_same(&[], &[]));
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        assert_eq!(last("\u{1b}[31mkey=secret-1\u{1b}[0m\n", &["secret-1".to_owned()]), ["key=***"]);
    }
}
