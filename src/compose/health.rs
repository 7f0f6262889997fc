//! The `healthcheck` of a service, and durations.

use std::time::Duration;

use crate::{
    compose::resolve::{Cursor, Field, Origin, Parsed},
    compose::scalar::parse_bool,
    source::Span,
};

/// A health check.
#[derive(Clone, Debug)]
pub struct Healthcheck {
    /// The value.
    pub span: Span,
    /// Whether it is written in the service itself.
    pub origin: Origin,
    /// The probe.
    pub test: Option<Field<Probe>>,
    /// Whether the check of the image is switched off.
    pub disable: Option<Field<Parsed<bool>>>,
    /// Time between two probes.
    pub interval: Option<Field<Parsed<Duration>>>,
    /// How long a probe may take.
    pub timeout: Option<Field<Parsed<Duration>>>,
    /// How long failures do not count.
    pub start_period: Option<Field<Parsed<Duration>>>,
    /// Time between two probes while failures do not count.
    pub start_interval: Option<Field<Parsed<Duration>>>,
    /// How many failures in a row make the service unhealthy.
    pub retries: Option<Field<Parsed<u64>>>,
}

/// What a health check runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `["NONE"]`: nothing.
    Disabled,
    /// A line for the shell: a text, or a list that starts with `CMD-SHELL`.
    Shell(String),
    /// Words that run as they are: a list that starts with `CMD`.
    Words(Vec<String>),
    /// A list that starts with something else; compose refuses it.
    Malformed(Vec<String>),
}

impl Probe {
    /// The command line; none where nothing runs or nobody can tell what.
    pub fn line(&self) -> Option<String> {
        match self {
            Self::Words(words) => Some(words.join(" ")),
            Self::Shell(line) => Some(line.clone()),
            Self::Disabled | Self::Malformed(_) => None,
        }
    }
}

impl Healthcheck {
    pub(crate) fn read(check: &Cursor<'_>) -> Option<Self> {
        if !check.is_mapping() {
            return None;
        }
        let duration = |key: &str| check.get(key).map(|value| value.parsed(parse_duration));
        Some(Self {
            span: check.span(),
            origin: check.origin,
            test: check.get("test").and_then(|test| probe(&test)),
            disable: check.get("disable").map(|value| value.parsed(parse_bool)),
            interval: duration("interval"),
            timeout: duration("timeout"),
            start_period: duration("start_period"),
            start_interval: duration("start_interval"),
            retries: check.get("retries").map(|value| value.parsed(|text| text.parse().ok())),
        })
    }
}

fn probe(test: &Cursor<'_>) -> Option<Field<Probe>> {
    if !test.is_sequence() {
        return Some(test.field(Probe::Shell(test.value()?.to_owned())));
    }
    let items = test.items();
    let words: Vec<String> = items.iter().filter_map(|item| item.value()).map(str::to_owned).collect();
    let probe = match words.first().map(String::as_str) {
        Some("NONE") => Probe::Disabled,
        Some("CMD-SHELL") => Probe::Shell(words[1..].join(" ")),
        Some("CMD") => Probe::Words(words[1..].to_vec()),
        _ => Probe::Malformed(words),
    };
    let has_variable = items.iter().any(|item| item.field(()).interpolated);
    Some(test.field(probe).interpolated_if(has_variable))
}

/// A duration as Go writes it: `1m30s`, `500ms`, `1.5h`; only `0` needs no unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number * unit_seconds(&rest[..end])?;
        rest = &rest[end..];
        if rest.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
    }
}

/// `d` and `w` are what compose-go adds to Go's units.
fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in
            [("1m30s", 90_000), ("500ms", 500), ("1.5h", 5_400_000), ("0", 0), ("0s", 0), ("1d", 86_400_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "s", "1x", "-1s", "1m30", "${T}", "1s "] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
