//! Cases named after a trap: a project with the trap in it, through all passes, and what the tool did.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alpinist::knowledge::traps;

use crate::{
    cases::{check_promises, options, shown},
    project::{assert_snapshot, folders, repository},
};

/// The trap that a case folder is named after, as `PKG-05` of `PKG-05-a-phrase`.
fn trap_of(case: &str) -> String {
    case.splitn(3, '-').take(2).collect::<Vec<_>>().join("-")
}

#[test]
fn every_trap_case_keeps_every_promise() {
    let root = repository("tests/traps");
    let mut failed = Vec::new();
    for name in folders(&root) {
        let folder = root.join(&name);
        let check = || {
            println!("trap {name}");
            let plan = check_promises(&folder, &options(&folder));
            assert_snapshot("traps", &name, &shown(&plan));
        };
        if catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(name.clone());
        }
    }
    assert!(failed.is_empty(), "{} cases failed, see above: {}", failed.len(), failed.join(", "));
}

#[test]
fn every_trap_case_is_named_after_a_trap() {
    for name in folders(&repository("tests/traps")) {
        assert!(traps::get(&trap_of(&name)).is_some(), "{name} is named after no trap");
    }
}

#[test]
fn each_snapshot_of_a_trap_has_its_case() {
    let known = folders(&repository("tests/traps"));
    for entry in fs::read_dir(repository("snapshots/traps")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.trim_end_matches(".new").trim_end_matches(".snap");
        assert!(known.iter().any(|case| case == name), "snapshots/traps/{file} has no case");
    }
}

/// The traps that matter most, as `ranking.tsv` lists them: rank, ids, and why there is no case.
fn ranking() -> Vec<(String, Vec<String>, String)> {
    let text = fs::read_to_string(repository("tests/traps/ranking.tsv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let ids = cells[1].split(' ').map(str::to_owned).collect();
        (cells[0].to_owned(), ids, cells[2].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn each_of_the_forty_worst_traps_has_a_case_or_a_reason() {
    let cases: Vec<String> = folders(&repository("tests/traps")).iter().map(|name| trap_of(name)).collect();
    let ranking = ranking();
    assert_eq!(ranking.len(), 40);
    for (rank, ids, why) in ranking {
        assert!(ids.iter().all(|id| traps::get(id).is_some()), "rank {rank} names no trap: {ids:?}");
        let has_case = ids.iter().any(|id| cases.contains(id));
        assert_ne!(has_case, !why.is_empty(), "rank {rank} needs a case of {ids:?}, or a reason and none");
    }
}
