//! What a service needs beyond the rights of an ordinary user.

use super::{Context, service::Running};
use crate::{
    compose::{Field, Parsed, Service, port::Port},
    docker::Keyword,
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

/// The RUN that gives capabilities to a file, which no longer count once new privileges are forbidden.
pub fn file_capabilities(cx: &Context, running: &Running) -> Option<String> {
    let image = running.image;
    let steps = image.lineage().into_iter().filter(|instruction| instruction.keyword == Keyword::Run);
    let sets = |instruction: &&crate::docker::Instruction| {
        image.script(instruction).commands.iter().any(|command| command.name() == "setcap")
    };
    let mut steps = steps.filter(sets);
    steps.next().map(|instruction| running.line(cx, image.id, instruction.span))
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
}
