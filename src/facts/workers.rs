//! How many processes serve a service, and the least memory that they need.

mod count;

use super::{
    Context,
    launch::Launch,
    service::{CommandLine, Running},
};
use crate::workspace::path;
use count::{Serving, Told};

/// The processes of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// The program that starts them.
    pub server: Server,
    /// How many, or why that is not known.
    pub count: Result<u64, String>,
    /// Where the number stands, in words.
    pub place: String,
    /// Whether it stands where no variable can change it.
    pub is_fixed: bool,
    /// Whether there is one for each processor of the host, or so.
    pub is_by_processor: bool,
}

/// What kind of process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Python processes under a master of their own.
    PythonPool,
    /// Python.
    Python,
    /// Node processes under one of their own.
    NodePool,
    /// Node.
    Node,
}

/// The variables that may decide how many workers there are, or how large a heap grows.
pub const VARIABLES: [&str; 11] = [
    "WEB_CONCURRENCY",
    "WORKERS",
    "GUNICORN_CMD_ARGS",
    "UWSGI_PROCESSES",
    "UWSGI_WORKERS",
    "GRANIAN_WORKERS",
    "NODE_OPTIONS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
];

const MIB: u64 = 1 << 20;

impl Server {
    /// The server that a program is, by its name.
    pub fn of_program(name: &str) -> Option<Self> {
        match name {
            "gunicorn" | "uwsgi" => Some(Server::PythonPool),
            "uvicorn" | "hypercorn" | "granian" | "celery" | "waitress-serve" | "daphne" | "fastapi"
            | "flask" => Some(Server::Python),
            "pm2" | "pm2-runtime" => Some(Server::NodePool),
            "node" | "nodejs" | "npm" | "npx" | "yarn" | "pnpm" | "next" => Some(Server::Node),
            name if name.starts_with("python") => Some(Server::Python),
            _ => None,
        }
    }

    /// Whether its processes are Python's.
    pub fn is_python(self) -> bool {
        matches!(self, Server::PythonPool | Server::Python)
    }

    /// The least memory of one worker, in bytes.
    ///
    /// A FastAPI app that answers "hello" holds 46 MB a worker, its gunicorn master 30 MB; 60 and 30 are the floor.
    pub fn floor(self) -> u64 {
        match self {
            Server::Node | Server::NodePool => 80 * MIB,
            Server::Python | Server::PythonPool => 60 * MIB,
        }
    }

    /// The memory of the process above `count` workers, in bytes.
    pub fn master(self, count: u64) -> u64 {
        match self {
            Server::PythonPool => 30 * MIB,
            // It is a Node process itself.
            Server::NodePool => 80 * MIB,
            Server::Python if count > 1 => 30 * MIB,
            Server::Python | Server::Node => 0,
        }
    }

    /// The least memory of `count` workers, in bytes.
    pub fn need(self, count: u64) -> u64 {
        self.need_with(count, 0)
    }

    /// The least memory of `count` workers of which each imports `more` bytes.
    pub fn need_with(self, count: u64, more: u64) -> u64 {
        self.master(count).saturating_add((self.floor() + more).saturating_mul(count))
    }

    /// How many workers fit into `memory` bytes.
    pub fn fitting(self, memory: u64) -> u64 {
        let many = memory.saturating_sub(self.master(2)) / self.floor();
        if many > 1 { many } else { u64::from(self.need(1) <= memory) }
    }
}

/// The workers of a service; `None` when its server is not one of those known here.
///
/// Of several servers that its scripts name, the one that needs most, and one that cannot be counted before all.
pub fn of(cx: &Context, running: &Running, launch: &Launch) -> Option<Workers> {
    let all = launch.lines.iter().filter_map(|line| of_line(cx, running, (launch, line)));
    all.max_by_key(|workers| workers.count.as_ref().map_or(u64::MAX, |count| workers.server.need(*count)))
}

fn of_line(cx: &Context, running: &Running, (launch, line): (&Launch, &CommandLine)) -> Option<Workers> {
    // `python -m gunicorn` names two; the last one serves.
    let mut names = line.words.iter().rev().map(|word| path::name(word));
    let (program, server) = names.find_map(|name| Some((name, Server::of_program(name)?)))?;
    let serving = Serving { cx, running, env: &launch.env, line, program };
    let Told { count, place, is_fixed, is_by_processor } = serving.count();
    Some(Workers { server, count, place, is_fixed, is_by_processor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_workers() {
        assert_eq!(Server::PythonPool.need(4), 270 * MIB);
        assert_eq!(Server::Python.need(1), 60 * MIB);
        assert_eq!(Server::Python.fitting(256 * MIB), 3);
        assert_eq!(Server::Python.fitting(64 * MIB), 1);
        assert_eq!(Server::Node.fitting(64 * MIB), 0);
    }
}
