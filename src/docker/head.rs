//! The parts of a logical line: its name, its flags and the text after them.

use super::{
    instruction::Flag,
    keyword::Keyword,
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
    let name = name(&logical.text, inner);
    let (raw_flags, rest) = words::builder_flags(&logical.text[name.end()..inner.end()], escape);
    let flags = raw_flags.into_iter().map(|raw| flag(logical, raw, name.end())).collect();
    let rest = name.end() + rest;
    let body = words::trimmed(&logical.text[rest..]).shifted(rest);
    Head { name, flags, body }
}

fn name(text: &str, inner: Span) -> Span {
    let end = inner.of(text).find(words::is_blank);
    Span::new(inner.start(), end.map_or(inner.end(), |at| inner.start() + at))
}

/// The offset in `text` of what stands after all the ONBUILDs that it starts with.
///
/// A loop: a file may chain as many as it has lines.
pub(super) fn after_chain(text: &str, escape: char) -> usize {
    let end = words::trimmed(text).end();
    let mut at = 0;
    loop {
        let inner = words::trimmed(&text[at..end]).shifted(at);
        let name = name(text, inner);
        if Keyword::parse(name.of(text)) != Some(Keyword::Onbuild) {
            return at;
        }
        at = name.end() + words::builder_flags(&text[name.end()..end], escape).1;
    }
}

fn flag(logical: &Logical, raw: RawFlag, shift: usize) -> Flag {
    let span = logical.source_span(raw.span.shifted(shift));
    let body = raw.text.strip_prefix("--").unwrap_or(&raw.text);
    match body.split_once('=') {
        Some((name, value)) => Flag { span, name: name.to_owned(), value: Some(value.to_owned()) },
        None => Flag { span, name: body.to_owned(), value: None },
    }
}
