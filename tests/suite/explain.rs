//! `explain`: pages of passes and traps, and the traps behind the messages that builds end with.

use alpinist::knowledge::traps;
use assert_cmd::Command;

use crate::project::run_in;

/// Messages as tools print them, and the traps that have to be named, the first of them first.
const MESSAGES: [(&str, &[&str]); 54] = [
    ("exec /entrypoint.sh: no such file or directory", &["PKG-19", "FILE-25", "BASE-03", "BASE-12"]),
    ("/bin/sh: terraform: not found", &["BASE-03"]),
    ("sh: ./wkhtmltopdf: not found", &["BASE-03"]),
    (
        "Error relocating /app/node_modules/bcrypt/lib/binding/bcrypt_lib.node: __register_atfork: symbol not found",
        &["BASE-04", "BASE-11", "FILE-07"],
    ),
    (
        "Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /usr/local/bin/tool)",
        &["BASE-04", "BASE-11", "FILE-07"],
    ),
    ("Error loading shared library libstdc++.so.6: No such file or directory", &["PKG-06"]),
    ("Error loading shared library libgomp.so.1: No such file or directory", &["PKG-06"]),
    (
        "ImportError: Error loading shared library libpq.so.5: No such file or directory (needed by /usr/lib/python3.12/site-packages/psycopg2/_psycopg.so)",
        &["PKG-06"],
    ),
    ("ERROR: No matching distribution found for torch==2.3.0", &["BASE-01", "PIP-17", "PIP-18"]),
    ("Cargo, the Rust package manager, is not installed or is not on PATH.", &["BASE-02"]),
    ("/bin/sh: gcc: not found", &["BASE-02"]),
    ("error: command 'gcc' failed: No such file or directory", &["BASE-02"]),
    ("fatal error: Python.h: No such file or directory", &["BASE-02"]),
    (
        "Error: Cannot find module @rollup/rollup-linux-x64-musl. npm has a bug related to optional dependencies",
        &["BASE-05"],
    ),
    ("the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/", &["PIP-06"]),
    ("Error response from daemon: dockerfile parse error line 4: Unknown flag: mount", &["PIP-06"]),
    ("Unknown flag: link", &["MS-24"]),
    ("dockerfile parse error line 5: unknown instruction: ECHO", &["MS-24", "PIP-06"]),
    (
        "ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref abc::def: \"/settings.json\": not found",
        &["MS-14", "ORD-03", "FILE-04"],
    ),
    ("failed to compute cache key: \"/nosuchdir\" not found: not found", &["MS-14", "ORD-03", "FILE-04"]),
    ("addgroup: gid '999' in use", &["USER-03"]),
    ("adduser: uid '1000' in use", &["USER-03"]),
    ("adduser: unrecognized option: group", &["USER-01", "USER-02"]),
    ("/bin/sh: useradd: not found", &["USER-01", "USER-02"]),
    (
        "docker: Error response from daemon: unable to find user app: no matching entries in passwd file",
        &["USER-09"],
    ),
    ("ERROR: process \"/bin/sh -c x\" did not complete: invalid user index: -1", &["USER-09"]),
    (
        "unable to convert uid/gid chown string to host mapping: can't find uid for user app: no such user: app",
        &["USER-09"],
    ),
    ("ERROR: unable to select packages:\n  curl-8.5.0-r0:\n    breaks: world[curl=7.88.1-10]", &["PKG-02"]),
    ("su-exec: setgroups: Operation not permitted", &["HARD-06", "USER-16"]),
    ("error: failed switching to \"app\": operation not permitted", &["HARD-06", "USER-16"]),
    ("s6-overlay-suexec: fatal: can only run as pid 1", &["CMD-03"]),
    ("[WARN  tini (7)] Tini is not running as PID 1 and isn't registered as a child subreaper.", &["CMD-02"]),
    ("gunicorn: error: unrecognized arguments: --reload-dir", &["CMD-11"]),
    ("[CRITICAL] WORKER TIMEOUT (pid:8)", &["CMD-14"]),
    ("Control server error: [Errno 30]", &["CMD-18"]),
    ("OSError: [Errno 30] Read-only file system: '/app/x.log'", &["HARD-01"]),
    ("FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp']", &["HARD-01"]),
    ("wget: can't connect to remote host: Connection refused", &["HC-03"]),
    ("wget: can't connect to remote host (127.0.0.1): Connection refused", &["HC-03"]),
    (
        "Error response from daemon: Minimum memory limit can not be less than memory reservation limit, see usage",
        &["LIM-04"],
    ),
    ("Error response from daemon: Minimum memory limit allowed is 6MB", &["LIM-06"]),
    ("Range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available", &["LIM-20"]),
    (
        "services.deploy.resources.limits: can't set distinct values on 'mem_limit' and 'deploy.resources.limits.memory'",
        &["LIM-05"],
    ),
    (
        "Error: container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root",
        &["USER-12"],
    ),
    (
        "ERROR 1045: Plugin caching_sha2_password could not be loaded: Error loading shared library",
        &["PKG-09"],
    ),
    ("WARNING: database \"app\" has no actual collation version, but a version was recorded", &["BASE-31"]),
    ("failed to create network: numerical result out of range", &["FILE-12"]),
    ("container exited with code 139", &["BASE-18"]),
    ("service exited with exit code 139", &["BASE-18"]),
    ("Segmentation fault (core dumped)", &["BASE-18"]),
    ("exit 139", &["BASE-18"]),
    ("exited (137)", &["LIM-25"]),
    ("web-1 exited with code 137", &["LIM-25"]),
    ("exit 137", &["LIM-25"]),
];

#[test]
fn every_message_is_traced_to_its_traps() {
    for (message, wanted) in MESSAGES {
        let found: Vec<&str> = traps::explain(message).iter().map(|trap| trap.id).collect();
        assert!(wanted.contains(found.first().unwrap_or(&"nothing")), "{message}: {found:?}");
        assert!(wanted.iter().all(|id| found.contains(id)), "{message}: {found:?}");
    }
}

#[test]
fn a_message_between_other_lines_is_found() {
    let log = format!("#1 [internal] load\n{}\nexit\n", MESSAGES.map(|(message, _)| message)[0]);
    let output =
        Command::cargo_bin("alpinist").unwrap().args(["explain", "-"]).write_stdin(log).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("PKG-19 "));
}

#[test]
fn every_trap_behind_a_message_names_a_way_out() {
    for (message, _) in MESSAGES {
        for trap in traps::explain(message) {
            assert!(trap.way_out.ends_with('.'), "{} has no way out", trap.id);
        }
    }
}

#[test]
fn a_trap_is_explained_by_its_number() {
    let run = run_in(env!("CARGO_MANIFEST_DIR").as_ref(), &["explain", "pkg-05"]);
    assert_eq!(run.code, 0);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.out);
    assert!(lines[0].starts_with("PKG-05 ") && lines[2].starts_with("  Way out: "), "{}", run.out);
    assert!(lines[4].starts_with("  Where it is there "), "{}", run.out);
}

#[test]
fn an_unknown_topic_is_a_usage_error() {
    let run = run_in(env!("CARGO_MANIFEST_DIR").as_ref(), &["explain", "PKG-99"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
}
