//! How a container is started: what a service says over its image, without touching anything of the user's.

use std::collections::BTreeMap;

use super::interpolate::{Variables, filled};
use crate::compose::{
    Field,
    health::{Healthcheck, Probe},
    mount::{Mount, MountKind},
    resolve::Parsed,
    service::Service,
};

/// How a container is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// Flags of the engine's `run`: user, rights, limits, memory file systems.
    pub flags: Vec<String>,
    /// The entrypoint, where it is not the image's.
    pub entrypoint: Option<Vec<String>>,
    /// The command, where it is not the image's.
    pub command: Option<Vec<String>>,
    /// The mounts.
    pub mounts: Vec<Place>,
    /// The TCP ports that it may listen on, beside those of the image.
    pub ports: Vec<u16>,
    /// The line of its own health check.
    pub health: Option<String>,
    /// What is done otherwise than the service says.
    pub notes: Vec<String>,
}

/// Something at a path of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A new volume in place of one that is named, and of a folder that could be written.
    Fresh(String),
    /// A file or folder of the project, only to read.
    Shown {
        /// Its path, seen from the folder of the compose file.
        source: String,
        /// The path in the container.
        target: String,
    },
    /// A file or folder of the project that may be written: a copy of a file, a new volume for a folder.
    Copied {
        /// Its path, seen from the folder of the compose file.
        source: String,
        /// The path in the container.
        target: String,
    },
}

impl Launch {
    /// How `service` is started; `variables` are those of the shell and of `.env`, `given` what its env files say.
    pub fn of(service: &Service, variables: &Variables, given: BTreeMap<String, String>) -> Self {
        let fill = |text: &str| filled(text, variables);
        let mut env = given;
        for variable in &service.environment {
            let (name, value) = (&variable.value.name, &variable.value.value);
            let value = value.as_ref().map(|value| fill(value)).or_else(|| variables.get(name).cloned());
            env.extend(value.map(|value| (name.clone(), value)));
        }
        let words = |command: &Field<crate::compose::command::Command>| {
            command.value.words().map(|words| words.iter().map(|word| fill(word)).collect::<Vec<_>>())
        };
        let (mounts, notes) = mounts(service, &fill);
        let mut launch = Self {
            env,
            flags: flags(service, &fill),
            entrypoint: service.entrypoint.as_ref().and_then(words),
            command: service.command.as_ref().and_then(words),
            mounts,
            ports: ports(service, &fill),
            health: None,
            notes,
        };
        launch.take_health(service.healthcheck.as_ref(), &fill);
        launch.leave_out(service);
        launch
    }

    fn take_health(&mut self, check: Option<&Healthcheck>, fill: &dyn Fn(&str) -> String) {
        let Some(check) = check else { return };
        let is_off = check.disable.as_ref().is_some_and(|disable| disable.value.value == Some(true));
        match check.test.as_ref().map(|test| &test.value) {
            _ if is_off => self.flags.push("--no-healthcheck".to_owned()),
            Some(Probe::Disabled) => self.flags.push("--no-healthcheck".to_owned()),
            Some(Probe::Words(words)) => {
                let words: Vec<String> = words.iter().map(|word| quoted(&fill(word))).collect();
                self.health = Some(words.join(" "));
            }
            Some(probe) => self.health = probe.line().map(|line| fill(&line)),
            None => {}
        }
        let period = check.start_period.as_ref().and_then(|period| period.value.value);
        self.flags.extend(period.map(|period| format!("--health-start-period={}s", period.as_secs())));
    }

