//! Image references as written: variables and missing parts stay as they are.

/// `registry/name:tag@digest`, cut but not completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// Everything before the tag, such as `python` or `docker.io/library/python`.
    pub name: String,
    /// The tag, if one is written.
    pub tag: Option<String>,
    /// The digest, if one is written.
    pub digest: Option<String>,
}

/// Where the official images of Docker Hub stand. Docker itself publishes them, with all their tags, on Amazon's
/// registry too: <https://gallery.ecr.aws/docker>.
const OF_OFFICIAL_IMAGES: [&str; 8] = [
    "docker.io/library/",
    "index.docker.io/library/",
    "registry-1.docker.io/library/",
    "docker.io/",
    "index.docker.io/",
    "registry-1.docker.io/",
    "library/",
    "public.ecr.aws/docker/library/",
];

/// An official image as what stands before its name, and the name: `docker.io/library/` and `python`.
///
/// Any other registry or name space has none.
pub fn official(image: &str) -> Option<(&str, &str)> {
    let known = OF_OFFICIAL_IMAGES.iter().find(|place| image.starts_with(**place));
    let (place, name) = image.split_at(known.map_or(0, |place| place.len()));
    (!name.is_empty() && !name.contains(['/', '$'])).then_some((place, name))
}

/// The bare name of an official image: `docker.io/library/python` is `python`.
pub fn official_name(image: &str) -> Option<&str> {
    official(image).map(|(_, name)| name)
}

impl ImageRef {
    /// Cuts `text`; a `:` inside `${…}` or before the last `/` is no tag separator.
    pub fn parse(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let mut depth = 0usize;
        let mut colon = None;
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                '/' if depth == 0 => colon = None,
                ':' if depth == 0 && colon.is_none() => colon = Some(at),
                _ => {}
            }
        }
        match colon {
            Some(at) => Self { name: rest[..at].to_owned(), tag: Some(rest[at + 1..].to_owned()), digest },
            None => Self { name: rest.to_owned(), tag: None, digest },
        }
    }

    /// Whether any part holds a variable.
    pub fn has_variable(&self) -> bool {
        self.name.contains('$') || self.tag.as_ref().is_some_and(|tag| tag.contains('$'))
    }

    /// The name on Docker Hub for an official image, without `docker.io/library/`.
    pub fn official_name(&self) -> Option<&str> {
        official_name(&self.name)
    }

    /// Whether the tag names an Alpine variant, or the image is Alpine itself.
    pub fn is_alpine(&self) -> bool {
        self.official_name() == Some("alpine") || self.tag.as_ref().is_some_and(|tag| tag.contains("alpine"))
    }

    /// Whether the tag is one for Windows.
    pub fn is_windows(&self) -> bool {
        let tag = self.tag.as_deref().unwrap_or_default();
        ["windows", "nanoserver"].iter().any(|word| tag.contains(word) || self.name.contains(word))
    }

    /// Whether it is the full variant of a language's image, with compilers, git and the headers of many libraries.
    pub fn is_full(&self) -> bool {
        let tag = self.tag.as_deref().unwrap_or("latest");
        let is_language = matches!(self.official_name(), Some("python" | "node" | "ruby"));
        is_language
            && !["slim", "alpine", "windows", "nanoserver"].iter().any(|variant| tag.contains(variant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_what_is_written() {
        let parse = |text| {
            let image = ImageRef::parse(text);
            (image.name, image.tag, image.digest)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parse("python:3.11-slim"), ("python".into(), some("3.11-slim"), None));
        assert_eq!(parse("localhost:5000/a/b"), ("localhost:5000/a/b".into(), None, None));
        assert_eq!(parse("a:${V:-1}"), ("a".into(), some("${V:-1}"), None));
        assert_eq!(parse("${BASE:-python:3}"), ("${BASE:-python:3}".into(), None, None));
        assert_eq!(parse("a:1@sha256:ab"), ("a".into(), some("1"), some("sha256:ab")));
        assert_eq!(ImageRef::parse("docker.io/library/node:20").official_name(), Some("node"));
        let of_amazon = ImageRef::parse("public.ecr.aws/docker/library/node:20");
        assert_eq!(of_amazon.official_name(), Some("node"));
        assert_eq!(ImageRef::parse("public.ecr.aws/lambda/python:3.12").official_name(), None);
        assert_eq!(ImageRef::parse("docker.io/bitnami/node").official_name(), None);
    }
}
