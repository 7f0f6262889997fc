//! Proof with a real engine, over small images made from a static busybox; where no engine answers, or there is no
//! such busybox, the tests say so and prove nothing.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Once,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use alpinist::{
    engine::{
        Call, Engine, find,
        local::Local,
        sweep::{Kept, sweep},
    },
    verify::{
        Judgement, Observation, Step, Verdict,
        boldest::{History, Next, next},
        judge,
        observe::{Settings, Side, observe},
    },
};
use tempfile::TempDir;

/// Where Debian's package busybox-static puts it, and others.
const BUSYBOX: [&str; 3] = ["/bin/busybox", "/usr/bin/busybox", "/usr/local/bin/busybox"];
/// A server of the folder /www.
const SERVER: &str = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n\
    COPY www /www\nEXPOSE 8080\n";
const SERVES: &str = "CMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n";

static NUMBER: AtomicUsize = AtomicUsize::new(0);
static TOLD: Once = Once::new();

/// An engine, and a folder to build from; all that was made is removed when dropped.
struct Ground {
    engine: Local,
    folder: TempDir,
    name: String,
}

impl Ground {
    /// Nothing where these tests cannot run; why is said once.
    fn new() -> Option<Self> {
        let skipped = |why: String| {
            // The macros' words are kept back for tests that pass.
            let line = format!("skipped the tests with a container engine: {why}\n");
            TOLD.call_once(|| io::stderr().write_all(line.as_bytes()).unwrap());
            None
        };
        let stopped = Arc::new(AtomicBool::new(false));
        let engine = match find::find(None, &stopped) {
            Ok(found) => Local::new(found.program, stopped),
            Err(error) => return skipped(error.to_string()),
        };
        let Some(busybox) = BUSYBOX.iter().find(|path| is_static(path)) else {
            return skipped("there is no static busybox; Debian's package busybox-static has one".to_owned());
        };
        let folder = TempDir::new().unwrap();
        fs::copy(busybox, folder.path().join("busybox")).unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        fs::write(folder.path().join("www/index.html"), "<p>sheep\n").unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("alpinist-test-{}-{number}", std::process::id());
        let ground = Self { engine, folder, name };
        let made = ground.call(&["network", "create", "--label", &ground.label(), &ground.name]);
        assert!(made.is_some(), "a network can be made");
        Some(ground)
    }

    fn label(&self) -> String {
        format!("alpinist.run={}", self.name)
    }

    fn call(&self, words: &[&str]) -> Option<String> {
        let answer = self.engine.call(&Call::short(words.iter().copied(), 60));
        answer.is_good().then_some(answer.out)
    }

    /// What is seen of the image of a Dockerfile.
    fn observe(&self, text: &str) -> Observation {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dockerfile = self.folder.path().join(format!("{number}.Dockerfile")).display().to_string();
        fs::write(&dockerfile, text).unwrap();
        let (context, tag) = (self.folder.path().display().to_string(), format!("{}-{number}", self.name));
        let side = Side { tag, dockerfile, context, ..Side::default() };
        let settings = Settings {
            label: self.label(),
            network: self.name.clone(),
            timeout: Duration::from_secs(30),
            build_timeout: Duration::from_secs(120),
            runs: 1,
            ..Settings::default()
        };
        observe(&self.engine, (&side, &settings), &mut |_| {}).unwrap()
    }

    fn judge(&self, before: &str, after: &str) -> Judgement {
        let (before, after) = (self.observe(before), self.observe(after));
        judge::judge(&before, &after)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        sweep(&self.engine, &self.label(), Kept::Nothing);
        if thread::panicking() {
            return;
        }
        let filter = format!("--filter=label={}", self.label());
        for kind in [&["ps", "--all"][..], &["network", "ls"], &["images"]] {
            let left = self.call(&[kind, &["--quiet", &filter]].concat());
            assert_eq!(left.as_deref().map(str::trim), Some(""), "{kind:?} is left behind");
        }
    }
}

/// Whether a program needs no libraries: it asks for no loader.
fn is_static(path: &str) -> bool {
    let loader = b"/lib64/ld-linux";
    fs::read(path).is_ok_and(|bytes| !bytes.windows(loader.len()).any(|window| window == loader))
}

#[test]
fn a_smaller_image_that_does_the_same_is_better() {
    let Some(ground) = Ground::new() else { return };
    let heavy =
        format!("{SERVER}RUN [\"dd\", \"if=/dev/zero\", \"of=/big\", \"bs=1M\", \"count=8\"]\n{SERVES}");
    let judgement = ground.judge(&heavy, &format!("{SERVER}{SERVES}"));
    assert_eq!(judgement.verdict, Verdict::Better, "{judgement:?}");
}

