//! One pattern of an ignore file, and whether a path fits it.

/// A pattern; the four forms are told apart because BuildKit compares them differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// No wildcard: the path itself.
    Exact(String),
    /// `text**`: paths that start with the text.
    Prefix(String),
    /// `**text`: paths that end with the text; for `**/name` also the name alone.
    Suffix(String),
    /// Anything else.
    Parts(Vec<Part>),
}

/// A piece of a pattern with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// This character.
    Char(char),
    /// `?`: any character but `/`.
    One,
    /// `*`: any characters but `/`.
    Name,
    /// `**/` or `**` before something: any folders, or none.
    Folders,
    /// `**` at the end: anything.
    Rest,
    /// `[…]`: one of these characters, or none of them.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
}

impl Part {
    fn fixed(&self) -> Option<char> {
        match self {
            Part::Char(c) => Some(*c),
            _ => None,
        }
    }
}

impl Pattern {
    /// Reads a cleaned pattern; `None` when BuildKit refuses it or its meaning is not certain.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts = parts(text)?;
        let is_plain = |parts: &[Part]| parts.iter().all(|part| matches!(part, Part::Char(_)));
        let has_escape = text.contains('\\');
        if let Some(rest) = text.strip_prefix("**") {
            let after = if rest.starts_with('/') { &parts[1..] } else { parts.get(1..).unwrap_or_default() };
            if is_plain(after) && !has_escape {
                return Some(Self::Suffix(rest.to_owned()));
            }
        }
        if is_plain(&parts) && !has_escape {
            return Some(Self::Exact(text.to_owned()));
        }
        match parts.split_last() {
            Some((Part::Rest, before)) if is_plain(before) && !has_escape => {
                Some(Self::Prefix(text.trim_end_matches("**").to_owned()))
            }
            // Beside a wildcard BuildKit takes it for the start of the path, by an oversight.
            _ => (!parts.contains(&Part::Char('^'))).then_some(Self::Parts(parts)),
        }
    }

    /// Whether `path` fits, as a whole.
    pub(super) fn fits(&self, path: &str) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(text) => path.starts_with(text),
            Self::Suffix(text) => path.ends_with(text) || text.strip_prefix('/') == Some(path),
            Self::Parts(parts) => both_ends_fit(parts, path) && fits(parts, path),
        }
    }

    /// Whether something below `folder` may fit; only the part before the first wildcard is looked at.
    pub(super) fn may_fit_below(&self, folder: &str) -> bool {
        let fixed: String = match self {
            Self::Exact(text) => return text.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
            Self::Prefix(text) => text.clone(),
            Self::Suffix(_) => return true,
            Self::Parts(parts) => parts.iter().map_while(Part::fixed).collect(),
        };
        let below = format!("{folder}/");
        fixed.starts_with(&below) || below.starts_with(&fixed)
    }
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' if rest.starts_with('*') => {
                rest = &rest[1..];
                rest = rest.strip_prefix('/').unwrap_or(rest);
                parts.push(if rest.is_empty() { Part::Rest } else { Part::Folders });
            }
            '*' => parts.push(Part::Name),
            '?' => parts.push(Part::One),
            '[' => {
                let (class, after) = class(rest)?;
                parts.push(class);
                rest = after;
            }
            ']' => return None,
            '\\' => {
                // A letter after the backslash is a class of its own to BuildKit's regular expressions.
                let next = rest.chars().next().filter(|next| !next.is_alphanumeric())?;
                parts.push(Part::Char(next));
                rest = &rest[next.len_utf8()..];
            }
            c => parts.push(Part::Char(c)),
        }
    }
    Some(parts)
}

/// Reads what follows `[`, with the text after `]`.
fn class(text: &str) -> Option<(Part, &str)> {
    let (is_negated, mut rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    while !rest.starts_with(']') {
        let (low, after) = class_char(rest)?;
        let (high, after) = match after.strip_prefix('-') {
            Some(after) => class_char(after)?,
            None => (low, after),
        };
        if high < low {
            return None;
        }
        ranges.push((low, high));
        rest = after;
    }
    (!ranges.is_empty()).then(|| (Part::Class { is_negated, ranges }, &rest[1..]))
}

/// A character of a class; wildcards in a class are not certain.
fn class_char(text: &str) -> Option<(char, &str)> {
    let c = text.chars().next()?;
    (!matches!(c, '\\' | '-' | ']' | '[' | '*' | '?' | '/')).then(|| (c, &text[c.len_utf8()..]))
}

/// Whether what stands before the first wildcard and after the last one is there: few paths get further.
fn both_ends_fit(parts: &[Part], path: &str) -> bool {
    let (head, tail) = (parts.iter().map_while(Part::fixed), parts.iter().rev().map_while(Part::fixed));
    head.zip(path.chars()).all(|(wanted, c)| wanted == c)
        && tail.zip(path.chars().rev()).all(|(wanted, c)| wanted == c)
}

/// Whether `path` fits `parts`: for each part from the last on, from which characters on the rest fits.
fn fits(parts: &[Part], path: &str) -> bool {
    let chars: Vec<char> = path.chars().collect();
    let end = chars.len();
    let mut next = vec![false; end + 1];
    next[end] = true;
    for part in parts.iter().rev() {
        let mut row = vec![false; end + 1];
        let mut after_a_slash = false;
        for at in (0..=end).rev() {
            let c = chars.get(at);
            let is_later = |row: &[bool]| at < end && row[at + 1];
            after_a_slash |= c == Some(&'/') && next[at + 1];
            row[at] = match part {
                Part::Char(wanted) => c == Some(wanted) && next[at + 1],
                Part::One => c.is_some_and(|c| *c != '/') && next[at + 1],
                Part::Class { is_negated, ranges } => {
                    let is_in = |c: &char| ranges.iter().any(|(low, high)| (low..=high).contains(&c));
                    c.is_some_and(|c| is_in(c) != *is_negated) && next[at + 1]
                }
                Part::Name => next[at] || (c != Some(&'/') && is_later(&row)),
                Part::Rest => next[at] || is_later(&row),
                Part::Folders => next[at] || after_a_slash,
            };
        }
        next = row;
    }
    next[0]
}
