//! What a service needs beyond the rights of an ordinary user.

pub mod beyond;

use super::{Context, ImageView, layers, packages, service::Running, start_scripts, writers::is_below};
use crate::{
    compose::{Field, Parsed, Service, mount::MountKind, port::Port},
    docker::{Instruction, Keyword},
    effects::{
        listens,
        machine::{Gap, Run},
        start,
    },
    knowledge::writers::{Kind, lookup},
    reason::Reason,
    shell::Command,
};

/// What speaks against taking any right of a service.
pub fn of_service(cx: &Context, running: &Running) -> Vec<Reason> {
    let key = running.service.service.key;
    let user = running.state.user.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    if running.state.is_root() {
        found.push(Reason::known("HARD-09", key, "it runs as root"));
    } else if user.contains('$') {
        found.push(Reason::doubt(
            "HARD-09",
            key,
            format!("its user `{user}` holds a variable and may be root"),
        ));
    }
    found.extend(beyond::reasons(cx, running));
    found.extend(host_access(running.service.service));
    found.extend(development(cx, running));
    let layer = layers::obstacle(cx, running.service, deciding_key);
    found.extend(layer);
    found
}

/// What speaks against dropping its capabilities.
pub fn of_capabilities(cx: &Context, running: &Running) -> Vec<Reason> {
    let mut found = switches(cx, running);
    found.extend(gaining_step(cx, running));
    found.extend(low_port(cx, running));
    found
}

/// What speaks against forbidding new privileges.
pub fn of_privileges(cx: &Context, running: &Running) -> Vec<Reason> {
    let mut found = switches(cx, running);
    found.extend(gaining_step(cx, running));
    found.extend(added_capabilities(running.service.service));
    found
}

/// The commands at the start of a service that change users or owners.
fn switches(cx: &Context, running: &Running) -> Vec<Reason> {
    let trace = start::of_service(cx, running);
    let is_switch = |run: &&Run| run.changes_user() || lookup(Kind::Switch, run.program()).is_some();
    let told = |run: &Run| {
        let what = format!("the start may change users or owners with {}", run.program());
        Reason::known("HARD-06", run.origin.span, what)
            .within(run.origin.file)
            .perhaps_from(run.origin.script.clone())
    };
    let of_gap = |gap: &Gap| {
        let what = format!("{}, and it may change users", gap.what);
        Reason::doubt("HARD-06", gap.origin.span, what).within(gap.origin.file)
    };
    trace.runs.iter().filter(is_switch).map(told).chain(trace.gaps.iter().map(of_gap)).collect()
}

/// What marks a development service: its source is mounted, or it starts again when the source changes.
fn development(cx: &Context, running: &Running) -> Option<Reason> {
    let workdir = &*running.state.workdir;
    let mounts = running.service.service.volumes.iter();
    let mut binds = mounts.filter(|mount| mount.value.kind == MountKind::Bind);
    let source = binds.find(|mount| workdir != "/" && is_below(workdir, &mount.value.target));
    if let Some(mount) = source {
        let what = format!("the source is mounted at {}, so it is a development service", mount.value.target);
        return Some(Reason::known("HARD-20", mount.span, what));
    }
    let trace = start::of_service(cx, running);
    let word = start::development_word(&trace)?;
    let what = format!("`{word}` marks a development service");
    Some(Reason::known("HARD-20", running.service.service.key, what))
}

/// Why the service keeps its rights: it reaches into the host. `None` when it does not.
pub fn host_access(service: &Service) -> Option<Reason> {
    let is_true = service.privileged.as_ref().filter(|field| field.value.value != Some(false));
    let socket = service.volumes.iter().find(|mount| {
        mount.value.target.contains("docker.sock")
            || mount.value.source.as_ref().is_some_and(|source| source.contains("docker.sock"))
    });
    let pid = service.pid.as_ref().filter(|field| field.value == "host");
    let known = |span, what: &str| Reason::known("HARD-18", span, what);
    if is_true.is_some() {
        return Some(known(service.key, "the service is `privileged`"));
    }
    if let Some(device) = service.devices.first() {
        return Some(known(device.span, &format!("the service uses the device {}", device.value)));
    }
    if let Some(mount) = socket {
        return Some(known(mount.span, "the service mounts the Docker socket"));
    }
    pid.map(|field| known(field.span, "the service shares the host's processes with `pid: host`"))
}

