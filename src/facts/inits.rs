//! Programs that are made to be process 1, and what starts or brings one.

use super::{
    Context, ImageView,
    commands::{self, Standing},
    packages, programs, runtime, scripts,
    start_scripts::{self, Started},
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::long_running,
    reason::Reason,
    shell::Script,
    workspace::path,
};

/// Programs that are made to be process 1, or that bring one along.
const INITS: [&str; 22] = [
    "/lib/systemd/systemd",
    "/sbin/init",
    "/usr/sbin/init",
    "tini",
    "dumb-init",
    "s6-svscan",
    "s6-overlay",
    "/init",
    "supervisord",
    "catatonit",
    "runit",
    "runit_bootstrap",
    "runsvdir",
    "systemd",
    "my_init",
    "docker-init",
    "with-contenv",
    "systemctl",
    "systemctl.py",
    "systemctl3.py",
    "s6-linux-init",
    "openrc-init",
];

/// The init that a text names as a word, alone or at the end of a path, if it names one.
pub fn named_in(text: &str) -> Option<&'static str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    let words: Vec<&str> = text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty()).collect();
    if matches!(words[..], ["init", ..] | ["busybox" | "/bin/busybox", "init", ..]) {
        return Some("init");
    }
    text.split(|c: char| !is_part(c)).find_map(|word| INITS.into_iter().find(|init| is_init(word, init)))
}

