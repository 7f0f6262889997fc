//! Run several uvicorn workers under gunicorn, which recycles them.
//!
//! ## Why
//!
//! With several workers gunicorn is the better parent: it forks instead of spawning and replaces workers after a
//! number of requests, which bounds slow memory growth. Measured on one small FastAPI app with four workers:
//! start-up 1.31 s against 2.96 s, 153 MB resident against 176 MB. The number of workers stays the same and
//! moves to `WEB_CONCURRENCY`, where compose can set it; where that is set to another number already, which
//! uvicorn's `--workers` overrules, the command keeps the number.
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
//!      "--access-logfile", "-", "--keep-alive", "5", "--timeout", "120", \
//!      "--max-requests", "1000", "--max-requests-jitter", "100"]
//! ```
//!
//! ## Declines
//!
//! A single worker stays with uvicorn, which serves it well. Options and values that gunicorn does not have,
//! `--reload`, and projects whose manifests do not name gunicorn and uvicorn-worker. Whatever one of the two servers
//! obeys and the other does not: `UVICORN_` variables, `GUNICORN_CMD_ARGS`, a `gunicorn.conf.py`. Env files that cannot
//! be read, health checks that look for uvicorn, and entrypoints that do or that are not known.
//!
//! ## Risk
//!
//! Review: gunicorn kills a worker that is silent for `--timeout` seconds; uvicorn does not.

