//! The fuzz targets over their seeds: what was once found stays found, without a fuzzer.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{
    entries,
    project::{files, folders, repository},
};

#[test]
fn every_seed_keeps_the_promises() {
    let mut failed = Vec::new();
    for (name, entry) in entries::ALL {
        let seeds = files(&repository("fuzz/seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seed");
        for (seed, bytes) in seeds {
            if catch_unwind(AssertUnwindSafe(|| entry(&bytes))).is_err() {
                failed.push(format!("{name}/{seed}"));
            }
        }
    }
    assert!(failed.is_empty(), "these seeds break a promise: {}", failed.join(", "));
}

#[test]
fn every_target_is_known_to_both_sides() {
    let manifest = fs::read_to_string(repository("fuzz/Cargo.toml")).unwrap();
    for (name, _) in entries::ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no binary of fuzz/Cargo.toml");
        let program = fs::read_to_string(repository(&format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{name}\"")), "{name} runs another target");
    }
    let known: Vec<&str> = entries::ALL.iter().map(|(name, _)| *name).collect();
    for folder in folders(&repository("fuzz/seeds")) {
        assert!(known.contains(&folder.as_str()), "fuzz/seeds/{folder} belongs to no target");
    }
}
