//! From a Debian tag of an official image to a published Alpine tag.

mod window;

use self::window::{Window, version_of};
use super::{
    AlpineBranch,
    images::{self, AlpineStatus, ImageFact},
    table::{Row, Table},
};
use crate::docker::image::{official, official_name};

const TAGS: Table = Table::new(include_str!("../../knowledge/image-tags.tsv"));
const SUITES: [&str; 13] = [
    "slim", "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "focal", "jammy",
    "noble", "resolute", "resolved",
];

/// How the table tells of images whose default tag is made from scratch.
const FROM_NOTHING: &str = "default is scratch";
/// Images with a tag for each version of Java, and none for the newest one.
const OF_JAVA: [&str; 2] = ["amazoncorretto", "eclipse-temurin"];

/// An Alpine tag that takes the place of a Debian one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlpineTag {
    /// The image without tag, spelled as it was given; Alpine itself for a plain distribution.
    pub image: String,
    /// The tag, as `3.11-alpine3.24`.
    pub tag: String,
    /// The branch it is built on.
    pub branch: AlpineBranch,
    /// What a reviewer should know, or empty.
    pub note: String,
    /// The version that was asked for and of which it is not known that it was published; the tag is its line's.
    pub instead_of: Option<String>,
}

/// Why there is no Alpine tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// The tag is an Alpine one.
    #[error("it is an Alpine image already")]
    AlreadyAlpine,
    /// The reference names one exact build.
    #[error("it is pinned by digest, and a digest cannot be translated")]
    DigestPinned,
    /// The reference holds a variable.
    #[error("the tag holds a variable")]
    Variable,
    /// Not an official image.
    #[error("{image} is not an official image that the tables know")]
    UnknownImage {
        /// The image.
        image: String,
    },
    /// An official image without Alpine variant.
    #[error("{image}: {note}")]
    NoAlpineVariant {
        /// The image.
        image: String,
        /// What the table says, and that there is none.
        note: String,
    },
    /// The tag's words are not understood.
    #[error("the tag {tag} has no known Alpine counterpart")]
    UnknownTag {
        /// The tag.
        tag: String,
    },
    /// The version was not published for Alpine, as far as is known.
    #[error("no Alpine tag is known for {image}:{tag}{}", .nearest.as_ref().map(|tag| format!("; the nearest is {tag}")).unwrap_or_default())]
    NotPublished {
        /// The image.
        image: String,
        /// The tag.
        tag: String,
        /// The closest published tag.
        nearest: Option<String>,
    },
}

/// The Alpine tag for `image:tag`, on the branch `wanted` or else on the newest one published.
///
/// A full version such as 3.11.4 is kept where the table proves that it was published.
///
/// # Errors
/// When no published tag is known.
pub fn alpine_tag(image: &str, tag: &str, wanted: Option<AlpineBranch>) -> Result<AlpineTag, WhyNot> {
    if image.contains('$') || tag.contains('$') {
        return Err(WhyNot::Variable);
    }
    if image.contains('@') || tag.contains('@') {
        return Err(WhyNot::DigestPinned);
    }
    if tag.contains("alpine") || official_name(image) == Some("alpine") {
        return Err(WhyNot::AlreadyAlpine);
    }
    let fact = images::lookup(image).ok_or_else(|| WhyNot::UnknownImage { image: image.to_owned() })?;
    match fact.status {
        AlpineStatus::Current if fact.note.contains(FROM_NOTHING) => {
            return Err(WhyNot::NoAlpineVariant {
                image: image.to_owned(),
                note: "it holds its program alone, and Alpine would make it larger".to_owned(),
            });
        }
        AlpineStatus::Current => {}
        AlpineStatus::AlreadyAlpine => return Err(WhyNot::AlreadyAlpine),
        AlpineStatus::Distribution => return Ok(plain_alpine(image, wanted)),
        AlpineStatus::Dropped(_) | AlpineStatus::Never => {
            let told = format!("{} {}", fact.note, fact.alpine_tags);
            let note = match told.trim() {
                "" => "no Alpine variant".to_owned(),
                told if told.contains("Alpine variant") => told.to_owned(),
                told => format!("no Alpine variant; {told}"),
            };
            return Err(WhyNot::NoAlpineVariant { image: image.to_owned(), note });
        }
    }
    let asked = Asked { image, tag, fact, parts: split(tag), wanted };
    asked.check_flavour()?;
    if asked
        .parts
        .version
        .is_none_or(|version| matches!(version, "lts" | "current") || !asked.has_rows(version))
    {
        return asked.floating();
    }
    asked.versioned()
}

