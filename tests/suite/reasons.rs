//! Reasons: what a change is asked about, what holds it back, and who decides what a reason weighs.

use std::collections::BTreeSet;

use alpinist::knowledge::traps;

use crate::project::{Project, Run, repository, texts};

const DOCKERFILE: &str =
    "FROM python:3.12-slim\nRUN pip install flask ledgerlib\nCMD [\"flask\", \"run\", \"--host\", \"::\"]\n";

/// A project with one package that no table knows.
fn project() -> Project {
    let project = Project::new();
    project.write("Dockerfile", DOCKERFILE);
    project
}

fn optimize(project: &Project, flags: &[&str]) -> Run {
    project.run(&[&["optimize", "--only", "alpine-base"], flags].concat())
}

#[test]
fn a_doubt_is_asked_on_the_change() {
    let run = optimize(&project(), &[]);
    assert!(run.out.contains("+FROM python:3.12-alpine"), "{}", run.out);
    assert!(
        run.err.contains("Question, line 2: ledgerlib: not in the tables of packages (BASE-41)."),
        "{}",
        run.err
    );
    assert!(run.err.contains("1 applied, 0 declined, 1 question;"), "{}", run.err);
}

#[test]
fn questions_hold_back_where_nobody_answers() {
    for (flags, says) in [
        (["--risk", "safe"], "Let it through with --risk review."),
        (["--max-questions", "0"], "Let it through with --max-questions 1."),
    ] {
        let run = optimize(&project(), &flags);
        assert_eq!(run.out, "", "{flags:?}");
        assert!(run.err.contains(says), "{}", run.err);
    }
    assert!(optimize(&project(), &["--max-questions", "1"]).out.contains("+FROM python:3.12-alpine"));
}

#[test]
fn the_project_decides_what_a_reason_weighs() {
    let project = project();
    project.write("alpinist.yaml", "reasons:\n  BASE-41: breaks\n");
    let run = optimize(&project, &[]);
    assert_eq!(run.out, "");
    assert!(run.err.contains("declined alpine-base, line 1"), "{}", run.err);
    project.write("alpinist.yaml", "reasons:\n  BASE-41: note\n");
    let run = optimize(&project, &["--max-questions", "0"]);
    assert!(run.out.contains("+FROM python:3.12-alpine"), "{}", run.err);
    project.write("alpinist.yaml", "target: auto\nreasons:\n  BASE-410: note\n");
    let run = optimize(&project, &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("BASE-410 is the id of no trap") && run.err.contains("alpinist.yaml:3"),
        "{}",
        run.err
    );
}

#[test]
fn a_pragma_answers_a_question() {
    let project = Project::new();
    let pragma = "# alpinist ignore=BASE-41 reason=ledgerlib is pure\nRUN pip";
    project.write("Dockerfile", DOCKERFILE.replace("RUN pip", pragma));
    let run = optimize(&project, &["--max-questions", "0"]);
    assert!(run.out.contains("+FROM python:3.12-alpine"), "{}", run.err);
    assert!(!run.err.contains("not needed"), "{}", run.err);
    project.write("Dockerfile", DOCKERFILE.replace("RUN pip", &pragma.replace("BASE-41", "BASE-42")));
    let run = optimize(&project, &[]);
    assert!(
        run.err.contains("The pragma is not needed: BASE-42 speaks against nothing here."),
        "{}",
        run.err
    );
    assert!(run.err.contains("1 question;"), "{}", run.err);
}

#[test]
fn programs_get_reasons_as_values() {
    let run = optimize(&project(), &["--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let reason = &plan["steps"][0]["reasons"][0];
    assert_eq!(reason["trap"], "BASE-41");
    assert_eq!(reason["weight"], "ask");
    assert_eq!(reason["line"], 2);
    assert_eq!(reason["subjects"][0], "ledgerlib");
    assert_eq!(plan["questions"], 1);
}

/// The ids in `text` that stand where a reason is made.
fn traps_in(text: &str) -> BTreeSet<&str> {
    let strings = text.split('"').skip(1).step_by(2);
    let is_id = |text: &&str| {
        let (family, number) = text.split_once('-').unwrap_or_default();
        number.len() == 2
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && ["BASE", "CMD", "FILE", "HARD", "HC", "LIM", "MS", "ORD", "PIP", "PKG", "USER"]
                .contains(&family)
    };
    strings.filter(is_id).collect()
}

#[test]
fn each_trap_that_code_names_has_its_row() {
    for folder in ["src", "transforms"] {
        for (path, text) in texts(&repository(folder)) {
            for id in traps_in(&text) {
                assert!(traps::get(id).is_some(), "{path} names {id}, which is no trap");
            }
        }
    }
}