/// The key of a service that decides which rights it needs.
pub fn deciding_key(service: &Service) -> Option<&'static str> {
    let is_low = |port: &Field<Parsed<Port>>| {
        port.value.value.as_ref().is_none_or(|port| port.container.is_none_or(|(first, _)| first < 1024))
    };
    let keys = [
        (service.user.is_some(), "user"),
        (service.command.is_some(), "command"),
        (service.entrypoint.is_some(), "entrypoint"),
        (service.working_dir.is_some(), "working_dir"),
        (service.build.as_ref().is_some_and(|build| build.target.is_some()), "build.target"),
        (!service.volumes.is_empty(), "volumes"),
        (!service.tmpfs.is_empty(), "tmpfs"),
        (service.read_only.is_some(), "read_only"),
        (service.privileged.is_some(), "privileged"),
        (!service.cap_add.is_empty(), "cap_add"),
        (!service.cap_drop.is_empty(), "cap_drop"),
        (!service.security_opt.is_empty(), "security_opt"),
        (!service.devices.is_empty(), "devices"),
        (service.pid.is_some(), "pid"),
        (service.network_mode.is_some(), "network_mode"),
        (service.ports.iter().any(is_low), "ports"),
    ];
    keys.into_iter().find_map(|(is_set, key)| is_set.then_some(key))
}

/// The port below 1024 that the service listens on.
pub fn low_port(cx: &Context, running: &Running) -> Option<Reason> {
    let image = running.image.id;
    let exposed = running.image.lineage().into_iter().filter(|step| step.keyword == Keyword::Expose);
    let exposed =
        exposed.flat_map(|step| step.words.iter().map(|word| (word.text.clone(), image, step.span)));
    let (view, service) = (running.service, running.service.service);
    let compose = service.ports.iter().filter_map(|port| {
        let (first, _) = port.value.value.as_ref()?.container?;
        Some((first.to_string(), view.id, port.span))
    });
    let expose = service.expose.iter().map(|port| (port.value.clone(), view.id, port.span));
    let trace = start::of_service(cx, running);
    let named = listens::ports(&trace);
    let named = named.map(|(port, run)| (port.to_owned(), run.origin.file, run.origin.span));
    let low = |port: &str, file, span| {
        let what =
            format!("it listens on port {port}, which an engine before Docker 20.10 opens to root alone");
        Reason::known("HARD-07", span, what).within(file)
    };
    exposed
        .chain(compose)
        .chain(expose)
        .chain(named)
        .find_map(|(word, file, span)| {
            let port = number(running, &word).filter(|port| *port < 1024 && *port > 0)?;
            Some(low(&port.to_string(), file, span))
        })
        .or_else(|| {
            beyond::low_port_of_base(running).map(|_| low("80", image, running.image.base_word().span))
        })
}

fn number(running: &Running, word: &str) -> Option<u32> {
    let word = word.split(['/', '-']).next().unwrap_or(word);
    let name = word.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
    let word = name.and_then(|name| running.state.env.get(name)).map_or(word, String::as_str);
    word.parse().ok()
}

/// The step that gives a program rights beyond those of its user, which are gone once new privileges are forbidden.
pub fn gaining_step(cx: &Context, running: &Running) -> Option<Reason> {
    let image = running.image;
    let told = |step: &Instruction, gain: &str| {
        let what = format!("the image {gain}, so that it may do more than its user");
        Reason::known("HARD-10", step.span, what).within(image.id)
    };
    let own = image.lineage().into_iter().find_map(|step| Some(told(step, gain(&image, step)?)));
    // What another stage gives to a program may be copied along with it.
    let copied = || {
        let runs = image.dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
        let mut runs =
            runs.filter(|step| image.script(step).commands.iter().any(|run| run.name() == "setcap"));
        runs.next().map(|step| told(step, "gives a program capabilities of its own"))
    };
    own.or_else(copied).or_else(|| {
        let words: Vec<String> = image
            .lineage()
            .into_iter()
            .filter(|step| step.keyword == Keyword::Run)
            .flat_map(|step| &image.script(step).commands)
            .flat_map(|command| command.words.iter().map(|word| word.text().to_owned()))
            .collect();
        let script = start_scripts::named(cx, &image, &words).into_iter().find(|script| {
            let gains = |text: &str| {
                ["setcap ", "/etc/sudoers", "u+s", "chmod 4"].iter().any(|word| text.contains(word))
            };
            script.text.is_some_and(gains)
        })?;
        let what = "a script of the build gives a program rights of its own";
        Some(Reason::known("HARD-10", image.base_word().span, what).within(image.id).from(script.name))
    })
}

