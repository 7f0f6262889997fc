//! Services of which a role, that is a name, says too little to lower a limit that nobody measured.

use super::super::{Context, evidence, launch, packages, service::Running};
use crate::{docker::Keyword, workspace::path};

/// Servers whose need the table of roles is about.
const SERVERS: [&str; 14] = [
    "celery",
    "daphne",
    "flask",
    "gunicorn",
    "hypercorn",
    "node",
    "npm",
    "pnpm",
    "python",
    "python3",
    "uvicorn",
    "uwsgi",
    "waitress-serve",
    "yarn",
];

/// Parts of the names of system packages whose programs need memory of their own.
const LARGE: [&str; 8] =
    ["chromium", "clamav", "elasticsearch", "ffmpeg", "firefox", "jdk", "jre", "libreoffice"];

/// Why a service keeps a limit that alpinist.yaml does not speak of.
pub fn reason(cx: &Context, running: &Running) -> Option<String> {
    of_base(running)
        .or_else(|| of_command(running))
        .or_else(|| of_launch(cx, running))
        .or_else(|| of_packages(running))
        .or_else(|| of_modules(cx, running))
        .or_else(|| of_text(running))
}

/// What is built or watched once scripts of package.json and of the start are followed.
fn of_launch(cx: &Context, running: &Running) -> Option<String> {
    const BUILDING: [&str; 15] = [
        " build",
        " dev",
        " serve",
        "--watch",
        ":build",
        ":dev",
        "nodemon",
        "react-scripts",
        "ts-node",
        "tsx ",
        "turbo ",
        "vite",
        "vue-cli-service",
        "watchmedo",
        "webpack",
    ];
    let launch = launch::of(cx, running).ok()?;
    let lines = launch.lines.iter().map(|line| line.words.join(" "));
    let line = lines.into_iter().find(|line| BUILDING.iter().any(|part| line.contains(part)))?;
    Some(format!("`{line}` builds or watches, and what that needs no table knows"))
}

/// A module of Node that starts a browser, or holds models, pictures or documents in memory.
fn of_modules(cx: &Context, running: &Running) -> Option<String> {
    const HEAVY: [&str; 14] = [
        "@huggingface/transformers",
        "@tensorflow/tfjs-node",
        "@xenova/transformers",
        "canvas",
        "chromadb",
        "exceljs",
        "gatsby",
        "onnxruntime-node",
        "pdfkit",
        "playwright",
        "puppeteer",
        "sharp",
        "tesseract.js",
        "whatsapp-web.js",
    ];
    let project = evidence::node_project(cx, &running.image)?.ok()?;
    let name = project
        .package
        .dependencies
        .iter()
        .map(|(name, _)| name)
        .find(|name| HEAVY.contains(&name.as_str()))?;
    Some(format!("{name} may need as much again"))
}

fn of_base(running: &Running) -> Option<String> {
    let root = running.image.root();
    let is_known = matches!(root.official_name(), Some("python" | "node"));
    (!is_known).then(|| format!("it runs on {}, whose need no table knows", root.name))
}

fn of_command(running: &Running) -> Option<String> {
    let words = || running.commands.iter().flat_map(|line| &line.words);
    let is_handed_on = |word: &&String| {
        matches!(
            path::name(word),
            "tini" | "--" | "dumb-init" | "sh" | "bash" | "exec" | "docker-entrypoint.sh"
        ) || word.starts_with('-')
            || word.ends_with(".sh")
    };
    let program = words().find(|word| !is_handed_on(word))?;
    let line = words().map(String::as_str).collect::<Vec<_>>().join(" ");
    let builds = [" build", " dev", "webpack", "vite"].iter().any(|word| line.contains(word));
    (builds || !SERVERS.contains(&path::name(program))).then(|| {
        format!("what `{}` needs no table knows", program.split_whitespace().next().unwrap_or_default())
    })
}

fn of_packages(running: &Running) -> Option<String> {
    let runs = running.image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut names = runs
        .flat_map(|step| packages::installs(running.image.script(step)))
        .flat_map(|install| install.packages)
        .map(|package| package.name);
    let name = names.find(|name| LARGE.iter().any(|part| name.contains(part)))?;
    Some(format!("{name} may need as much again"))
}

/// What the service itself says: that less was not enough, or that other memory counts towards the limit.
fn of_text(running: &Running) -> Option<String> {
    const SIGNS: [&str; 10] = [
        "oom",
        "crash",
        "do not lower",
        "don't lower",
        "killed",
        "measured",
        "needs at least",
        "not enough",
        "peak",
        "uses up to",
    ];
    let view = running.service;
    // The comment behind the last value belongs to it.
    let end = view.text[view.service.span.end()..]
        .find('\n')
        .map_or(view.text.len(), |at| view.service.span.end() + at);
    // So does one above its name.
    let above = view.text[..view.service.key.start()].lines().rev().skip(1);
    let lead: usize =
        above.take_while(|line| line.trim_start().starts_with('#')).map(|line| line.len() + 1).sum();
    let start = view.text[..view.service.key.start()].rfind('\n').map_or(0, |at| at + 1).saturating_sub(lead);
    let text = view.text.get(start..end).unwrap_or(&view.text[view.service.span.start()..end]);
    let mut comments =
        text.lines().filter_map(|line| line.split_once('#')).map(|(_, note)| note.to_ascii_lowercase());
    if comments.any(|note| SIGNS.iter().any(|sign| note.contains(sign))) {
        return Some("a comment tells that less was not enough".to_owned());
    }
    let keys = ["memswap_limit", "shm_size", "size="];
    let key = keys.into_iter().find(|key| text.contains(key))?;
    Some(format!("`{}` counts towards the same memory", key.trim_end_matches('=')))
}
