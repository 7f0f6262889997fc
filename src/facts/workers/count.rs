//! How many workers a server starts: by its options, its configuration, its variables, or its own rule.

use super::super::{
    Context,
    runtime::Variables,
    service::{CommandLine, Running},
};
use crate::workspace::path;

/// A server in its command line.
pub(super) struct Serving<'s, 'c> {
    pub(super) cx: &'s Context<'c>,
    pub(super) running: &'s Running<'c>,
    pub(super) env: &'s Variables,
    pub(super) line: &'s CommandLine,
    pub(super) program: &'s str,
}

/// What is told of the number of workers.
pub(super) struct Told {
    pub(super) count: Result<u64, String>,
    pub(super) place: String,
    pub(super) is_fixed: bool,
    pub(super) is_by_processor: bool,
}

/// Endings of programs, and what in their own text starts further workers.
const OWN_WORKERS: [(&str, &str); 3] = [(".py", "workers="), (".py", "workers ="), ("js", "cluster.fork(")];

impl Serving<'_, '_> {
    /// How many workers there are, and where that stands.
    pub(super) fn count(&self) -> Told {
        let is_celery = self.line.words.iter().any(|word| path::name(word) == "celery");
        match self.program {
            _ if is_celery => self.of_celery(),
            "gunicorn" => self.of_gunicorn(),
            "uwsgi" => self.of_uwsgi(),
            "pm2" | "pm2-runtime" => self.of_pm2(),
            "node" | "nodejs" | "npm" | "npx" | "yarn" | "pnpm" | "next" => self.alone(),
            name if name.starts_with("python") => self.alone(),
            _ => self.option(&["--workers", "-w"]).unwrap_or_else(|| self.by_variable(&PLAIN)),
        }
    }

    fn of_celery(&self) -> Told {
        let has = |word: &str| self.line.words.iter().any(|other| other == word);
        if let Some(told) = self.option(&["--concurrency", "-c"]) {
            return told;
        }
        if let Some(most) = option(&self.line.words, &["--autoscale"]) {
            let most = most.split(',').next().unwrap_or_default().to_owned();
            return self.told(&most, self.place(), true);
        }
        match !has("worker") && (has("beat") || has("flower")) {
            true => self.told("1", self.place(), true),
            false => self.by_processor("celery starts one worker for each processor"),
        }
    }

    /// Its command line goes before GUNICORN_CMD_ARGS, that before the configuration, that before WEB_CONCURRENCY.
    fn of_gunicorn(&self) -> Told {
        let variable = self.env.get("GUNICORN_CMD_ARGS").cloned().unwrap_or_default();
        let more: Vec<String> = variable.split_whitespace().map(str::to_owned).collect();
        let names = ["--workers", "-w"];
        if let Some(told) = self.option(&names) {
            return told;
        }
        if variable.contains('$') {
            return self.unknown("GUNICORN_CMD_ARGS holds a variable");
        }
        if let Some(value) = option(&more, &names) {
            return self.told(&value, "GUNICORN_CMD_ARGS".to_owned(), false);
        }
        let config = ["--config", "-c"];
        let named = option(&self.line.words, &config).or_else(|| option(&more, &config));
        let config = match named {
            Some(config) => Some(config),
            None => self.has_default_config().then(|| GUNICORN_CONFIG.to_owned()),
        };
        let Some(config) = config else { return self.by_variable(&PLAIN) };
        match self.setting(config.trim_start_matches("file:"), &["workers"]) {
            Ok(Some(value)) => self.told(&value, config, false),
            Ok(None) => self.by_variable(&PLAIN),
            Err(why) => self.unknown(&why),
        }
    }

    /// gunicorn reads this file of the working directory by itself; a mount may bring it.
    fn has_default_config(&self) -> bool {
        let mut mounts = self.running.service.service.volumes.iter();
        mounts.any(|mount| path::name(&mount.value.target) == GUNICORN_CONFIG)
            || self.running.project_file(self.cx, GUNICORN_CONFIG).is_some()
    }

    fn of_uwsgi(&self) -> Told {
        if let Some(told) = self.option(&["--processes", "--workers", "-p"]) {
            return told;
        }
        let is_config = |word: &&String| {
            [".ini", ".xml", ".yml", ".yaml", ".json"].iter().any(|ending| word.ends_with(ending))
        };
        let named = self.line.words.iter().find(is_config);
        let Some(config) = named.map(|word| word.rsplit('=').next().unwrap_or(word)) else {
            return self.by_variable(&["UWSGI_PROCESSES", "UWSGI_WORKERS"]);
        };
        if !config.ends_with(".ini") {
            return self.unknown(&format!("the number of workers in {config} is not looked at"));
        }
        match self.setting(config, &["processes", "workers"]) {
            Ok(Some(value)) => self.told(&value, config.to_owned(), false),
            Ok(None) => self.by_variable(&["UWSGI_PROCESSES", "UWSGI_WORKERS"]),
            Err(why) => self.unknown(&why),
        }
    }

    fn of_pm2(&self) -> Told {
        let endings = [".json", ".yml", ".yaml", ".config.js", ".config.cjs"];
        let mut words = self.line.words.iter();
        if let Some(file) = words.find(|word| endings.iter().any(|ending| word.ends_with(ending))) {
            return self.unknown(&format!("what pm2 starts by {file} is not looked at"));
        }
        match option(&self.line.words, &["--instances", "-i"]) {
            Some(value) if matches!(value.as_str(), "max" | "0") || value.starts_with('-') => {
                self.by_processor("pm2 starts a process for each processor")
            }
            Some(value) => self.told(&value, self.place(), true),
            None => self.alone(),
        }
    }

