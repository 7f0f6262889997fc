//! Whole repositories: many paths, many projects, many threads, and the same answer every time.

use assert_cmd::Command;
use serde_json::Value;

use crate::project::{Project, assert_snapshot, files, repository};

fn slim(name: &str) -> String {
    format!("# {name}\nFROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n")
}

/// Services with and without a compose file, a template, a fault, and an ignored folder.
fn monorepo() -> Project {
    let project = Project::new();
    for name in ["api", "jobs", "web", "shared/base", "build/out"] {
        project.write(&format!("{name}/Dockerfile"), slim(name));
        project.write(&format!("{name}/app.py"), "");
    }
    project.write(".gitignore", "build/\n");
    project.write("deploy/compose.yaml", "services:\n  api:\n    build: ../api\n  web:\n    build: ../web\n");
    project.write("templates/Dockerfile", "FROM python:{{ version }}\n{% if a %}\n");
    project.write("broken/Dockerfile", "FROM a\nRUNN b\n");
    project
}

#[test]
fn a_run_over_a_repository_ends_with_one_summary() {
    let project = monorepo();
    let run = project.run(&["optimize", "--only", "alpine-base,compose-build"]);
    assert_eq!(run.code, 3);
    assert_snapshot("fleet", "repository", &run.transcript());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let project = monorepo();
    let transcript = |jobs: &str, format: &str| {
        project.run(&["optimize", "--jobs", jobs, "--format", format]).transcript()
    };
    for format in ["diff", "summary", "json", "ndjson"] {
        let one = transcript("1", format);
        assert!((0..4).all(|_| transcript("7", format) == one), "{format}");
    }
    assert_eq!(project.run(&["optimize", "--jobs", "0"]).code, 2);
}

#[test]
fn paths_are_taken_together_and_once() {
    let project = monorepo();
    let all = project.run(&["optimize", "api", "web", "deploy"]);
    let again = project.run(&["optimize", "deploy", "web", "api/Dockerfile", "api", "web", "./api"]);
    assert_eq!(all.out, again.out);
    assert_eq!(all.out.matches("diff --git").count(), 3, "{}", all.out);
}

