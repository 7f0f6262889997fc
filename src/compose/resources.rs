//! Limits and reservations of a service.

use crate::{
    compose::resolve::{Cursor, Field, Parsed},
    compose::size::{parse_cpus, parse_memory},
    source::Span,
};

/// What a service may use: the keys under `deploy.resources`, and the older keys beside them.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// `deploy.resources.limits`.
    pub limits: Quota,
    /// `deploy.resources.reservations`.
    pub reservations: Quota,
    /// `mem_limit`.
    pub mem_limit: Option<Field<Parsed<u64>>>,
    /// `mem_reservation`.
    pub mem_reservation: Option<Field<Parsed<u64>>>,
    /// `memswap_limit`; `-1` has no number here.
    pub memswap_limit: Option<Field<Parsed<u64>>>,
    /// `shm_size`.
    pub shm_size: Option<Field<Parsed<u64>>>,
    /// `cpus`.
    pub cpus: Option<Field<Parsed<f64>>>,
    /// `cpu_count`.
    pub cpu_count: Option<Field<Parsed<f64>>>,
    /// `cpu_percent`.
    pub cpu_percent: Option<Field<Parsed<f64>>>,
    /// `cpu_shares`.
    pub cpu_shares: Option<Field<Parsed<f64>>>,
    /// `cpu_quota`, in microseconds unless it has a unit.
    pub cpu_quota: Option<Field<Parsed<f64>>>,
    /// `cpuset`.
    pub cpuset: Option<Field<String>>,
    /// `pids_limit`; `-1` has no number here.
    pub pids_limit: Option<Field<Parsed<u64>>>,
}

/// One of the two blocks under `deploy.resources`.
#[derive(Clone, Debug, Default)]
pub struct Quota {
    /// The block, if it is there.
    pub span: Option<Span>,
    /// `memory`, in bytes.
    pub memory: Option<Field<Parsed<u64>>>,
    /// `cpus`.
    pub cpus: Option<Field<Parsed<f64>>>,
    /// `pids`.
    pub pids: Option<Field<Parsed<u64>>>,
    /// `devices`: GPUs and the like.
    pub devices: Option<Field<()>>,
}

impl Resources {
    pub(crate) fn read(service: &Cursor<'_>) -> Self {
        let memory = |key: &str| service.get(key).map(|value| value.parsed(parse_memory));
        let cpus = |key: &str| service.get(key).map(|value| value.parsed(parse_cpus));
        let quota = |key: &str| {
            let block = service.get("deploy").and_then(|deploy| deploy.get("resources")?.get(key));
            block.map(|block| Quota::read(&block)).unwrap_or_default()
        };
        Self {
            limits: quota("limits"),
            reservations: quota("reservations"),
            mem_limit: memory("mem_limit"),
            mem_reservation: memory("mem_reservation"),
            memswap_limit: memory("memswap_limit"),
            shm_size: memory("shm_size"),
            cpus: cpus("cpus"),
            cpu_count: cpus("cpu_count"),
            cpu_percent: cpus("cpu_percent"),
            cpu_shares: cpus("cpu_shares"),
            cpu_quota: cpus("cpu_quota"),
            cpuset: service.get("cpuset").and_then(|value| value.text_field()),
            pids_limit: service.get("pids_limit").map(|value| value.parsed(|text| text.parse().ok())),
        }
    }
}

impl Quota {
    fn read(block: &Cursor<'_>) -> Self {
        Self {
            span: Some(block.span()),
            memory: block.get("memory").map(|value| value.parsed(parse_memory)),
            cpus: block.get("cpus").map(|value| value.parsed(parse_cpus)),
            pids: block.get("pids").map(|value| value.parsed(|text| text.parse().ok())),
            devices: block.get("devices").map(|devices| devices.field(())),
        }
    }
}