    /// One process, unless its own text starts more.
    fn alone(&self) -> Told {
        let starts_more = |word: &&String| {
            let signs: Vec<&str> = OWN_WORKERS
                .iter()
                .filter(|(ending, _)| word.ends_with(ending))
                .map(|(_, sign)| *sign)
                .collect();
            // To find a file is to go through the whole Dockerfile.
            let path = if signs.is_empty() { None } else { self.running.origin(self.cx, word) };
            let text = path.and_then(|path| self.cx.files_of(&self.running.image).text(&path));
            text.is_some_and(|text| signs.iter().any(|sign| text.contains(sign)))
        };
        match self.line.words.iter().find(starts_more) {
            Some(word) => self.unknown(&format!("{word} starts workers of its own")),
            None => self.told("1", self.place(), false),
        }
    }

    fn option(&self, names: &[&str]) -> Option<Told> {
        option(&self.line.words, names).map(|value| self.told(&value, self.place(), true))
    }

    /// The first of the variables that is set, or one worker.
    fn by_variable(&self, names: &[&str]) -> Told {
        let mut set = names.iter().filter_map(|name| Some((*name, self.env.get(*name)?)));
        match set.next() {
            Some((name, value)) => self.told(value, name.to_owned(), false),
            None => self.told("1", self.place(), false),
        }
    }

    fn told(&self, value: &str, place: String, is_fixed: bool) -> Told {
        let count = number(self.env, value);
        let is_by_processor = count.is_err() && (value.contains("cpu") || value.contains("nproc"));
        Told { count, place, is_fixed: is_fixed && !value.contains('$'), is_by_processor }
    }

    fn by_processor(&self, why: &str) -> Told {
        Told { is_by_processor: true, ..self.unknown(why) }
    }

    fn unknown(&self, why: &str) -> Told {
        Told { count: Err(why.to_owned()), place: self.place(), is_fixed: false, is_by_processor: false }
    }

    fn place(&self) -> String {
        self.running.line(self.cx, self.line.file, self.line.span)
    }

    /// The right side of `name = …` in a configuration file; none when it sets none of the names.
    fn setting(&self, config: &str, names: &[&str]) -> Result<Option<String>, String> {
        let unknown = || format!("the number of workers is not known from \"{config}\"");
        let path = match config == GUNICORN_CONFIG {
            true => self.running.project_file(self.cx, config),
            false => self.running.origin(self.cx, config),
        };
        let is_mounted = |target: &str| path::name(target) == path::name(config);
        let mut mounts = self.running.service.service.volumes.iter();
        if mounts.any(|mount| is_mounted(&mount.value.target)) {
            return Err(unknown());
        }
        let text =
            path.and_then(|path| self.cx.files_of(&self.running.image).text(&path)).ok_or_else(unknown)?;
        let mut values = text.lines().filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            names.contains(&name.trim()).then(|| (line.starts_with([' ', '\t']), value))
        });
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((false, value)), None) => {
                Ok(Some(value.split(['#', ';']).next().unwrap_or_default().trim().to_owned()))
            }
            // Set twice, or in a branch.
            _ => Err(unknown()),
        }
    }
}

const PLAIN: [&str; 3] = ["WEB_CONCURRENCY", "WORKERS", "GRANIAN_WORKERS"];

/// What gunicorn reads without being told.
pub(super) const GUNICORN_CONFIG: &str = "gunicorn.conf.py";

/// The value of the first of `names` among `words`: `--name value`, `--name=value` or `-wN`.
fn option(words: &[String], names: &[&str]) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        names.iter().find_map(|name| {
            let rest = word.strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => words.get(at + 1).cloned(),
                None if !name.starts_with("--") => Some(rest.to_owned()),
                None => None,
            }
        })
    })
}

/// A number, a variable of the environment that holds one, or the default in `${NAME:-2}`.
fn number(env: &Variables, value: &str) -> Result<u64, String> {
    if let Ok(count) = value.parse() {
        return Ok(count);
    }
    let value = value.trim_matches('"');
    let inner = value.strip_prefix('$').unwrap_or(value).trim_start_matches('{').trim_end_matches('}');
    let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-')).unwrap_or((inner, ""));
    let is_variable = value.starts_with('$');
    let set = env.get(name).filter(|_| is_variable).and_then(|value| value.parse().ok());
    let default = if is_variable { default.parse().ok() } else { None };
    set.or(default).ok_or_else(|| format!("the number of workers is not known from \"{value}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_three_forms() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for text in ["g --workers 4", "g --workers=4", "g -w 4", "g -w4"] {
            assert_eq!(option(&words(text), &["--workers", "-w"]).as_deref(), Some("4"), "{text}");
        }
    }

    #[test]
    fn numbers_may_come_from_variables() {
        let mut env = Variables::new();
        env.insert_mut("N".to_owned(), "3".to_owned());
        for (text, count) in [("4", Some(4)), ("$N", Some(3)), ("${N:-2}", Some(3)), ("${M:-2}", Some(2))] {
            assert_eq!(number(&env, text).ok(), count, "{text}");
        }
        for text in ["$M", "$(nproc)", "N", "cpu_count() * 2"] {
            assert!(number(&env, text).is_err(), "{text}");
        }
    }
}
