//! Resource limits of a service: what is set, and what is asked for.

mod policy;
mod served;
pub mod unmeasured;
pub mod write;

pub use policy::Policy;

use super::workers;
use crate::{
    compose::{Field, Parsed, Service, resources::Quota, size},
    source::Span,
};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Bytes.
    Memory,
    /// Processors.
    Cpus,
}

/// A limit or reservation as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The text without quotes.
    pub text: String,
    /// Bytes or processors; `None` when it holds a variable.
    pub amount: Option<f64>,
    /// The place.
    pub span: Span,
    /// The keys from the service on.
    pub keys: Keys,
}

pub(super) const MIB: f64 = 1_048_576.0;

impl Quantity {
    /// The word for it in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Memory => "memory",
            Quantity::Cpus => "CPU",
        }
    }

    /// The key under `limits`.
    pub fn key(self) -> &'static str {
        match self {
            Quantity::Memory => "memory",
            Quantity::Cpus => "cpus",
        }
    }

    /// The older key of the service itself.
    pub fn older_key(self) -> &'static str {
        match self {
            Quantity::Memory => "mem_limit",
            Quantity::Cpus => "cpus",
        }
    }

    /// Bytes or processors.
    pub fn parse(self, text: &str) -> Option<f64> {
        match self {
            Quantity::Memory => size::parse_memory(text).map(|bytes| bytes as f64),
            Quantity::Cpus => size::parse_cpus(text),
        }
    }

    /// `amount` as the author of `like` writes it, without quotes.
    pub fn written(self, amount: f64, like: &str) -> String {
        match self {
            Quantity::Memory => size::format_memory(amount as u64, like),
            Quantity::Cpus => size::format_cpus(amount, like),
        }
    }

    /// The next amount above that a person would write: of memory a power of two, or one and a half of it, in MiB.
    pub fn rounded_up(self, amount: f64) -> f64 {
        if self == Quantity::Cpus {
            return amount;
        }
        let mut size = 32.0 * MIB;
        while size * 1.5 < amount {
            size *= 2.0;
        }
        if size < amount { size * 1.5 } else { size }
    }

    /// `text` as a new value of a file, with the quotes that compose files give to processors.
    pub fn fresh(self, text: &str) -> String {
        match self {
            Quantity::Memory => text.to_owned(),
            Quantity::Cpus => format!("\"{text}\""),
        }
    }

    /// `text` with the unit that a reader expects.
    pub fn shown(self, text: &str) -> String {
        match self {
            Quantity::Memory => text.to_owned(),
            Quantity::Cpus => format!("{text} CPUs"),
        }
    }

    /// `amount` times `factor`, rounded down to a whole unit: of `like`, but at most MiB, or 0.01 processors.
    pub fn share(self, amount: f64, factor: f64, like: &str) -> f64 {
        let unit = match self {
            Quantity::Cpus => 0.01,
            Quantity::Memory if amount >= MIB && !like.ends_with(|c: char| c.is_ascii_digit()) => MIB,
            Quantity::Memory => 1024.0,
        };
        // The small addend keeps 0.1 * 0.5 from being a hair below 0.05.
        let units = (amount * factor / unit + 1e-6).floor();
        units.max(1.0) * unit
    }
}

/// Whether a new limit is written as the older key: the service has such keys, and no limits under `deploy`.
///
/// Compose refuses a service that has an older key and, under `deploy`, limits without the same value (LIM-05).
pub fn takes_older_keys(service: &Service) -> bool {
    let resources = &service.resources;
    let has_older =
        resources.mem_limit.is_some() || resources.cpus.is_some() || resources.pids_limit.is_some();
    let limits = &resources.limits;
    has_older && limits.memory.is_none() && limits.cpus.is_none() && limits.pids.is_none()
}

