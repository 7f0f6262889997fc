//! The fuzz targets by name: the entry functions that the test suite runs over the seeds.

#[path = "../../tests/suite/checks.rs"]
mod checks;
#[path = "../../tests/suite/entries.rs"]
mod entries;
#[path = "../../tests/suite/pieces.rs"]
mod pieces;
#[path = "../../tests/suite/promises.rs"]
mod promises;

/// Hands `data` to the target called `name`.
///
/// # Panics
/// When there is no such target, or a promise is broken.
pub fn run(name: &str, data: &[u8]) {
    let (_, entry) = entries::ALL.iter().find(|(known, _)| *known == name).expect("the target is known");
    entry(data);
}
