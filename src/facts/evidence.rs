//! Whether what a project installs can live on musl, from its manifests and the tables.

use std::collections::BTreeSet;

use super::{Context, ImageView, build_context, contract::join_path, packages, python, runtime};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::wheels::{self, Verdict, Wanted},
    manifest::{
        normal_name,
        requirements::{self, Closure, ItemKind},
    },
    workspace::Entry,
};

/// What is known for and against a move to musl.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Packages that compile: name, Alpine packages to build, Alpine packages to run.
    pub builds: Vec<Build>,
    /// Alpine packages that installed programs need at run time.
    pub runtime: BTreeSet<&'static str>,
    /// Reasons against, as sentences.
    pub against: Vec<String>,
    /// What the tables do not know.
    pub unknown: Vec<String>,
    /// What a reviewer should know.
    pub notes: Vec<String>,
    /// How many packages have a verdict for musl.
    pub known: usize,
}

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

/// The requirement files of an image, as context paths, with what could not be found.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// All files and what they ask for, by the `-r` operands of the image.
    pub closures: Vec<(String, requirements::Closure)>,
    /// Operands whose file is not in the context.
    pub missing: Vec<String>,
}

/// The requirement files that the RUN steps of any stage install.
pub fn manifests(cx: &Context, image: &ImageView) -> Manifests {
    let mut found = Manifests::default();
    for stage in &image.dockerfile.stages {
        let instructions = image.dockerfile.instructions_of(stage);
        let states = runtime::states_of(instructions, image.text);
        for (index, instruction) in instructions.iter().enumerate() {
            if instruction.keyword == Keyword::Run {
                let before = (&instructions[..index], states[index].workdir.as_str());
                found.take_in(cx, image, before, &python::pip_installs(&image.script(instruction)));
            }
        }
    }
    found
}

impl Manifests {
    fn take_in(
        &mut self,
        cx: &Context,
        image: &ImageView,
        (before, workdir): (&[Instruction], &str),
        installs: &[python::PipInstall],
    ) {
        let lookup = |path: &str| cx.ws.entry(path).cloned();
        for operand in installs.iter().flat_map(|install| &install.requirements) {
            let wanted = join_path(workdir, operand);
            match build_context::origin(before, &image.image.context, &wanted, &lookup) {
                Some(path) if matches!(cx.ws.entry(&path), Some(Entry::File(_))) => {
                    let closure = requirements::closure(&path, &|path| cx.ws.context_text(path).cloned());
                    self.closures.push((path, closure));
                }
                _ => self.missing.push(operand.clone()),
            }
        }
    }

    /// What the manifests ask for under this name, in PyPI's normal form.
    pub fn package(&self, name: &str) -> Option<&requirements::Package> {
        let all = self.closures.iter().flat_map(|(_, closure)| &closure.packages);
        all.map(|located| &located.value).find(|package| package.name == name)
    }
}

