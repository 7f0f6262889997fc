//! Whether what a project installs can live on musl, from its manifests and the tables.

mod closure;
mod fit;
mod java;
mod manifests;
mod memo;
mod node;
mod others;
mod project;
mod python;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use pep440_rs::{Operator, Version, VersionSpecifiers};

pub use manifests::{Manifests, exported_files, manifests, needs_git};
pub use memo::Memo;
pub use node::{NodeProject, fetches_with_git, installs_for_node, node, project as node_project};
pub use others::{others, purpose};
pub use project::{build_backend, leaves_to_start, local_package, other_python};
pub use python::python;

use super::{Context, ImageView, packages};
use crate::{
    docker::{Instruction, Keyword},
    effects,
    knowledge::{
        Knowledge,
        package_effects::{self, Ecosystem, Effect, EffectFact},
        wheels::{self, Verdict, Wanted},
    },
    manifest::normal_name,
    reason::{Reason, Surety},
    shell::Command,
    source::Span,
    workspace::path,
};

/// What is known for and against a move to musl.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What it is judged by.
    pub knowledge: Arc<Knowledge>,
    /// Packages that compile: name, Alpine packages to build, Alpine packages to run.
    pub builds: Vec<Build>,
    /// Alpine packages that are needed at run time, each with an installed package that calls it.
    pub runtime: BTreeSet<(&'static str, String)>,
    /// What speaks against the move, at no place of its own where it is about packages.
    pub reasons: Vec<Reason>,
    /// Python packages, by name in PyPI's normal form, that a package index may know better.
    pub unknown_packages: BTreeSet<String>,
    /// What a reviewer should know.
    pub notes: Vec<String>,
    /// The packages that have a verdict for musl; npm's with their version, of which there may be several.
    pub known: BTreeSet<String>,
    /// Whether some of it is known from manifests alone, which do not name what their packages bring along.
    pub is_shallow: bool,
    /// What those bring along that installs too.
    pub brought: BTreeSet<String>,
    /// Those of which it is not known what they bring along.
    pub unfollowed: BTreeSet<String>,
    /// The extras that are installed, as `package[extra]`.
    pub extras: BTreeSet<String>,
    /// The programs that the installation of the project itself makes.
    pub programs: BTreeSet<String>,
    /// The versions that are pinned, by package.
    pub pinned: BTreeMap<String, Version>,
    /// The packages and extras that manifests ask for, until they are followed.
    asked: BTreeMap<String, BTreeSet<String>>,
    /// Packages whose wheels for musl are for amd64 alone.
    pub without_arm64: BTreeSet<String>,
}

/// The place of what is about packages: the step that installs them stands for it.
const NOWHERE: Span = Span::START;

/// A package that compiles on musl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The package.
    pub name: String,
    /// What it needs to compile.
    pub build: Vec<&'static str>,
    /// What it needs to run.
    pub runtime: Vec<&'static str>,
}

