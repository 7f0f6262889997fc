//! Optimized siblings over time: found however they are named, brought up to date, and spared once somebody edits them.

use crate::project::{Project, files, run_in};

const SLIM: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n";
const SIBLING: &str = "Dockerfile.alpine";

fn written() -> Project {
    let project = Project::new();
    project.write("Dockerfile", SLIM);
    project.write("app.py", "");
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    project
}

/// What a check of each of these paths comes to.
fn checks(project: &Project, paths: &[&str]) -> Vec<i32> {
    paths.iter().map(|path| project.run(&["optimize", "--check", path]).code).collect()
}

#[test]
fn a_dockerfile_named_alone_has_its_sibling() {
    let project = written();
    assert_eq!(checks(&project, &["Dockerfile", "."]), [0, 0]);
    let before = files(project.path());
    assert_eq!(project.run(&["optimize", "--write", "Dockerfile"]).code, 0);
    assert_eq!(files(project.path()), before);
}

#[test]
fn a_dockerfile_with_a_name_of_its_own_has_its_sibling() {
    let project = Project::new();
    project.write("Dockerfile-cli", SLIM);
    project.write("app.py", "");
    project.write(
        "compose.yaml",
        "services:\n  cli:\n    build:\n      context: .\n      dockerfile: Dockerfile-cli\n",
    );
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    assert_eq!(checks(&project, &[".", "compose.yaml", "Dockerfile-cli"]), [0, 0, 0]);
}

#[test]
fn a_sibling_out_of_date_is_a_change() {
    let project = written();
    project.write("Dockerfile", SLIM.replace("WORKDIR /app", "WORKDIR /srv"));
    assert_eq!(checks(&project, &["Dockerfile", "."]), [1, 1]);
    let out = project.run(&["optimize"]).out;
    assert!(out.contains("--- a/Dockerfile.alpine\n") && out.contains("+WORKDIR /srv\n"), "{out}");
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    assert!(project.read(SIBLING).contains("WORKDIR /srv"));
    assert_eq!(checks(&project, &["Dockerfile", "."]), [0, 0]);
}

#[test]
fn an_edited_sibling_is_spared() {
    let project = written();
    let edited = project.read(SIBLING) + "LABEL edited=yes\n";
    project.write(SIBLING, &edited);
    assert_eq!(checks(&project, &["."]), [0], "its Dockerfile is as it was");
    project.write("Dockerfile", SLIM.replace("/app", "/srv"));
    assert_eq!(checks(&project, &["."]), [1], "its Dockerfile is another");
    let run = project.run(&["optimize", "--write"]);
    assert_eq!((run.code, project.read(SIBLING)), (3, edited));
    assert!(run.err.contains("was edited by hand"), "{}", run.err);
    assert_eq!(project.run(&["optimize", "--write", "--force"]).code, 0);
    assert!(!project.read(SIBLING).contains("edited"));
}

#[test]
fn line_endings_are_no_edit() {
    let project = written();
    project.write(SIBLING, project.read(SIBLING).replace('\n', "\r\n"));
    project.write("Dockerfile", SLIM.replace("/app", "/srv"));
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    assert!(project.read(SIBLING).contains("WORKDIR /srv\n"));
}

#[test]
fn a_patch_applies_in_a_folder_of_a_repository() {
    let project = Project::new();
    if std::process::Command::new("git").arg("--version").output().is_err() {
        eprintln!("git is missing: not tested");
        return;
    }
    project.git(&["init", "--quiet", "."], "");
    project.write("shop/api/Dockerfile", SLIM);
    project.write("shop/api/app.py", "");
    let folder = project.path().join("shop/api");
    let patch = run_in(&folder, &["optimize"]).out;
    assert!(patch.contains("+++ b/shop/api/Dockerfile.alpine\n"), "{patch}");
    project.git_in("shop/api", &["apply", "-"], &patch);
    assert!(project.read("shop/api/Dockerfile.alpine").contains("alpine3"));
    assert_eq!(run_in(&folder, &["optimize", "--check"]).code, 0);
}
