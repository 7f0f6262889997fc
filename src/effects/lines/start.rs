//! What a line needs of the machine when the program starts: libraries, a loop, variables, room for uploads.

use super::{Seen, Told};
use crate::{
    effects::finding::Effect,
    knowledge::signs::{Sign, Tells, signs},
};

/// What the line needs.
pub(super) fn read(seen: &Seen, found: &mut Vec<Told>) {
    let line = seen.line;
    let first = |tells| if seen.has(tells) { seen.first(tells) } else { None };
    if let Some((_, rest)) = first(Tells::Library).and_then(|sign| line.split_once(sign.text)) {
        found.push((Effect::FindsLibrary, "", literal(rest).unwrap_or_default().to_owned()));
    }
    if let Some(sign) = first(Tells::Loop).filter(|sign| needs_loop(seen, sign)) {
        found.push((Effect::NeedsLoop, sign.text.trim_end_matches('('), String::new()));
    }
    if let Some(sign) = first(Tells::Spools) {
        found.push((Effect::Spools, sign.text, String::new()));
    }
    if seen.has(Tells::Variable) {
        found.extend(variables(seen).map(|name| (Effect::ReadsVariable, "", name.to_owned())));
    }
}

/// The text in quotes that `rest` starts with.
fn literal(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inner = &rest[1..];
    inner.find(quote).map(|end| &inner[..end])
}

/// The variables that a line reads: `os.environ["A"]`, `os.environ.get("A")`, `os.getenv("A")`, `process.env.A`.
fn variables<'s>(seen: &'s Seen) -> impl Iterator<Item = &'s str> {
    let known = signs(Tells::Variable).iter().filter(|sign| sign.is_of(seen.language));
    known.flat_map(|sign| {
        seen.line.match_indices(sign.text).filter_map(|(at, text)| {
            let rest = &seen.line[at + text.len()..];
            let opened = rest.strip_prefix('[').or_else(|| rest.strip_prefix(".get("));
            let opened = opened.or_else(|| text.ends_with('(').then_some(rest));
            match (opened, rest.strip_prefix('.')) {
                (Some(opened), _) => literal(opened),
                (None, Some(name)) => {
                    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
                    let name = &name[..name.find(ends).unwrap_or(name.len())];
                    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase());
                    is_name.then_some(name)
                }
                _ => None,
            }
        })
    })
}

/// Whether a line runs while the file is imported, and needs the loop there.
fn needs_loop(seen: &Seen, sign: &Sign) -> bool {
    let is_started = || match sign.place {
        "started" => is_started_at_import(seen, sign),
        _ => true,
    };
    runs_at_import(seen.text, seen.start) && is_started()
}

/// Whether the object that a line makes is started by it or by a later line that runs at import.
fn is_started_at_import(seen: &Seen, sign: &Sign) -> bool {
    let call = format!(".{}(", sign.argument);
    if seen.line.contains(&format!("){call}")) {
        return true;
    }
    let Some((name, _)) = seen.line.split_once('=') else { return false };
    let name = name.split(':').next().unwrap_or_default().trim();
    let call = format!("{name}{call}");
    let starts = seen.text[seen.start..].match_indices(&call).filter(|_| !name.is_empty());
    let mut lines = starts.map(|(at, _)| line_start(seen.text, seen.start + at));
    lines.any(|start| seen.text[start..].trim_start().starts_with(&call) && runs_at_import(seen.text, start))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |before| before + 1)
}

/// Whether the line that starts at `start` stands in no function and not below `if __name__`.
fn runs_at_import(text: &str, start: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut own = indent(text[start..].lines().next().unwrap_or_default());
    for line in text[..start].lines().rev().filter(|line| !line.trim().is_empty()) {
        if own == 0 {
            break;
        }
        if indent(line) >= own {
            continue;
        }
        let header = line.trim_start();
        // What ends in a closing bracket starts at that indent, or less, further up.
        own = indent(line) + usize::from(header.starts_with([')', ']', '}']));
        if ["def ", "async def ", "if __name__"].iter().any(|start| header.starts_with(start)) {
            return false;
        }
    }
    !text[start..].trim_start().starts_with("def ")
}
