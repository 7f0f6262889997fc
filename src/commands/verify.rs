//! `alpinist verify`: build and run the images before and after, compare, and tell.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use super::{Exit, optimize::choices};
use crate::{
    cli::{Proof, ReportFormat, Verify},
    engine::{
        find,
        local::{self, Local},
    },
    options::Options,
    verify::{Report, Verdict},
    view::{diagnostic, verify as view, verify_json},
    workspace::{
        Neighbours,
        load::{self, Loaded},
        projects::Request,
    },
};

mod prover;
mod search;
mod sides;
mod unit;

pub(super) use prover::Prover;

/// Runs the command in the folder `base`.
///
/// # Errors
/// When stdin, stdout or stderr fail.
pub fn run(arguments: &Verify, base: &Path, colour: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let selection = &arguments.selection;
    let chosen = choices::of_paths(
        &choices::of_selection(selection),
        (&arguments.paths, selection.config.as_deref()),
        base,
    );
    let options = match chosen {
        Ok(options) => options,
        Err(refusal) => {
            anstream::eprint!("{}", refusal.render(colour));
            return Ok(Exit::Usage);
        }
    };
    let stopped = local::stop_flag()?;
    let found = match find::find(arguments.proof.engine.as_deref(), &stopped) {
        Ok(found) => found,
        Err(error) => {
            anstream::eprintln!("error: {error}\n  help: {}", error.help());
            return Ok(Exit::Failed);
        }
    };
    let engine = Local::new(&found.program, stopped);
    anstream::eprintln!("This builds and runs the project's code, with {}.", found.told);
    let mut prover = match Prover::new(&engine, &arguments.proof) {
        Ok(prover) => prover,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return Ok(Exit::Failed);
        }
    };
    let mut report = Report { engine: found.told, ..Report::default() };
    let request = Request::new(base, &arguments.paths);
    let mut failed = request.errors.len();
    request.errors.iter().for_each(|error| anstream::eprint!("{}", diagnostic::render(error, colour)));
    let neighbours = Neighbours::default();
    for project in request.cut() {
        let loaded = load::load_project(&request.base, &project, &neighbours);
        failed += loaded.errors.len();
        loaded.errors.iter().for_each(|error| anstream::eprint!("{}", diagnostic::render(error, colour)));
        match prove(&mut prover, loaded, &options[project.asked], selection.online) {
            Ok(proved) => report.add(proved),
            Err(error) => {
                anstream::eprintln!("error: {error}");
                return Ok(Exit::Failed);
            }
        }
    }
    drop(prover);
    tell(&report, arguments, out)?;
    Ok(match report.verdict() {
        _ if failed > 0 => Exit::Failed,
        Verdict::Better | Verdict::Same => Exit::Done,
        Verdict::Worse | Verdict::Broken => Exit::Changes,
        Verdict::Unproved => Exit::Unproved,
    })
}

fn prove(
    prover: &mut Prover,
    loaded: Loaded,
    options: &Arc<Options>,
    online: bool,
) -> Result<Report, prover::Fault> {
    let (options, remark) = match online {
        true => super::optimize::asked(&loaded, options),
        false => (std::borrow::Cow::Borrowed(&**options), None),
    };
    let mut report = search::boldest(prover, &loaded, &options)?.0;
    report.notes.extend(remark);
    Ok(report)
}

fn tell(report: &Report, arguments: &Verify, out: &mut dyn Write) -> io::Result<()> {
    let json = verify_json::report(report);
    if let Some(path) = &arguments.report {
        std::fs::write(path, format!("{json:#}\n"))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    match arguments.format {
        ReportFormat::Json => writeln!(out, "{json:#}"),
        ReportFormat::Table => view::write(report, out),
    }
}

/// The flags of a build that the user gave as they are.
fn build_flags(proof: &Proof) -> Vec<String> {
    let lists = [
        ("--build-arg", &proof.build_arg),
        ("--secret", &proof.secret),
        ("--ssh", &proof.ssh),
        ("--add-host", &proof.add_host),
    ];
    let pairs = lists.into_iter().flat_map(|(flag, values)| values.iter().map(move |value| (flag, value)));
    pairs.flat_map(|(flag, value)| [flag.to_owned(), value.clone()]).collect()
}