    /// Notes what of the service would reach out of the container, and is not done.
    fn leave_out(&mut self, service: &Service) {
        let host = |field: &Option<Field<String>>| field.as_ref().is_some_and(|field| field.value == "host");
        let is_privileged =
            service.privileged.as_ref().is_some_and(|privileged| privileged.value.value == Some(true));
        for (what, is_there) in [
            ("privileged", is_privileged),
            ("network_mode: host", host(&service.network_mode)),
            ("pid: host", host(&service.pid)),
            ("ipc: host", host(&service.ipc)),
            ("devices", !service.devices.is_empty()),
        ] {
            if is_there {
                self.notes.push(format!("it ran without `{what}`, which reaches out of the container"));
            }
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn flags(service: &Service, fill: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut flags = Vec::new();
    let mut text = |flag: &str, field: &Option<Field<String>>| {
        flags.extend(field.as_ref().map(|field| format!("{flag}={}", fill(&field.value))));
    };
    text("--user", &service.user);
    text("--workdir", &service.working_dir);
    text("--platform", &service.platform);
    text("--stop-signal", &service.stop_signal);
    let is_on = |field: &Option<Field<Parsed<bool>>>| {
        field.as_ref().is_some_and(|field| field.value.value == Some(true))
    };
    flags.extend(is_on(&service.read_only).then(|| "--read-only".to_owned()));
    flags.extend(is_on(&service.init).then(|| "--init".to_owned()));
    let lists = [
        ("--cap-add", &service.cap_add),
        ("--cap-drop", &service.cap_drop),
        ("--security-opt", &service.security_opt),
        ("--tmpfs", &service.tmpfs),
    ];
    for (flag, values) in lists {
        flags.extend(values.iter().map(|value| format!("{flag}={}", fill(&value.value))));
    }
    let resources = &service.resources;
    let number = |field: Option<&Field<Parsed<u64>>>| field.and_then(|field| field.value.value);
    let memory = number(resources.limits.memory.as_ref()).or(number(resources.mem_limit.as_ref()));
    let pids = number(resources.limits.pids.as_ref()).or(number(resources.pids_limit.as_ref()));
    let cpus = resources.limits.cpus.as_ref().or(resources.cpus.as_ref()).and_then(|cpus| cpus.value.value);
    flags.extend(memory.map(|memory| format!("--memory={memory}")));
    flags.extend(pids.map(|pids| format!("--pids-limit={pids}")));
    flags.extend(cpus.map(|cpus| format!("--cpus={cpus}")));
    flags.extend(number(resources.shm_size.as_ref()).map(|size| format!("--shm-size={size}")));
    flags
}

fn mounts(service: &Service, fill: &dyn Fn(&str) -> String) -> (Vec<Place>, Vec<String>) {
    let (mut places, mut notes) = (Vec::new(), Vec::new());
    for Mount { kind, source, target, read_only } in service.volumes.iter().map(|mount| &mount.value) {
        let (source, target) = (source.as_deref().map(fill), fill(target));
        let is_path = source.as_deref().is_some_and(|source| source.starts_with(['.', '/', '~']));
        let place = match (kind, source) {
            _ if !target.starts_with('/') => continue,
            (MountKind::Tmpfs | MountKind::Named | MountKind::Anonymous | MountKind::Other, _) => {
                Place::Fresh(target)
            }
            (MountKind::Bind | MountKind::Unknown, Some(source)) if is_path => {
                if source.ends_with(".sock") {
                    notes.push(format!("it ran without {source}, which reaches out of the container"));
                    continue;
                }
                match read_only {
                    true => Place::Shown { source, target },
                    false => Place::Copied { source, target },
                }
            }
            _ => Place::Fresh(target),
        };
        places.push(place);
    }
    (places, notes)
}

/// The ports of a service within its container.
fn ports(service: &Service, fill: &dyn Fn(&str) -> String) -> Vec<u16> {
    let mut all = Vec::new();
    for port in &service.ports {
        let known = port.value.value.as_ref();
        let is_tcp = known.and_then(|port| port.protocol.as_deref()).is_none_or(|protocol| protocol == "tcp");
        let range = known.and_then(|port| port.container);
        let text = fill(&port.value.text);
        let filled = || text.rsplit(':').next()?.split('/').next()?.parse().ok();
        let one = range.filter(|(first, last)| first == last).map(|(first, _)| first).or_else(filled);
        all.extend(one.filter(|_| is_tcp));
    }
    all.extend(service.expose.iter().filter_map(|port| fill(&port.value).parse::<u16>().ok()));
    all.sort_unstable();
    all.dedup();
    all
}
