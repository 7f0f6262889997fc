//! Paths in /usr/local, where packages and their programs are before the split.

use crate::{
    docker::Keyword,
    facts::{
        ImageView,
        split::{Part, Split},
    },
};

/// A path in /usr/local, where packages and their programs are today.
pub(super) fn missed(word: &str, image: &ImageView, split: &Split) -> Option<String> {
    let folder = &split.environment.path;
    if word.contains("/usr/local/lib/python") {
        return Some(format!("names {word}, and the packages would be in {folder}"));
    }
    let name = program_in_usr_local(word).filter(|name| !is_brought(name, image, split))?;
    Some(match is_interpreter(name) {
        true => format!("calls /usr/local/bin/{name}, which would not see the packages in {folder}"),
        false => format!("calls /usr/local/bin/{name}, which would no longer be there"),
    })
}

/// The name of a program in /usr/local/bin that a word holds.
fn program_in_usr_local(word: &str) -> Option<&str> {
    let (_, rest) = word.split_once("/usr/local/bin/")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._-+".contains(c)).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

fn is_interpreter(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// Whether the final stage copies a program of this name to /usr/local/bin.
pub(in crate::stages) fn is_brought(name: &str, image: &ImageView, split: &Split) -> bool {
    let steps = image.instructions().iter().zip(&split.parts);
    let mut copies = steps
        .filter(|(step, part)| {
            matches!(step.keyword, Keyword::Copy | Keyword::Add) && matches!(part, Part::Stays | Part::Both)
        })
        .filter_map(|(step, _)| step.words.split_last());
    copies.any(|(target, sources)| {
        let last = |path: &str| path.trim_end_matches('/').rsplit('/').next() == Some(name);
        match target.text.trim_end_matches('/') {
            "/usr/local/bin" => sources.iter().any(|source| last(&source.text)),
            path => path == format!("/usr/local/bin/{name}"),
        }
    })
}
