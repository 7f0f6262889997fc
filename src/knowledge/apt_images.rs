//! Official images on Debian or Ubuntu, and whether the servers of their release still answer.

use super::table::Table;
use crate::docker::image::official_name;

const IMAGES: Table = Table::new(include_str!("../../knowledge/apt-images.tsv"));

/// Releases whose packages were moved to an archive, where apt does not look.
const GONE: [&str; 5] = ["wheezy", "jessie", "stretch", "buster", "precise"];
/// Variants of these images that stand on something else.
const OTHERS: [&str; 6] = ["alpine", "ubi", "oracle", "nanoserver", "windowsservercore", "busybox"];
const SERVED: [&str; 10] =
    ["bullseye", "bookworm", "trixie", "forky", "sid", "xenial", "bionic", "focal", "jammy", "noble"];
/// Tags that are built anew for each release.
const MOVING: [&str; 9] =
    ["latest", "slim", "stable", "mainline", "lts", "current", "rolling", "testing", "unstable"];

/// Whether `apt-get update` is known to work on the image with this tag.
pub fn has_apt(image: &str, tag: Option<&str>) -> bool {
    let Some((name, row)) = official_name(image).and_then(|name| Some((name, IMAGES.row(name)?))) else {
        return false;
    };
    let words: Vec<&str> = tag.unwrap_or("latest").split('-').collect();
    let is_other = |word: &&str| GONE.contains(word) || OTHERS.iter().any(|other| word.starts_with(other));
    if words.iter().any(is_other) {
        return false;
    }
    if words.iter().any(|word| SERVED.contains(word)) || MOVING.contains(&words[0]) {
        return true;
    }
    let Some(version) = numbers(words[0]) else { return false };
    // Ubuntu moves all but its long-term releases to an archive.
    if name == "ubuntu" && !matches!(version[..], [year, 4, ..] if year % 2 == 0) {
        return false;
    }
    let since = row.cell(if version.len() > 2 { 2 } else { 1 });
    numbers(since).is_some_and(|since| {
        // `3` is the newest of its line.
        let known = since.len().min(version.len());
        version[..known] >= since[..known]
    })
}

fn numbers(word: &str) -> Option<Vec<u32>> {
    word.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_apt_works() {
        for (image, tag) in [
            ("python", "3.11-slim"),
            ("docker.io/library/node", "20.11.1"),
            ("node", "18.1.0-bullseye-slim"),
            ("debian", "12"),
            ("ubuntu", "22.04"),
            ("eclipse-temurin", "21-jre"),
            ("python", "3"),
        ] {
            assert!(has_apt(image, Some(tag)), "{image}:{tag}");
        }
        assert!(has_apt("nginx", None));
    }

    #[test]
    fn does_not_count_on_what_it_does_not_know() {
        for (image, tag) in [
            ("gcr.io/distroless/static", "nonroot"),
            ("scratch", "latest"),
            ("amazoncorretto", "21"),
            ("eclipse-temurin", "21-ubi9-minimal"),
            ("python", "2.7"),
            ("python", "3.8.5-slim-buster"),
            ("python", "3.8.5"),
            ("node", "14"),
            ("ubuntu", "23.10"),
            ("ubuntu", "12.04"),
            ("debian", "jessie"),
            ("python", "${VERSION}"),
        ] {
            assert!(!has_apt(image, Some(tag)), "{image}:{tag}");
        }
    }
}
