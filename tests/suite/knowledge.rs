//! The tables of `knowledge/`: sorted, unique, sourced, and naming only packages that exist.

use std::{collections::HashSet, fs, path::Path};

fn table(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn all_tables() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".tsv")).collect();
    names.sort();
    names
}

/// The words of the column `column` of a table, with the row's key.
fn column(name: &str, column: &str) -> Vec<(String, String)> {
    let rows = table(name);
    let at = rows[0]
        .iter()
        .position(|head| head == column)
        .unwrap_or_else(|| panic!("{name}: no column {column}"));
    let words =
        rows[1..].iter().flat_map(|row| row[at].split(' ').map(|word| (row[0].clone(), word.to_owned())));
    words.filter(|(_, word)| !word.is_empty()).collect()
}

#[test]
fn rows_are_sorted_unique_and_sourced() {
    for name in all_tables() {
        let rows = table(&name);
        assert_eq!(rows[0].last().map(String::as_str), Some("source"), "{name}");
        for pair in rows[1..].windows(2) {
            assert!(
                pair[0][0].as_bytes() < pair[1][0].as_bytes(),
                "{name}: {} and {}",
                pair[0][0],
                pair[1][0]
            );
        }
        for row in &rows[1..] {
            assert_eq!(row.len(), rows[0].len(), "{name}: {}", row[0]);
            assert!(row.last().is_some_and(|source| !source.is_empty()), "{name}: {}", row[0]);
        }
    }
}

#[test]
fn apk_names_exist_in_a_shipped_branch() {
    let names: HashSet<String> = table("apk-names.tsv")[1..].iter().map(|row| row[0].clone()).collect();
    let columns = [
        ("apk-packages.tsv", "apk"),
        ("apk-packages.tsv", "runtime"),
        ("apt-packages.tsv", "apk"),
        ("apt-packages.tsv", "runtime_apk"),
        ("apt-patterns.tsv", "apk"),
        ("native-modules.tsv", "build_apk"),
        ("native-modules.tsv", "runtime_apk"),
        ("shell-words.tsv", "package"),
        ("wheels.tsv", "build_apk"),
        ("wheels.tsv", "runtime_apk"),
        ("wheels.tsv", "older_build_apk"),
        ("wheels.tsv", "older_runtime_apk"),
    ];
    for (file, head) in columns {
        for (key, name) in column(file, head) {
            assert!(name.contains('\\') || names.contains(&name), "{file}: {key}: {name}");
        }
    }
}

#[test]
fn mapped_names_exist_in_each_branch_of_their_range() {
    let held: HashSet<(String, String)> = column("apk-names.tsv", "branches").into_iter().collect();
    let number =
        |branch: &str| branch.split_once('.').and_then(|(_, minor)| minor.parse::<u8>().ok()).unwrap_or(0);
    for row in &table("apt-packages.tsv")[1..] {
        for branch in ["3.22", "3.23", "3.24"] {
            if !(number(&row[4])..=number(&row[5])).contains(&number(branch)) {
                continue;
            }
            for name in row[2].split(' ').filter(|name| !name.is_empty()) {
                assert!(
                    held.contains(&(name.to_owned(), branch.to_owned())),
                    "{}: {name} in {branch}",
                    row[0]
                );
            }
        }
    }
}

#[test]
fn errors_name_traps_that_exist() {
    let traps: HashSet<String> = table("traps.tsv")[1..].iter().map(|row| row[0].clone()).collect();
    for (pattern, id) in column("errors.tsv", "traps") {
        assert!(traps.contains(&id), "{pattern}: {id}");
    }
}
