//! Parser directives: `# syntax=`, `# escape=`, `# check=`, at the top of the file only.

use super::{error::DockerfileError, lines::Line};
use crate::source::Span;

/// One parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Lower-case name: `syntax`, `escape` or `check`.
    pub name: String,
    /// The value, blanks trimmed.
    pub value: String,
    /// The whole comment line.
    pub span: Span,
}

/// The directives at the top of `text`.
///
/// # Errors
/// When one stands twice or `escape` is neither `\` nor a backtick.
pub fn read(text: &str, lines: &[Line]) -> Result<Vec<Directive>, DockerfileError> {
    let mut directives: Vec<Directive> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((name, value)) = key_value(line.span.of(text)) else { break };
        let name = name.to_ascii_lowercase();
        if !matches!(name.as_str(), "syntax" | "escape" | "check") {
            break;
        }
        // BuildKit looks at a line before it counts it, and so reports the one above.
        let refused = |what: String, help: &str| {
            let above = lines[index.saturating_sub(1)];
            Err(DockerfileError::new(line.span, what, help).on(text, above))
        };
        if directives.iter().any(|seen| seen.name == name) {
            let what = format!("only one {name} parser directive can be used");
            return refused(what, "remove one of the two lines");
        }
        if name == "escape" && !matches!(value, "\\" | "`") {
            let what = format!("invalid escape token '{value}': it is neither ` nor \\");
            return refused(what, "write `# escape=\\` or `# escape=\u{60}`");
        }
        directives.push(Directive { name, value: value.to_owned(), span: line.span });
    }
    Ok(directives)
}

/// The escape character of a text that was parsed before: only the directives at its top are read.
pub fn escape(text: &str) -> char {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
    let pairs = lines.map_while(key_value);
    let mut directives = pairs
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .take_while(|(name, _)| matches!(name.as_str(), "syntax" | "escape" | "check"));
    let value = directives.find_map(|(name, value)| (name == "escape").then_some(value));
    value.and_then(|value| value.chars().next()).unwrap_or('\\')
}

/// Cuts `# name = value`; blanks are those of Go's `\s`, but for the ones around `#`.
fn key_value(line: &str) -> Option<(&str, &str)> {
    let body = line.trim_start().strip_prefix('#')?.trim_start();
    let (name, value) = body.split_once('=')?;
    let (name, trimmed) = (name.trim_end_matches(is_blank), value.trim_matches(is_blank));
    // A value has at least one character, if need be the last blank.
    let value = if trimmed.is_empty() { &value[value.len().saturating_sub(1)..] } else { trimmed };
    let mut chars = name.chars();
    let is_name = chars.next()?.is_ascii_alphabetic() && chars.all(|c| c.is_ascii_alphanumeric());
    (is_name && !value.is_empty()).then_some((name, value))
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{c}' | '\r' | ' ')
}
