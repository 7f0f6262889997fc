//! The engine of this machine, through its command line.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Answer, Call, Ended, Engine, Knock, knock, masked};

/// How often a running call is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long a call may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// The engine of this machine.
#[derive(Debug)]
pub struct Local {
    program: String,
    start: Instant,
    stopped: Arc<AtomicBool>,
}

impl Local {
    /// The engine whose program is `program`; `stopped` is set when the run is to end.
    pub fn new(program: impl Into<String>, stopped: Arc<AtomicBool>) -> Self {
        Self { program: program.into(), start: Instant::now(), stopped }
    }
}

/// A flag that Ctrl-C and SIGTERM set, however often they come: `timeout` sends its signal twice, to the program and to
/// its group, and what was made has to be removed all the same.
///
/// # Errors
/// When the signals cannot be caught.
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stopped.clone())?;
    }
    Ok(stopped)
}

impl Engine for Local {
    fn call(&self, call: &Call) -> Answer {
        let start = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(&call.words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // BuildKit is what newer clients use anyway; a client of 20.10 has to be told.
        command.env("DOCKER_BUILDKIT", "1").env("BUILDKIT_PROGRESS", "plain");
        let mut child = match apart(&mut command).spawn() {
            Ok(child) => child,
            Err(error) => return Answer { err: format!("{}: {error}", self.program), ..Answer::default() },
        };
        let out = child.stdout.take().map(|pipe| reader(pipe, call.is_loud.then(|| call.hidden.clone())));
        let err = child.stderr.take().map(|pipe| reader(pipe, call.is_loud.then(|| call.hidden.clone())));
        let ended = self.wait(&mut child, call, start);
        let text = |reader: Option<JoinHandle<String>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        Answer { ended, out: text(out), err: text(err), took: start.elapsed() }
    }

    fn knock(&self, port: u16, path: &str) -> Knock {
        knock::at(port, path)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_stopped() {
            thread::sleep(TICK.min(until - Instant::now()));
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Local {
    fn wait(&self, child: &mut Child, call: &Call, start: Instant) -> Ended {
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.code().map_or(Ended::Lost, Ended::Code),
                Ok(None) if start.elapsed() >= call.limit => {
                    end(child);
                    return Ended::TimedOut;
                }
                Ok(None) if self.is_stopped() && !call.is_short => {
                    end(child);
                    return Ended::Stopped;
                }
                Ok(None) => thread::sleep(TICK),
                Err(_) => return Ended::Lost,
            }
        }
    }
}

/// In a process group of its own, so that Ctrl-C reaches alpinist alone, which then ends things in order.
#[cfg(unix)]
fn apart(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

#[cfg(not(unix))]
fn apart(command: &mut Command) -> &mut Command {
    command
}

/// Ends a program and what it started: politely, and by force when it does not listen.
fn end(child: &mut Child) {
    signal(child, Force::Polite);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(TICK);
    }
    signal(child, Force::Hard);
    let _ = child.wait();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Polite,
    Hard,
}

#[cfg(unix)]
fn signal(child: &mut Child, force: Force) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if force == Force::Polite { Signal::TERM } else { Signal::KILL };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // One that is gone already needs no signal.
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn signal(child: &mut Child, _: Force) {
    let _ = child.kill();
}

/// Reads a pipe to its end in a thread of its own, and shows it without some values where that is asked for.
fn reader(pipe: impl Read + Send + 'static, shown_without: Option<Vec<String>>) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut pipe, mut text, mut line) = (BufReader::new(pipe), String::new(), Vec::new());
        while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let read = String::from_utf8_lossy(&line);
            if let Some(hidden) = &shown_without {
                // What cannot be shown is kept all the same.
                let _ = write!(io::stderr(), "    {}", masked(&read, hidden));
            }
            text += &read;
            line.clear();
        }
        text
    })
}
