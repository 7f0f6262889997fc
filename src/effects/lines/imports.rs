//! Packages that a line imports.

use super::{Seen, Told};
use crate::{
    effects::finding::Effect,
    knowledge::signs::{Sign, Tells, signs},
};

/// The packages that a line imports; types alone do not count.
pub(super) fn read(seen: &Seen, found: &mut Vec<Told>) {
    let line = seen.line.trim_start();
    if !seen.has(Tells::Imports) || line.starts_with("import type ") {
        return;
    }
    for sign in signs(Tells::Imports).iter().filter(|sign| sign.is_of(seen.language)) {
        match sign.place {
            "quoted" => found.extend(quoted(line, sign).map(told)),
            "start" if !line.starts_with(sign.text) => {}
            _ if line.contains(sign.text) => found.push(told(sign.argument)),
            _ => {}
        }
    }
}

fn told(package: &str) -> Told {
    (Effect::Imports, "", package.to_owned())
}

/// What stands behind a word such as `from` or `require(`, where it names a package.
fn quoted<'l>(line: &'l str, sign: &Sign) -> impl Iterator<Item = &'l str> {
    line.match_indices(sign.text).filter_map(move |(at, text)| {
        let is_word = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &line[at + text.len()..];
        let is_open = text.ends_with('(') || rest.starts_with([' ', '(']);
        let rest = rest.strip_prefix('(').unwrap_or(rest).trim_start();
        let quote = rest.chars().next().filter(|c| is_word && is_open && matches!(c, '"' | '\'' | '`'))?;
        let module = &rest[1..][..rest[1..].find(quote)?];
        let is_own = module.starts_with(['.', '/', '#', '~']) || module.is_empty() || module.contains("${");
        (!is_own).then(|| package_of(module))
    })
}

/// The package that a module belongs to: `@scope/name` of `@scope/name/file`.
pub fn package_of(module: &str) -> &str {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    module.match_indices('/').nth(parts - 1).map_or(module, |(at, _)| &module[..at])
}
