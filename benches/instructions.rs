//! How many instructions whole runs of the program take, by valgrind: `cargo bench --bench instructions`.
//!
//! Unlike times, these counts are the same on a busy machine. Without valgrind nothing is measured.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, ExitCode},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_alpinist");

const STAGE: &str = "\
FROM python:3.12-slim AS service
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install -r requirements.txt
";

fn main() -> ExitCode {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: nothing to measure");
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("alpinist-instructions-{}", std::process::id()));
    let result = measure_in(&folder);
    let _ = fs::remove_dir_all(&folder);
    result
}

fn measure_in(folder: &Path) -> Result<(), String> {
    report("the process: alpinist passes", folder, &["passes"])?;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/staging");
    report("the pipeline: examples/staging", Path::new(example), &["optimize", "--check"])?;
    for count in [1, 10, 100, 1_000] {
        let text = stages(count) + "CMD [\"python\", \"src/app.py\"]\n";
        let project = folder.join(count.to_string());
        write(&project, "Dockerfile", &text)?;
        write(&project, "requirements.txt", "flask==3.0.0\n")?;
        write(&project, "src/app.py", "")?;
        let bytes = text.len();
        report(&format!("parsing: {count} stages, {bytes} bytes"), &project, &["parse", "Dockerfile"])?;
        report(&format!("the pipeline: {count} stages, {bytes} bytes"), &project, &["optimize", "--check"])?;
    }
    Ok(())
}

fn stages(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "{}", STAGE.replace("AS service", &format!("AS service{at}")));
        text
    })
}

fn write(project: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = project.join(name);
    let parent = path.parent().unwrap_or(project);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints the instructions that the program takes with `arguments` in `folder`.
fn report(what: &str, folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let folder = if folder.exists() { folder } else { Path::new(".") };
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(PROGRAM)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let count = log.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim());
    let count = count.ok_or_else(|| format!("valgrind counted nothing for {what}:\n{log}"))?;
    println!("{count:>15} instructions, {what}");
    Ok(())
}
