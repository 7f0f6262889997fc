//! Programs of a distribution that are not the same on another one: runtimes and servers.

use super::table::Table;

const PROGRAMS: Table = Table::new(include_str!("../../knowledge/distribution-programs.tsv"));

/// What Alpine has in place of a Debian package, where that is another version or set up in another way.
pub fn set_up_otherwise(apt: &str) -> Option<&'static str> {
    Some(PROGRAMS.row(apt)?.cell(2))
}

/// As [`set_up_otherwise`], for servers alone: an image that brings a runtime of its own does not run another.
pub fn service_set_up_otherwise(apt: &str) -> Option<&'static str> {
    let row = PROGRAMS.row(apt)?;
    (row.cell(1) == "service").then(|| row.cell(2))
}
