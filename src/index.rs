//! Asking a package index what it lists for Python packages. It is asked only on request, and never has to answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::IsTerminal,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::knowledge::Answer;

mod cache;
#[cfg(feature = "online")]
mod client;
#[cfg(not(feature = "online"))]
#[path = "index/no_client.rs"]
mod client;
mod progress;

use cache::Cache;
use client::Client;
use progress::Progress;

const WORKERS: usize = 8;

/// Where to ask, and where to keep the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address of the index, as pip takes it.
    pub url: String,
    /// The folder for answers; without one nothing is kept.
    pub cache: Option<PathBuf>,
    /// How old an answer may be.
    pub keep: Duration,
    /// How long to wait for one answer.
    pub patience: Duration,
}

impl Settings {
    /// The index that pip or uv would use, and the user's cache folder.
    pub fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let url = ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"].into_iter().find_map(text);
        let url = url.unwrap_or_else(|| "https://pypi.org/simple".to_owned());
        let folder = text("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".cache")));
        Self {
            url: url.trim().trim_end_matches('/').to_owned(),
            cache: folder.map(|folder| folder.join("alpinist").join("index")),
            keep: Duration::from_secs(24 * 60 * 60),
            patience: Duration::from_secs(15),
        }
    }
}

/// What an index answered.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The answers, by package.
    pub by_name: BTreeMap<String, Answer>,
    /// Why it did not answer everything, as the end of a sentence.
    pub problem: Option<String>,
}

/// What the index answers for each of `names`, which are in PyPI's normal form.
///
/// When one question finds no connection, the rest is not asked.
pub fn ask(names: &BTreeSet<String>, settings: &Settings) -> Answers {
    let cache = Cache::of(settings);
    let kept = names.iter().filter_map(|name| Some((name.clone(), cache.read(name)?)));
    let mut answers = Answers { by_name: kept.collect(), problem: None };
    let open: Vec<&String> = names.iter().filter(|name| !answers.by_name.contains_key(*name)).collect();
    if open.is_empty() {
        return answers;
    }
    let progress = Progress::new("package index", open.len(), std::io::stderr().is_terminal());
    let client = Client::new(settings);
    let (next, is_cut_off, found) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(&mut answers));
    let work = || {
        while let Some(name) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            let asked = (!is_cut_off.load(Ordering::Relaxed)).then(|| client.ask(name));
            let (answer, problem) = match asked {
                Some(Ok(answer)) => (answer, None),
                Some(Err(Problem { what, is_general })) => {
                    is_cut_off.fetch_or(is_general, Ordering::Relaxed);
                    (Answer::NotReached, Some(what))
                }
                None => (Answer::NotReached, None),
            };
            cache.write(name, &answer);
            // Nobody panics while holding the lock.
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.by_name.insert((*name).clone(), answer);
            found.problem = found.problem.take().or(problem);
            progress.advance();
        }
    };
    std::thread::scope(|scope| (0..WORKERS.min(open.len())).for_each(|_| drop(scope.spawn(work))));
    progress.finish();
    answers
}

/// Why a question has no answer.
struct Problem {
    /// As the end of a sentence.
    what: String,
    /// Whether another question would fare no better.
    is_general: bool,
}
