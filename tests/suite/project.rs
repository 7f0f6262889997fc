//! Projects on disk: the folders of this repository, copies of them, and the program run in one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use tempfile::TempDir;

/// A path of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of the folders in `folder`, sorted; none when it does not exist.
pub(crate) fn folders(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The files below `folder` with their bytes, by path; `.git` is left out.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        match entry.path().is_dir() {
            true if name == ".git" => {}
            true => collect(&entry.path(), &format!("{path}/"), found),
            false => drop(found.insert(path, fs::read(entry.path()).unwrap())),
        }
    }
}

/// The text of the files below `folder`; those that are not UTF-8 are left out.
pub(crate) fn texts(folder: &Path) -> BTreeMap<String, String> {
    let texts =
        files(folder).into_iter().filter_map(|(path, bytes)| Some((path, String::from_utf8(bytes).ok()?)));
    texts.collect()
}

/// A project in a folder of its own, gone when dropped.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty project.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A project that holds a copy of `from` at `path`.
    pub(crate) fn copy_of(from: &Path, path: &str) -> Self {
        let project = Self::new();
        for (name, bytes) in files(from) {
            project.write(&Path::new(path).join(name).to_string_lossy(), bytes);
        }
        project
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file in, with its folders.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let full = self.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, bytes).unwrap();
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_in(self.path(), arguments)
    }

    /// Runs the program in the folder with `input` on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        Run::of(program(self.path(), arguments).write_stdin(input))
    }

    /// Runs git in the folder with `input`, untouched by the machine's configuration.
    pub(crate) fn git(&self, arguments: &[&str], input: &str) {
        self.git_in("", arguments, input);
    }

    /// The same in a folder below.
    pub(crate) fn git_in(&self, folder: &str, arguments: &[&str], input: &str) {
        Command::new("git")
            .args(arguments)
            .current_dir(self.path().join(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .write_stdin(input)
            .assert()
            .success();
    }
}

/// What a run of the program said.
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it printed as messages.
    pub(crate) err: String,
}

impl Run {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// All of it, for a snapshot.
    pub(crate) fn transcript(&self) -> String {
        format!("exit code: {}\n--- stdout ---\n{}--- stderr ---\n{}", self.code, self.out, self.err)
    }
}

/// Runs the program in `folder`.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    Run::of(&mut program(folder, arguments))
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("alpinist").unwrap();
    command.args(arguments).current_dir(folder).env_remove("CLICOLOR_FORCE").env("NO_COLOR", "1");
    command
}

/// Compares `text` with the snapshot `name` of the folder `snapshots/<folder>`.
pub(crate) fn assert_snapshot(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(repository("snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, without_digests(text)));
}

/// The text without the digests of optimized siblings, which change with every word of them.
fn without_digests(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.split_once("# Made by alpinist from ") {
            Some((before, rest)) => {
                let name = rest.split(" (").next().unwrap_or_default();
                out += &format!("{before}# Made by alpinist from {name} (digests)\n");
            }
            None => out += line,
        }
    }
    out
}
