//! Paths that a line names, and calls that write.

use std::cell::LazyCell;

use super::{Seen, Told};
use crate::{
    effects::finding::Effect,
    facts::writers::is_below,
    knowledge::signs::{Sign, Tells, signs},
};

/// The paths of settings that a service writes to, by their folder or ending.
pub(super) fn in_settings(seen: &Seen, found: &mut Vec<Told>) {
    if let Some(sign) = seen.has(Tells::Writes).then(|| seen.first(Tells::Writes)).flatten() {
        found.push((Effect::Writes, sign.text, String::new()));
    }
    let ends = |c: char| c.is_whitespace() || "\"'=:,()[]{}<>".contains(c);
    let words = seen.line.split(ends).filter(|word| word.starts_with('/'));
    let written = words.filter(|word| seen.has(Tells::Names) && may_be_written(word, &|| true));
    found.extend(written.map(|path| (Effect::Names, "", path.to_owned())));
}

/// The paths of a line of code, with the call that writes to them; a call without a path writes somewhere.
pub(super) fn in_code(seen: &Seen, found: &mut Vec<Told>) {
    let call = call(seen);
    let paths: Vec<String> = match seen.has(Tells::Names) {
        true => paths(seen.line).collect(),
        false => Vec::new(),
    };
    if let Some(call) = call.filter(|_| paths.is_empty()) {
        found.push((Effect::Writes, call, String::new()));
    }
    let effect = if call.is_some() { Effect::Writes } else { Effect::Names };
    found.extend(paths.into_iter().map(|path| (effect, call.unwrap_or_default(), path)));
}

/// The call of a line that writes a file.
fn call(seen: &Seen) -> Option<&'static str> {
    let line = seen.line;
    let clones = || line.contains("git") && line.contains("clone");
    if seen.has(Tells::Starts) && line.contains('(') && clones() {
        return Some("git clone");
    }
    if !seen.has(Tells::Writes) || !(line.contains('(') || line.contains("sqlite")) {
        return None;
    }
    let is_such = |sign: &&Sign| {
        sign.is_of(seen.language)
            && line.split_once(sign.text).is_some_and(|(_, rest)| match sign.place {
                "saved" => is_saved(rest),
                "mode" => has_writing_mode(rest),
                _ => true,
            })
    };
    let sign = signs(Tells::Writes).iter().find(is_such)?;
    Some(sign.text.trim_start_matches('.').trim_end_matches('('))
}

/// `request.files["x"].save("uploads/x")`; a model of a database is saved without a name.
fn is_saved(rest: &str) -> bool {
    rest.trim_start_matches(['f', 'r']).starts_with(['"', '\'', '`']) || rest.starts_with("os.path")
}

fn has_writing_mode(rest: &str) -> bool {
    signs(Tells::Mode).iter().any(|mode| {
        let before = rest.split_once(mode.text).map(|(before, _)| before.trim_end());
        before.is_some_and(|before| before.ends_with([',', '=']))
    })
}

/// The paths that a line names in quotes and that may be files of the service.
fn paths(line: &str) -> impl Iterator<Item = String> {
    let starts = line.match_indices(['"', '\'', '`']).filter(|(at, _)| line[at + 1..].starts_with('/'));
    let literals = starts.filter_map(|(at, quote)| {
        let rest = &line[at + 1..];
        let end = rest.find(|c: char| quote.starts_with(c) || c.is_whitespace() || "{$%".contains(c))?;
        Some(rest[..end].trim_end_matches('/'))
    });
    let speaks = || signs(Tells::Address).iter().any(|sign| line.contains(sign.text));
    let speaks_of_addresses = LazyCell::new(speaks);
    literals.filter(move |path| may_be_written(path, &|| *speaks_of_addresses)).map(str::to_owned)
}

fn may_be_written(path: &str, speaks_of_addresses: &dyn Fn() -> bool) -> bool {
    if signs(Tells::Never).iter().any(|sign| is_below(path, sign.text)) {
        return false;
    }
    let is_data = signs(Tells::Data).iter().any(|sign| path.ends_with(sign.text));
    signs(Tells::Names).iter().filter(|sign| is_below(path, sign.text)).any(|sign| {
        let is_fit = match sign.place {
            "below" => path != sign.text,
            "data" => is_data,
            _ => true,
        };
        is_fit && (is_data || sign.unless.is_empty() || !speaks_of_addresses())
    })
}
