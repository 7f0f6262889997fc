//! The command line: exit codes, messages, and what is written or left alone.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::project::{Project, assert_snapshot, files, repository, run_in};

/// A Dockerfile that has something to gain.
const SLIM: &str = "# Counts sheep\nFROM python:3.12-slim\n\
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n\
    WORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n";
/// What the optimized sibling of `Dockerfile` is called.
const SIBLING: &str = "Dockerfile.alpine";

fn slim_project() -> Project {
    let project = Project::new();
    project.write("Dockerfile", SLIM);
    project.write("app.py", "print('sheep')\n");
    project
}

fn transcript(name: &str, project: &Project, arguments: &[&str]) -> i32 {
    let run = project.run(arguments);
    assert_snapshot("cli", name, &run.transcript());
    run.code
}

#[test]
fn nothing_to_do_is_0() {
    let project = Project::new();
    project.write("Dockerfile", "FROM scratch\nCOPY a /a\n");
    for flags in [["optimize", "--dry-run"], ["optimize", "--check"], ["optimize", "--write"]] {
        assert_eq!(project.run(&flags).code, 0);
    }
    assert_eq!(files(project.path()).len(), 1);
}

#[test]
fn an_empty_folder_is_0_and_says_so() {
    assert_eq!(transcript("no-dockerfile", &Project::new(), &["optimize"]), 0);
}

#[test]
fn check_is_1_when_something_would_change() {
    let project = slim_project();
    assert_eq!(project.run(&["optimize", "--check"]).code, 1);
    assert_eq!(project.run(&["optimize"]).code, 0);
    assert_eq!(files(project.path()).len(), 2);
}

#[test]
fn wrong_arguments_are_2() {
    let project = slim_project();
    assert_eq!(transcript("unknown-pass", &project, &["optimize", "--only", "no-such-pass"]), 2);
    assert_eq!(transcript("unknown-branch", &project, &["optimize", "--alpine", "edge"]), 2);
    assert_eq!(project.run(&["optimize", "--write", "--check"]).code, 2);
    assert_eq!(project.run(&["optimise"]).code, 2);
    assert_eq!(project.run(&["explain", "no-such-topic"]).code, 2);
}

#[test]
fn a_missing_path_is_3() {
    assert_eq!(transcript("missing-path", &Project::new(), &["optimize", "nowhere"]), 3);
}

#[test]
fn a_bad_dockerfile_is_shown_and_the_others_go_on() {
    let project = slim_project();
    project.write("bad/Dockerfile", "FROM a\n\nRUNN echo b\n");
    let run = project.run(&["optimize"]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("copy from Dockerfile"), "{}", run.out);
    assert!(run.err.contains("bad/Dockerfile:3:1: unknown instruction: RUNN"), "{}", run.err);
    assert_eq!(project.run(&["optimize", "--check"]).code, 3);
    fs::remove_file(project.path().join("Dockerfile")).unwrap();
    assert_eq!(transcript("bad-dockerfile", &project, &["optimize"]), 3);
}

#[test]
fn bad_yaml_is_shown_with_its_place() {
    let project = Project::new();
    project.write("compose.yaml", "services:\n  web:\n    build: [\n");
    assert_eq!(transcript("bad-compose", &project, &["optimize"]), 3);
}

#[test]
fn text_that_is_not_utf8_is_shown_with_its_place() {
    let project = Project::new();
    project.write("Dockerfile", b"FROM a\nRUN echo \xff\xfe\n");
    assert_eq!(transcript("not-utf8", &project, &["optimize"]), 3);
}

