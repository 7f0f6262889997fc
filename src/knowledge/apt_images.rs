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

/// Whether the Debian or Ubuntu that an image stands on is known to have tini.
///
/// Debian has it from buster on, Ubuntu from focal on: <https://packages.debian.org/tini>,
/// <https://packages.ubuntu.com/tini>. Of an image that is not official the tag may tell.
pub fn has_tini(image: &str, tag: Option<&str>) -> bool {
    const WITHOUT: [&str; 7] = ["trusty", "xenial", "bionic", "precise", "wheezy", "jessie", "stretch"];
    const WITH: [&str; 15] = [
        "buster", "bullseye", "bookworm", "trixie", "forky", "focal", "jammy", "noble", "debian10",
        "debian11", "debian12", "debian13", "20.04", "22.04", "24.04",
    ];
    let tag = tag.unwrap_or("latest");
    let names = |releases: &[&str]| releases.iter().any(|release| tag.contains(release));
    if names(&WITHOUT) {
        return false;
    }
    match official_name(image) {
        Some("ubuntu") if tag.starts_with(|c: char| c.is_ascii_digit()) => {
            numbers(tag).is_some_and(|version| version >= vec![20, 4])
        }
        Some(_) => names(&WITH) || has_apt(image, Some(tag)),
        None => names(&WITH),
    }
}

/// Whether the Alpine that a tag names has tini: from 3.3 on. One that names no release is a newer one.
pub fn alpine_has_tini(tag: &str) -> bool {
    let version = tag.rsplit("alpine").next().unwrap_or(tag).split('-').next().and_then(numbers);
    version.is_none_or(|version| version == [3] || version >= vec![3, 3])
}

/// Whether a tag of the official node image is known to bring `docker-entrypoint.sh`.
///
/// It came in June 2019: what was out of support by then, and releases before that, go without.
/// Source: the history of <https://github.com/nodejs/docker-node>.
pub fn node_has_entrypoint(tag: &str) -> bool {
    let word = tag.split('-').next().unwrap_or_default();
    if tag.contains('$') || matches!(word, "argon" | "boron") {
        return false;
    }
    match numbers(word.trim_start_matches('v')) {
        Some(version) => match version[..] {
            [8 | 10 | 12] | [8 | 10, 16] | [13..=u32::MAX, ..] => true,
            [8 | 10, minor, ..] => minor > 16,
            [12, minor, ..] => minor > 3,
            _ => false,
        },
        None => true,
    }
}

fn numbers(word: &str) -> Option<Vec<u32>> {
    word.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_node_before_their_entrypoint_are_known() {
        let with = [
            "22-alpine",
            "alpine",
            "lts-slim",
            "8",
            "8.17.0-slim",
            "10.16-alpine",
            "12.4.0",
            "13.1",
            "carbon",
        ];
        assert_eq!(with.into_iter().find(|tag| !node_has_entrypoint(tag)), None);
        let without =
            ["4", "6-alpine", "8.11", "8.16.0", "10.15.3-alpine", "11", "12.3.1", "boron", "${X}-slim"];
        assert_eq!(without.into_iter().find(|tag| node_has_entrypoint(tag)), None);
    }

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
    fn tini_is_not_in_every_release() {
        let has = |image, tag| has_tini(image, Some(tag));
        for (image, tag) in [
            ("debian", "12"),
            ("debian", "buster-slim"),
            ("ubuntu", "20.04"),
            ("ubuntu", "jammy-20240101"),
            ("python", "3.12-slim"),
            ("nvidia/cuda", "12.4.1-runtime-ubuntu22.04"),
        ] {
            assert!(has(image, tag), "{image}:{tag}");
        }
        for (image, tag) in [
            ("debian", "stretch"),
            ("debian", "9"),
            ("ubuntu", "18.04"),
            ("ubuntu", "xenial"),
            ("corp/base", "latest"),
            ("nvidia/cuda", "10.0-base-ubuntu18.04"),
        ] {
            assert!(!has(image, tag), "{image}:{tag}");
        }
        assert!(!alpine_has_tini("3.2") && !alpine_has_tini("3.1-x") && !alpine_has_tini("2.7"));
        assert!(
            ["3.3", "latest", "edge", "22-alpine3.20", "3.12-alpine", "3"]
                .iter()
                .all(|tag| alpine_has_tini(tag))
        );
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