/// Whether `word` is `init`, in a folder or with an ending such as `-static`.
fn is_init(word: &str, init: &str) -> bool {
    if init.starts_with('/') {
        return word == init;
    }
    let rest = word.rsplit('/').find_map(|part| part.strip_prefix(init));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

/// The init that the image or one of its services starts, in a sentence.
pub fn started(cx: &Context, image: &ImageView) -> Option<String> {
    let lineage = image.lineage();
    let last = |keyword| lineage.iter().rfind(|step| step.keyword == keyword);
    let steps = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(last);
    if let Some(init) = steps.filter_map(|step| named_in(&step.body.text)).next() {
        return Some(format!("The image starts {init} already (CMD-02)."));
    }
    for view in cx.services_of(image.image) {
        let name = &view.service.name;
        if view.service.init.as_ref().is_some_and(|init| init.value.value != Some(false)) {
            return Some(format!(
                "The service {name} has `init: true`, and two inits are one too many (CMD-02)."
            ));
        }
        if view.service.pid.as_ref().is_some_and(|pid| pid.value == "host") {
            return Some(format!(
                "The service {name} shares the processes of the host, and is not process 1."
            ));
        }
        if let Some(init) =
            commands::of_service(view.service).iter().flatten().find_map(|word| named_in(word))
        {
            return Some(format!("The service {name} starts {init} already (CMD-02)."));
        }
    }
    let scripts = start_scripts::of(cx, image);
    let named = |script: &Started| named_in(without_comments(script.text?).as_str());
    let script = scripts.iter().find_map(|script| Some((&script.name, named(script)?)));
    script.map(|(name, init)| format!("{name} starts {init} already (CMD-02)."))
}

/// The step that brings an overlay whose init has to be process 1, in a sentence.
pub fn brought(image: &ImageView) -> Option<String> {
    let brings = |step: &&Instruction| {
        let text = &step.body.text;
        let is_copied = matches!(step.keyword, Keyword::Copy | Keyword::Add);
        let from = step.flag("from").and_then(|flag| flag.value.as_deref()).unwrap_or_default();
        let has_overlay = text.contains("s6-overlay") || from.contains("s6-overlay");
        has_overlay || (is_copied && step.words.iter().any(|word| word.text == "/init"))
    };
    let step = image.dockerfile.instructions.iter().find(brings)?;
    let line = image.line(step);
    Some(format!("Line {line} brings an init that has to be process 1 itself (CMD-03)."))
}

/// That the image is for a tool, which ends by itself and so needs no init, in a sentence.
///
/// What listens, is checked or is a service of compose runs on, as does what a script or the project starts.
pub fn not_needed(cx: &Context, image: &ImageView) -> Option<String> {
    let runs_on = |step: &&Instruction| matches!(step.keyword, Keyword::Expose | Keyword::Healthcheck);
    if image.lineage().iter().any(runs_on) || !cx.services_of(image.image).is_empty() {
        return None;
    }
    let start = runtime::last(image, Keyword::Entrypoint).or(runtime::last(image, Keyword::Cmd))?;
    let [words] = &commands::commands_of(start)[..] else { return None };
    let (program, rest) = programs::program_of(words)?;
    let name = path::name(program);
    let is_installed = !program.contains('/')
        || matches!(path::parent(program), "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin");
    let is_tool = match name {
        _ if programs::is_shell(name) => match rest {
            [] => true,
            [option, line] if option == "-c" => only_runs_tools(line),
            _ => false,
        },
        _ => is_installed && !scripts::is_script(name) && !long_running::is_known(name),
    };
    let standing = Standing::of(cx, image);
    let workdir = runtime::workdir(image.lineage());
    let is_own = || programs::places(program, &workdir).iter().any(|place| standing.origin(place).is_some());
    (is_tool && !is_own()).then(|| {
        format!("Nothing tells that {name} runs until it is stopped, and what ends by itself needs no init.")
    })
}

/// Whether a line for a shell calls nothing but programs that end by themselves.
fn only_runs_tools(line: &str) -> bool {
    const TOOLS: [&str; 14] = [
        "cat", "date", "df", "du", "echo", "env", "find", "grep", "head", "ls", "printenv", "sort", "uniq",
        "wc",
    ];
    let script = Script::parse_str(line);
    !script.commands.is_empty() && script.commands.iter().all(|command| TOOLS.contains(&command.name()))
}

/// Packages that are there to start what an image starts.
const SUPERVISORS: [&str; 9] =
    ["openrc", "runit", "s6", "s6-overlay", "s6-rc", "supervisor", "systemd", "systemd-sysv", "upstart"];

/// What may start an init, since its text is not known or since it is installed for that.
pub fn unknown(cx: &Context, image: &ImageView) -> Vec<Reason> {
    let mut found = Vec::new();
    let of_systemd = |step: &&Instruction| {
        step.keyword == Keyword::Stopsignal && step.body.text.to_ascii_uppercase().contains("RTMIN")
    };
    if let Some(step) = image.lineage().into_iter().find(of_systemd) {
        found.push(Reason::known("CMD-03", step.span, "the signal is one for systemd, which is an init"));
    }
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let installed = runs.flat_map(|step| packages::installs(image.script(step)));
    let supervisors = installed.flat_map(|install| install.packages);
    found.extend(supervisors.filter(|package| SUPERVISORS.contains(&package.name.as_str())).map(|package| {
        let what = "installed, and may be what starts the service, as the first process";
        Reason::doubt("CMD-03", package.span, what).about(package.name)
    }));
    let scripts = start_scripts::of(cx, image);
    found.extend(scripts.iter().filter(|script| script.text.is_none()).map(|script| {
        let what = "its text is not known, and it may start an init of its own";
        Reason::doubt("CMD-02", image.base_word().span, what).about(script.name.clone())
    }));
    found
}

fn without_comments(text: &str) -> String {
    let is_comment = |line: &str| line.trim_start().starts_with('#') && !line.starts_with("#!");
    text.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_inits() {
        for (text, init) in [
            ("exec /init \"$@\"", Some("/init")),
            ("exec /usr/bin/tini-static -- x", Some("tini")),
            ("[\"dumb-init\", \"x\"]", Some("dumb-init")),
            ("#!/usr/bin/with-contenv bash", Some("with-contenv")),
            ("exec supervisord", Some("supervisord")),
            ("/app/init /initdb /init.sh destiny tiniest", None),
        ] {
            assert_eq!(named_in(text), init, "{text}");
        }
    }
}