/// How a program gains rights by a step, as the end of a sentence.
fn gain(image: &ImageView, step: &Instruction) -> Option<&'static str> {
    let names_sudoers = || step.body.text.contains("/etc/sudoers") || step.body.text.contains("/etc/doas");
    match step.keyword {
        Keyword::Run => {}
        Keyword::Copy | Keyword::Add => return names_sudoers().then_some("sets up sudo"),
        _ => return None,
    }
    let script = image.script(step);
    let installs = packages::installs(script);
    let mut names = installs.iter().flat_map(|install| &install.packages).map(|package| &package.name);
    let of_command = |command: &Command| match command.name() {
        "setcap" => Some("gives a program capabilities of its own"),
        "chmod" if command.words.iter().any(|word| sets_user(word.text())) => {
            Some("lets a program run as its owner")
        }
        "install" if modes_of_install(command).any(|mode| sets_user(&mode)) => {
            Some("lets a program run as its owner")
        }
        _ => None,
    };
    let gain = script.commands.iter().find_map(of_command);
    let mut with_capabilities = names.clone().filter(|name| WITH_CAPABILITIES.contains(&name.as_str()));
    gain.or_else(|| with_capabilities.next().map(|_| "installs a program with capabilities of its own"))
        .or_else(|| names.any(|name| SUDO.contains(&name.as_str())).then_some("installs sudo or its like"))
        .or_else(|| names_sudoers().then_some("sets up sudo"))
}

/// Packages whose programs have capabilities in their file, without which they do not start at all.
const WITH_CAPABILITIES: [&str; 9] =
    ["arping", "caddy", "fping", "iputils", "iputils-ping", "mtr", "mtr-tiny", "tshark", "wireshark-common"];

/// Packages of programs that run others as root.
const SUDO: [&str; 4] = ["sudo", "sudo-ldap", "doas", "opendoas"];

/// The values of `-m` and `--mode`.
fn modes_of_install(command: &Command) -> impl Iterator<Item = String> {
    let words = command.words.iter().map(|word| word.text());
    let after = words.clone().skip(1);
    words.zip(after.map(Some).chain([None])).filter_map(|(word, next)| match word {
        "-m" | "--mode" => next.map(str::to_owned),
        word => word.strip_prefix("--mode=").or_else(|| word.strip_prefix("-m")).map(str::to_owned),
    })
}

/// Whether a mode of chmod lets a program run as its owner, as `4755` and `u+s`.
fn sets_user(mode: &str) -> bool {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o4000 != 0;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else { return false };
        let (who, what) = (&clause[..at], &clause[at + 1..]);
        let is_mode = who.chars().all(|c| "ugoa".contains(c)) && what.chars().all(|c| "rwxXst".contains(c));
        is_mode && what.contains('s') && (who.is_empty() || who.contains(['u', 'a']))
    })
}

/// The capabilities that a service asks for, which an ordinary user has only through a program with its own.
pub fn added_capabilities(service: &Service) -> Option<Reason> {
    let names: Vec<&str> = service.cap_add.iter().map(|field| field.value.as_str()).collect();
    let first = service.cap_add.first()?;
    let what = format!(
        "`cap_add` asks for {}, which a user has only through a program with capabilities of its own",
        names.join(" and ")
    );
    Some(Reason::known("HARD-11", first.span, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_that_set_the_user() {
        for mode in ["4755", "04755", "6755", "u+s", "+s", "ug+s", "u=rwxs,g=rx", "a+s"] {
            assert!(sets_user(mode), "{mode}");
        }
        for mode in ["755", "1777", "2775", "g+s", "u+rwX", "+x", "/srv/s", "a+b=s"] {
            assert!(!sets_user(mode), "{mode}");
        }
    }
}