/// The key of a service that decides how much it needs or may use.
pub fn deciding_key(service: &Service) -> Option<&'static str> {
    let resources = &service.resources;
    let quotas = [
        (&resources.limits, "deploy.resources.limits"),
        (&resources.reservations, "deploy.resources.reservations"),
    ];
    let of_quota = |(quota, key): (&Quota, &'static str)| {
        (quota.memory.is_some() || quota.cpus.is_some() || quota.pids.is_some()).then_some(key)
    };
    let counts = |name: &str| workers::VARIABLES.contains(&name);
    let keys = [
        (service.command.is_some(), "command"),
        (service.entrypoint.is_some(), "entrypoint"),
        (service.environment.iter().any(|variable| counts(&variable.value.name)), "environment"),
        (!service.env_file.is_empty(), "env_file"),
        (service.build.as_ref().is_some_and(|build| build.target.is_some()), "build.target"),
        (!service.tmpfs.is_empty(), "tmpfs"),
        (resources.mem_limit.is_some(), "mem_limit"),
        (resources.mem_reservation.is_some(), "mem_reservation"),
        (resources.memswap_limit.is_some(), "memswap_limit"),
        (resources.cpus.is_some(), "cpus"),
        (resources.cpu_quota.is_some(), "cpu_quota"),
        (resources.pids_limit.is_some(), "pids_limit"),
    ];
    let set_back =
        [("deploy", "deploy: !reset"), ("mem_limit", "mem_limit: !reset"), ("cpus", "cpus: !reset")];
    let is_set_back = |key: &str| service.set_back.iter().any(|field| field.value == key);
    let set = keys.into_iter().find_map(|(is_set, key)| is_set.then_some(key));
    let set = set.or_else(|| set_back.into_iter().find_map(|(key, told)| is_set_back(key).then_some(told)));
    quotas.into_iter().find_map(of_quota).or(set)
}

/// The limits of a service, `deploy` first.
pub fn settings(service: &Service, quantity: Quantity) -> Vec<Setting> {
    let resources = &service.resources;
    let settings = match quantity {
        Quantity::Memory => [
            memory(&resources.limits.memory, &["deploy", "resources", "limits", "memory"]),
            memory(&resources.mem_limit, &["mem_limit"]),
        ],
        Quantity::Cpus => [
            cpus(&resources.limits.cpus, &["deploy", "resources", "limits", "cpus"]),
            cpus(&resources.cpus, &["cpus"]),
        ],
    };
    settings.into_iter().flatten().collect()
}

/// The reservations of a service, `deploy` first.
pub fn reservations(service: &Service, quantity: Quantity) -> Vec<Setting> {
    let resources = &service.resources;
    let settings = match quantity {
        Quantity::Memory => [
            memory(&resources.reservations.memory, &["deploy", "resources", "reservations", "memory"]),
            memory(&resources.mem_reservation, &["mem_reservation"]),
        ],
        Quantity::Cpus => {
            [cpus(&resources.reservations.cpus, &["deploy", "resources", "reservations", "cpus"]), None]
        }
    };
    settings.into_iter().flatten().collect()
}

type Keys = &'static [&'static str];

fn memory(field: &Option<Field<Parsed<u64>>>, keys: Keys) -> Option<Setting> {
    field.as_ref().map(|field| setting(field, keys, field.value.value.map(|bytes| bytes as f64)))
}

fn cpus(field: &Option<Field<Parsed<f64>>>, keys: Keys) -> Option<Setting> {
    field.as_ref().map(|field| setting(field, keys, field.value.value))
}

fn setting<T>(field: &Field<Parsed<T>>, keys: Keys, amount: Option<f64>) -> Setting {
    Setting { text: field.value.text.clone(), amount, span: field.span, keys }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_such_as_people_write() {
        for (need, size) in [(30.0, 32.0), (60.0, 64.0), (270.0, 384.0), (385.0, 512.0), (600.0, 768.0)] {
            assert_eq!(Quantity::Memory.rounded_up(need * MIB), size * MIB, "{need}");
        }
    }

    #[test]
    fn shares_are_whole_units() {
        let memory = |amount: f64, factor, like| {
            Quantity::Memory.written(Quantity::Memory.share(amount, factor, like), like)
        };
        assert_eq!(memory(256.0 * MIB, 0.25, "256M"), "64M");
        assert_eq!(memory(1024.0 * MIB, 0.5, "1g"), "512m");
        assert_eq!(memory(100.0 * MIB, 0.333, "100M"), "33M");
        let cpus =
            |amount, factor| Quantity::Cpus.written(Quantity::Cpus.share(amount, factor, "0.25"), "0.25");
        assert_eq!(cpus(0.25, 0.4), "0.10");
        assert_eq!(cpus(0.1, 0.5), "0.05");
    }
}
