//! What the documents say is what the program does. UPDATE_DOCS=1 writes the generated parts again.

use std::fs;

use alpinist::{docs, transforms};

use crate::project::{repository, run_in};

const START: &str = "<!-- diff:start -->";
const END: &str = "<!-- diff:end -->";
/// The Dockerfile whose diff the README shows.
const SHOWN: &str = "examples/staging/docker/backend.staging.Dockerfile";

/// Requires that the file at `path` holds `text`, or writes it when asked to.
fn assert_generated(path: &str, text: &str) {
    let full = repository(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(full, text).unwrap();
        return;
    }
    let found = fs::read_to_string(full).unwrap_or_default();
    assert!(found == text, "{path} is out of date; UPDATE_DOCS=1 cargo test docs writes it again");
}

#[test]
fn the_page_of_passes_is_up_to_date() {
    assert_generated("docs/passes.md", &docs::passes_page(transforms::ALL));
}

#[test]
fn the_diff_in_the_readme_is_real() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let (head, rest) = readme.split_once(START).expect("the README has a diff block");
    let (_, tail) = rest.split_once(END).expect("the diff block ends");
    let run = run_in(&repository("."), &["optimize", "examples/staging"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let patch = patch_of(&run.out, SHOWN);
    assert_generated("README.md", &format!("{head}{START}\n```diff\n{patch}```\n{END}{tail}"));
}

/// The part of a patch that starts from `path`.
fn patch_of(patch: &str, path: &str) -> String {
    let head = format!("diff --git a/{path} ");
    let mut is_wanted = false;
    let lines = patch.split_inclusive('\n').filter(|line| {
        if line.starts_with("diff --git ") {
            is_wanted = line.starts_with(&head);
        }
        is_wanted
    });
    lines.collect()
}

#[test]
fn each_manual_has_its_sections() {
    for pass in transforms::ALL {
        let manual = pass.manual();
        let headings: Vec<&str> = manual
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches('#').trim())
            .collect();
        for section in ["Why", "Example", "Declines", "Risk"] {
            let is_there = headings.iter().any(|heading| heading.starts_with(section));
            assert!(is_there, "the manual of {} has no section {section}: {headings:?}", pass.id);
        }
    }
}

#[test]
fn each_pass_is_named_after_its_file() {
    for pass in transforms::ALL {
        let file = repository("transforms").join(format!("{}.rs", pass.id.replace('-', "_")));
        let text = fs::read_to_string(&file).unwrap_or_default();
        assert!(text == pass.source, "{} is not the source of {}", file.display(), pass.id);
    }
}

#[test]
fn every_file_of_the_passes_is_named() {
    let list = fs::read_to_string(repository("transforms/mod.rs")).unwrap();
    for entry in fs::read_dir(repository("transforms")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "mod") else { continue };
        let is_named = list
            .lines()
            .any(|line| line.trim_start_matches("pub ").trim_start_matches("mod ") == format!("{module};"));
        assert!(is_named, "transforms/mod.rs does not name {name}");
    }
}