#[test]
fn text_that_is_not_utf8_is_parsed_and_never_written() {
    let project = slim_project();
    let bytes: &[u8] =
        b"# caf\xe9\nFROM python:3.12-slim\nRUN echo \xff\xfe\xe2\x82 \xc3\xa9\nCOPY app.py .\n";
    project.write("latin/Dockerfile", bytes);
    project.write("Broken", b"FROM a\nRUN \xe9 \\\n  b\nLABEL \\\n  \xe9\xe9\n");
    assert_eq!(transcript("parse-not-utf8", &project, &["parse", "latin/Dockerfile", "Broken"]), 3);
    let run = project.run(&["optimize", "--write", "--in-place"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("latin/Dockerfile:1:6: the file is not UTF-8"), "{}", run.err);
    assert_eq!(fs::read(project.path().join("latin/Dockerfile")).unwrap(), bytes);
    assert_ne!(fs::read_to_string(project.path().join("Dockerfile")).unwrap(), SLIM);
}

#[test]
fn a_compose_file_above_the_folder_is_heard_and_stays() {
    let project = Project::new();
    project.write("shop/app.py", "");
    project.write("shop/Dockerfile", "FROM python:3.12-slim\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n");
    let compose = "services:\n  web:\n    build: ./shop\n    init: true\n";
    project.write("compose.yaml", compose);
    for path in ["shop", "shop/Dockerfile", "."] {
        let run = project.run(&["optimize", path, "--only", "init,alpine-base"]);
        assert!(run.out.contains("+FROM python:3.12-alpine"), "{path}: {}", run.out);
        assert!(!run.out.contains("tini"), "two inits, {path}: {}", run.out);
    }
    assert_eq!(project.run(&["optimize", "shop", "--write"]).code, 0);
    assert_eq!(project.read("compose.yaml"), compose);
}

#[test]
fn a_compose_file_above_the_run_is_named() {
    let project = Project::new();
    project.write("a/shop/Dockerfile", "FROM python:3.12-slim\n");
    let compose = |context: &str| format!("services:\n  web:\n    build: {context}\n");
    let told = |project: &Project| {
        let run = run_in(&project.path().join("a/shop"), &["optimize", "--check"]);
        run.err.contains("note: ../../compose.yaml builds what is looked at")
    };
    project.write("compose.yaml", compose("./other"));
    assert!(!told(&project), "it builds something else");
    project.write("compose.yaml", compose("./a/shop"));
    assert!(told(&project));
    project.write("a/.git", "gitdir: elsewhere\n");
    assert!(!told(&project), "another repository");
}

#[test]
fn requirements_are_read_by_their_mark_as_pip_does() {
    let wide =
        |unit: fn(u16) -> [u8; 2]| "\u{feff}flask\r\n".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let marked = "\u{feff}flask\n".as_bytes().to_vec();
    let odd = [wide(u16::to_le_bytes), vec![0]].concat();
    let lone = vec![0xff, 0xfe, 0x00, 0xd8];
    let good = [wide(u16::to_le_bytes), wide(u16::to_be_bytes), marked];
    let cases = good.map(|bytes| (bytes, true)).into_iter().chain([(odd, false), (lone, false)]);
    for (bytes, is_read) in cases {
        let project = Project::new();
        let copy = "COPY requirements.txt .\nRUN pip install -r requirements.txt\n";
        project.write("Dockerfile", format!("FROM python:3.12-slim\n{copy}CMD [\"flask\", \"run\"]\n"));
        project.write("requirements.txt", &bytes);
        let run = project.run(&["optimize", "--only", "alpine-base"]);
        assert_eq!(run.err.contains("requirements.txt: cannot be read"), !is_read, "{}", run.err);
    }
}

#[test]
fn a_byte_order_mark_alone_is_no_dockerfile() {
    let project = Project::new();
    project.write("Dockerfile", "\u{feff}");
    for command in ["parse", "optimize"] {
        let run = project.run(&[command, "Dockerfile"]);
        assert_eq!(run.code, 3, "{}", run.err);
        assert!(run.err.contains("Dockerfile:1:1: file with no instructions"), "{}", run.err);
    }
}

#[test]
fn a_file_without_a_stage_is_parsed_and_not_optimized() {
    let project = Project::new();
    project.write("Dockerfile", "ARG A=b\n");
    assert_eq!(project.run(&["parse", "Dockerfile"]).code, 0);
    let run = project.run(&["optimize"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("Dockerfile:1:1: file with no FROM instruction"), "{}", run.err);
}

#[test]
fn an_unknown_key_of_the_configuration_is_shown_with_its_line() {
    let project = slim_project();
    project.write("alpinist.yaml", "target: alpine\nservices:\n  web:\n    limit: {}\n");
    assert_eq!(transcript("unknown-key", &project, &["optimize"]), 2);
}

#[test]
fn a_wrong_size_in_the_configuration_is_shown_with_its_line() {
    let project = slim_project();
    project.write("alpinist.yaml", "services:\n  web:\n    limits:\n      memory: lots\n");
    assert_eq!(transcript("wrong-size", &project, &["optimize"]), 2);
}

#[test]
fn wrong_knowledge_in_the_configuration_is_shown_with_its_line() {
    for (name, text) in [
        ("wrong-package", "packages:\n  jq: none\n  curl: [curl, '; rm -rf /']\n"),
        ("wrong-wheel", "wheels:\n  flask: wheels\n"),
        ("wrong-wheel-key", "wheels:\n  flask:\n    builds: gcc\n"),
        ("wrong-image", "images:\n  corp/python: corp/python:3.12-slim\n"),
    ] {
        let project = slim_project();
        project.write("alpinist.yaml", text);
        assert_eq!(transcript(name, &project, &["optimize"]), 2);
    }
}

#[test]
fn write_puts_a_sibling_beside_the_original() {
    let project = slim_project();
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    assert_eq!(project.read("Dockerfile"), SLIM);
    assert!(project.read(SIBLING).contains("\n# Counts sheep\n"), "{}", project.read(SIBLING));
}

#[test]
fn write_in_place_changes_the_file_itself() {
    let project = slim_project();
    assert_eq!(project.run(&["optimize", "--write", "--in-place"]).code, 0);
    assert_ne!(project.read("Dockerfile"), SLIM);
    assert_eq!(files(project.path()).len(), 2);
}

#[test]
fn write_refuses_a_sibling_with_other_content() {
    let project = slim_project();
    project.write(SIBLING, "FROM scratch\nCOPY mine /mine\n");
    let before = files(project.path());
    assert_eq!(transcript("sibling-in-the-way", &project, &["optimize", "--write"]), 3);
    assert_eq!(files(project.path()), before);
    assert_eq!(project.run(&["optimize", "--write", "--force"]).code, 0);
    assert!(project.read(SIBLING).contains("\n# Counts sheep\n"));
    assert_eq!(project.run(&["optimize", "--check"]).code, 0);
}

#[test]
fn write_keeps_permissions() {
    let project = slim_project();
    let mode = |path: &str| fs::metadata(project.path().join(path)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(project.path().join("Dockerfile"), fs::Permissions::from_mode(0o640)).unwrap();
    project.run(&["optimize", "--write"]);
    assert_eq!(mode(SIBLING), 0o640);
    project.run(&["optimize", "--write", "--in-place"]);
    assert_eq!(mode("Dockerfile"), 0o640);
}

#[test]
fn write_keeps_carriage_returns() {
    let project = slim_project();
    project.write("Dockerfile", SLIM.replace('\n', "\r\n"));
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    let text = project.read(SIBLING);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}

#[test]
fn the_patch_applies_to_odd_files_and_names() {
    let odd = SLIM.trim_end();
    let files_of = |name: &str, text: &str| {
        let (patched, written) = (Project::new(), Project::new());
        for project in [&patched, &written] {
            project.git(&["init", "--quiet", "."], "");
            project.write(name, text);
            project.write("app.py", "");
        }
        let patch = patched.run(&["optimize"]).out;
        assert!(patch.starts_with("diff --git"), "{patch}");
        patched.git(&["apply", "--whitespace=nowarn", "-"], &patch);
        written.run(&["optimize", "--write"]);
        (files(patched.path()), files(written.path()))
    };
    for name in ["Dockerfile", "a b.Dockerfile", "é.Dockerfile", "a\tb.Dockerfile", "a\"b.Dockerfile"] {
        for text in [odd.to_owned(), odd.replace('\n', "\r\n"), format!("\u{feff}{odd}\n")] {
            let (patched, written) = files_of(name, &text);
            assert_eq!(patched, written, "{name}");
        }
    }
}

#[test]
fn write_follows_a_symbolic_link() {
    let project = slim_project();
    project.write("real/base", SLIM);
    fs::remove_file(project.path().join("Dockerfile")).unwrap();
    std::os::unix::fs::symlink("real/base", project.path().join("Dockerfile")).unwrap();
    assert_eq!(project.run(&["optimize", "--write", "--in-place"]).code, 0);
    assert!(project.path().join("Dockerfile").is_symlink());
    assert_ne!(project.read("real/base"), SLIM);
}

#[test]
fn a_folder_that_cannot_be_written_stays_as_it_is() {
    let project = slim_project();
    project.write("b/Dockerfile", SLIM);
    project.write("b/app.py", "");
    let folder = project.path().join("b");
    let before = files(project.path());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere, so there is nothing to see.
    let may_write = fs::write(folder.join("probe"), "").is_ok();
    let run = project.run(&["optimize", "--write"]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    if !may_write {
        assert_eq!(run.code, 3, "{}", run.err);
        assert!(run.err.contains("every file is as it was"), "{}", run.err);
        assert_eq!(files(project.path()), before);
    }
}

#[test]
fn a_target_that_is_a_folder_stops_everything() {
    let project = slim_project();
    project.write("a/Dockerfile", SLIM);
    project.write("a/app.py", "");
    fs::create_dir(project.path().join(SIBLING)).unwrap();
    let before = files(project.path());
    let run = project.run(&["optimize", "--write"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(files(project.path()), before);
}

#[test]
fn parse_prints_one_object_a_file() {
    let project = Project::new();
    let text = "# syntax=docker/dockerfile:1\nARG V=1\nFROM a:$V AS b\nENV K=v L=\"w x\"\n\
        COPY --chown=u:g [\"c d\", \"/e\"]\nRUN <<EOF cat\nhi\nEOF\nHEALTHCHECK --retries=2 CMD f || g\nCMD [\"h\"]\n";
    project.write("Dockerfile", text);
    let run = project.run(&["parse", "--format", "json", "Dockerfile", "missing"]);
    assert_eq!(run.code, 3);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 1);
    let object: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_snapshot("cli", "parse", &format!("{object:#}\n"));
}

#[test]
fn json_holds_the_whole_plan() {
    let run = slim_project().run(&["optimize", "--format", "json"]);
    let object: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    let expected = [
        "remarks",
        "outputs",
        "steps",
        "declines",
        "findings",
        "consumers",
        "skipped",
        "conflicts",
        "questions",
    ];
    assert_eq!(keys, expected);
    let keys: Vec<&String> = object["outputs"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["path", "copied_from", "patch"]);
    let keys: Vec<&String> = object["steps"][0].as_object().unwrap().keys().collect();
    let expected =
        ["file", "line", "column", "pass", "title", "why", "notes", "reasons", "risk", "outcome", "detail"];
    assert_eq!(keys, expected);
}

#[test]
fn explain_knows_errors_of_builds() {
    let project = Project::new();
    assert_eq!(project.run(&["passes"]).code, 0);
    let traps = fs::read_to_string(repository("knowledge/traps.tsv")).unwrap();
    let id = traps.lines().nth(1).and_then(|row| row.split('\t').next()).unwrap();
    let run = project.run(&["explain", id]);
    assert_eq!(run.code, 0);
    assert!(run.out.starts_with(id), "{}", run.out);
}
