//! Pragmas through the real program: what is held back, what is told, and that they stay where they stand.

use crate::project::{Project, Run};

const APT: &str =
    "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n";

/// A project whose Dockerfile has `head` on top and `above` right above its RUN.
fn project(head: &str, above: &str) -> Project {
    let project = Project::new();
    let tail = "WORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n";
    project.write("Dockerfile", format!("{head}FROM python:3.12-slim\n{above}{APT}{tail}"));
    project.write("app.py", "");
    project
}

fn optimize(project: &Project, flags: &[&str]) -> Run {
    project.run(&[&["optimize"], flags].concat())
}

#[test]
fn a_pragma_holds_back_what_would_touch_its_instruction() {
    let project = project("", "# alpinist ignore=alpine-base reason=glibc is needed\n");
    let run = optimize(&project, &["--only", "alpine-base"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("ignored  alpine-base, line 1"), "{}", run.err);
    assert!(run.err.contains("Not done: the pragma in line 2 asks for it: glibc is needed."), "{}", run.err);
    assert!(run.err.contains("0 applied, 0 declined, 1 ignored; 0 files to write"), "{}", run.err);
}

#[test]
fn a_pragma_for_another_instruction_holds_nothing_back() {
    let project = project("", "# alpinist ignore=init\n");
    let run = optimize(&project, &["--only", "alpine-base"]);
    assert!(run.out.contains("+FROM python:3.12-alpine"), "{}", run.out);
    assert!(!run.err.contains("noted"), "its pass did not run, so nobody knows: {}", run.err);
}

#[test]
fn pragmas_stay_above_their_instruction_and_a_second_run_is_quiet() {
    let pragma = "# alpinist ignore=cache-mounts,init reason=ours";
    let project = project("", &format!("{pragma}\n"));
    assert_eq!(optimize(&project, &["--write", "--in-place"]).code, 0);
    let text = project.read("Dockerfile");
    assert!(text.contains(&format!("{pragma}\nRUN apk add")), "{text}");
    let again = optimize(&project, &["--check", "--in-place"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
}

#[test]
fn a_run_that_goes_to_two_stages_does_not_take_a_pragma_to_both() {
    let project = |inside: &str| {
        let project = Project::new();
        let packages = "        build-essential \\\n        libpq5 \\\n";
        let apt = format!(
            "RUN apt-get update && \\\n    apt-get install -y \\\n{packages}{inside}    && apt-get clean\n"
        );
        let pip = "COPY requirements.txt .\nRUN pip install -r requirements.txt\n";
        let tail = "COPY app.py .\nCMD [\"python\", \"app.py\"]\n";
        project.write("Dockerfile", format!("FROM python:3.12-slim\n{apt}{pip}{tail}"));
        project.write("requirements.txt", "psycopg2==2.9.9\n");
        project.write("app.py", "");
        project
    };
    let free = optimize(&project(""), &["--only", "multi-stage"]);
    assert!(free.out.contains("+FROM python:3.12-slim AS builder"), "{}{}", free.out, free.err);
    let held = optimize(&project("# alpinist ignore=init\n"), &["--only", "multi-stage"]);
    assert_eq!(held.out, "");
    assert!(held.err.contains("it would copy the pragma in line 6"), "{}", held.err);
}

#[test]
fn a_file_can_be_skipped() {
    let project = project("# alpinist skip-file reason=moved by hand later\n", "");
    let run = optimize(&project, &["--check"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("skipped  line 1"), "{}", run.err);
    assert!(run.err.contains("Left alone: a pragma asks for it: moved by hand later."), "{}", run.err);
}

#[test]
fn a_service_of_a_compose_file_can_be_left_alone() {
    let project = project("", "");
    let pragma = "  # alpinist ignore=compose-build reason=built elsewhere\n";
    project.write("compose.yaml", format!("services:\n{pragma}  web:\n    build: .\n  job:\n    build: .\n"));
    let run = optimize(&project, &["--write", "--only", "alpine-base,compose-build"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = project.read("compose.yaml");
    assert!(text.contains(&format!("{pragma}  web:\n    build: .\n  job:\n    build:\n")), "{text}");
    assert!(run.err.contains("built elsewhere"), "{}", run.err);
}

#[test]
fn what_is_wrong_with_a_pragma_is_told_with_its_line() {
    for (above, told) in [
        (
            "# alpinist ignore=healthcheck-tool\n",
            "The pragma is not needed: healthcheck-tool has nothing to do",
        ),
        ("# alpinist ignore=alpine-bse\n", "The pragma names alpine-bse, which is no pass"),
        ("# alpinist ignore alpine-base\n", "The pragma is not understood"),
        ("# alpinist ignore=alpine-base\n\n", "The pragma stands above nothing and is without effect"),
    ] {
        let run = optimize(&project("", above), &[]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains("noted    pragma, line 2"), "{above}{}", run.err);
        let words: Vec<&str> = run.err.split_whitespace().collect();
        assert!(words.join(" ").contains(told), "{above}{}", run.err);
    }
}

#[test]
fn what_a_program_writes_is_left_alone() {
    let generated = project("# Code generated by x. DO NOT EDIT.\n", "");
    let run = optimize(&generated, &["--check"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("it is generated"), "{}", run.err);
    let template = Project::new();
    template.write("Dockerfile", "FROM python:{{ version }}-slim\n{% if x %}\nRUN y\n{% endif %}\n");
    let run = optimize(&template, &["--check"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert!(run.err.contains("it is a template: {{ version }}"), "{}", run.err);
}
