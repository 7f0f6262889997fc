//! The name of a distribution file: its version, and what a wheel is for.

use std::str::FromStr;

use pep440_rs::Version;

use crate::manifest::{normal_name, wheel_name::WheelName};

/// What a file is.
pub(super) enum Kind<'t> {
    /// A source distribution.
    Source,
    /// A wheel.
    Wheel(WheelName<'t>),
}

/// Version and kind of a file of the package `name`; `None` for files that pip does not install.
pub(super) fn read<'t>(file: &'t str, name: &str) -> Option<(Version, Kind<'t>)> {
    if let Some(wheel) = WheelName::parse(file) {
        let (own, rest) = file.split_once('-')?;
        let version = Version::from_str(rest.split('-').next()?).ok()?;
        return (normal_name(own) == name).then_some((version, Kind::Wheel(wheel)));
    }
    let stem = [".tar.gz", ".zip", ".tar.bz2"].iter().find_map(|ending| file.strip_suffix(ending))?;
    let mut dashes = stem.match_indices('-').map(|(at, _)| at);
    let version = dashes.find_map(|at| (normal_name(&stem[..at]) == name).then_some(&stem[at + 1..]))?;
    Some((Version::from_str(version).ok()?, Kind::Source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_versions() {
        let version = |file: &str, name: &str| read(file, name).map(|(version, _)| version.to_string());
        assert_eq!(version("a-b-c-1.2.tar.gz", "a-b-c").as_deref(), Some("1.2"));
        assert_eq!(version("A.B_c-1.2.zip", "a-b-c").as_deref(), Some("1.2"));
        assert_eq!(version("a_b-1.2-1-py3-none-any.whl", "a-b").as_deref(), Some("1.2"));
        for file in ["a-1.2.exe", "b-1.2.tar.gz", "b-1.2-py3-none-any.whl", "a-x.zip"] {
            assert_eq!(version(file, "a"), None, "{file}");
        }
    }
}
