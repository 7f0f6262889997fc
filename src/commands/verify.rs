//! `alpinist verify`: build and run the images before and after, compare, and tell.

use std::{
    borrow::Cow,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use super::{Exit, optimize::choices};
use crate::{
    cli::{Optimize, Proof, ReportFormat, Verify},
    engine::{
        find,
        local::{self, Local},
    },
    options::Options,
    transforms,
    verify::{Report, Verdict},
    view::{diagnostic, verify as view, verify_json},
    workspace::{
        Neighbours,
        load::{self, Loaded},
        projects::{Project, Request},
    },
};

mod prover;
mod search;
mod sides;
mod unit;

use prover::{Fault, Prover};

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
    let Some((engine, told)) = engine(&arguments.proof)? else { return Ok(Exit::Failed) };
    let mut prover = match Prover::new(&engine, (&arguments.proof, arguments.verbose)) {
        Ok(prover) => prover,
        Err(error) => return Ok(failed(&error)),
    };
    let mut report = Report { engine: told, ..Report::default() };
    let request = Request::new(base, &arguments.paths);
    let mut unread = request.errors.len();
    request.errors.iter().for_each(|error| anstream::eprint!("{}", diagnostic::render(error, colour)));
    let projects = request.cut();
    if projects.is_empty() && unread == 0 {
        anstream::eprintln!("no Dockerfile found");
    }
    let neighbours = Neighbours::default();
    for project in projects {
        let loaded = load::load_project(&request.base, &project, &neighbours);
        unread += loaded.errors.len();
        loaded.errors.iter().for_each(|error| anstream::eprint!("{}", diagnostic::render(error, colour)));
        match prove(&mut prover, loaded, &options[project.asked], selection.online) {
            Ok((proved, _)) => report.add(proved),
            Err(error) => return Ok(failed(&error)),
        }
    }
    drop(prover);
    tell(&report, arguments, out)?;
    Ok(match report.verdict() {
        _ if unread > 0 => Exit::Failed,
        Verdict::Better | Verdict::Same => Exit::Done,
        Verdict::Worse | Verdict::Broken => Exit::Changes,
        Verdict::Unproved => Exit::Unproved,
    })
}

/// Projects, and the choices for each of them.
type Chosen = (Vec<Project>, Vec<Arc<Options>>);

/// The projects of `optimize --verify`, each with the choices of which it was proved that they hold; what they come to
/// is told on stderr.
///
/// # Errors
/// When stderr fails, or signals cannot be caught.
pub(super) fn proved(
    arguments: &Optimize,
    request: &Request,
    (projects, options): (Vec<Project>, &[Arc<Options>]),
) -> io::Result<Result<Chosen, Exit>> {
    let Some((engine, _)) = engine(&arguments.proof)? else { return Ok(Err(Exit::Failed)) };
    let mut prover = match Prover::new(&engine, (&arguments.proof, arguments.verbose)) {
        Ok(prover) => prover,
        Err(error) => return Ok(Err(failed(&error))),
    };
    let neighbours = Neighbours::default();
    let mut chosen = Chosen::default();
    for mut project in projects {
        let loaded = load::load_project(&request.base, &project, &neighbours);
        let proof = prove(&mut prover, loaded, &options[project.asked], arguments.selection.online);
        let (report, mut holding) = match proof {
            Ok(proved) => proved,
            Err(error) => return Ok(Err(failed(&error))),
        };
        view::write(&report, &mut anstream::stderr())?;
        if report.rest() == Verdict::Unproved {
            anstream::eprintln!("Nothing is proposed for what could not be proved.");
            holding.skip = transforms::ALL.iter().map(|pass| pass.id.to_owned()).collect();
        }
        // What the index said is asked again when the project is looked at.
        holding.knowledge = options[project.asked].knowledge.clone();
        project.asked = chosen.1.len();
        chosen.0.push(project);
        chosen.1.push(Arc::new(holding));
    }
    Ok(Ok(chosen))
}

/// An engine, and its name and version; nothing where there is none, which is told.
fn engine(proof: &Proof) -> io::Result<Option<(Local, String)>> {
    let stopped = local::stop_flag()?;
    match find::find(proof.engine.as_deref(), &stopped) {
        Ok(found) => {
            anstream::eprintln!("This builds and runs the project's code, with {}.", found.told);
            Ok(Some((Local::new(&found.program, stopped), found.told)))
        }
        Err(error) => {
            anstream::eprintln!("error: {error}\n  help: {}", error.help());
            Ok(None)
        }
    }
}

fn failed(error: &Fault) -> Exit {
    anstream::eprintln!("error: {error}");
    Exit::Failed
}

fn prove(
    prover: &mut Prover,
    loaded: Loaded,
    options: &Arc<Options>,
    online: bool,
) -> Result<(Report, Options), Fault> {
    let (options, remark) = match online {
        true => super::optimize::asked(&loaded, options),
        false => (Cow::Borrowed(&**options), None),
    };
    let (mut report, holding) = search::boldest(prover, &loaded, &options)?;
    report.notes.extend(remark);
    Ok((report, holding))
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