/// The Python version of an image's base tag, as `(3, 11)`.
pub fn python_version(tag: &str) -> Option<(u8, u8)> {
    let mut numbers = tag.split('-').next()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

impl Evidence {
    /// Takes in a package of which a manifest allows these versions.
    fn package(&mut self, name: &str, specifiers: &VersionSpecifiers, python: (u8, u8)) {
        let name = normal_name(name);
        let wanted = match specifiers.is_empty() {
            true => Wanted::Newest,
            false => Wanted::Within(specifiers),
        };
        let verdict = self.knowledge.wheel(&name, wanted, python);
        self.verdict(&name, verdict);
        let is_exact = |operator| matches!(operator, Operator::Equal | Operator::ExactEqual);
        if let Some(exact) = specifiers.iter().find(|specifier| is_exact(*specifier.operator())) {
            self.pinned.insert(name.clone(), exact.version().clone());
        }
        if wheels::lookup(&name).is_some_and(|fact| fact.lacks_arm64()) {
            self.without_arm64.insert(name);
        }
    }

    /// Takes in how the wanted version of a package installs.
    fn verdict(&mut self, name: &str, verdict: Verdict) {
        if !matches!(verdict, Verdict::Unknown { .. }) {
            self.known.insert(name.to_owned());
        }
        match verdict {
            Verdict::MuslWheel { runtime } | Verdict::Pure { runtime, .. } => self.calls(name, runtime),
            Verdict::Builds { is_heavy: true, why, build, runtime } => {
                let why = why.trim_end_matches('.');
                self.reasons.push(Reason::doubt(
                    "BASE-02",
                    NOWHERE,
                    format!("{why}; compiling it takes long at every change"),
                ));
                self.builds.push(Build { name: name.to_owned(), build, runtime });
            }
            Verdict::Builds { build, runtime, why, .. } => {
                self.notes.push(why);
                self.builds.push(Build { name: name.to_owned(), build, runtime });
            }
            Verdict::StayOnDebian { why } => self.reasons.push(Reason::known("BASE-01", NOWHERE, why)),
            Verdict::Unknown { what } => {
                self.reasons.push(Reason::doubt("BASE-41", NOWHERE, what).about(name));
                self.unknown_packages.insert(name.to_owned());
            }
        }
    }

    /// Takes in what an installed package calls at run time.
    fn calls(&mut self, name: &str, runtime: Vec<&'static str>) {
        self.runtime.extend(runtime.into_iter().map(|library| (library, name.to_owned())));
    }

    /// Takes in what is known of another stage.
    pub fn merge(&mut self, other: Evidence) {
        self.builds.extend(other.builds);
        self.runtime.extend(other.runtime);
        self.reasons.extend(other.reasons);
        self.notes.extend(other.notes);
        self.known.extend(other.known);
        self.is_shallow |= other.is_shallow;
        self.brought.extend(other.brought);
        self.unfollowed.extend(other.unfollowed);
        self.extras.extend(other.extras);
        self.pinned.extend(other.pinned);
        self.without_arm64.extend(other.without_arm64);
        self.tidy_lists();
    }

    /// The Python packages that are installed, named or brought along, as far as they are known.
    pub fn names(&self) -> impl Iterator<Item = &String> + Clone {
        self.known.iter().chain(&self.brought).chain(&self.unknown_packages)
    }

    /// Whether a package is among those that install, named or brought along.
    pub fn installs(&self, name: &str) -> bool {
        self.known.contains(name) || self.brought.contains(name)
    }

    fn tidy(&mut self) {
        if !self.without_arm64.is_empty() && !self.is_known_to_break() {
            let names: Vec<&str> = self.without_arm64.iter().map(String::as_str).collect();
            self.notes.push(format!(
                "No musl wheel for arm64 is known of {}: on that processor pip compiles (BASE-33).",
                names.join(", ")
            ));
        }
        self.tidy_lists();
        self.look_up_libraries();
    }

    /// Packages that look their library up by name where no other package brings it.
    fn look_up_libraries(&mut self) {
        let spared = self.spared();
        let is_found = |fact: &EffectFact| {
            let is_own = self.knowledge.wheels.contains_key(fact.package);
            let is_there = self.installs(fact.package) || self.extras.contains(fact.package);
            is_there && !is_own && !spared.contains(&fact.package)
        };
        let found = package_effects::all(Effect::FindsLibrary, Ecosystem::Pypi).filter(is_found);
        let told =
            found.map(|fact| Reason::known("BASE-22", NOWHERE, looked_up(fact.argument)).about(fact.package));
        let told: Vec<Reason> = told.collect();
        self.reasons.extend(told);
    }

    /// Takes in the libraries that the program text of the project looks up.
    fn looks_up_in_text(&mut self, cx: &Context, image: &ImageView) {
        for found in cx.files_of(image).program_text().findings() {
            let what = match found.effect {
                effects::Effect::FindsLibrary => Some(looked_up(&found.argument)),
                effects::Effect::Imports => {
                    package_effects::lookup(Effect::FindsLibrary, Ecosystem::Text, &found.argument)
                        .map(|fact| format!("imports {}, which {}", fact.package, looked_up(fact.argument)))
                }
                _ => None,
            };
            let at = || format!("{}:{}", found.file, found.line);
            self.reasons.extend(what.map(|what| Reason::known("BASE-22", NOWHERE, what).from(at())));
        }
    }

    /// Whether something is known to break.
    fn is_known_to_break(&self) -> bool {
        self.reasons.iter().any(|reason| reason.surety == Surety::Known)
    }

    /// Whether something may bring native code of which nothing is known.
    pub fn is_in_doubt(&self) -> bool {
        self.reasons.iter().any(|reason| reason.surety == Surety::Doubt)
    }

    /// The packages whose library another one brings along.
    fn spared(&self) -> Vec<&'static str> {
        let bringing = package_effects::all(Effect::BringsLibrary, Ecosystem::Pypi);
        bringing.filter(|fact| self.installs(fact.package)).map(|fact| fact.argument).collect()
    }

    fn tidy_lists(&mut self) {
        let mut seen = BTreeSet::new();
        self.notes.retain(|line| seen.insert(line.clone()));
        let mut told: Vec<Reason> = Vec::new();
        for reason in self.reasons.drain(..) {
            if !told.contains(&reason) {
                told.push(reason);
            }
        }
        self.reasons = told;
        for name in self.spared() {
            self.runtime.retain(|(_, caller)| caller != name);
        }
        let mut seen = BTreeSet::new();
        self.builds.retain(|build| seen.insert(build.name.clone()));
    }
}

