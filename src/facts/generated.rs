//! Whether a program writes a file: a header says so, or it is a template.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::{docker, source::FileKind};

/// A comment that forbids to edit by hand, as generators write it.
///
/// Go fixed the words: <https://pkg.go.dev/cmd/go#hdr-Generate_Go_files_by_processing_source>. The official images
/// of Docker Hub say "PLEASE DO NOT EDIT IT DIRECTLY", and Meta's tools "@generated".
static HEADER: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)@generated\b|\bdo not edit\b|\bdon't edit\b"));

/// What a template engine fills in, at the start of a text: Jinja and its kin, ERB, and the `%%NAME%%` of the official images.
///
/// Docker and Go write `{{.Field}}` and `{{json .}}` themselves, so a name must fill the braces.
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:\{\{-?\s*[A-Za-z_][A-Za-z0-9_.]*\s*(\|[^{}]*)?-?\}\}|\{%-?\s*[a-z]+[^%]*%\}|<%=?[^%]*%>|%%[A-Z][A-Z0-9_]*%%)",
    )
});

/// Words that Go's templates put between braces on their own.
const WORDS_OF_GO: [&str; 3] = ["end", "else", "break"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and valid")
}

/// The offset of what tells that a program writes this file, and the reason in words.
pub fn sign(kind: FileKind, text: &str) -> Option<(usize, String)> {
    let header = match kind {
        FileKind::Dockerfile | FileKind::Compose => header(text),
        _ => None,
    };
    header.or_else(|| template(text))
}

/// The comment above everything else that says so.
fn header(text: &str) -> Option<(usize, String)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start_matches('\u{feff}').trim();
        if !code.is_empty() && !docker::lines::is_comment(code) {
            return None;
        }
        let may_say = code.to_ascii_lowercase().contains("edit") || code.contains('@');
        if let Some(found) = may_say.then(|| HEADER.find(code)).flatten() {
            let words = found.as_str();
            return Some((
                at,
                format!("it is generated: its header says \"{words}\"; change what it is made from"),
            ));
        }
        at += line.len();
    }
    None
}

/// The first placeholder of a template, comments aside.
pub fn template(text: &str) -> Option<(usize, String)> {
    let opens = |at: usize| ["{{", "{%", "<%", "%%"].iter().any(|opening| text[at..].starts_with(opening));
    let mut openings = text.match_indices(['{', '<', '%']).map(|(at, _)| at).filter(|at| opens(*at));
    let is_comment = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        docker::lines::is_comment(&text[start..at])
    };
    let is_of_go = |found: &str| WORDS_OF_GO.contains(&found.trim_matches(['{', '}', '-', ' ']));
    openings.find_map(|at| {
        let place = TEMPLATE.find(&text[at..])?.as_str();
        let is_filled = !is_comment(at) && !is_of_go(place);
        is_filled.then(|| (at, format!("it is a template: {place} is filled in by another program")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stand_above_everything() {
        let official = "#\n# NOTE: GENERATED VIA \"apply-templates.sh\"\n#\n# PLEASE DO NOT EDIT IT DIRECTLY.\n#\nFROM a\n";
        assert!(sign(FileKind::Dockerfile, official).is_some());
        assert_eq!(sign(FileKind::Dockerfile, "FROM a\n# do not edit the next line\nRUN b\n"), None);
        assert_eq!(sign(FileKind::Dockerfile, "# Edit at will\nFROM a\n"), None);
    }

    #[test]
    fn placeholders_are_told_from_formats() {
        for text in [
            "FROM a:{{ version }}",
            "FROM a\n{% if x %}\nRUN b",
            "FROM a:%%SUITE%%",
            "ENV A={{cookiecutter.a}}",
        ] {
            assert!(template(text).is_some(), "{text}");
        }
        for text in [
            "RUN go list -f '{{.Dir}}'",
            "RUN docker inspect -f '{{json .Mounts}}'",
            "RUN x '{{if .A}}b{{else}}c{{end}}'",
            "RUN date +%s%%",
            "# {{ x }}\nFROM a",
        ] {
            assert_eq!(template(text), None, "{text}");
        }
    }
}
