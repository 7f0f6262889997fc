//! Input made to hurt: it ends in a result or a clear message, and never in an abort.

use std::fmt::Write;

use crate::project::{Project, Run};

fn check(text: &str) -> Run {
    let project = Project::new();
    project.write("Dockerfile", text);
    project.run(&["optimize", "--check"])
}

/// `FROM`, and a RUN that goes on over many lines.
fn run_of(lines: impl Iterator<Item = String>) -> String {
    let mut text = String::from("FROM python:3.12-slim\nRUN a");
    for line in lines {
        let _ = write!(text, " \\\n{line}");
    }
    text + "\n"
}

#[test]
fn a_script_of_a_million_words_is_declined() {
    let run = check(&run_of((0..200_000).map(|i| format!("  && b{i} c d e"))));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("it is longer than 64 KiB"), "{}", run.err);
}

#[test]
fn a_script_that_nests_too_deep_is_declined() {
    for (open, close) in
        [("{", "; }"), ("if b; then", "; fi"), ("b $(", ")"), ("! b && (", ")"), ("while b; do", "; done")]
    {
        let opened = (0..3_000).map(|i| format!("{}{open}", if i == 0 { "&& " } else { "" }));
        let closed = (0..3_000).map(|_| close.to_owned());
        let run = check(&run_of(opened.chain(["c".to_owned()]).chain(closed)));
        assert_eq!(run.code, 0, "{open}: {}", run.err);
    }
}

#[test]
fn a_word_that_nests_too_deep_is_not_read() {
    for (open, close) in [("${b:-", "}"), ("\"${b:-", "}\""), ("${b:-`", "`}"), ("\"", "\"")] {
        let run =
            check(&format!("FROM python:3.12-slim\nRUN a {}{}\n", open.repeat(5_000), close.repeat(5_000)));
        assert!(run.code < 4, "{open}: {}", run.err);
    }
}

#[test]
fn ten_thousand_stages_are_read_and_left_alone() {
    let mut text = String::new();
    for index in 0..10_000 {
        let _ = writeln!(text, "FROM python:3.12-slim AS s{index}\nRUN b");
    }
    let run = check(&text);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("it has 20000 instructions"), "{}", run.err);
}

#[test]
fn a_name_cut_by_a_continuation_is_read_and_left_alone() {
    let run = check("FROM python:3.12-slim\nRU\\\nN pip install flask\nCMD [\"flask\", \"run\"]\n");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("the name of an instruction goes on in the next line"), "{}", run.err);
}

#[test]
fn a_here_document_with_carriage_returns_is_not_read() {
    let project = Project::new();
    let lines =
        ["FROM python:3.12-slim", "RUN <<EOF", "set -e", "apt-get update", "apt-get install -y git", "EOF"];
    project.write(
        "Dockerfile",
        lines.map(|line| format!("{line}\r\n")).concat() + "CMD [\"python\", \"a.py\"]\r\n",
    );
    let run = project.run(&["optimize"]);
    assert!(run.err.contains("its lines end in CR LF"), "{}", run.err);
    assert!(!run.out.contains("git\r tini"), "{}", run.out);
}

#[test]
fn thousands_of_variables_are_carried_along() {
    let mut text = String::from("FROM python:3.12-slim\nWORKDIR /app\n");
    for index in 0..3_900 {
        let _ = writeln!(text, "ENV V{index}=b");
    }
    let run = check(&(text + "RUN pip install flask\nCMD [\"flask\", \"run\"]\n"));
    assert_eq!(run.code, 1, "{}", run.err);
}

#[test]
fn aliases_that_expand_without_end_are_an_error() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x]\n");
    for index in 1..20 {
        let before = format!("*a{}", index - 1);
        let _ = writeln!(text, "a{index}: &a{index} [{}]", [before.as_str(); 8].join(", "));
    }
    let project = Project::new();
    project.write("compose.yaml", text + "services:\n  web:\n    build: .\n    command: *a19\n");
    let run = project.run(&["optimize"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("expand to too many values"), "{}", run.err);
}

#[test]
fn deep_manifests_do_not_matter() {
    let project = Project::new();
    project.write("Dockerfile", "FROM node:22-slim\nCOPY package.json package-lock.json pyproject.toml ./\nRUN npm ci && pip install .\n");
    project.write("package.json", "[".repeat(100_000));
    project.write("package-lock.json", "{\"a\":".repeat(100_000));
    project.write("pyproject.toml", format!("a = {}", "[".repeat(100_000)));
    assert_eq!(project.run(&["optimize"]).code, 0);
}