/// The branch that a tag of an official Alpine image stands on now, as far as it is known.
pub fn branch_of(image: &str, tag: &str) -> Option<AlpineBranch> {
    let newest = || AlpineBranch::supported().first().copied();
    let written = tag.rsplit("alpine").next().filter(|rest| rest.starts_with("3."));
    let number = |text: &str| {
        let mut parts = text.split(['.', '-', '_']);
        format!("{}.{}", parts.next()?, parts.next()?).parse().ok()
    };
    match (written, official_name(image)?) {
        (Some(branch), _) => number(branch),
        (None, "alpine") => number(tag).or_else(newest),
        (None, _) => {
            let plain = tag.strip_suffix("-alpine").or(tag.strip_prefix("alpine")).unwrap_or(tag);
            let plain = if plain.is_empty() { "latest" } else { plain };
            alpine_tag(image, plain, None).ok().map(|tag| tag.branch)
        }
    }
}

/// Alpine itself, from the registry that `image` comes from.
fn plain_alpine(image: &str, wanted: Option<AlpineBranch>) -> AlpineTag {
    let branch =
        wanted.or_else(|| AlpineBranch::supported().first().copied()).unwrap_or(AlpineBranch::new(3, 24));
    let image = format!("{}alpine", official(image).map_or("", |(place, _)| place));
    AlpineTag { image, tag: branch.to_string(), branch, note: end_of_life_note(branch), instead_of: None }
}

fn end_of_life_note(branch: AlpineBranch) -> String {
    match branch.end_of_life() {
        Some(day) if !branch.is_supported() => format!("Alpine {branch} gets no updates since {day}."),
        Some(_) => String::new(),
        None if AlpineBranch::supported().last().is_some_and(|oldest| branch < *oldest) => {
            format!("Alpine {branch} gets no updates any more.")
        }
        None => format!("The table does not know how long Alpine {branch} is supported."),
    }
}

/// The words of a tag: a version, a flavour such as `fpm`, and Debian suites, which are dropped.
struct Parts<'t> {
    version: Option<&'t str>,
    flavour: String,
}

fn split(tag: &str) -> Parts<'_> {
    let mut words = tag.split('-').filter(|word| !SUITES.contains(word) && *word != "latest").peekable();
    let is_version =
        |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) || matches!(*word, "lts" | "current");
    let version = words.next_if(is_version);
    Parts { version, flavour: words.collect::<Vec<_>>().join("-") }
}

struct Asked<'t> {
    image: &'t str,
    tag: &'t str,
    fact: ImageFact,
    parts: Parts<'t>,
    wanted: Option<AlpineBranch>,
}

