//! Writing: killed at any point, refused by the system, or at once with another run, no file is ever half.
#![cfg(unix)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, TryLockError},
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::mpsc,
};

use alpinist::{
    options::Options,
    pipeline,
    plan::Output,
    transforms,
    workspace::{
        load,
        projects::{Request, Roots},
        store::{Batch, Step, StoreError, store, store_watched},
    },
};

use crate::project::{Project, files, texts};

const SLIM: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n";
/// Where the child process finds the project, and before which step it dies.
const FOLDER: &str = "ALPINIST_TEST_FOLDER";
const STEP: &str = "ALPINIST_TEST_STEP";

/// Two services and their compose file: new files, and one that changes.
fn project() -> Project {
    let project = Project::new();
    for name in ["api", "web"] {
        project.write(&format!("{name}/Dockerfile"), SLIM);
        project.write(&format!("{name}/app.py"), "");
    }
    project.write("compose.yaml", "services:\n  api:\n    build: api\n  web:\n    build: web\n");
    project
}

/// What a run over `folder` writes, and where it may.
struct Planned {
    base: PathBuf,
    outputs: Vec<Output>,
    roots: Roots,
    folders: BTreeSet<String>,
}

impl Planned {
    fn batch(&self) -> Batch<'_> {
        let Self { base, outputs, roots, folders } = self;
        Batch { base, roots, folders, outputs, force: false }
    }
}

fn planned(folder: &Path) -> Planned {
    let asked = [".".into()];
    let roots = Request::new(folder, &asked).roots();
    let loaded = load::load(folder, Path::new(".")).unwrap();
    let outputs = pipeline::run(loaded.ws, loaded.documents, transforms::ALL, &Options::default()).outputs;
    Planned { base: folder.to_owned(), outputs, roots, folders: BTreeSet::new() }
}

/// The process that is killed: this test, run by another one with the folder and the step in its environment.
#[test]
fn the_child_that_dies() {
    let (Ok(folder), Ok(step)) = (std::env::var(FOLDER), std::env::var(STEP)) else { return };
    let (folder, last) = (Path::new(&folder), step.parse::<usize>().unwrap());
    let planned = planned(folder);
    let mut steps = 0;
    let mut watch = |_| {
        if steps == last {
            Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
            std::thread::park();
        }
        steps += 1;
    };
    store_watched(&planned.batch(), &mut watch).unwrap();
}

fn die_before(step: usize, folder: &Path) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "writing::the_child_that_dies", "--quiet"]);
    child.env(FOLDER, folder).env(STEP, step.to_string()).output().unwrap().status
}

fn assert_old_or_new(
    now: &BTreeMap<String, String>,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) {
    for (path, text) in now.iter().filter(|(path, _)| !path.ends_with(".tmp")) {
        assert!(
            old.get(path) == Some(text) || new.get(path) == Some(text),
            "{path} is neither old nor new: {text}"
        );
    }
    assert!(old.keys().all(|path| now.contains_key(path)), "a file is gone");
    let names_missing = |name: &str| {
        now["compose.yaml"].contains("Dockerfile.alpine")
            && !now.contains_key(&format!("{name}/Dockerfile.alpine"))
    };
    assert!(!names_missing("api") && !names_missing("web"), "compose.yaml names a file that is not there");
}

#[test]
fn a_process_killed_at_any_step_leaves_each_file_old_or_new() {
    let old = texts(project().path());
    let whole = project();
    assert_eq!(whole.run(&["optimize", "--write"]).code, 0);
    let new = texts(whole.path());
    let mut step = 0;
    loop {
        let project = project();
        let status = die_before(step, project.path());
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9));
        assert_old_or_new(&texts(project.path()), &old, &new);
        let run = project.run(&["optimize", "--write"]);
        assert_eq!(run.code, 0, "after step {step}: {}", run.err);
        assert_eq!(texts(project.path()), new, "after step {step}");
        step += 1;
    }
    assert!(step > 10, "only {step} steps");
}

/// Runs the program under a limit of no bytes for files, after `prelude` of the shell.
fn run_without_space(project: &Project, prelude: &str) -> std::process::Output {
    let program = assert_cmd::cargo::cargo_bin("alpinist");
    let script = format!("{prelude} ulimit -c 0; ulimit -f 0; exec \"$0\" optimize --write");
    Command::new("sh").args(["-c", &script]).arg(program).current_dir(project.path()).output().unwrap()
}