use crate::{
    docker::{Instruction, Keyword, lines, write},
    edit::Edit,
    effects::Effect,
    facts::{
        Aspect, Context, ImageView,
        app_server::{
            self, Uvicorn,
            surroundings::{self, Setting},
        },
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

/// The variable from which both servers take the number of workers, unless the command tells it.
const COUNT: &str = "WEB_CONCURRENCY";

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let command = runtime::last(image, Keyword::Cmd)?;
    let words = words_of(command)?;
    let uvicorn = app_server::uvicorn(&words)?;
    let of_image = surroundings::of_image(image);
    let set = of_image.iter().find(|setting| setting.name == COUNT);
    let workers = uvicorn.workers.clone().or_else(|| set.and_then(|setting| setting.value.clone()));
    let decline = |why: String| Some(Proposal::decline(image.id, command.span, why));
    let count = match workers.as_deref().map(str::parse::<u32>) {
        None | Some(Ok(0 | 1)) => {
            let why = "One uvicorn worker stays as it is: uvicorn is a fine server for one (CMD-10).";
            return Some(Proposal::nothing(image.id, command.span, why));
        }
        Some(Err(_)) => return decline("The number of workers holds a variable (CMD-20).".to_owned()),
        Some(Ok(count)) => count,
    };
    if command.span.of(image.text).lines().skip(1).any(lines::is_comment) {
        return decline("A comment stands inside CMD and would have no place.".to_owned());
    }
    if let Some(option) = &uvicorn.obstacle {
        return decline(format!("gunicorn has no counterpart of uvicorn's {option} (CMD-12)."));
    }
    match settled(cx, image) {
        Err(why) => decline(why),
        Ok((class, settings)) => {
            let other = uvicorn.workers.as_ref().and_then(|_| other_count(&settings, count));
            let holder = match (other, set) {
                (Some(other), _) => Holder::Command(other),
                (None, Some(_)) => Holder::Environment,
                (None, None) => Holder::NewVariable,
            };
            Some(change(image, command, &uvicorn, (class, count, holder)))
        }
    }
}

/// The worker class, and the variables that the container gets.
///
/// # Errors
/// When something else in the project has a say in one of the two servers, or gunicorn is not there.
fn settled(cx: &Context, image: &ImageView) -> Result<(&'static str, Vec<Setting>), String> {
    overruled(cx, image)?;
    let mut settings = surroundings::of_image(image);
    settings.extend(surroundings::of_services(cx, image)?);
    let found = surroundings::variable_of_one_server(&settings)
        .or_else(|| surroundings::config_file(cx, image))
        .or_else(|| surroundings::health_check(cx, image))
        .or_else(|| surroundings::entrypoint(cx, image));
    found.map_or(Ok(()), Err)?;
    let manifests = evidence::manifests(cx, image);
    if let Some(name) = loads_models(&manifests) {
        return Err(format!(
            "{name} may load a model for longer than gunicorn waits for a worker to start, and uvicorn waits for ever \
             (CMD-14)."
        ));
    }
    if let Some(found) = cx.files_of(image).program_text().of(Effect::LogsAs).next() {
        let who = format!("Line {} of {}", found.line, found.file);
        return Err(format!(
            "{who} logs under the name uvicorn, which gunicorn's worker does not print (CMD-12)."
        ));
    }
    Ok((worker_class(&manifests)?, settings))
}

/// A package that loads models, as services do when they start.
fn loads_models(manifests: &evidence::Manifests) -> Option<&str> {
    const SUCH: [&str; 12] = [
        "diffusers",
        "faster-whisper",
        "llama-cpp-python",
        "mlflow",
        "onnxruntime",
        "openai-whisper",
        "sentence-transformers",
        "spacy",
        "tensorflow",
        "torch",
        "transformers",
        "vllm",
    ];
    let packages = manifests.closures.iter().flat_map(|(_, closure)| &closure.packages);
    let mut names = packages.map(|located| located.value.name.as_str());
    names.find(|name| SUCH.contains(name))
}

/// Where the number of workers stands afterwards.
enum Holder<'s> {
    /// In the command, since this variable has another value.
    Command(&'s Setting),
    /// In the variable that the image sets already.
    Environment,
    /// In a variable that is new.
    NewVariable,
}

/// # Errors
/// When a service starts something else than CMD.
fn overruled(cx: &Context, image: &ImageView) -> Result<(), String> {
    let services = cx.services_of(image.image);
    let overrules = |field: &str, name: &str| {
        Err(format!("The service {name} has {field} of its own, so CMD does not decide (CMD-24)."))
    };
    services.iter().try_for_each(|view| match view.service {
        service if service.command.is_some() => overrules("a command", &service.name),
        service if service.entrypoint.is_some() => overrules("an entrypoint", &service.name),
        service if service.read_only.is_some() && !has_tmp(service) => Err(format!(
            "The service {} has a read-only root, and gunicorn needs a folder for temporary files; mount a tmpfs at \
             /tmp first (HARD-05).",
            service.name
        )),
        _ => Ok(()),
    })
}

/// Whether something writable is mounted at /tmp.
fn has_tmp(service: &crate::compose::Service) -> bool {
    let tmpfs = service.tmpfs.iter().map(|field| field.value.split(':').next().unwrap_or_default());
    let mounts = service.volumes.iter().map(|mount| mount.value.target.as_str());
    tmpfs.chain(mounts).any(|target| target.trim_end_matches('/') == "/tmp")
}

/// The variable that would give gunicorn another number of workers than `count`.
fn other_count(settings: &[Setting], count: u32) -> Option<&Setting> {
    let is_same = |setting: &Setting| setting.value.as_deref().map(str::parse) == Some(Ok(count));
    settings.iter().find(|setting| setting.name == COUNT && !is_same(setting))
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
    (class, workers, holder): (&str, u32, Holder),
) -> Proposal {
    let fold = write::fold(image.text);
    let groups = uvicorn.gunicorn(class, matches!(holder, Holder::Command(_)).then_some(workers));
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
    match holder {
        Holder::Command(Setting { value, place, .. }) => {
            let value = value.as_deref().map_or_else(String::new, |value| format!(" to {value}"));
            change.notes.push(format!(
                "{COUNT} is set{value} ({place}), which uvicorn ignores beside --workers; the command keeps the number."
            ));
        }
        Holder::Environment => {}
        Holder::NewVariable => {
            let (at, line) = write::line_above(image.text, command, &format!("ENV {COUNT}={workers}"));
            change.edits.push(Edit::replace(image.id, at, line));
            change.notes.push(format!("The worker count is now {COUNT}, which compose can set."));
        }
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