impl Asked<'_> {
    /// The flavour as the Alpine tags write it.
    fn flavour(&self) -> &str {
        match (self.fact.name, self.parts.flavour.as_str()) {
            ("php", "") => "cli",
            ("eclipse-temurin", "") => "jdk",
            (_, flavour) => flavour,
        }
    }

    fn check_flavour(&self) -> Result<(), WhyNot> {
        let prefix = format!("{}:", self.fact.name);
        let mut flavours =
            TAGS.rows_with_prefix(&prefix).filter(|row| row.cell(3) == "alpine").map(|row| row.cell(4));
        let is_known = flavours.any(|flavour| flavour == self.flavour()) || self.flavour().is_empty();
        is_known.then_some(()).ok_or_else(|| WhyNot::UnknownTag { tag: self.tag.to_owned() })
    }

    /// The rows of the release line that `version` belongs to.
    fn rows(&self, version: &str) -> Vec<Row> {
        let all: Vec<Row> = TAGS.rows_with_prefix(&format!("{}:", self.fact.name)).collect();
        let mut line = version;
        loop {
            let found: Vec<Row> = all.iter().copied().filter(|row| row.cell(2) == line).collect();
            match line.rsplit_once('.') {
                Some((shorter, _)) if found.is_empty() => line = shorter,
                _ => return found,
            }
        }
    }

    fn has_rows(&self, version: &str) -> bool {
        !self.rows(version).is_empty()
    }

    /// A tag for a version that floats over release lines, such as `3`, `lts` or none.
    fn floating(&self) -> Result<AlpineTag, WhyNot> {
        let version = self.parts.version;
        let newest = self.fact.branches.iter().filter(|branch| branch.is_supported()).max().copied();
        let is_listed = match version {
            None => !OF_JAVA.contains(&self.fact.name),
            Some("lts" | "current") => self.fact.name == "node",
            Some(version) => self.fact.versions.contains(&version),
        };
        let branch = newest.filter(|_| is_listed && !self.fact.branches.is_empty());
        let branch = branch
            .filter(|branch| self.wanted.is_none_or(|wanted| wanted == *branch || self.is_now_on(wanted)));
        let Some(branch) = branch.map(|branch| self.wanted.unwrap_or(branch)) else {
            return Err(self.not_published(None));
        };
        let words = [version.unwrap_or(""), self.parts.flavour.as_str(), &format!("alpine{branch}")];
        let tag = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        Ok(self.answer(tag, branch))
    }

    fn is_now_on(&self, branch: AlpineBranch) -> bool {
        self.fact.branches.contains(&branch)
    }

    /// A tag for a release line or a full version, proved by the table.
    fn versioned(&self) -> Result<AlpineTag, WhyNot> {
        let version = self.parts.version.unwrap_or("");
        let rows = self.rows(version);
        let mut windows: Vec<Window> = rows.iter().filter_map(|row| self.window(row)).collect();
        windows.sort_unstable_by_key(|window| std::cmp::Reverse(window.branch));
        let is_line = rows.iter().any(|row| row.cell(2) == version);
        let mut held = windows.iter().filter(|window| is_line || window.proves(version, &rows));
        let chosen = match self.wanted {
            Some(branch) => held.find(|window| window.branch == branch),
            None => {
                held.max_by_key(|window| (window.branch.is_supported() && window.is_current, window.branch))
            }
        };
        let Some(window) = chosen else {
            return self.nearest(version, &windows);
        };
        let Some(rest) = window.tag.strip_prefix(window.line) else {
            return Err(self.not_published(Some(window.tag.to_owned())));
        };
        let mut answer = self.answer(format!("{version}{rest}"), window.branch);
        if !window.is_current {
            let frozen = format!("The tag is not rebuilt since {}.", window.dropped);
            answer.note = format!("{frozen} {}", answer.note).trim_end().to_owned();
        }
        Ok(answer)
    }

    /// The tag of the release line that `version` belongs to, where it is not known that the version was published.
    fn nearest(&self, version: &str, windows: &[Window]) -> Result<AlpineTag, WhyNot> {
        let is_wanted = |window: &&Window| self.wanted.is_none_or(|branch| window.branch == branch);
        let newest = windows
            .iter()
            .filter(is_wanted)
            .max_by_key(|window| (window.branch.is_supported() && window.is_current, window.branch));
        match newest {
            // The tag of a whole major version is another minor one tomorrow.
            Some(window) if window.line.contains('.') || self.fact.name == "node" => {
                let answer = self.answer(window.tag.to_owned(), window.branch);
                Ok(AlpineTag { instead_of: Some(version.to_owned()), ..answer })
            }
            _ => Err(self.not_published(newest.or(windows.first()).map(|window| window.tag.to_owned()))),
        }
    }

    /// The row as a window of publication, if it is an Alpine row of the wanted flavour.
    fn window(&self, row: &Row) -> Option<Window> {
        let branch = row.cell(5).parse().ok()?;
        let tag = row.cell(0).split_once(':')?.1;
        (row.cell(3) == "alpine" && row.cell(4) == self.flavour()).then_some(Window {
            branch,
            tag,
            line: row.cell(2),
            first_seen: row.cell(6),
            dropped: row.cell(7),
            is_current: row.cell(7) == "current",
            last: version_of(row.cell(8)),
        })
    }

    fn answer(&self, tag: String, branch: AlpineBranch) -> AlpineTag {
        let mut note = end_of_life_note(branch);
        let major =
            self.parts.version.and_then(|version| version.split(['.', '_']).next()?.parse::<u32>().ok());
        if self.fact.name == "eclipse-temurin" && major.is_some_and(|major| major < 21) {
            note = format!("On Alpine this version of Java is for amd64 alone (BASE-33). {note}")
                .trim_end()
                .to_owned();
        }
        AlpineTag { image: self.image.to_owned(), tag, branch, note, instead_of: None }
    }

    fn not_published(&self, nearest: Option<String>) -> WhyNot {
        WhyNot::NotPublished { image: self.image.to_owned(), tag: self.tag.to_owned(), nearest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(image: &str, tag: &str) -> String {
        match alpine_tag(image, tag, None) {
            Ok(found) => found.tag,
            Err(why) => panic!("{image}:{tag}: {why}"),
        }
    }

    #[test]
    fn maps_release_lines_to_the_newest_branch() {
        for debian in ["3.11", "3.11-slim", "3.11-slim-bookworm", "3.11-bullseye"] {
            assert_eq!(tag("python", debian), "3.11-alpine3.24");
        }
        assert_eq!(tag("node", "20-bookworm-slim"), "20-alpine3.23");
        assert_eq!(tag("node", "22-slim"), "22-alpine3.24");
        assert_eq!(tag("php", "8.3-fpm"), "8.3-fpm-alpine3.24");
        assert_eq!(tag("php", "8.3"), "8.3-cli-alpine3.24");
        assert_eq!(tag("eclipse-temurin", "17-jre-jammy"), "17-jre-alpine-3.24");
        assert_eq!(tag("debian", "bookworm-slim"), "3.24");
    }

    #[test]
    fn maps_floating_tags() {
        assert_eq!(tag("python", "3-slim"), "3-alpine3.24");
        assert_eq!(tag("python", "slim"), "alpine3.24");
        assert_eq!(tag("node", "lts-slim"), "lts-alpine3.24");
    }

    #[test]
    fn keeps_full_versions_where_they_were_published() {
        assert_eq!(tag("python", "3.11.4-slim-bookworm"), "3.11.4-alpine3.18");
        assert_eq!(tag("python", "3.11.16-slim"), "3.11.16-alpine3.24");
        assert_eq!(tag("python", "3.11.15-slim"), "3.11.15-alpine3.23");
        for (image, tag) in
            [("eclipse-temurin", "17.0.5_8-jre-focal"), ("eclipse-temurin", "latest"), ("nats", "latest")]
        {
            assert!(alpine_tag(image, tag, None).is_err(), "{image}:{tag}");
        }
        let nearest = alpine_tag("python", "3.11.99-slim", None).expect("its line is published");
        assert_eq!((&*nearest.tag, nearest.instead_of.as_deref()), ("3.11-alpine3.24", Some("3.11.99")));
        assert_eq!(tag("node", "current-slim"), "current-alpine3.24");
        let early = alpine_tag("python", "3.14.0a2-slim-bullseye", None).expect("its line is published");
        assert_eq!((&*early.tag, early.instead_of.as_deref()), ("3.14-alpine3.24", Some("3.14.0a2")));
    }

    #[test]
    fn tells_the_branch_of_an_alpine_tag() {
        let branch = |image, tag| branch_of(image, tag).map(|branch| branch.to_string());
        assert_eq!(branch("alpine", "3.12.1").as_deref(), Some("3.12"));
        assert_eq!(branch("alpine", "latest"), branch("docker.io/library/alpine", "3"));
        assert_eq!(branch("python", "3.6-alpine3.15").as_deref(), Some("3.15"));
        assert_eq!(branch("python", "3.13-alpine"), branch("python", "alpine"));
        assert_eq!(branch("corp/python", "3.13-alpine"), None);
        assert!(branch_of("python", "2.7-alpine").is_none_or(|branch| branch < AlpineBranch::new(3, 18)));
        assert!(branch_of("python", "3.6-alpine").is_none_or(|branch| branch < AlpineBranch::new(3, 18)));
    }

    #[test]
    fn honours_the_branch_asked_for() {
        let asked = |tag, minor| alpine_tag("python", tag, Some(AlpineBranch::new(3, minor)));
        let old = asked("3.11-slim", 19).expect("published once");
        assert_eq!(old.tag, "3.11-alpine3.19");
        assert_eq!(
            old.note,
            "The tag is not rebuilt since 2024-12-09. Alpine 3.19 gets no updates since 2025-11-01."
        );
        assert!(asked("3.14-slim", 19).is_err());
        assert_eq!(
            asked("3.11.4-slim", 24).expect("its line is published").instead_of.as_deref(),
            Some("3.11.4")
        );
    }

    #[test]
    fn declines_what_it_does_not_know() {
        let why = |image, tag| alpine_tag(image, tag, None).expect_err(tag);
        assert_eq!(why("python", "3.11-alpine"), WhyNot::AlreadyAlpine);
        assert_eq!(why("python", "3.11@sha256:0"), WhyNot::DigestPinned);
        assert_eq!(why("python", "${PY}-slim"), WhyNot::Variable);
        assert!(matches!(why("acme/base", "1"), WhyNot::UnknownImage { .. }));
        assert!(matches!(why("mysql", "8"), WhyNot::NoAlpineVariant { .. }));
        assert!(matches!(why("php", "8.3-apache"), WhyNot::UnknownTag { .. }));
        assert!(matches!(why("python", "3.11-windowsservercore"), WhyNot::UnknownTag { .. }));
    }
}