#[test]
fn a_process_killed_while_it_writes_text_leaves_the_old_files() {
    let project = project();
    let before = texts(project.path());
    let status = run_without_space(&project, "").status;
    assert!(status.signal().is_some(), "{status}");
    let mut after = texts(project.path());
    let count = after.len();
    after.retain(|path, _| !path.ends_with(".tmp"));
    assert_eq!(after, before);
    assert_eq!(count, before.len() + 1, "the file that it was writing is left");
    assert_eq!(project.run(&["optimize", "--write"]).code, 0);
    assert!(texts(project.path()).keys().all(|path| !path.ends_with(".tmp")));
}

#[test]
fn a_system_that_refuses_to_write_leaves_everything_as_it_is() {
    let project = project();
    let before = files(project.path());
    let output = run_without_space(&project, "trap '' XFSZ;");
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("every file is as it was"), "{told}");
    assert_eq!(files(project.path()), before);
}

#[test]
fn what_was_placed_is_put_back_when_a_later_file_fails() {
    for place in 2..=3 {
        let project = project();
        let planned = planned(project.path());
        let before = files(project.path());
        let mut count = 0;
        let mut watch = |step| {
            count += usize::from(step == Step::Place);
            if step == Step::Place && count == place {
                // The folder of the temporary files loses them, so that nothing can be put in place.
                for folder in ["api", "web", "."] {
                    remove_temporary(&project.path().join(folder));
                }
            }
        };
        let error = store_watched(&planned.batch(), &mut watch).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert_eq!(files(project.path()), before);
    }
}

fn remove_temporary(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_string_lossy().ends_with(".tmp") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[test]
fn a_new_file_never_takes_the_place_of_another() {
    let project = project();
    let planned = planned(project.path());
    let mut mine = None;
    let mut watch = |step| {
        if step == Step::Place && mine.is_none() {
            project.write("web/Dockerfile.alpine", "FROM mine\n");
            mine = Some(files(project.path()));
        }
    };
    assert!(matches!(store_watched(&planned.batch(), &mut watch), Err(StoreError::Exists { .. })));
    assert_eq!(project.read("web/Dockerfile.alpine"), "FROM mine\n");
    assert!(!project.path().join("api/Dockerfile.alpine").exists());
}

#[test]
fn two_runs_do_not_interleave() {
    let project = project();
    let planned = planned(project.path());
    let (base, batch) = (project.path(), planned.batch());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let mut started = false;
        let mut watch = |_| {
            let lock = File::open(base).unwrap().try_lock();
            assert!(matches!(lock, Err(TryLockError::WouldBlock)), "the folder is not locked");
            if !std::mem::replace(&mut started, true) {
                let sender = sender.clone();
                scope.spawn(move || sender.send(store(&batch)).unwrap());
            }
            assert!(receiver.try_recv().is_err(), "another run wrote in between");
        };
        store_watched(&planned.batch(), &mut watch).unwrap();
    });
    let second = receiver.recv().unwrap();
    assert!(
        matches!(second, Err(StoreError::ChangedMeanwhile { .. } | StoreError::Exists { .. })),
        "{second:?}"
    );
    assert!(texts(base).keys().all(|path| !path.ends_with(".tmp") && !path.contains("lock")));
}

#[test]
fn a_link_that_leads_out_is_an_error() {
    let (project, elsewhere) = (project(), Project::new());
    elsewhere.write("Dockerfile", SLIM);
    fs::remove_file(project.path().join("web/Dockerfile")).unwrap();
    symlink(elsewhere.path().join("Dockerfile"), project.path().join("web/Dockerfile")).unwrap();
    let before = (files(project.path()), files(elsewhere.path()));
    let run = project.run(&["optimize", "--write", "--in-place"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("web/Dockerfile is a link to"), "{}", run.err);
    assert_eq!((files(project.path()), files(elsewhere.path())), before);
    let beside = project.run(&["optimize", "--write"]);
    assert_eq!(beside.code, 0, "a sibling stands beside the link: {}", beside.err);
    assert_eq!(files(elsewhere.path()), before.1);
}

#[test]
fn links_to_one_file_are_written_once_or_refused() {
    let project = Project::new();
    project.write("base/Dockerfile", SLIM);
    project.write("base/app.py", "");
    for name in ["a", "b"] {
        project.write(&format!("{name}/app.py"), "");
        symlink("../base/Dockerfile", project.path().join(name).join("Dockerfile")).unwrap();
    }
    let run = project.run(&["optimize", "--write", "--in-place"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(project.read("base/Dockerfile").contains("alpine"));
    assert!(project.path().join("a/Dockerfile").is_symlink());
}
