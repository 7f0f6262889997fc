//! How many processes serve a service, and the least memory that they need.

use super::{Context, service::Running};
use crate::workspace::path;

/// The processes of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// The program that starts them.
    pub server: Server,
    /// How many, or why that is not known.
    pub count: Result<u64, String>,
    /// Where the number stands, in words.
    pub place: String,
}

/// What kind of process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Python processes under a master of their own.
    PythonPool,
    /// Python.
    Python,
    /// Node.
    Node,
}

/// The variables that may decide how many workers there are, or how large a heap grows.
pub const VARIABLES: [&str; 10] = [
    "WEB_CONCURRENCY",
    "WORKERS",
    "GUNICORN_CMD_ARGS",
    "UWSGI_PROCESSES",
    "UWSGI_WORKERS",
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
            "gunicorn" => Some(Server::PythonPool),
            "uvicorn" | "hypercorn" | "granian" | "celery" | "waitress-serve" | "daphne" | "fastapi"
            | "flask" => Some(Server::Python),
            "node" | "npm" | "npx" | "yarn" | "pnpm" | "next" | "pm2-runtime" => Some(Server::Node),
            name if name.starts_with("python") => Some(Server::Python),
            _ => None,
        }
    }

    /// The least memory of one worker, in bytes.
    ///
    /// A FastAPI app that answers "hello" holds 46 MB a worker, its gunicorn master 30 MB; 60 and 30 are the floor.
    pub fn floor(self) -> u64 {
        match self {
            Server::Node => 80 * MIB,
            Server::Python | Server::PythonPool => 60 * MIB,
        }
    }

    /// The memory of the process above `count` workers, in bytes.
    pub fn master(self, count: u64) -> u64 {
        match self {
            Server::PythonPool => 30 * MIB,
            Server::Python if count > 1 => 30 * MIB,
            Server::Python | Server::Node => 0,
        }
    }

    /// The least memory of `count` workers, in bytes.
    pub fn need(self, count: u64) -> u64 {
        self.master(count).saturating_add(self.floor().saturating_mul(count))
    }

    /// How many workers fit into `memory` bytes.
    pub fn fitting(self, memory: u64) -> u64 {
        let many = memory.saturating_sub(self.master(2)) / self.floor();
        if many > 1 { many } else { u64::from(self.need(1) <= memory) }
    }
}

/// The workers of a service; `None` when its server is not one of those known here.
pub fn of(cx: &Context, running: &Running) -> Option<Workers> {
    let servers = running.commands.iter().flat_map(|line| {
        line.words.iter().filter_map(move |word| Some((Server::of_program(path::name(word))?, line)))
    });
    // `python -m gunicorn` names two; the last one serves.
    let (server, line) = servers.last()?;
    let words: Vec<&String> = running.commands.iter().flat_map(|line| &line.words).collect();
    let is_celery = words.iter().any(|word| path::name(word) == "celery");
    let names: &[&str] = match server {
        Server::Node => &[],
        _ if is_celery => &["--concurrency", "-c"],
        _ => &["--workers", "-w"],
    };
    let flag = option(&words, names);
    let config = option(&words, &["--config", "-c"]).filter(|_| server == Server::PythonPool);
    let has_default = flag.is_some() || !is_celery;
    let variables = ["WEB_CONCURRENCY", "WORKERS"].iter();
    let mut variables =
        variables.filter_map(|name| Some(((*name).to_owned(), running.state.env.get(*name)?.clone())));
    let (place, value) = if let Some(value) = flag {
        (running.line(cx, line.file, line.span), value)
    } else if let Some(config) = config {
        let value = in_config(cx, running, &config);
        (config, value)
    } else if server == Server::Node {
        (running.line(cx, line.file, line.span), "1".to_owned())
    } else {
        variables.next().unwrap_or_else(|| (running.line(cx, line.file, line.span), "1".to_owned()))
    };
    let count = match has_default {
        true => number(running, &value),
        false => Err("celery starts one worker for each processor".to_owned()),
    };
    Some(Workers { server, count, place })
}

/// The value of the first of `names` among `words`: `--name value`, `--name=value` or `-wN`.
fn option(words: &[&String], names: &[&str]) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        names.iter().find_map(|name| {
            let rest = word.strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => words.get(at + 1).map(|next| (*next).clone()),
                None if !name.starts_with("--") => Some(rest.to_owned()),
                None => None,
            }
        })
    })
}

/// The right side of `workers = …` in gunicorn's configuration, or the file's name when it is not known.
fn in_config(cx: &Context, running: &Running, config: &str) -> String {
    let text =
        running.origin(cx, config.trim_start_matches("file:")).and_then(|path| cx.ws.context_text(&path));
    let value = text.and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("workers")?.trim_start().strip_prefix('=').map(str::to_owned))
    });
    match (text, value) {
        (_, Some(value)) => value.trim().to_owned(),
        (Some(_), None) => "1".to_owned(),
        (None, None) => config.to_owned(),
    }
}

/// A number, a variable of the environment that holds one, or the default in `${NAME:-2}`.
fn number(running: &Running, value: &str) -> Result<u64, String> {
    if let Ok(count) = value.parse() {
        return Ok(count);
    }
    let inner = value.strip_prefix('$').unwrap_or(value).trim_start_matches('{').trim_end_matches('}');
    let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-')).unwrap_or((inner, ""));
    let set = running.state.env.get(name).and_then(|value| value.parse().ok());
    let default = if value.starts_with('$') { default.parse().ok() } else { None };
    set.or(default).ok_or_else(|| format!("the number of workers is not known from \"{value}\""))
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

    #[test]
    fn options_have_three_forms() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for text in ["g --workers 4", "g --workers=4", "g -w 4", "g -w4"] {
            let words = words(text);
            let words: Vec<&String> = words.iter().collect();
            assert_eq!(option(&words, &["--workers", "-w"]).as_deref(), Some("4"), "{text}");
        }
    }
}
