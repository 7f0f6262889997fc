//! The limits that a service shall have, and who says so.

use super::{
    super::{
        Context,
        service::{CommandLine, Running},
    },
    Quantity, served,
};
use crate::{knowledge::roles, options::Limits};

/// The limits that a service shall have, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    limits: Limits,
    /// Whether alpinist.yaml names the service.
    pub is_explicit: bool,
    /// What it serves, in words; empty where alpinist.yaml names it.
    what: &'static str,
}

impl Policy {
    /// What alpinist.yaml asks for, or what is recommended for a service that starts these lines.
    pub fn of(cx: &Context, running: &Running, lines: &[CommandLine]) -> Option<Self> {
        let name = &running.service.service.name;
        if let Some(limits) = cx.options.limits.get(name) {
            return Some(Self { limits: limits.clone(), is_explicit: true, what: "" });
        }
        let served = served::of(cx, running, lines)?;
        let role = roles::of_service(served.kind, name)?;
        let limits = Limits { memory: Some(role.memory.to_owned()), cpus: Some(role.cpus.to_owned()) };
        Some(Self { limits, is_explicit: false, what: served.what })
    }

    /// The limit to have.
    pub fn wanted(&self, quantity: Quantity) -> Option<&str> {
        match quantity {
            Quantity::Memory => self.limits.memory.as_deref(),
            Quantity::Cpus => self.limits.cpus.as_deref(),
        }
    }

    /// What to add to a title.
    pub fn caveat(&self) -> &'static str {
        if self.is_explicit { "" } else { " (not measured)" }
    }

    /// Where the numbers come from.
    pub fn why(&self, amounts: &str) -> String {
        match self.is_explicit {
            true => format!("alpinist.yaml asks for {amounts}."),
            false => format!("A staging audit recommends {amounts} for {}.", self.what),
        }
    }
}
