//! What an image promises to those who run it, resolved through its stages.
//!
//! Moving an instruction between stages must not look like a change, and losing one must.

use std::collections::{BTreeMap, BTreeSet};

use crate::docker::{Dockerfile, Instruction, Keyword, Stage, instruction::unquoted};

/// One part of the contract of an image or of a service. A pass declares which it may alter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// The base image of the final stage.
    Base,
    /// ENTRYPOINT.
    Entrypoint,
    /// CMD.
    Command,
    /// The working directory.
    Workdir,
    /// One variable of the environment; `*` is any.
    Env(&'static str),
    /// The user.
    User,
    /// Exposed ports.
    Ports,
    /// Volumes.
    Volumes,
    /// HEALTHCHECK.
    Healthcheck,
    /// STOPSIGNAL.
    StopSignal,
    /// SHELL.
    Shell,
    /// Labels.
    Labels,
    /// What is copied in from the build context.
    Copied,
    /// The RUN steps of the final stage.
    Steps,
    /// The owners given to copied files.
    Owners,
    /// The stages and their names.
    Stages,
    /// A service's resource limits and reservations.
    Limits,
    /// Which Dockerfile a service is built from.
    Build,
    /// A service's capabilities, read-only flag and security options.
    Security,
    /// A service's volumes and tmpfs mounts.
    Mounts,
    /// Anything else of a service.
    ServiceOther,
}

/// The effective configuration of a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    single: BTreeMap<Slot, String>,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    ports: BTreeSet<String>,
    volumes: BTreeSet<String>,
    copied: Vec<String>,
    owners: Vec<String>,
    steps: Vec<String>,
    stages: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Base,
    Entrypoint,
    Command,
    Workdir,
    User,
    Healthcheck,
    StopSignal,
    Shell,
}

impl Slot {
    fn aspect(self) -> Aspect {
        match self {
            Slot::Base => Aspect::Base,
            Slot::Entrypoint => Aspect::Entrypoint,
            Slot::Command => Aspect::Command,
            Slot::Workdir => Aspect::Workdir,
            Slot::User => Aspect::User,
            Slot::Healthcheck => Aspect::Healthcheck,
            Slot::StopSignal => Aspect::StopSignal,
            Slot::Shell => Aspect::Shell,
        }
    }
}

impl Contract {
    /// The contract of the final stage.
    pub fn of(dockerfile: &Dockerfile) -> Self {
        let mut contract = Contract::default();
        let Some(stage) = dockerfile.final_stage() else { return contract };
        let mut lineage: Vec<&Stage> = dockerfile.lineage(stage).collect();
        lineage.reverse();
        contract.single.insert(Slot::Base, dockerfile.base_word(lineage[0]).text.clone());
        contract.stages = dockerfile.stages.iter().map(|stage| stage_name(dockerfile, stage)).collect();
        for stage in lineage {
            for instruction in dockerfile.instructions_of(stage) {
                contract.take(instruction);
            }
        }
        contract
    }

    fn set(&mut self, slot: Slot, value: String) {
        self.single.insert(slot, value);
    }

    fn take(&mut self, instruction: &Instruction) {
        let body = || folded(&instruction.body.text);
        match instruction.keyword {
            Keyword::Entrypoint => self.set(Slot::Entrypoint, body()),
            Keyword::Cmd => self.set(Slot::Command, body()),
            Keyword::Workdir => {
                let now = self.single.get(&Slot::Workdir).cloned().unwrap_or_else(|| "/".to_owned());
                self.set(Slot::Workdir, join_path(&now, &unquoted(&instruction.body.text)));
            }
            Keyword::User => self.set(Slot::User, body()),
            Keyword::Healthcheck => {
                let flags: Vec<_> = instruction.flags.iter().map(|flag| (&flag.name, &flag.value)).collect();
                self.set(Slot::Healthcheck, format!("{flags:?} {}", body()));
            }
            Keyword::Stopsignal => self.set(Slot::StopSignal, body()),
            Keyword::Shell => self.set(Slot::Shell, body()),
            Keyword::Env => self.env.extend(pairs(instruction)),
            Keyword::Label => self.labels.extend(pairs(instruction)),
            Keyword::Expose => self.ports.extend(instruction.words.iter().map(|word| word.text.clone())),
            Keyword::Volume => self.volumes.extend(instruction.words.iter().map(|word| word.text.clone())),
            Keyword::Run => {
                let heredocs: Vec<_> =
                    instruction.heredocs.iter().map(|heredoc| heredoc.body.len()).collect();
                self.steps.push(format!("{} {heredocs:?}", body()));
            }
            Keyword::Copy | Keyword::Add => self.take_copy(instruction),
            _ => {}
        }
    }

    fn take_copy(&mut self, instruction: &Instruction) {
        if instruction.flag("from").is_some() {
            return;
        }
        let workdir = self.single.get(&Slot::Workdir).cloned().unwrap_or_else(|| "/".to_owned());
        let mut words: Vec<&str> = instruction.words.iter().map(|word| word.text.as_str()).collect();
        let target = words.pop().map_or_else(String::new, |target| join_path(&workdir, target));
        self.copied.push(format!("{words:?} -> {target}"));
        let owner = instruction.flag("chown").and_then(|flag| flag.value.clone()).unwrap_or_default();
        self.owners.push(owner);
    }

