//! Input made to hurt: it ends in a result or a clear message, and never in an abort.

use std::fmt::Write;

use crate::project::{Project, Run};

fn check(text: &str) -> Run {
    let project = Project::new();
    project.write("Dockerfile", text);
    project.run(&["optimize", "--check"])
}

/// A text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
fn a_script_of_a_million_words_is_asked_about() {
    let run = check(&run_of((0..200_000).map(|i| format!("  && b{i} c d e"))));
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(words(&run.err).contains("it is longer than 64 KiB"), "{}", run.err);
}

#[test]
fn a_script_of_thousands_of_commands_is_asked_about() {
    let run = check(&run_of((0..6_000).map(|_| ";b".to_owned())));
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(words(&run.err).contains("it holds too many commands"), "{}", run.err);
}

#[test]
fn a_script_that_nests_too_deep_is_asked_about() {
    for (open, close) in
        [("{", "; }"), ("if b; then", "; fi"), ("b $(", ")"), ("! b && (", ")"), ("while b; do", "; done")]
    {
        let opened = (0..3_000).map(|i| format!("{}{open}", if i == 0 { "&& " } else { "" }));
        let closed = (0..3_000).map(|_| close.to_owned());
        let run = check(&run_of(opened.chain(["c".to_owned()]).chain(closed)));
        assert_eq!(run.code, 1, "{open}: {}", run.err);
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
fn thousands_of_stages_move_together() {
    let mut text = String::new();
    for index in 0..2_498 {
        let from = if index % 2 == 0 { "python:3.12-slim".to_owned() } else { format!("s{}", index - 1) };
        let _ = writeln!(text, "FROM {from} AS s{index}\nCOPY --from=s{} /a /a", index.max(1) - 1);
    }
    let run = check(&(text + "FROM s2497\nUSER nobody\nCMD [\"python\", \"a.py\"]\n"));
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(!run.err.contains("rejected"), "{}", run.err);
    assert!(run.err.contains("Move 1249 stages from python:3.12-slim to python:3.12-alpine"), "{}", run.err);
}

#[test]
fn more_instructions_than_anybody_writes_are_an_error() {
    let run = check(&format!("FROM python:3.12-slim\n{}", "ENV A=b\n".repeat(200_000)));
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("Dockerfile:5001:1"), "{}", run.err);
    assert!(run.err.contains("the file has more than 5000 instructions"), "{}", run.err);
}

#[test]
fn more_words_than_anybody_writes_are_an_error() {
    let words = "w ".repeat(8);
    for step in [format!("COPY {words}/"), format!("EXPOSE {words}"), "ENV A=b C=d E=f G=h I=j".to_owned()] {
        let run = check(&format!("FROM python:3.12-slim\n{}", format!("{step}\n").repeat(4_500)));
        assert_eq!(run.code, 3, "{step}: {}", run.err);
        assert!(run.err.contains("the file has more than 20000 words"), "{step}: {}", run.err);
    }
}

#[test]
fn paths_end_where_linux_ends_them() {
    let text = format!("FROM python:3.12-slim\n{}CMD [\"python\", \"a.py\"]\n", "WORKDIR x\n".repeat(4_900));
    let run = check(&text);
    assert_eq!(run.code, 1, "{}", run.err);
}

#[test]
fn each_step_finds_its_own_file_among_thousands() {
    let project = Project::new();
    let mut text =
        String::from("FROM python:3.12-slim\nWORKDIR /app\nRUN apt-get update && apt-get install -y gcc\n");
    for index in 0..2_000 {
        project.write(&format!("r{index}.txt"), format!("flask=={index}\n"));
        let _ = writeln!(text, "COPY r{index}.txt .\nRUN pip install -r r{index}.txt");
    }
    project.write("Dockerfile", text + "COPY . .\nCMD [\"flask\", \"run\"]\n");
    let run = project.run(&["optimize", "--only", "multi-stage"]);
    for index in [0, 1_000, 1_999] {
        let line = format!("pip --python /opt/venv install -r r{index}.txt\n");
        assert!(run.out.contains(&line), "{}{}", run.err, &run.out[..2_000]);
    }
}

#[test]
fn requirements_without_end_are_read_in_part_and_keep_debian() {
    let project = Project::new();
    project.write(
        "Dockerfile",
        "FROM python:3.12-slim\nCOPY r.txt .\nRUN pip install -r r.txt\nCMD [\"python\", \"a.py\"]\n",
    );
    let mut text = String::new();
    for index in 0..30_000 {
        let _ = writeln!(text, "flask=={index}");
    }
    project.write("r.txt", text + "-r more.txt\n");
    let run = project.run(&["optimize", "--check"]);
    assert!(run.err.contains("r.txt: asks for more than 20000 packages"), "{}", run.err);
    assert!(run.err.contains("r.txt is too long to know all that it asks for"), "{}", run.err);
    assert!(!run.err.contains("Install dependencies in a builder"), "{}", run.err);
}

#[test]
fn services_that_share_an_anchor_each_change() {
    let project = Project::new();
    project.write("Dockerfile", "FROM python:3.12-slim\nRUN pip install flask\nCMD [\"flask\", \"run\"]\n");
    let mut text = String::from("x-common: &common\n  restart: always\nservices:\n");
    for index in 0..900 {
        let _ = writeln!(text, "  s{index}:\n    <<: *common\n    build: .");
    }
    project.write("compose.yaml", text);
    let run = project.run(&["optimize"]);
    assert_eq!(run.out.matches("+      dockerfile: ").count(), 900, "{}", run.err);
}

#[test]
fn services_that_use_each_other_are_only_read_when_they_are_many() {
    let project = Project::new();
    project.write("Dockerfile", "FROM python:3.12-slim\nRUN pip install flask\nCMD [\"flask\", \"run\"]\n");
    let mut text = String::from("services:\n");
    for index in 0..400 {
        let _ = writeln!(text, "  s{index}: &s{index}\n    build: .\n  t{index}: *s{index}");
    }
    project.write("compose.yaml", text);
    let run = project.run(&["optimize", "--check"]);
    assert!(run.err.contains("its services share too many anchors"), "{}", run.err);
}

#[test]
fn many_services_of_a_long_dockerfile_are_only_read() {
    let project = Project::new();
    project.write("Dockerfile", format!("FROM python:3.12-slim\n{}", "LABEL a=b\n".repeat(1_000)));
    let mut text = String::from("services:\n");
    for index in 0..600 {
        let _ = writeln!(text, "  s{index}:\n    build: .");
    }
    project.write("compose.yaml", text);
    let run = project.run(&["optimize", "--check"]);
    assert!(run.err.contains("its services run more than 500000 instructions"), "{}", run.err);
}

#[test]
fn a_name_cut_by_a_continuation_is_read_and_left_alone() {
    let run = check("FROM python:3.12-slim\nRU\\\nN pip install flask\nCMD [\"flask\", \"run\"]\n");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("the name of an instruction goes on in the next line"), "{}", run.err);
}

#[test]
fn a_from_that_starts_no_stage_is_told_and_left_alone() {
    let run = check(
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y \\\n    curl \\\n\nFROM python:3.12-slim\n",
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("line 5"), "{}", run.err);
    assert!(run.err.contains("this FROM is read as a part of the instruction above it"), "{}", run.err);
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
    assert!(words(&run.err).contains("its lines end in CR LF"), "{}", run.err);
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
    let dockerfile = "FROM node:22-slim\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install\nCMD [\"node\", \"a.js\"]\n";
    let project = Project::new();
    project.write("Dockerfile", dockerfile);
    project.write("package.json", "{\"name\": \"a\"}");
    project.write("pnpm-lock.yaml", "[".repeat(2_000));
    assert!(project.run(&["optimize"]).code < 4);
}
