//! One service of a compose file.

use std::time::Duration;

use crate::{
    compose::{
        build::Build,
        command::Command,
        health::{Healthcheck, parse_duration},
        mount::{Mount, mounts},
        port::{Port, ports},
        resolve::{Cursor, Field, Origin, Parsed},
        resources::Resources,
        scalar::parse_bool,
        variable::{Variable, variables},
    },
    source::Span,
};

/// A service as it takes effect: aliases and `<<` are resolved, `extends` and override files are not.
#[derive(Clone, Debug)]
pub struct Service {
    /// The name.
    pub name: String,
    /// The name as written.
    pub key: Span,
    /// The name and everything under it.
    pub entry: Span,
    /// The value.
    pub span: Span,
    /// Whether it is written under `services` itself.
    pub origin: Origin,
    /// The anchor on the service when an alias uses it elsewhere.
    pub shared_as: Option<String>,
    /// `image`.
    pub image: Option<Field<String>>,
    /// `build`.
    pub build: Option<Build>,
    /// `command`.
    pub command: Option<Field<Command>>,
    /// `entrypoint`.
    pub entrypoint: Option<Field<Command>>,
    /// `healthcheck`.
    pub healthcheck: Option<Healthcheck>,
    /// `init`.
    pub init: Option<Field<Parsed<bool>>>,
    /// `read_only`.
    pub read_only: Option<Field<Parsed<bool>>>,
    /// `privileged`.
    pub privileged: Option<Field<Parsed<bool>>>,
    /// `user`.
    pub user: Option<Field<String>>,
    /// `working_dir`.
    pub working_dir: Option<Field<String>>,
    /// `platform`.
    pub platform: Option<Field<String>>,
    /// `restart`.
    pub restart: Option<Field<String>>,
    /// `stop_signal`.
    pub stop_signal: Option<Field<String>>,
    /// `stop_grace_period`.
    pub stop_grace_period: Option<Field<Parsed<Duration>>>,
    /// `network_mode`.
    pub network_mode: Option<Field<String>>,
    /// `pid`.
    pub pid: Option<Field<String>>,
    /// `ipc`.
    pub ipc: Option<Field<String>>,
    /// `ports`.
    pub ports: Vec<Field<Parsed<Port>>>,
    /// `expose`.
    pub expose: Vec<Field<String>>,
    /// `volumes`.
    pub volumes: Vec<Field<Mount>>,
    /// `tmpfs`, one text or a list.
    pub tmpfs: Vec<Field<String>>,
    /// `environment`.
    pub environment: Vec<Field<Variable>>,
    /// `env_file`: the paths, of the long form too.
    pub env_file: Vec<Field<String>>,
    /// `cap_add`.
    pub cap_add: Vec<Field<String>>,
    /// `cap_drop`.
    pub cap_drop: Vec<Field<String>>,
    /// `security_opt`.
    pub security_opt: Vec<Field<String>>,
    /// `devices`; of the long form the source.
    pub devices: Vec<Field<String>>,
    /// `profiles`.
    pub profiles: Vec<Field<String>>,
    /// `depends_on`: the names of the services.
    pub depends_on: Vec<Field<String>>,
    /// `extends`.
    pub extends: Option<Extends>,
    /// `deploy.replicas`.
    pub replicas: Option<Field<Parsed<u64>>>,
    /// `scale`.
    pub scale: Option<Field<Parsed<u64>>>,
    /// Limits and reservations.
    pub resources: Resources,
    /// The keys that set back what other files say, by `!reset` or `!override`.
    pub set_back: Vec<Field<String>>,
}

/// Where a service takes the rest of its settings from.
#[derive(Clone, Debug)]
pub struct Extends {
    /// The other service.
    pub service: Option<Field<String>>,
    /// The other file, if it is not this one.
    pub file: Option<Field<String>>,
}

impl Service {
    /// Whether a volume or a tmpfs is mounted at `folder`.
    pub fn has_mount_at(&self, folder: &str) -> bool {
        let tmpfs = self.tmpfs.iter().map(|field| field.value.split(':').next().unwrap_or_default());
        let mounts = self.volumes.iter().map(|mount| mount.value.target.as_str());
        tmpfs.chain(mounts).any(|target| target.trim_end_matches('/') == folder)
    }

    pub(crate) fn read(service: &Cursor<'_>) -> Self {
        let text = |key: &str| service.get(key).and_then(|value| value.text_field());
        let switch = |key: &str| service.get(key).map(|value| value.parsed(parse_bool));
        let count = |value: Cursor<'_>| value.parsed(|text| text.parse().ok());
        Self {
            name: service.name().to_owned(),
            key: service.key,
            entry: service.entry,
            span: service.span(),
            origin: service.origin,
            shared_as: service.shared_anchor().map(str::to_owned),
            image: text("image"),
            build: service.get("build").and_then(|build| Build::read(&build)),
            command: service.get("command").and_then(|command| Command::read(&command)),
            entrypoint: service.get("entrypoint").and_then(|command| Command::read(&command)),
            healthcheck: service.get("healthcheck").and_then(|check| Healthcheck::read(&check)),
            init: switch("init"),
            read_only: switch("read_only"),
            privileged: switch("privileged"),
            user: text("user"),
            working_dir: text("working_dir"),
            platform: text("platform"),
            restart: text("restart"),
            stop_signal: text("stop_signal"),
            stop_grace_period: service.get("stop_grace_period").map(|value| value.parsed(parse_duration)),
            network_mode: text("network_mode"),
            pid: text("pid"),
            ipc: text("ipc"),
            ports: service.get("ports").map(|value| ports(&value)).unwrap_or_default(),
            expose: service.texts("expose"),
            volumes: service.get("volumes").map(|value| mounts(&value)).unwrap_or_default(),
            tmpfs: service.texts("tmpfs"),
            environment: service.get("environment").map(|value| variables(&value)).unwrap_or_default(),
            env_file: keyed(service, "env_file", "path"),
            cap_add: service.texts("cap_add"),
            cap_drop: service.texts("cap_drop"),
            security_opt: service.texts("security_opt"),
            devices: keyed(service, "devices", "source"),
            profiles: service.texts("profiles"),
            depends_on: depends_on(service),
            extends: service.get("extends").map(|value| extends(&value)),
            replicas: service.get("deploy").and_then(|deploy| deploy.get("replicas")).map(count),
            scale: service.get("scale").map(count),
            resources: Resources::read(service),
            set_back: service.set_back(),
        }
    }
}

/// The texts of a list, or of the key `inner` of those items that are mappings.
fn keyed(service: &Cursor<'_>, key: &str, inner: &str) -> Vec<Field<String>> {
    let Some(value) = service.get(key) else { return Vec::new() };
    let items = value.items_or_self().into_iter();
    items
        .filter_map(|item| if item.is_mapping() { item.get(inner)?.text_field() } else { item.text_field() })
        .collect()
}

fn depends_on(service: &Cursor<'_>) -> Vec<Field<String>> {
    let Some(value) = service.get("depends_on") else { return Vec::new() };
    if !value.is_mapping() {
        return service.texts("depends_on");
    }
    value.entries().iter().map(|entry| entry.field(entry.name().to_owned())).collect()
}

fn extends(value: &Cursor<'_>) -> Extends {
    let text = |key: &str| value.get(key).and_then(|value| value.text_field());
    Extends { service: value.text_field().or_else(|| text("service")), file: text("file") }
}