    /// The aspects in which two contracts differ; variables by name.
    pub fn differences(&self, other: &Contract) -> Vec<(Aspect, String)> {
        let mut found = Vec::new();
        for slot in self.single.keys().chain(other.single.keys()).collect::<BTreeSet<_>>() {
            let (old, new) = (self.single.get(slot), other.single.get(slot));
            if old != new {
                found.push((slot.aspect(), format!("{} -> {}", shown(old), shown(new))));
            }
        }
        for name in self.env.keys().chain(other.env.keys()).collect::<BTreeSet<_>>() {
            if self.env.get(name) != other.env.get(name) {
                found.push((Aspect::Env("*"), name.clone()));
            }
        }
        let mut compare = |aspect, differ: bool| {
            if differ {
                found.push((aspect, String::new()));
            }
        };
        compare(Aspect::Labels, self.labels != other.labels);
        compare(Aspect::Ports, self.ports != other.ports);
        compare(Aspect::Volumes, self.volumes != other.volumes);
        compare(Aspect::Copied, self.copied != other.copied);
        compare(Aspect::Owners, self.owners != other.owners);
        compare(Aspect::Steps, self.steps != other.steps);
        compare(Aspect::Stages, self.stages != other.stages);
        found
    }
}

/// Whether `alters` covers the difference `(aspect, detail)`.
pub fn is_declared(alters: &[Aspect], aspect: Aspect, detail: &str) -> bool {
    alters.iter().any(|declared| match (declared, aspect) {
        (Aspect::Env(name), Aspect::Env(_)) => *name == "*" || *name == detail,
        (declared, aspect) => *declared == aspect,
    })
}

fn stage_name(dockerfile: &Dockerfile, stage: &Stage) -> String {
    dockerfile.name_of(stage).map_or_else(String::new, |name| name.text.to_ascii_lowercase())
}

fn pairs(instruction: &Instruction) -> impl Iterator<Item = (String, String)> {
    instruction
        .pairs
        .iter()
        .map(|pair| (pair.name.clone(), unquoted(pair.value.as_deref().unwrap_or_default())))
}

fn shown(value: Option<&String>) -> &str {
    value.map_or("nothing", String::as_str)
}

/// Text with runs of blanks folded, so that layout is no difference.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The most bytes of a path that Linux takes (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// `path` seen from the folder `from`, without `.` and `..`; `from` itself where Linux would not take the path.
///
/// Without that end a file of nothing but `WORKDIR x` would make paths that grow with its square.
pub fn join_path(from: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { from };
    if start.len() + path.len() > LONGEST_PATH {
        return from.to_owned();
    }
    if start.starts_with('/') && is_plain(start) && is_plain(path) {
        return format!("{start}/{path}");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{slash}", parts.join("/"))
}

/// Whether joining leaves a path as it is: it has no part that is empty or made of dots, nor a name that starts
/// with one.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('.')
        && !path.ends_with('/')
        && !path.contains("//")
        && !path.contains("/.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::parse;

    fn differences(before: &str, after: &str) -> Vec<(Aspect, String)> {
        let contract = |text| Contract::of(&parse(text).expect("parses"));
        contract(before).differences(&contract(after))
    }

    #[test]
    fn a_value_inherited_through_a_stage_is_no_change() {
        let before = "FROM a\nENV X=1\nWORKDIR /app\nUSER u\nCMD [\"x\"]\n";
        let after = "FROM a AS base\nENV X=1\nWORKDIR /app\nFROM base\nUSER u\nCMD [\"x\"]\n";
        assert_eq!(differences(before, after), [(Aspect::Stages, String::new())]);
    }

    #[test]
    fn a_lost_value_is_a_change() {
        let before = "FROM a\nENV X=1 Y=2\nWORKDIR app\nEXPOSE 80\n";
        let after = "FROM a AS base\nENV X=1\nFROM a\nWORKDIR /app\nENV Y='2'\n";
        let found = differences(before, after);
        assert!(found.contains(&(Aspect::Env("*"), "X".to_owned())));
        assert!(found.contains(&(Aspect::Ports, String::new())));
        assert!(!found.iter().any(|(aspect, _)| *aspect == Aspect::Workdir));
    }

    #[test]
    fn a_declared_variable_covers_only_itself() {
        assert!(is_declared(&[Aspect::Env("PATH")], Aspect::Env("*"), "PATH"));
        assert!(!is_declared(&[Aspect::Env("PATH")], Aspect::Env("*"), "HOME"));
    }

    #[test]
    fn paths_are_resolved() {
        assert_eq!(join_path("/app", "../x/./y"), "/x/y");
        assert_eq!(join_path("/app", "/b/"), "/b/");
        assert_eq!(join_path("/app", "b/c"), "/app/b/c");
        assert_eq!(join_path("/app/", ".b"), "/app/.b");
        assert_eq!(join_path("/", "b"), "/b");
    }

    #[test]
    fn a_path_that_linux_does_not_take_goes_nowhere() {
        let deep = "/a".repeat(2_040);
        assert_eq!(join_path(&deep, "b"), format!("{deep}/b"));
        assert_eq!(join_path(&deep, &"b".repeat(100)), deep);
    }
}