#[test]
fn an_image_that_does_not_build_is_broken() {
    let Some(ground) = Ground::new() else { return };
    let judgement = ground.judge(&format!("{SERVER}{SERVES}"), &format!("{SERVER}RUN [\"nope\"]\n{SERVES}"));
    assert_eq!((judgement.verdict, judgement.step), (Verdict::Broken, Some(Step::Build)), "{judgement:?}");
    assert!(judgement.last.iter().any(|line| line.contains("nope")), "{judgement:?}");
}

#[test]
fn an_image_that_does_not_start_is_broken() {
    let Some(ground) = Ground::new() else { return };
    let judgement = ground.judge(&format!("{SERVER}{SERVES}"), &format!("{SERVER}CMD [\"/nope\"]\n"));
    assert_eq!((judgement.verdict, judgement.step), (Verdict::Broken, Some(Step::Start)), "{judgement:?}");
}

#[test]
fn another_answer_is_broken() {
    let Some(ground) = Ground::new() else { return };
    let other = format!("{SERVER}RUN [\"rm\", \"/www/index.html\"]\n{SERVES}");
    let judgement = ground.judge(&format!("{SERVER}{SERVES}"), &other);
    assert_eq!((judgement.verdict, judgement.step), (Verdict::Broken, Some(Step::Answers)), "{judgement:?}");
    assert!(judgement.why[0].contains("200 text/html before, 404"), "{judgement:?}");
}

#[test]
fn a_missing_database_proves_nothing() {
    let Some(ground) = Ground::new() else { return };
    let needs =
        |words: &str| format!("{SERVER}CMD [\"sh\", \"-c\", \"echo $$ starts; echo {words} >&2; exit 3\"]\n");
    let judgement = ground.judge(&needs("no database at db"), &needs("no database at db"));
    assert_eq!((judgement.verdict, judgement.step), (Verdict::Unproved, Some(Step::Ready)), "{judgement:?}");
    let judgement = ground.judge(&needs("no database at db"), &needs("no such file"));
    assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
}

#[test]
fn the_third_of_four_changes_is_to_blame() {
    let Some(ground) = Ground::new() else { return };
    let changes = ["ENV A=1", "ENV B=1", "RUN [\"rm\", \"/www/index.html\"]", "ENV D=1"];
    let before = ground.observe(&format!("{SERVER}{SERVES}"));
    let mut history = History::default();
    let found = loop {
        let set: BTreeSet<usize> = match next(changes.len(), &history) {
            Next::Found(set) => break set,
            Next::Ask(set) => set,
        };
        let lines: Vec<&str> = set.iter().map(|&change| changes[change]).collect();
        let after = ground.observe(&format!("{SERVER}{}\n{SERVES}", lines.join("\n")));
        let holds = judge::judge(&before, &after).verdict.holds();
        history.note(set, holds);
    };
    assert_eq!(found, BTreeSet::from([0, 1, 3]));
}

#[test]
fn one_that_has_to_be_killed_is_worse() {
    let Some(ground) = Ground::new() else { return };
    let serves = |first: &str| {
        let line = format!("{first}; httpd -p 8080 -h /www; while :; do sleep 1; done");
        format!("{SERVER}CMD [\"sh\", \"-c\", \"{line}\"]\n")
    };
    let judgement = ground.judge(&serves("trap 'exit 0' TERM"), &serves("trap '' TERM"));
    assert_eq!((judgement.verdict, judgement.step), (Verdict::Worse, Some(Step::Stop)), "{judgement:?}");
}

#[test]
fn children_end_with_their_container() {
    let Some(ground) = Ground::new() else { return };
    let with_children =
        format!("{SERVER}CMD [\"sh\", \"-c\", \"sleep 321 & sleep 321 & exec httpd -f -p 8080 -h /www\"]\n");
    let seen = ground.observe(&with_children);
    assert_eq!(seen.failure(), None);
    assert_eq!(seen.measures.processes, [3.0]);
    let judgement = judge::judge(&seen, &seen.clone());
    assert_eq!(judgement.verdict, Verdict::Same, "{judgement:?}");
}

/// A project in which compose can take rights away, and nothing else is to be done.
fn project(ground: &Ground) -> &Path {
    let folder = ground.folder.path();
    fs::write(folder.join("Dockerfile"), format!("{SERVER}USER 1000\n{SERVES}")).unwrap();
    let compose = "services:\n  web:\n    build: .\n    ports: [\"18080:8080\"]\n    volumes: [\"data:/data\"]\nvolumes:\n  data:\n";
    fs::write(folder.join("compose.yaml"), compose).unwrap();
    folder
}

