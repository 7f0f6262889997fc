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
//! A project without gunicorn gets it in its requirements file or pyproject.toml, written as the other requirements
//! are, in the same change. The worker class is that of uvicorn-worker where the project has it, and else uvicorn's
//! own, which every release still ships. Where gunicorn cannot be had, uvicorn's own workers are recycled by
//! `--limit-max-requests`: since 0.30 uvicorn starts a worker again that has ended.
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
//! ## Asks
//!
//! About a model that may load for longer than gunicorn waits, messages that the program writes under uvicorn's name, a
//! `gunicorn.conf.py` or `GUNICORN_CMD_ARGS` that would now take effect, and an entrypoint of which it is not known what
//! it makes of the command.
//!
//! ## Declines
//!
//! A single worker stays with uvicorn, which serves it well. Options and values that gunicorn does not have,
//! `--reload`, `UVICORN_` variables, health checks and entrypoints that look for uvicorn, a read-only root without a
//! tmpfs at /tmp, and an app that needs a running event loop when it is imported. A requirement that a tool writes or a
//! lock file holds is not added: the command that adds it is named.
//!
//! ## Risk
//!
//! Review: gunicorn kills a worker that is silent for `--timeout` seconds; uvicorn does not.

use std::collections::BTreeSet;

use crate::{
    compose::Service,
    docker::{Instruction, Keyword, lines, write},
    edit::Edit,
    effects::{Effect, Finding},
    facts::{
        Aspect, Context, ImageView,
        app_server::{
            self, Uvicorn,
            requirement::{self, Requirement},
            surroundings::{self, Setting},
        },
        evidence,
        limits::unmeasured,
        runtime,
    },
    knowledge::heavy,
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
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

/// After how many requests a worker of uvicorn's own is replaced.
const REQUESTS: &str = "10000";

fn run(cx: &Context) -> Vec<Proposal> {
    // Two images may install from one manifest.
    let mut changed = BTreeSet::new();
    cx.images().filter_map(|image| propose(cx, &image, &mut changed)).collect()
}

/// A uvicorn command with several workers.
struct Site<'c, 'a> {
    cx: &'c Context<'a>,
    image: &'c ImageView<'a>,
    command: &'a Instruction,
    uvicorn: Uvicorn,
    /// How many workers, as the command or the image tells it.
    workers: String,
    /// The variables that the container gets.
    settings: Vec<Setting>,
}

fn propose(cx: &Context, image: &ImageView, changed: &mut BTreeSet<String>) -> Option<Proposal> {
    let command = runtime::last(image, Keyword::Cmd)?;
    let uvicorn = app_server::uvicorn(&words_of(command)?)?;
    let mut settings = surroundings::of_image(image);
    let set = settings.iter().find(|setting| setting.name == COUNT).and_then(|setting| setting.value.clone());
    let workers = uvicorn.workers.clone().or(set).unwrap_or_default();
    if is_single(&workers) {
        let why = "One uvicorn worker stays as it is: uvicorn is a fine server for one (CMD-10).";
        return Some(Proposal::nothing(image.id, command.span, why));
    }
    let services = cx.services_of(image.image);
    let overrules = |service: &Service| service.command.is_some() || service.entrypoint.is_some();
    if !services.is_empty() && services.iter().all(|view| overrules(view.service)) {
        let why = "Every service has a command of its own, so CMD does not decide (CMD-24).";
        return Some(Proposal::nothing(image.id, command.span, why));
    }
    let (of_services, mut reasons) = surroundings::of_services(cx, image);
    settings.extend(of_services);
    let site = Site { cx, image, command, uvicorn, workers, settings };
    reasons.extend(site.reasons());
    Some(match requirement::of(cx, image, command.span) {
        Requirement::Missing(reason) => site.recycled(&reason).unwrap_or_else(|| {
            Proposal::refuse(image.id, command.span, [reason]).saying("The workers stay uvicorn's own")
        }),
        Requirement::Present => site.change(reasons, None),
        Requirement::Added { edit, path, text } => {
            let note =
                format!("{path} gets `{text}`; what is installed from it grows by gunicorn alone (CMD-13).");
            let is_first = !cx.options.weights.forbid(&reasons) && changed.insert(path);
            site.change(reasons, Some((is_first.then_some(edit), note)))
        }
    })
}

/// Whether there is one worker; a variable without a default may hold any number.
fn is_single(workers: &str) -> bool {
    let inner = workers.trim_start_matches("${").trim_end_matches('}');
    let default = inner.split_once(":-").or_else(|| inner.split_once('-')).map(|(_, default)| default);
    let told = if workers.contains('$') { default.unwrap_or("2") } else { workers };
    matches!(told.trim_matches('"'), "" | "0" | "1")
}

impl Site<'_, '_> {
    /// What speaks against gunicorn.
    fn reasons(&self) -> Vec<Reason> {
        let (cx, image, at) = (self.cx, self.image, self.command.span);
        let mut reasons: Vec<Reason> = Vec::new();
        if at.of(image.text).lines().skip(1).any(lines::is_comment) {
            reasons.push(Reason::known("CMD-35", at, "a comment stands inside CMD and would have no place"));
        }
        let is_expanded = self.workers.parse::<u32>().is_ok() || self.command.json.is_none();
        if !is_expanded {
            let what = format!("`{}` is no number, and no shell reads it here", self.workers);
            reasons.push(Reason::known("CMD-07", at, what).settled_by("write the number of workers"));
        }
        if let Some(option) = &self.uvicorn.obstacle {
            let what = format!("gunicorn has no counterpart of uvicorn's {option}");
            reasons.push(Reason::known("CMD-12", at, what));
        }
        reasons.extend(surroundings::variables_of_one_server(&self.settings, at));
        reasons.extend(surroundings::config_file(cx, image, at));
        reasons.extend(surroundings::health_check(cx, image));
        reasons.extend(surroundings::entrypoint(cx, image));
        reasons.extend(self.of_services());
        reasons.extend(self.of_copies());
        reasons.extend(self.of_text());
        reasons.extend(self.of_models());
        reasons
    }

    /// Services that start something else, or that have no folder for temporary files.
    fn of_services(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for view in self.cx.services_of(self.image.image) {
            let (service, key) = (view.service, view.service.key);
            let name = &service.name;
            if service.command.is_some() || service.entrypoint.is_some() {
                let what = format!("{name} has a command of its own, and stays with it");
                reasons.push(Reason::doubt("CMD-24", key, what).within(view.id));
            } else if service.read_only.is_some() && !service.has_mount_at("/tmp") {
                let what = format!(
                    "the root of {name} is read-only, and gunicorn needs a folder for temporary files"
                );
                let way = "mount a tmpfs at /tmp first";
                reasons.push(Reason::known("HARD-05", key, what).within(view.id).settled_by(way));
            }
        }
        reasons
    }

    /// A step that brings uvicorn's program alone, and so not gunicorn's.
    fn of_copies(&self) -> Option<Reason> {
        let mut copies = self.image.lineage().into_iter().filter(|step| step.keyword == Keyword::Copy);
        let brings = |step: &Instruction| step.words.iter().any(|word| word.text.ends_with("bin/uvicorn"));
        let step = copies.find(|step| brings(step))?;
        let what = "copies the program uvicorn alone, and gunicorn's would not be there";
        Some(Reason::known("CMD-36", step.span, what))
    }

    /// What the program's own text tells.
    fn of_text(&self) -> Vec<Reason> {
        let reason = |found: &Finding| {
            let at = format!("{}:{}", found.file, found.line);
            match found.effect {
                Effect::LogsAs => {
                    let what = "logs under the name uvicorn, which gunicorn's worker does not print";
                    Some(Reason::doubt("CMD-12", self.command.span, what).from(at))
                }
                Effect::NeedsLoop => {
                    let what = "needs a running event loop at import, which uvicorn gives and gunicorn's worker does not";
                    // Of another file it is not known that it is imported before the loop runs.
                    let is_app = found.file.ends_with(&self.app_file());
                    let reason = if is_app { Reason::known } else { Reason::doubt };
                    Some(reason("CMD-34", self.command.span, what).from(at))
                }
                _ => None,
            }
        };
        self.cx.files_of(self.image).program_text().findings().filter_map(reason).collect()
    }

    /// The file of the application's module: `app/main.py` for `app.main:app`.
    fn app_file(&self) -> String {
        let module = self.uvicorn.app.split(':').next().unwrap_or_default();
        format!("{}.py", module.replace('.', "/"))
    }

    /// Packages that load models, as services do when they start.
    fn of_models(&self) -> Vec<Reason> {
        let packages = unmeasured::packages_of(self.cx, self.image).into_iter();
        let models = packages
            .filter(|name| heavy::package(name).is_some_and(|heavy| heavy.holds == "models in memory"));
        let what = "may load a model for longer than gunicorn waits for a worker to start, and uvicorn waits for ever";
        models.map(|name| Reason::doubt("CMD-14", self.command.span, what).about(name)).collect()
    }

    /// gunicorn in place of uvicorn, with what adds it to the project.
    fn change(&self, reasons: Vec<Reason>, added: Option<(Option<Edit>, String)>) -> Proposal {
        let (image, command) = (self.image, self.command);
        let holder = self.holder();
        let (class, of_class) = self.worker_class();
        let fold = write::fold(image.text);
        let in_command = !matches!(holder, Holder::Environment | Holder::NewVariable);
        let groups = self.uvicorn.gunicorn(class, in_command.then_some(self.workers.as_str()));
        let text = match command.json {
            Some(_) => exec_form(&groups, &fold, command.keyword_span.len()),
            None => {
                groups.iter().map(|group| group.join(" ")).collect::<Vec<_>>().join(&format!("{fold}    "))
            }
        };
        let requests = groups.last().and_then(|group| group.get(1)).map_or("1000", String::as_str);
        let why = format!(
            "gunicorn forks the workers and replaces each after about {requests} requests. Measured on one small app: \
             faster start and less memory than uvicorn's own workers."
        );
        let mut change = Change::new(image.id, command.span, Risk::Review, self.title(), why)
            .with([Edit::replace(image.id, command.body_span(), text)])
            .against(reasons)
            .or_else("The workers stay uvicorn's own");
        let (edit, note) = added.unzip();
        change.edits.extend(edit.flatten());
        change.notes.extend(note);
        change.notes.extend(of_class);
        let timeout =
            "A worker that is silent for 120 s is killed; raise --timeout if requests take longer (CMD-14).";
        change.notes.push(timeout.to_owned());
        match holder {
            Holder::Other(Setting { value, place, .. }) => {
                let value = value.as_deref().map_or_else(String::new, |value| format!(" to {value}"));
                change.notes.push(format!(
                    "{COUNT} is set{value} ({place}), which uvicorn ignores beside --workers; the command keeps the number."
                ));
            }
            Holder::Command | Holder::Environment => {}
            Holder::NewVariable => {
                let variable = format!("ENV {COUNT}={}", self.workers);
                let (at, line) = write::line_above(image.text, command, &variable);
                change.edits.push(Edit::replace(image.id, at, line));
                change.notes.push(format!("The worker count is now {COUNT}, which compose can set."));
            }
        }
        change.propose()
    }

    fn title(&self) -> String {
        match self.workers.parse::<u32>() {
            Ok(count) => format!("Run the {count} workers under gunicorn"),
            Err(_) => "Run the workers under gunicorn".to_owned(),
        }
    }

    /// Where the number of workers stands afterwards.
    fn holder(&self) -> Holder<'_> {
        let own = self.uvicorn.workers.is_some();
        let is_same = |setting: &&Setting| setting.value.as_deref() == Some(self.workers.as_str());
        let set: Vec<&Setting> = self.settings.iter().filter(|setting| setting.name == COUNT).collect();
        match set.iter().find(|setting| !is_same(setting)).filter(|_| own) {
            Some(other) => Holder::Other(other),
            None if self.workers.parse::<u32>().is_err() || self.has_settings_of_gunicorn() => {
                Holder::Command
            }
            None if surroundings::of_image(self.image).iter().any(|setting| setting.name == COUNT) => {
                Holder::Environment
            }
            None => Holder::NewVariable,
        }
    }

    /// Whether gunicorn finds settings of its own, which go before the variable and not before the command.
    fn has_settings_of_gunicorn(&self) -> bool {
        self.settings.iter().any(|setting| setting.name == "GUNICORN_CMD_ARGS")
            || surroundings::config_file(self.cx, self.image, self.command.span).is_some()
    }

    /// The worker class, and what to say of it.
    fn worker_class(&self) -> (&'static str, Option<String>) {
        let packages = unmeasured::packages_of(self.cx, self.image);
        if packages.contains("uvicorn-worker") {
            return ("uvicorn_worker.UvicornWorker", None);
        }
        let manifests = evidence::manifests(self.cx, self.image);
        let uvicorn = manifests.package("uvicorn").and_then(|package| package.exact_version().cloned());
        let is_old = uvicorn.is_some_and(|version| version < pep440_rs::Version::new([0, 30]));
        // https://github.com/encode/uvicorn/blob/0.30.0/uvicorn/workers.py
        let note = "uvicorn ships this worker class still, and calls it deprecated since 0.30; with uvicorn-worker \
                    installed, uvicorn_worker.UvicornWorker is the same (CMD-13).";
        ("uvicorn.workers.UvicornWorker", (!is_old).then(|| note.to_owned()))
    }

    /// uvicorn's own workers, replaced after so many requests, where the installed version starts them again.
    fn recycled(&self, missing: &Reason) -> Option<Proposal> {
        let (image, command) = (self.image, self.command);
        let manifests = evidence::manifests(self.cx, image);
        let version = manifests.package("uvicorn").and_then(|package| package.exact_version().cloned())?;
        // https://github.com/encode/uvicorn/blob/0.30.0/uvicorn/supervisors/multiprocess.py
        let restarts = version >= pep440_rs::Version::new([0, 30]);
        if !restarts || self.uvicorn.has_max_requests || self.uvicorn.obstacle.is_some() {
            return None;
        }
        let (offset, text) = match &command.json {
            Some(json) => (json.last()?.span.end(), format!(", \"--limit-max-requests\", \"{REQUESTS}\"")),
            None => (command.body_span().end(), format!(" --limit-max-requests {REQUESTS}")),
        };
        let title = format!("Replace each uvicorn worker after {REQUESTS} requests");
        let why = format!("This bounds slow memory growth. For gunicorn, {} (CMD-13).", missing.what);
        let ask = "the workers end at about the same time where requests are spread evenly";
        Some(
            Change::new(image.id, command.span, Risk::Review, title, why)
                .with([Edit::insert(image.id, offset, text)])
                .against([Reason::doubt("CMD-16", command.span, ask)])
                .or_else("The workers stay as they are")
                .propose(),
        )
    }
}

/// Where the number of workers stands afterwards.
enum Holder<'s> {
    /// In the command, since this variable has another value.
    Other(&'s Setting),
    /// In the command, where it comes from a variable of its own or goes before gunicorn's settings.
    Command,
    /// In the variable that the image sets already.
    Environment,
    /// In a variable that is new.
    NewVariable,
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

/// A JSON array with a line a group, aligned behind the bracket.
fn exec_form(groups: &[Vec<String>], fold: &str, keyword: usize) -> String {
    let quoted = |word: &String| serde_json::Value::from(word.as_str()).to_string();
    let lines: Vec<String> =
        groups.iter().map(|group| group.iter().map(quoted).collect::<Vec<_>>().join(", ")).collect();
    let separator = format!(",{fold}{}", " ".repeat(keyword + 2));
    format!("[{}]", lines.join(&separator))
}
