//! The rules of the house that a test can hold: who may touch the disk, who may know the passes, how large a file is.

use std::collections::BTreeMap;

use crate::project::{repository, texts};

/// The Rust sources of `folder` without their tests, by path.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let files = texts(&repository(folder)).into_iter().filter(|(path, _)| path.ends_with(".rs"));
    files
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .map(|(path, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            (format!("{folder}/{path}"), code.to_owned())
        })
        .collect()
}

/// The code lines of a source: no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn only_the_edges_touch_the_disk() {
    let edges = ["src/workspace/", "src/commands/", "src/engine", "src/index", "src/main.rs"];
    let outside = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "SystemTime",
        "Instant::now",
        "fs::read",
        "fs::write",
        "ureq::",
    ];
    let all = sources("src").into_iter().chain(sources("transforms"));
    for (path, text) in all.filter(|(path, _)| !edges.iter().any(|edge| path.starts_with(edge))) {
        for line in code(&text) {
            assert!(!outside.iter().any(|word| line.contains(word)), "{path} reaches outside: {line}");
        }
    }
}

#[test]
fn the_engine_knows_no_pass() {
    let knowing = ["src/lib.rs", "src/commands/"];
    for (path, text) in sources("src") {
        let may_know = knowing.iter().any(|edge| path.starts_with(edge));
        assert!(may_know || !code(&text).any(|line| line.contains("transforms")), "{path} names transforms");
    }
}

#[test]
fn passes_do_not_print_or_panic() {
    let words = ["print!", "println!", "panic!", "unreachable!", "todo!", ".unwrap()", ".expect("];
    for (path, text) in sources("transforms") {
        for line in code(&text) {
            assert!(!words.iter().any(|word| line.contains(word)), "{path}: {line}");
        }
    }
}

#[test]
fn no_file_is_longer_than_the_wall() {
    let all = sources("src").into_iter().chain(sources("transforms")).chain(sources("tests/suite"));
    let long: Vec<String> = all
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join(", "));
}