#[test]
fn a_missing_path_does_not_stop_the_others() {
    let project = monorepo();
    let run = project.run(&["optimize", "nowhere", "api"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("nowhere"), "{}", run.err);
    assert!(run.out.contains("copy from api/Dockerfile"), "{}", run.out);
}

#[test]
fn nothing_outside_of_the_paths_is_changed() {
    let project = monorepo();
    let before = files(project.path());
    let run = project.run(&["optimize", "deploy", "--write"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(files(project.path()), before);
    let words: Vec<&str> = run.err.split_whitespace().collect();
    assert!(
        words.join(" ").contains("api/Dockerfile skipped line 1 Left alone: it lies outside"),
        "{}",
        run.err
    );
}

#[test]
fn paths_outside_of_the_current_folder_are_seen_from_the_one_that_holds_them() {
    let (project, elsewhere) = (monorepo(), Project::new());
    let api = project.path().join("api").display().to_string();
    let web = project.path().join("web").display().to_string();
    let run = elsewhere.run(&["optimize", &web, &api]);
    assert!(run.out.starts_with("diff --git a/api/Dockerfile b/api/Dockerfile.alpine"), "{}", run.out);
    assert!(run.out.contains("copy from web/Dockerfile"), "{}", run.out);
}

#[test]
fn each_path_has_its_own_choices() {
    let project = monorepo();
    project.write("api/alpinist.yaml", "passes:\n  skip: [alpine-base]\n");
    let run = project.run(&["optimize", "api", "web", "--only", "alpine-base"]);
    assert!(!run.out.contains("api/Dockerfile"), "{}", run.out);
    assert!(run.out.contains("web/Dockerfile"), "{}", run.out);
}

#[test]
fn ndjson_is_one_object_a_file_without_places_of_this_machine() {
    let project = monorepo();
    let run = project.run(&["optimize", "--format", "ndjson"]);
    assert_eq!(run.code, 3);
    assert!(!run.out.contains(&project.path().display().to_string()));
    let objects: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        "file",
        "kind",
        "status",
        "questions",
        "outputs",
        "steps",
        "declines",
        "findings",
        "skipped",
        "error",
    ];
    for object in &objects {
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(keys, expected);
    }
    let page = std::fs::read_to_string(repository("docs/fleets.md")).unwrap();
    for key in expected {
        assert!(page.contains(&format!("| `{key}` |")), "docs/fleets.md does not explain {key}");
    }
    let states: Vec<(&str, &str)> =
        objects.iter().map(|o| (o["file"].as_str().unwrap(), o["status"].as_str().unwrap())).collect();
    for wanted in [
        ("api/Dockerfile", "changed"),
        ("broken/Dockerfile", "failed"),
        ("deploy/compose.yaml", "changed"),
        ("templates/Dockerfile", "skipped"),
    ] {
        assert!(states.contains(&wanted), "{states:?}");
    }
    assert!(states.iter().all(|(file, _)| !file.starts_with("build/")), "{states:?}");
}

#[test]
fn shards_together_say_what_one_run_says() {
    let project = monorepo();
    let lines = |paths: &[&str]| {
        let out = project.run(&[&["optimize", "--format", "ndjson"], paths].concat()).out;
        out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut whole = lines(&["api", "web", "deploy", "jobs", "shared"]);
    let mut sharded = [lines(&["jobs"]), lines(&["api", "web", "deploy"]), lines(&["shared"])].concat();
    whole.sort();
    sharded.sort();
    assert_eq!(whole, sharded);
}

#[test]
fn a_dash_turns_stdin_into_stdout() {
    let project = Project::new();
    project.write("app.py", "");
    let run = project.run_with(&["optimize", "-"], slim("x").as_bytes());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("# x\nFROM python:3.12-alpine"), "{}", run.out);
    assert!(run.err.contains("applied"), "{}", run.err);
    let again = project.run_with(&["optimize", "-"], run.out.as_bytes());
    assert_eq!(again.out, run.out);
    assert_eq!(project.run_with(&["optimize", "-", "--check"], slim("x").as_bytes()).code, 1);
    assert_eq!(project.run_with(&["optimize", "-", "--check"], run.out.as_bytes()).code, 0);
    assert_eq!(files(project.path()).len(), 1);
}

#[test]
fn a_dash_gives_back_what_it_cannot_read() {
    let project = Project::new();
    for text in ["FROM a\nRUNN b", "", "FROM {{ a }}\r\n"] {
        let run = project.run_with(&["optimize", "-"], text.as_bytes());
        assert_eq!(run.out, text, "{}", run.err);
        assert!(!run.err.is_empty());
    }
    let bytes: &[u8] = b"FROM a\nRUN echo \xe9\n";
    let output =
        Command::cargo_bin("alpinist").unwrap().args(["optimize", "-"]).write_stdin(bytes).output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), bytes));
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(messages.contains("<stdin>:2:10: the text is not UTF-8"), "{messages}");
    assert_eq!(project.run(&["optimize", "-", "x"]).code, 2);
    assert_eq!(project.run(&["optimize", "-", "--write"]).code, 2);
}

#[test]
fn a_manifest_of_two_images_is_changed_once() {
    let project = Project::copy_of(&repository("tests/cases/app-server/two-images-of-one-list"), "");
    let run = project.run(&["optimize", "--only", "app-server", "."]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.out.matches("diff --git a/requirements.txt").count(), 1, "{}", run.out);
    assert_eq!(run.out.matches("+++ b/").count(), 3, "{}", run.out);
}

#[test]
fn compose_files_of_a_folder_are_read_together() {
    let project =
        Project::copy_of(&repository("tests/cases/compose-limits/declines-what-a-makefile-lists"), "");
    for path in [".", "compose.yaml", "./Dockerfile"] {
        let run = project.run(&["optimize", "--only", "compose-limits", path]);
        assert_eq!((run.code, run.out.as_str()), (0, ""), "{path}");
        let is_told = run.err.contains("compose.prod.yaml sets `command`");
        assert_eq!(is_told, path != "./Dockerfile", "{path}: {}", run.err);
    }
    project.write("docker-compose.broken.yml", "services: [\n");
    let run = project.run(&["optimize", "--only", "compose-limits", "compose.yaml"]);
    assert_eq!(run.code, 0, "a file that nobody asked for: {}", run.err);
}
