//! What an Alpine Dockerfile that we wrote must hold: no Debian words, stages and owners that exist, no compilers.

use std::collections::BTreeSet;

use alpinist::{
    docker::{Dockerfile, Instruction, Keyword, Stage},
    facts,
    shell::{Command, Script},
};

use crate::checks::assert_round_trips;

/// Words that Alpine's base image does not know.
const DEBIAN: &[&str] = &["apt", "apt-get", "useradd", "groupadd", "/bin/bash"];
/// Packages that only a build needs.
const COMPILERS: &[&str] = &["gcc", "g++", "make", "musl-dev", "build-base", "linux-headers"];
/// Accounts that come with an official image or with Alpine's base.
const KNOWN_ACCOUNTS: &[&str] = &["root", "nobody", "node", "postgres", "redis", "www-data"];

/// Checks `text` when its final stage is Alpine.
pub(crate) fn check(path: &str, text: &str) {
    let dockerfile = assert_round_trips(text);
    if !facts::is_alpine(&dockerfile) {
        return;
    }
    let check = Check { path, text, dockerfile: &dockerfile };
    for stage in &dockerfile.stages {
        check.stage(stage);
    }
    // Where nothing is left behind, the image keeps what it had.
    if let (Some(stage), 2..) = (dockerfile.final_stage(), dockerfile.stages.len()) {
        check.no_compilers(stage);
    }
}

struct Check<'t> {
    path: &'t str,
    text: &'t str,
    dockerfile: &'t Dockerfile,
}

impl Check<'_> {
    fn stage(&self, stage: &Stage) {
        let accounts = self.accounts(stage);
        for instruction in self.dockerfile.instructions_of(stage) {
            self.no_debian(instruction);
            self.copies_from_a_stage(stage, instruction);
            let owner = instruction.flag("chown").and_then(|flag| flag.value.clone()).unwrap_or_default();
            for name in owner.split(':').filter(|name| is_name(name)) {
                assert!(accounts.contains(name), "{}: --chown names {name}, which is not there", self.path);
            }
        }
    }

    fn no_debian(&self, instruction: &Instruction) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
        for word in instruction.body.text.split(|c| !is_word(c)) {
            assert!(!DEBIAN.contains(&word), "{}: {word} in {}", self.path, instruction.body.text);
        }
    }

    fn copies_from_a_stage(&self, stage: &Stage, instruction: &Instruction) {
        let Some(name) = instruction.flag("from").and_then(|flag| flag.value.as_deref()) else { return };
        let is_image = name.contains(['/', ':', '$']);
        let source = self.dockerfile.stage_named(name);
        let is_earlier = source.is_some_and(|source| source.index < stage.index);
        assert!(is_image || is_earlier, "{}: --from={name} is no earlier stage", self.path);
    }

    /// The stage with those that it is made from.
    fn lineage<'s>(&'s self, stage: &'s Stage) -> Vec<&'s Stage> {
        let mut lineage = vec![stage];
        let mut at = stage;
        let earlier = |at: &Stage| {
            let is_base = |s: &&Stage| {
                self.dockerfile.name_of(s).is_some_and(|own| own.text.eq_ignore_ascii_case(&at.base.name))
            };
            self.dockerfile.stages[..at.index].iter().rev().find(is_base)
        };
        while let Some(parent) = earlier(at) {
            lineage.push(parent);
            at = parent;
        }
        lineage
    }

    fn commands(&self, stage: &Stage) -> Vec<Command> {
        let instructions = self.lineage(stage).into_iter().flat_map(|s| self.dockerfile.instructions_of(s));
        let runs = instructions.filter(|instruction| instruction.keyword == Keyword::Run);
        runs.flat_map(|run| Script::of(run, self.text).commands.clone()).collect()
    }

    /// The users and groups of a stage; `adduser` makes a group of the same name unless it is given one.
    fn accounts(&self, stage: &Stage) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = KNOWN_ACCOUNTS.iter().map(|name| (*name).to_owned()).collect();
        for command in self.commands(stage) {
            if matches!(command.name(), "adduser" | "addgroup") {
                names.extend(command.arguments().map(str::to_owned));
            }
        }
        names
    }

    fn no_compilers(&self, stage: &Stage) {
        let commands = self.commands(stage);
        let is_apk = |command: &&Command, verb: &str| {
            command.name() == "apk" && command.arguments().any(|argument| argument == verb)
        };
        let removed: Vec<&str> = commands
            .iter()
            .filter(|command| is_apk(command, "del"))
            .flat_map(|command| command.arguments())
            .collect();
        for command in commands.iter().filter(|command| is_apk(command, "add")) {
            if command.arguments().any(|argument| argument.starts_with('.') && removed.contains(&argument)) {
                continue;
            }
            for package in command.arguments() {
                let is_compiler = COMPILERS.contains(&package) || package.ends_with("-dev");
                assert!(!is_compiler, "{}: {package} is in the final image", self.path);
            }
        }
    }
}

fn is_name(owner: &str) -> bool {
    !owner.is_empty() && !owner.contains('$') && !owner.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
#[should_panic(expected = "gcc is in the final image")]
fn a_compiler_is_found() {
    check("Dockerfile", "FROM alpine:3.23 AS a\nFROM alpine:3.23\nRUN apk add --no-cache curl gcc\n");
}

#[test]
#[should_panic(expected = "--chown names app")]
fn an_owner_of_another_stage_is_found() {
    let text = "FROM alpine:3.23 AS a\nRUN adduser -D app\nFROM alpine:3.23\nCOPY --chown=app x y\n";
    check("Dockerfile", text);
}

#[test]
fn what_is_right_passes() {
    let text = "FROM alpine:3.23 AS a\nRUN apk add --no-cache gcc\nFROM alpine:3.23\n\
        RUN addgroup -S app && adduser -S -G app app\nCOPY --from=a --chown=app:app x y\n";
    check("Dockerfile", text);
}
