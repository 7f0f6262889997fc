//! Official images, and whether they have an Alpine variant.

use super::{AlpineBranch, table::Table};
use crate::docker::image::official_name;

const IMAGES: Table = Table::new(include_str!("../../knowledge/images.tsv"));

/// Whether an image is published for Alpine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlpineStatus {
    /// It is.
    Current,
    /// It was, until this day.
    Dropped(&'static str),
    /// It never was.
    Never,
    /// Its default tags are Alpine already.
    AlreadyAlpine,
    /// A plain distribution: the `alpine` image takes its place.
    Distribution,
}

/// What is known of an official image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFact {
    /// The name, as `python`.
    pub name: &'static str,
    /// Whether it is published for Alpine.
    pub status: AlpineStatus,
    /// The branches it is published for now; empty when not recorded.
    pub branches: Vec<AlpineBranch>,
    /// The versions it is published in for Alpine now; empty when not recorded.
    pub versions: Vec<&'static str>,
    /// The form of its Alpine tags, in words.
    pub alpine_tags: &'static str,
    /// A caveat, or empty.
    pub note: &'static str,
}

/// What is known of `image`, given without tag.
pub fn lookup(image: &str) -> Option<ImageFact> {
    let row = IMAGES.row(official_name(image)?)?;
    let status = match row.cell(1) {
        "current" => AlpineStatus::Current,
        "never" => AlpineStatus::Never,
        "alpine-by-default" => AlpineStatus::AlreadyAlpine,
        "use-alpine-image" => AlpineStatus::Distribution,
        other => AlpineStatus::Dropped(other.strip_prefix("dropped-")?),
    };
    Some(ImageFact {
        name: row.cell(0),
        status,
        branches: row.words(2).into_iter().filter_map(|branch| branch.parse().ok()).collect(),
        versions: row.words(3),
        alpine_tags: row.cell(4),
        note: row.cell(5),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_images_have_alpine_variants() {
        let status = |image| lookup(image).map(|fact| fact.status);
        assert_eq!(status("docker.io/library/python"), Some(AlpineStatus::Current));
        assert_eq!(status("mysql"), Some(AlpineStatus::Never));
        assert_eq!(status("openjdk"), Some(AlpineStatus::Dropped("2022-08-20")));
        assert_eq!(status("debian"), Some(AlpineStatus::Distribution));
        assert_eq!(status("docker"), Some(AlpineStatus::AlreadyAlpine));
        assert_eq!(status("ghcr.io/astral-sh/uv"), None);
        assert_eq!(status("bitnami/python"), None);
    }
}
