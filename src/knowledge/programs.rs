//! Programs of a distribution that are not the same on another one: runtimes and servers.

use super::table::Table;

const PROGRAMS: Table = Table::new(include_str!("../../knowledge/distribution-programs.tsv"));

/// What Alpine has in place of a Debian package, where that is another version or set up in another way.
pub fn set_up_otherwise(apt: &str) -> Option<&'static str> {
    Some(PROGRAMS.row(apt)?.cell(1))
}
