//! The parts of a logical line: its name, its flags and the text after them.

use super::{
    instruction::Flag,
    lines::Logical,
    words::{self, RawFlag},
};
use crate::source::Span;

/// A logical line, cut as BuildKit cuts it before it looks at the name.
pub(super) struct Head {
    /// The first word, in the logical text.
    pub name: Span,
    /// The builder flags after it.
    pub flags: Vec<Flag>,
    /// The rest, trimmed, in the logical text.
    pub body: Span,
}

/// Cuts `logical`.
pub(super) fn read(logical: &Logical, escape: char) -> Head {
    let inner = words::trimmed(&logical.text);
    let name_end = logical.text[inner.start..inner.end].find(words::is_blank);
    let name = Span::new(inner.start, name_end.map_or(inner.end, |at| inner.start + at));
    let (raw_flags, rest) = words::builder_flags(&logical.text[name.end..inner.end], escape);
    let flags = raw_flags.into_iter().map(|raw| flag(logical, raw, name.end)).collect();
    let rest = name.end + rest;
    let body = words::trimmed(&logical.text[rest..]).shifted(rest);
    Head { name, flags, body }
}

fn flag(logical: &Logical, raw: RawFlag, shift: usize) -> Flag {
    let span = logical.source_span(raw.span.shifted(shift));
    let body = raw.text.strip_prefix("--").unwrap_or(&raw.text);
    match body.split_once('=') {
        Some((name, value)) => Flag { span, name: name.to_owned(), value: Some(value.to_owned()) },
        None => Flag { span, name: body.to_owned(), value: None },
    }
}
