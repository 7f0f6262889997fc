//! Proving the units of a plan with an engine, and leaving nothing behind.

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use super::{
    build_flags,
    sides::{self, Paths},
    unit::{Draft, Unit},
};
use crate::{
    cli::{Network, Proof},
    engine::{
        Call, Engine,
        copy::Bench,
        sweep::{Kept, sweep},
    },
    knowledge::traps,
    verify::{
        ImageReport, Judgement, Observation, Verdict, judge,
        observe::{SHORT, Settings, observe},
    },
};

/// Why a run does not come to its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum Fault {
    /// A file could not be copied or written.
    #[error("{0}: {1}; nothing was changed, and what was made is removed")]
    Disk(String, #[source] io::Error),
    /// The engine did not make what is needed.
    #[error("{0}; check that the engine may make networks, or use --network host")]
    Engine(String),
    /// Somebody stopped the run.
    #[error("stopped; what was made is removed")]
    Stopped,
}

/// Proves units; what it makes is removed when it is dropped.
pub(in crate::commands) struct Prover<'e> {
    engine: &'e dyn Engine,
    bench: Bench,
    settings: Settings,
    keep: bool,
    budget: usize,
    /// How many images were made.
    made: usize,
    /// The copies of build contexts, by folder.
    contexts: BTreeMap<String, String>,
    /// What was seen of a draft already.
    seen: BTreeMap<String, Observation>,
}

impl<'e> Prover<'e> {
    /// Gets ready to prove with `engine`.
    pub(in crate::commands) fn new(
        engine: &'e dyn Engine,
        (proof, is_loud): (&Proof, bool),
    ) -> Result<Self, Fault> {
        let disk = |error| Fault::Disk("no temporary folder can be made".to_owned(), error);
        let bench = Bench::new("alpinist-verify").map_err(disk)?;
        let id =
            bench.path("").file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
        let secrets = proof.build_arg.iter().filter_map(|arg| Some(arg.split_once('=')?.1.to_owned()));
        let network = |network| match network {
            Network::None => Some("none"),
            Network::Host => Some("host"),
            Network::Default => None,
        };
        let settings = Settings {
            label: format!("alpinist.run={id}"),
            network: network(proof.network).map_or_else(|| id.clone(), str::to_owned),
            build_network: network(proof.build_network.unwrap_or(proof.network)),
            build_flags: build_flags(proof),
            timeout: Duration::from_secs(proof.timeout),
            build_timeout: Duration::from_secs(proof.build_timeout),
            runs: proof.runs,
            probes: proof.probe.iter().map(|probe| address(probe)).collect(),
            packages: Vec::new(),
            hidden: secrets.collect(),
            is_loud,
        };
        let (contexts, seen) = (BTreeMap::new(), BTreeMap::new());
        let prover =
            Self { engine, bench, settings, keep: proof.keep, budget: proof.budget, made: 0, contexts, seen };
        if proof.network == Network::Default {
            let words = ["network", "create", "--label", &prover.settings.label, &id];
            let answer = engine.call(&Call::short(words, SHORT));
            if !answer.is_good() {
                return Err(Fault::Engine(format!("no network can be made: {}", answer.said().trim())));
            }
        }
        Ok(prover)
    }

    /// How many further sets of passes may be tried.
    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    /// Proves a unit of the project at `base`.
    pub(super) fn prove(&mut self, base: &Path, unit: &Unit) -> Result<ImageReport, Fault> {
        let (dockerfile, service) = (unit.dockerfile.clone(), unit.service.clone());
        if unit.before == unit.after {
            let why = vec!["nothing would change".to_owned()];
            let judgement = Judgement { verdict: Verdict::Same, step: None, why, last: Vec::new() };
            return Ok(ImageReport {
                dockerfile,
                service,
                judgement,
                before: None,
                after: None,
                traps: Vec::new(),
                questions: Vec::new(),
            });
        }
        let before = self.observed((base, unit), (&unit.before, "before"))?;
        let after = self.observed((base, unit), (&unit.after, "after"))?;
        let judgement = judge::judge(&before, &after);
        let known =
            if judgement.verdict.holds() { Vec::new() } else { traps::explain(&judgement.last.join("\n")) };
        let traps = known.iter().map(|trap| trap.id).collect();
        let (before, after) = (Some(before), Some(after));
        Ok(ImageReport { dockerfile, service, judgement, before, after, traps, questions: Vec::new() })
    }

    /// What is seen of a draft, now or before.
    fn observed(
        &mut self,
        (base, unit): (&Path, &Unit),
        (draft, name): (&Draft, &str),
    ) -> Result<Observation, Fault> {
        let key = format!("{}\0{}\0{}\0{draft:?}", base.display(), unit.context, unit.folder);
        if let Some(seen) = self.seen.get(&key) {
            return Ok(seen.clone());
        }
        let context = self.context(base, unit)?;
        self.made += 1;
        let tag = format!("{}-{}-{name}", self.settings.label.replace("alpinist.run=", ""), self.made);
        let folder = base.join(&unit.folder);
        let paths = Paths { bench: &self.bench, folder: &folder, context };
        let disk = |error| Fault::Disk(format!("{} cannot be prepared", unit.dockerfile), error);
        let side = sides::side(&paths, draft, tag).map_err(disk)?;
        let mut settings = self.settings.clone();
        settings.packages.clone_from(&unit.packages);
        settings.hidden.extend(unit.hidden.iter().cloned());
        let what = unit
            .service
            .as_ref()
            .map_or_else(|| unit.dockerfile.clone(), |service| format!("{} ({service})", unit.dockerfile));
        let mut tell = |line: &str| anstream::eprintln!("{what}, {name}: {line}");
        let seen = observe(self.engine, (&side, &settings), &mut tell).ok_or(Fault::Stopped)?;
        if !self.keep {
            self.engine.call(&Call::short(["rmi", "--force", &side.tag], SHORT));
        }
        self.seen.insert(key, seen.clone());
        Ok(seen)
    }

    /// The path of the copy of a unit's build context.
    fn context(&mut self, base: &Path, unit: &Unit) -> Result<String, Fault> {
        let from = base.join(&unit.context);
        let key = format!("{}\0{:?}", from.display(), unit.ignore);
        if let Some(copied) = self.contexts.get(&key) {
            return Ok(copied.clone());
        }
        let name = format!("context-{}", self.contexts.len());
        let disk = |error| Fault::Disk(format!("{} cannot be copied", from.display()), error);
        let copied = self.bench.copy(&from, &name, unit.ignore.as_ref()).map_err(disk)?;
        self.contexts.insert(key, copied.clone());
        Ok(copied)
    }
}

impl Drop for Prover<'_> {
    fn drop(&mut self) {
        let kept = if self.keep { Kept::Images } else { Kept::Nothing };
        sweep(self.engine, &self.settings.label, kept);
    }
}

/// The port, where one is named, and the path of an address.
fn address(probe: &str) -> (Option<u16>, String) {
    let rest = probe.strip_prefix("http://").unwrap_or(probe);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    (port, format!("/{path}"))
}
