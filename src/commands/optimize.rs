//! `alpinist optimize`: cut into projects, plan each, then print, check or write.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::Path,
    sync::Arc,
};

use rayon::prelude::*;

use super::{Exit, verify};
use crate::{
    cli::{Format, Optimize},
    options::Options,
    plan::{Conflict, Output},
    view::{diagnostic, json::Lists, ndjson, totals::Totals},
    workspace::{
        Neighbours, load,
        projects::{Project, Request},
        store,
    },
};

pub(super) mod choices;
mod look;
mod progress;
mod stdin;

pub use choices::of_command_line as options;
pub(super) use look::asked;
use look::{Seen, Shown, look};
use progress::Progress;

/// How many projects a thread gets before their results are printed.
const BATCH: usize = 16;
/// The stack of the main thread on most systems: every thread reads as deep as that one.
const STACK: usize = 8 << 20;

/// Runs the command in the folder `base`.
///
/// # Errors
/// When stdin, stdout or stderr fail.
pub fn run(arguments: &Optimize, base: &Path, colour: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let options = match choices::all(arguments, base) {
        Ok(options) => options,
        Err(refusal) => {
            anstream::eprint!("{}", refusal.render(colour));
            return Ok(Exit::Usage);
        }
    };
    let (format, everything) = (arguments.format, arguments.verbose);
    let (online, writes) = (arguments.selection.online, arguments.write);
    let shown = Shown { format, everything, colour, online, writes, folder: "" };
    if choices::is_stdin(arguments) {
        let check = if arguments.check { stdin::Check::Yes } else { stdin::Check::No };
        return stdin::run(base, &options[0], shown, (check, out));
    }
    let request = Request::new(base, &arguments.paths);
    let projects = request.cut();
    if projects.is_empty() && request.errors.is_empty() {
        let shown: Vec<String> = arguments.paths.iter().map(|path| path.display().to_string()).collect();
        anstream::eprintln!("no Dockerfile found below {}", shown.join(", "));
    }
    if let Some(compose) = request.unheard() {
        anstream::eprintln!(
            "note: {compose} builds what is looked at, and is not looked at itself: start alpinist in its folder"
        );
    }
    let (projects, options) = match arguments.verify {
        false => (projects, options),
        true => match verify::proved(arguments, &request, (projects, &options))? {
            Ok(proved) => proved,
            Err(exit) => return Ok(exit),
        },
    };
    let folder = request.folder_in_repository();
    let shown = Shown { folder: &folder, ..shown };
    let mut run = Run { request: &request, options: &options, shown, sum: Sum::default() };
    run.report_errors(out)?;
    run.look_at(&projects, (arguments.jobs, out))?;
    run.finish(arguments, out)
}

/// What a run needs to know, and what it has come to.
struct Run<'r> {
    request: &'r Request,
    options: &'r [Arc<Options>],
    shown: Shown<'r>,
    sum: Sum,
}

/// What is kept of all projects.
#[derive(Default)]
struct Sum {
    totals: Totals,
    lists: Lists,
    outputs: Vec<Output>,
    conflicts: Vec<Conflict>,
    folders: BTreeSet<String>,
    /// Ignore files whose patch is printed.
    ignores: BTreeSet<String>,
    changes: usize,
}

impl Run<'_> {
    fn report_errors(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for error in &self.request.errors {
            self.sum.totals.failed += 1;
            anstream::eprint!("{}", diagnostic::render(error, self.shown.colour));
            if self.shown.format == Format::Ndjson {
                writeln!(out, "{}", ndjson::failed(error))?;
            }
        }
        Ok(())
    }

    /// Looks at the projects, several at a time, and prints what was found in their order.
    fn look_at(
        &mut self,
        projects: &[Project],
        (jobs, out): (Option<usize>, &mut dyn Write),
    ) -> io::Result<()> {
        let progress = Progress::new(projects.len(), io::stderr().is_terminal());
        let neighbours = Neighbours::default();
        let look = |project: &Project| {
            let loaded = load::load_project(&self.request.base, project, &neighbours);
            let seen = look(loaded, &self.options[project.asked], self.shown);
            progress.step();
            seen
        };
        if projects.len() < 2 || jobs == Some(1) {
            for project in projects {
                let seen = look(project);
                progress.clear();
                take(&mut self.sum, seen, (self.shown.format, out))?;
            }
            return Ok(());
        }
        let threads =
            jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
        let pool = pool.map_err(io::Error::other)?;
        for batch in projects.chunks(threads * BATCH) {
            let seen: Vec<Seen> = pool.install(|| batch.par_iter().map(look).collect());
            progress.clear();
            seen.into_iter().try_for_each(|seen| take(&mut self.sum, seen, (self.shown.format, out)))?;
        }
        Ok(())
    }

    fn finish(self, arguments: &Optimize, out: &mut dyn Write) -> io::Result<Exit> {
        let Sum { totals, lists, outputs, conflicts, folders, changes, .. } = self.sum;
        conclude(&totals, &lists, (self.shown.format, out))?;
        let mut exit = if totals.failed > 0 { Exit::Failed } else { Exit::Done };
        if arguments.write {
            let (base, roots) = (&self.request.base, &self.request.roots());
            let (outputs, folders) = (&outputs, &folders);
            let batch = store::Batch { base, roots, folders, outputs, force: arguments.force };
            let written = store::without_conflicts(&conflicts).and_then(|()| store::store(&batch));
            if let Err(error) = written {
                anstream::eprintln!("error: {error}");
                exit = Exit::Failed;
            }
        } else if arguments.check && exit == Exit::Done && changes > 0 {
            exit = Exit::Changes;
        }
        Ok(exit)
    }
}

/// Prints what a project came to, and keeps what the end of the run needs.
fn take(sum: &mut Sum, seen: Seen, (format, out): (Format, &mut dyn Write)) -> io::Result<()> {
    let shared = seen.shared.into_iter().filter(|(path, _)| sum.ignores.insert(path.clone()));
    let shared: String = shared.map(|(_, patch)| patch).collect();
    print(&(shared + &seen.out), (format, out))?;
    if !seen.messages.is_empty() {
        out.flush()?;
        anstream::stderr().write_all(&seen.messages)?;
    }
    sum.changes += seen.totals.outputs + seen.conflicts.iter().filter(|conflict| conflict.is_old).count();
    sum.totals.add(seen.totals);
    sum.lists.add(seen.lists);
    sum.outputs.extend(seen.outputs);
    sum.conflicts.extend(seen.conflicts);
    sum.folders.extend(seen.folders);
    Ok(())
}

/// Prints what is meant for stdout.
fn print(text: &str, (format, out): (Format, &mut dyn Write)) -> io::Result<()> {
    match format {
        // It may be coloured, which not every stdout takes.
        Format::Summary => anstream::stdout().write_all(text.as_bytes()),
        _ => out.write_all(text.as_bytes()),
    }
}

/// Says what the whole run came to.
fn conclude(totals: &Totals, lists: &Lists, (format, out): (Format, &mut dyn Write)) -> io::Result<()> {
    let is_told = totals.projects > 0 || totals.failed == 0;
    match format {
        Format::Diff | Format::Summary if !is_told => Ok(()),
        Format::Diff => {
            out.flush()?;
            totals.write(&mut anstream::stderr())
        }
        Format::Summary => totals.write(&mut anstream::stdout()),
        Format::Json => lists.write(out),
        Format::Ndjson => Ok(()),
    }
}
