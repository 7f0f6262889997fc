//! Files that name Dockerfiles, and the signs that one of them builds without BuildKit.

use super::table::Table;

const CONSUMERS: Table = Table::new(include_str!("../../knowledge/consumers.tsv"));
const PLAIN_BUILDERS: Table = Table::new(include_str!("../../knowledge/plain-builders.tsv"));

/// A sign in a file that it builds without BuildKit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The line, from 1.
    pub line: usize,
    /// What builds, as in "Kaniko builds it".
    pub what: &'static str,
}

/// What a file tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Which Dockerfiles are built, and which compose files are read together.
    Dockerfiles,
    /// Only which compose files are read together.
    Stacks,
}

/// What a file at this path may tell of; a name alone counts in any folder.
pub fn names(path: &str) -> Option<Names> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut rows = CONSUMERS.rows();
    let row = rows.find(|row| {
        let wanted = row.cell(0);
        let given = if wanted.contains('/') { path } else { name };
        match wanted.split_once('*') {
            Some((head, tail)) => {
                given.len() >= wanted.len() - 1 && given.starts_with(head) && given.ends_with(tail)
            }
            None => given == wanted,
        }
    })?;
    Some(if row.cell(2) == "stacks" { Names::Stacks } else { Names::Dockerfiles })
}

/// The first sign in `text` that it builds without BuildKit.
pub fn without_buildkit(text: &str) -> Option<Mark> {
    let rows = PLAIN_BUILDERS.rows();
    let applies = rows
        .filter(|row| text.contains(row.cell(0)) && (row.cell(1).is_empty() || !text.contains(row.cell(1))));
    let found = applies.filter_map(|row| {
        let has_mark = |line: &str| line.contains(row.cell(0)) && !line.trim_start().starts_with('#');
        let at = text.lines().position(has_mark)?;
        Some(Mark { line: at + 1, what: row.cell(2) })
    });
    found.min_by_key(|mark| mark.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide() {
        for path in
            [".github/workflows/ci.yml", "a/Makefile", "cloudbuild.prod.yaml", "scripts/x.sh", "Jenkinsfile"]
        {
            assert_eq!(names(path), Some(Names::Dockerfiles), "{path}");
        }
        for path in ["ci.yml", "docs/workflows/ci.yml", "Makefile.am", "x.sh.md"] {
            assert_eq!(names(path), None, "{path}");
        }
    }

    #[test]
    fn signs_of_builders_without_buildkit() {
        let what = |text| without_buildkit(text).map(|mark| (mark.line, mark.what));
        assert_eq!(what("a\n  image: gcr.io/kaniko-project/executor:debug\n"), Some((2, "Kaniko")));
        assert!(what("- name: gcr.io/cloud-builders/docker\n").is_some());
        assert_eq!(what("- name: gcr.io/cloud-builders/docker\n  env: ['DOCKER_BUILDKIT=1']\n"), None);
        assert_eq!(what("env:\n  DOCKER_BUILDKIT: 1\n"), None);
    }
}
