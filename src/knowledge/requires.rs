//! What Python packages require, of the newest version that was seen.

use super::table::Table;

const REQUIRES: Table = Table::new(include_str!("../../knowledge/requires.tsv"));

/// A package that another one requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name in PyPI's normal form.
    pub name: &'static str,
    /// The extras that are asked for.
    pub extras: Vec<&'static str>,
    /// The versions that are allowed, or empty where that is not known.
    pub versions: &'static str,
    /// When it is required, or empty.
    pub marker: &'static str,
}

/// What `name`, in PyPI's normal form, requires, or what an extra of it adds; none when that is not known.
pub fn of(name: &str, extra: Option<&str>) -> Option<Vec<Requirement>> {
    let row = match extra {
        None => REQUIRES.row(name)?,
        Some(extra) => REQUIRES.row(&format!("{name}[{extra}]"))?,
    };
    Some(row.cell(2).split(" | ").filter(|text| !text.is_empty()).map(requirement).collect())
}

fn requirement(text: &'static str) -> Requirement {
    let (head, marker) = text.split_once("; ").unwrap_or((text, ""));
    let end = head.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    let (extras, versions) =
        rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", rest));
    let extras = extras.split(',').filter(|extra| !extra.is_empty()).collect();
    Requirement { name, extras, versions, marker }
}

#[cfg(test)]
mod tests {
    use pep440_rs::VersionSpecifiers;

    use super::*;

    fn names(name: &str, extra: Option<&str>) -> Vec<&'static str> {
        of(name, extra).unwrap_or_default().into_iter().map(|requirement| requirement.name).collect()
    }

    #[test]
    fn requirements_are_known_by_package_and_extra() {
        assert!(names("faster-whisper", None).contains(&"ctranslate2"));
        assert!(names("fastapi", Some("standard")).contains(&"uvicorn"));
        assert!(!names("fastapi", None).contains(&"uvicorn"));
        assert_eq!(of("never-heard-of", None), None);
    }

    #[test]
    fn every_requirement_can_be_read() {
        let all =
            REQUIRES.rows().flat_map(|row| row.cell(2).split(" | ").map(move |text| (row.cell(0), text)));
        for (row, text) in all.filter(|(_, text)| !text.is_empty()) {
            let found = requirement(text);
            assert!(!found.name.is_empty() && !found.name.ends_with('-'), "{row}: {text}");
            let versions = found.versions.parse::<VersionSpecifiers>();
            assert!(found.versions.is_empty() || versions.is_ok(), "{row}: {text}");
        }
    }
}