fn program(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_alpinist"));
    program.args(["verify", "--format", "json", "."]).current_dir(folder);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

#[test]
fn a_project_is_proved_and_left_alone() {
    let Some(ground) = Ground::new() else { return };
    let folder = project(&ground);
    let before = crate::project::files(folder);
    let output = program(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "same", "{report:#}");
    assert_eq!(report["images"][0]["after"]["measures"]["user"], "1000");
    assert!(before == crate::project::files(folder), "the files of the project stay as they are");
}

#[test]
fn what_is_given_by_flags_is_never_shown() {
    let Some(ground) = Ground::new() else { return };
    let folder = project(&ground);
    let text = format!("{SERVER}ARG TOKEN\nRUN echo \"it is $TOKEN\"\nUSER 1000\n{SERVES}");
    fs::write(folder.join("Dockerfile"), text).unwrap();
    let output = program(folder).args(["--verbose", "--build-arg", "TOKEN=sesame-open"]).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("it is ***") && !said.contains("sesame"), "{said}");
}

#[test]
fn what_a_service_depends_on_runs_beside_it() {
    let Some(ground) = Ground::new() else { return };
    let folder = project(&ground);
    let database = format!("{}-db", ground.name);
    fs::write(folder.join("db.Dockerfile"), format!("{SERVER}CMD [\"sleep\", \"300\"]\n")).unwrap();
    let (label, file) = (ground.label(), folder.join("db.Dockerfile").display().to_string());
    let context = folder.display().to_string();
    let built = ground.call(&["build", "--label", &label, "--tag", &database, "--file", &file, &context]);
    assert!(built.is_some(), "the image beside it is built");
    fs::remove_file(file).unwrap();
    let waits = "nslookup -type=a db 127.0.0.11 && exec httpd -f -p 8080 -h /www";
    let compose = format!(
        "services:\n  web:\n    build: .\n    ports: [\"8080\"]\n    command: [sh, -c, \"{waits}\"]\n    depends_on: [db, gone]\n  \
         db:\n    image: {database}\n  gone:\n    image: {database}-gone\n"
    );
    fs::write(folder.join("compose.yaml"), compose).unwrap();
    let output = program(folder).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "same", "{report:#}");
    let notes = report["images"][0]["after"]["notes"].to_string();
    assert!(
        notes.contains("without gone: its image is not there") && !notes.contains("without db"),
        "{notes}"
    );
}

#[test]
fn optimize_proposes_what_was_verified() {
    let Some(ground) = Ground::new() else { return };
    let folder = project(&ground);
    let run = crate::project::run_in(folder, &["optimize", "--verify", "."]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("+    cap_drop:"), "{}{}", run.out, run.err);
    assert!(run.err.contains("it does the same"), "{}", run.err);
}

/// The names of everything that a run of the process `pid` made and that is still there.
fn left_by(ground: &Ground, pid: u32) -> Vec<String> {
    let kinds: [&[&str]; 3] = [
        &["ps", "--all", "--format", "{{.Names}}"],
        &["network", "ls", "--format", "{{.Name}}"],
        &["images", "--format", "{{.Repository}}"],
    ];
    let all: String = kinds.iter().filter_map(|words| ground.call(words)).collect();
    let folders = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let folders = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let own = |name: &String| name.starts_with("alpinist-verify-") && name.contains(&format!("-{pid}"));
    all.lines().map(str::to_owned).chain(folders).filter(own).collect()
}

#[test]
fn a_run_that_is_ended_leaves_nothing_behind() {
    let Some(ground) = Ground::new() else { return };
    let folder = project(&ground);
    for (signal, millis) in [("INT", 300), ("TERM", 1500), ("TERM", 4000), ("INT", 7000)] {
        let child = program(folder).spawn().unwrap();
        let pid = child.id();
        thread::sleep(Duration::from_millis(millis));
        // Twice, as `timeout` does; one that has come to its end needs no signal.
        let _ =
            Command::new("kill").args([format!("-{signal}"), pid.to_string()]).stderr(Stdio::null()).status();
        let _ =
            Command::new("kill").args([format!("-{signal}"), pid.to_string()]).stderr(Stdio::null()).status();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let is_early = output.status.code().is_none();
        assert!(is_early || matches!(output.status.code(), Some(0 | 3)), "{signal} {millis}: {said}");
        assert_eq!(left_by(&ground, pid), Vec::<String>::new(), "{signal} after {millis} ms: {said}");
    }
}
