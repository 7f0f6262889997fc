//! What a service needs beyond the rights of an ordinary user.

pub mod beyond;

use super::{Context, ImageView, packages, service::Running, start_scripts};
use crate::{
    compose::{Field, Parsed, Service, port::Port},
    docker::{Instruction, Keyword},
    shell::Command,
};

/// Why the service keeps its rights: it reaches into the host. `None` when it does not.
pub fn host_access(running: &Running) -> Option<String> {
    let service = running.service.service;
    let is_true = service.privileged.as_ref().is_some_and(|field| field.value.value != Some(false));
    let socket = service.volumes.iter().find(|mount| {
        mount.value.target.contains("docker.sock")
            || mount.value.source.as_ref().is_some_and(|source| source.contains("docker.sock"))
    });
    let is_host = |field: &Option<Field<String>>| field.as_ref().is_some_and(|field| field.value == "host");
    if is_true {
        return Some("it is `privileged`".to_owned());
    }
    if let Some(device) = service.devices.first() {
        return Some(format!("it uses the device {}", device.value));
    }
    if socket.is_some() {
        return Some("it mounts the Docker socket".to_owned());
    }
    is_host(&service.pid).then(|| "it shares the host's processes with `pid: host`".to_owned())
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

/// The port below 1024 that the service listens on, or the word of which the port is not known.
pub fn low_port(cx: &Context, running: &Running) -> Option<String> {
    let exposed =
        running.image.lineage().into_iter().filter(|instruction| instruction.keyword == Keyword::Expose);
    let exposed = exposed.flat_map(|instruction| {
        let place = running.line(cx, running.image.id, instruction.span);
        instruction.words.iter().map(move |word| (word.text.clone(), place.clone()))
    });
    let service = running.service;
    let compose = service.service.ports.iter().filter_map(|port| {
        let (first, _) = port.value.value.as_ref()?.container?;
        Some((first.to_string(), running.line(cx, service.id, port.span)))
    });
    let expose = service.service.expose.iter();
    let expose = expose.map(|port| (port.value.clone(), running.line(cx, service.id, port.span)));
    let flags = running.commands.iter().flat_map(|line| {
        let place = running.line(cx, line.file, line.span);
        ports_of(&line.words).into_iter().map(move |port| (port, place.clone()))
    });
    exposed
        .chain(compose)
        .chain(expose)
        .chain(flags)
        .find(|(word, _)| number(running, word).is_some_and(|port| port < 1024))
        .map(|(word, place)| format!("{word} ({place})"))
        .or_else(|| beyond::low_port_of_base(running).map(|server| format!("80 (as {server} does)")))
}

/// The values of `--port`, and the ports of `--bind` and `-b`.
fn ports_of(words: &[String]) -> Vec<String> {
    let value = |at: usize, name: &str| {
        let rest = words[at].strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => words.get(at + 1).cloned(),
            None => None,
        }
    };
    let names = ["--port", "-p", "--bind", "-b"];
    let values = (0..words.len()).flat_map(|at| names.iter().filter_map(move |name| value(at, name)));
    values.map(|value| value.rsplit(':').next().unwrap_or_default().to_owned()).collect()
}

fn number(running: &Running, word: &str) -> Option<u32> {
    let word = word.split(['/', '-']).next().unwrap_or(word);
    let name = word.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
    let word = name.and_then(|name| running.state.env.get(name)).map_or(word, String::as_str);
    word.parse().ok()
}

/// The step that gives a program rights beyond those of its user, which are gone once new privileges are forbidden.
pub fn gaining_step(cx: &Context, running: &Running) -> Option<String> {
    let image = running.image;
    let told = |step: &Instruction, gain: &str| format!("{} {gain}", running.line(cx, image.id, step.span));
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
        Some(format!("{} gives a program rights of its own", script.name))
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

/// The capabilities that a service asks for, which an ordinary user has only through such a program.
pub fn added_capabilities(running: &Running) -> Option<String> {
    let names: Vec<&str> = running.service.service.cap_add.iter().map(|field| field.value.as_str()).collect();
    let user = running.state.user.as_deref().unwrap_or_default();
    let all = names.join(" and ");
    (!names.is_empty()).then(|| {
        format!("`cap_add` asks for {all}, which {user} has only through a program with capabilities of its own (HARD-11)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_commands() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(ports_of(&words("uvicorn --port 80 x")), ["80"]);
        assert_eq!(ports_of(&words("gunicorn --bind=0.0.0.0:443 -b [::]:80")), ["443", "80"]);
    }

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
