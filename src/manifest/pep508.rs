//! One dependency as PEP 508 writes it.

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{MarkerTree, Requirement, VerbatimUrl, VersionOrUrl};

use super::normal_name;

/// Longer texts are no dependencies; the bound keeps the parser's recursion small.
const LONGEST: usize = 4096;
/// The deepest nesting of parentheses that is read.
const DEEPEST: usize = 32;

/// A dependency.
pub(super) struct Dependency508 {
    /// The name in PyPI's normal form.
    pub(super) name: String,
    /// The extras in normal form.
    pub(super) extras: Vec<String>,
    /// The allowed versions, or the address after `@`.
    pub(super) source: Source,
    /// When it applies; always for an address.
    pub(super) marker: MarkerTree,
}

/// Where a dependency comes from.
pub(super) enum Source {
    /// The index, in one of these versions.
    Index(VersionSpecifiers),
    /// An address or path, as written.
    Address(String),
}

/// Reads one dependency.
///
/// `pep508_rs` panics on a name or extra that ends in punctuation and on some non-ASCII texts, and
/// reads the environment for addresses, and it panics on `~=` beside a marker that holds no version;
/// the checks here keep such texts from it.
///
/// # Errors
/// When the text is no dependency; the message says why.
pub(super) fn parse(text: &str) -> Result<Dependency508, String> {
    let text = text.trim();
    if text.len() > LONGEST || !text.is_ascii() || depth(text) > DEEPEST {
        return Err("It is too long, too deep or not ASCII.".to_owned());
    }
    let (head, rest) = head(text).ok_or("A name must start and end with a letter or digit.")?;
    if let Some(address) = rest.strip_prefix('@') {
        let address = address.split(" ;").next().and_then(|text| text.split("; ").next()).unwrap_or(address);
        return Ok(Dependency508 {
            name: normal_name(head.name),
            extras: head.extras.iter().map(|extra| normal_name(extra)).collect(),
            source: Source::Address(address.trim().to_owned()),
            marker: MarkerTree::TRUE,
        });
    }
    if !compatible_operators_are_sound(rest.split_once(';').map_or("", |(_, marker)| marker)) {
        return Err("A marker compares a text with ~=.".to_owned());
    }
    let requirement = Requirement::<VerbatimUrl>::from_str(text).map_err(|error| error.to_string())?;
    let specifiers = match requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => specifiers,
        _ => VersionSpecifiers::empty(),
    };
    Ok(Dependency508 {
        name: requirement.name.to_string(),
        extras: requirement.extras.iter().map(ToString::to_string).collect(),
        source: Source::Index(specifiers),
        marker: requirement.marker,
    })
}

/// Whether each `~=` of a marker stands beside a variable that holds a version.
pub(super) fn compatible_operators_are_sound(marker: &str) -> bool {
    const VERSIONS: [&str; 3] = ["python_version", "python_full_version", "implementation_version"];
    marker.match_indices("~=").all(|(at, operator)| {
        let (before, after) = (marker[..at].trim_end(), marker[at + operator.len()..].trim_start());
        VERSIONS.iter().any(|name| before.ends_with(name) || after.starts_with(name))
    })
}

pub(super) fn depth(text: &str) -> usize {
    let depths = text.bytes().scan(0usize, |depth, byte| {
        match byte {
            b'(' => *depth += 1,
            b')' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    depths.max().unwrap_or(0)
}

struct Head<'t> {
    name: &'t str,
    extras: Vec<&'t str>,
}

/// The name and extras at the start of `text`, and what follows; none when a name is malformed.
fn head(text: &str) -> Option<(Head<'_>, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim_start());
    let (extras, rest) = match rest.strip_prefix('[') {
        None => (Vec::new(), rest),
        Some(inner) => {
            let (inner, rest) = inner.split_once(']')?;
            (inner.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect(), rest.trim_start())
        }
    };
    let is_name = |name: &str| {
        name.chars().all(is_part)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    (is_name(name) && extras.iter().all(|extra| is_name(extra))).then_some((Head { name, extras }, rest))
}
