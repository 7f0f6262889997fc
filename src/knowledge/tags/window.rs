//! When a tag was published, and what that proves of a version.

use crate::knowledge::{AlpineBranch, table::Row};

/// The time in which one tag was published.
pub(super) struct Window {
    pub(super) branch: AlpineBranch,
    pub(super) tag: &'static str,
    pub(super) line: &'static str,
    pub(super) first_seen: &'static str,
    pub(super) dropped: &'static str,
    pub(super) is_current: bool,
    pub(super) last: Vec<u32>,
}

impl Window {
    /// Whether `version` was current at some time in this window.
    ///
    /// It was when it is the last one the tag had, or when it is not newer than that one and
    /// newer than a version that was still current when the window opened: then it came out
    /// inside the window. Any other tag of the same line, dropped after that day, names one.
    pub(super) fn proves(&self, version: &str, rows: &[Row]) -> bool {
        let wanted = version_of(version);
        // `3.14.0a2` came out before all that the rows tell of.
        let is_release = wanted.len() == version.split(['-', '_']).next().unwrap_or("").split('.').count();
        if !is_release {
            return false;
        }
        if self.last.is_empty() || wanted > self.last {
            return false;
        }
        let is_last = self.last.starts_with(&wanted);
        is_last
            || rows.iter().filter(|row| !row.cell(8).is_empty()).any(|row| {
                let (dropped, then) = (row.cell(7), version_of(row.cell(8)));
                match dropped.cmp(self.first_seen) {
                    // `17_35` names no version to compare with.
                    _ if then.len() == 1 && wanted.len() > 1 => false,
                    std::cmp::Ordering::Less => false,
                    std::cmp::Ordering::Equal => then < wanted,
                    std::cmp::Ordering::Greater => then <= wanted,
                }
            })
    }
}

/// The leading numbers of a tag: `3.11.4-alpine3.18` gives 3, 11, 4.
pub(super) fn version_of(tag: &str) -> Vec<u32> {
    let head = tag.split(['-', '_']).next().unwrap_or("");
    head.split('.').map_while(|part| part.parse().ok()).collect()
}