/// Of a program that looks a library up by name.
fn looked_up(library: &str) -> String {
    let what = if library.is_empty() { "a library" } else { library };
    format!("finds {what} with ctypes.util.find_library, which needs gcc or ld on Alpine")
}

/// The programs that RUN steps compile, of which it is not known whether they compile on musl.
pub fn compiled_programs(image: &ImageView) -> Vec<Reason> {
    let compilers = [
        "make",
        "cmake",
        "configure",
        "ninja",
        "meson",
        "gcc",
        "g++",
        "cc",
        "cargo",
        "go",
        "ant",
        "bazel",
        "cabal",
        "clang",
        "clang++",
        "ghc",
        "nim",
        "qmake",
        "rustc",
        "scons",
        "stack",
        "waf",
        "zig",
    ];
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let scripts = steps.map(|step| (step.span, image.script(step)));
    let sets_cgo = |step: &Instruction| {
        step.pairs.iter().any(|pair| pair.name == "CGO_ENABLED" && pair.value.as_deref() == Some("0"))
    };
    let has_no_cgo = image.instructions().iter().any(sets_cgo);
    // A Go program without cgo links to no C library at all.
    let is_static = |command: &Command| {
        let own = command.assignments.iter().any(|word| word.raw == "CGO_ENABLED=0");
        command.name() == "go" && (own || has_no_cgo)
    };
    let found = scripts.flat_map(|(span, script)| {
        let commands = script.commands.iter().filter(|command| !is_static(command));
        let compiles =
            |command: &Command| command.arguments().any(|word| matches!(word, "build" | "build_ext"));
        let name = |command: &Command| match command.arguments().find(|word| word.ends_with("setup.py")) {
            Some(_) if compiles(command) => "make".to_owned(),
            _ => path::name(command.name()).to_owned(),
        };
        let names: Vec<String> = commands.map(name).collect();
        names.into_iter().filter(|name| compilers.contains(&name.as_str())).map(move |name| (span, name))
    });
    let mut seen = BTreeSet::new();
    found
        .filter(|(span, _)| seen.insert(span.start()))
        .map(|(span, name)| {
            Reason::doubt("BASE-12", span, format!("what `{name}` compiles is not known to compile on musl"))
        })
        .collect()
}

/// Whether a RUN of the image installs packages at all.
pub fn installs_packages(image: &ImageView) -> bool {
    image
        .instructions()
        .iter()
        .filter(|i| i.keyword == Keyword::Run)
        .any(|i| packages::installs(image.script(i)).iter().any(|_| true))
}