/// The Python version of an image's base tag, as `(3, 11)`.
pub fn python_version(tag: &str) -> Option<(u8, u8)> {
    let mut numbers = tag.split('-').next()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The evidence for the Python packages of an image.
pub fn python(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence::default();
    let tag = super::root_image(image.dockerfile, image.stage()).tag.clone().unwrap_or_default();
    let version = python_version(&tag).unwrap_or((3, 14));
    for instruction in image.instructions().iter().filter(|i| i.keyword == Keyword::Run) {
        let script = image.script(instruction);
        if let Some(tool) = python::other_installer(&script) {
            evidence.unknown.push(format!("what {tool} installs is not read (PIP-15)"));
        }
        for install in python::pip_installs(&script) {
            for word in install.packages.iter().filter(|_| !install.is_tooling()) {
                evidence.requirement(word, version);
            }
            if install.local.iter().any(|local| !matches!(local.as_str(), "." | "./")) {
                evidence.unknown.push(format!("{} is not an index package", install.local.join(", ")));
            } else if !install.local.is_empty() {
                evidence
                    .unknown
                    .push("the dependencies of the project itself are not read (MS-09)".to_owned());
            }
            if install.has_other_index {
                evidence
                    .unknown
                    .push("another package index is used, whose wheels are not known (PIP-14)".to_owned());
            }
        }
    }
    let manifests = manifests(cx, image);
    evidence
        .unknown
        .extend(manifests.missing.iter().map(|file| format!("{file} is not in the build context")));
    for (_, closure) in &manifests.closures {
        evidence.closure(closure, version);
    }
    evidence.tidy();
    evidence
}

impl Evidence {
    fn requirement(&mut self, word: &str, python: (u8, u8)) {
        let read = requirements::read(word);
        match read.items.first().map(|item| &item.kind) {
            Some(ItemKind::Package(package)) => self.package(&package.name, &package.specifiers, python),
            _ => self.unknown.push(format!("{word} is not understood")),
        }
    }

    fn closure(&mut self, closure: &Closure, python: (u8, u8)) {
        for located in closure.packages.iter().filter(|located| located.value.applies(python)) {
            let specifiers = closure.specifiers(&located.value.name, python);
            self.package(&located.value.name, &specifiers, python);
        }
        for located in &closure.others {
            match &located.value {
                ItemKind::Option { name, .. }
                    if matches!(*name, "--index-url" | "--extra-index-url" | "--find-links") =>
                {
                    self.unknown.push(format!(
                        "{} names another index ({name}), whose wheels are not known (PIP-14)",
                        located.file
                    ));
                }
                ItemKind::Option { .. } => {}
                ItemKind::Vcs { url, .. } => self.unknown.push(format!("{url} is built from a repository")),
                ItemKind::Editable { target } => {
                    self.unknown.push(format!("-e {target} is a local project (MS-09)"))
                }
                ItemKind::Url { url, .. } => self.unknown.push(format!("{url} is fetched by address")),
                ItemKind::LocalPath { path } => {
                    self.unknown.push(format!("{path} is a local project (MS-09)"))
                }
                ItemKind::Invalid { why } => self.unknown.push(format!("{}: {why}", located.file)),
                _ => {}
            }
        }
        self.unknown.extend(closure.missing.iter().map(|file| format!("{file} cannot be read (PIP-12)")));
        self.unknown.extend(
            closure.outside.iter().map(|file| format!("{file} lies outside the build context (PIP-12)")),
        );
    }

    fn package(&mut self, name: &str, specifiers: &pep440_rs::VersionSpecifiers, python: (u8, u8)) {
        let name = normal_name(name);
        let wanted = match specifiers.is_empty() {
            true => Wanted::Newest,
            false => Wanted::Within(specifiers),
        };
        self.known += 1;
        match wheels::verdict(&name, wanted, python) {
            Verdict::MuslWheel { runtime } | Verdict::Pure { runtime, .. } => self.runtime.extend(runtime),
            Verdict::Builds { build, runtime, why, .. } => {
                self.notes.push(why);
                self.builds.push(Build { name, build, runtime });
            }
            Verdict::StayOnDebian { why } => self.against.push(format!("{name}: {why}")),
            Verdict::OlderThanFirstMuslWheel { first, why } => {
                self.against.push(format!("{name} {specifiers}: wheels for musl start at {first}. {why}"));
            }
            Verdict::Unknown { why } => {
                self.known -= 1;
                self.unknown.push(why.trim_end_matches('.').to_owned());
            }
        }
    }

    fn tidy(&mut self) {
        for list in [&mut self.against, &mut self.unknown, &mut self.notes] {
            let mut seen = BTreeSet::new();
            list.retain(|line| seen.insert(line.clone()));
        }
        let mut seen = BTreeSet::new();
        self.builds.retain(|build| seen.insert(build.name.clone()));
    }
}

/// The programs that RUN steps compile, of which it is not known whether they compile on musl.
pub fn compiled_programs(image: &ImageView) -> Vec<String> {
    let compilers = ["make", "cmake", "configure", "ninja", "meson", "gcc", "g++", "cc", "cargo", "go"];
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let scripts = steps.map(|step| (image.line(step), image.script(step)));
    let found = scripts.flat_map(|(line, script)| {
        let names: Vec<String> = script.commands.iter().map(|command| command.name().to_owned()).collect();
        names.into_iter().filter(|name| compilers.contains(&name.as_str())).map(move |name| (line, name))
    });
    let mut seen = BTreeSet::new();
    found
        .filter(|(line, _)| seen.insert(*line))
        .map(|(line, name)| {
            format!("what `{name}` compiles in line {line} is not known to compile on musl (BASE-12)")
        })
        .collect()
}

/// The evidence for the npm packages of an image: what the lock file pins for the wrong C library.
pub fn node(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence::default();
    let lookup = |path: &str| cx.ws.entry(path).cloned();
    for wanted in ["package-lock.json", "package.json"] {
        let states = runtime::states(image);
        let workdir = &states[states.len() - 1].workdir;
        let path = build_context::origin(
            image.instructions(),
            &image.image.context,
            &join_path(workdir, wanted),
            &lookup,
        );
        let Some(text) = path.as_ref().and_then(|path| cx.ws.context_text(path)) else { continue };
        for name in GLIBC_ONLY.iter().filter(|name| text.contains(&format!("{name}\""))) {
            evidence.against.push(format!("{name} has no build for musl (BASE-04)"));
        }
        for name in NATIVE.iter().filter(|name| text.contains(&format!("{name}\""))) {
            evidence.unknown.push(format!(
                "{name} is a native module; whether it installs on musl is not known (BASE-04)"
            ));
        }
        evidence.against.extend(lock_without_musl(text));
    }
    evidence.tidy();
    evidence
}

const GLIBC_ONLY: [&str; 3] = ["\"uWebSockets.js", "\"playwright", "\"cypress"];
const NATIVE: [&str; 9] = [
    "\"bcrypt",
    "\"canvas",
    "\"argon2",
    "\"better-sqlite3",
    "\"grpc",
    "\"node-sass",
    "\"re2",
    "\"prisma",
    "\"puppeteer",
];

/// The optional packages that a lock file pins for glibc and not for musl.
fn lock_without_musl(text: &str) -> Option<String> {
    let ending = "-linux-x64-gnu\"";
    let at = text.find(ending)?;
    let start = text[..at].rfind('"')? + 1;
    let stem = &text[start..at];
    let twin = format!("{stem}-linux-x64-musl\"");
    (!text.contains(&twin)).then(|| {
        format!("the lock file pins {stem}-linux-x64-gnu without its musl twin: make it anew with a current npm (BASE-05)")
    })
}

/// Whether anything in the image is installed by pip from a version control system.
pub fn needs_git(cx: &Context, image: &ImageView) -> bool {
    let has_vcs = |closure: &Closure| {
        closure.others.iter().any(|located| matches!(located.value, ItemKind::Vcs { .. }))
    };
    manifests(cx, image).closures.iter().any(|(_, closure)| has_vcs(closure))
}

/// Whether a RUN of the image installs packages at all.
pub fn installs_packages(image: &ImageView) -> bool {
    image
        .instructions()
        .iter()
        .filter(|i| i.keyword == Keyword::Run)
        .any(|i| packages::installs(&image.script(i)).iter().any(|_| true))
}
