//! Files of the build context that programs take their settings from.

use crate::{docker::Instruction, workspace::path};

/// Where such a file stands in an image, whatever copied it.
pub const KNOWN: [&str; 1] = ["/etc/nginx/nginx.conf"];

/// Files of the working directory that tell how many workers there are.
pub const OF_SERVERS: [&str; 2] = ["gunicorn.conf.py", "package.json"];

const ENDINGS: [&str; 10] =
    ["conf", "ini", "cfg", "cnf", "toml", "yml", "yaml", "template", "tmpl", "service"];

/// Whether a file tells a program what to start: a supervisor, cron, a process manager.
pub fn starts_programs(file: &str) -> bool {
    let name = path::name(file);
    let is_named = |part: &str| name.contains(part);
    is_named("supervisor")
        || is_named("cron")
        || is_named("Procfile")
        || is_named("circus")
        || name.ends_with(".service")
}

/// Whether the name of a file tells that it holds settings.
pub fn is_settings(file: &str) -> bool {
    starts_programs(file)
        || path::name(file).rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Endings of scripts and of the settings of supervisors.
const STARTING: [&str; 5] = ["sh", "bash", "conf", "ini", "service"];

/// Whether a file that `step` copies may tell what is started: a crontab, a script, the settings of a supervisor.
pub fn may_start_programs(file: &str, step: &Instruction) -> bool {
    let name = path::name(file);
    let is_starting = name.rsplit_once('.').is_some_and(|(_, ending)| STARTING.contains(&ending));
    let is_crontab = step.words.iter().any(|word| word.text.contains("cron"));
    (is_starting && name != "tox.ini") || is_crontab || name.contains("entrypoint")
}
