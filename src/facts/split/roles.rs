//! What a system package is for: to build, to run, or both.

use std::rc::Rc;

use super::super::{Context, ImageView, evidence, packages::Manager};
use crate::docker::{Instruction, Keyword};
use crate::knowledge::{
    AlpineBranch,
    apk::{self, PackageKind},
    apt::{self, AptFact, ImageFamily},
    package_effects::{Ecosystem as Registry, Effect, has},
    tags,
    twins::{self, Suite},
};

/// What a system package is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Needed to compile only.
    Build,
    /// Headers: needed to compile, and these packages to run.
    Headers(Vec<String>),
    /// Needed to run, or not known not to be.
    Keep,
    /// Headers whose runtime packages are not known.
    UnknownTwin,
    /// Not in the tables: needed to compile and to run, for all that is known.
    Unknown,
}

/// What decides on roles in a stage as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Whether Python is there for node-gyp alone: the image is one of Node, and nothing in the stage calls Python.
    is_python_for_node_gyp: bool,
    /// Whether the Alpine is older than those whose packages the tables list.
    is_old_alpine: bool,
    /// Whether a package loads OpenMP at run time.
    loads_openmp: bool,
    /// Whether something is compiled of which it is not known whether it is in C++.
    may_be_cpp: bool,
}

impl Roles {
    /// Those of the stage in view, every step of which is looked at once.
    pub fn of(cx: &Context, image: &ImageView) -> Self {
        let calls = |step: &Instruction| match step.keyword {
            Keyword::Run => {
                image.script(step).commands.iter().any(|command| command.name().starts_with("python"))
            }
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => step.body.text.contains("python"),
            _ => false,
        };
        let is_node = image.stage().base.official_name() == Some("node");
        let evidence = if is_node { Rc::default() } else { evidence::python(cx, image) };
        let names = || evidence.names();
        Self {
            is_python_for_node_gyp: is_node && !image.instructions().iter().any(calls),
            is_old_alpine: is_old_alpine(image),
            loads_openmp: names().any(|name| has(Effect::LoadsOpenmp, Registry::Pypi, name)),
            may_be_cpp: !is_node && evidence.is_in_doubt(),
        }
    }

    /// The role of a package on the distribution of this image.
    pub fn role(&self, image: &ImageView, manager: Manager, name: &str) -> Role {
        let is_python =
            matches!(name, "python" | "python2" | "python3" | "python3-minimal" | "python-is-python3");
        if is_python && self.is_python_for_node_gyp {
            return Role::Build;
        }
        // Packages of Python and Node need no Go to compile: it is there for what runs.
        if matches!(name, "go" | "golang" | "golang-go") {
            return Role::Keep;
        }
        // Programs of theirs run, not their libraries alone.
        if name.contains("jdk")
            || matches!(name, "libopenmpi-dev" | "openmpi-dev" | "libmpich-dev" | "mpich-dev")
        {
            return Role::Keep;
        }
        if let Some(libraries) = self.of_compiler(manager, name) {
            return Role::Headers(libraries);
        }
        match manager {
            // As on Debian: the interpreter in /usr/local has headers of its own.
            Manager::Apk if is_own_python(image, name) => Role::Build,
            // Its C++ interface, which sharp loads, is in a package of its own that the tables do not list.
            Manager::Apk if name == "vips-dev" => Role::UnknownTwin,
            Manager::Apk => match apk::lookup(name) {
                Some(fact) if fact.kind == PackageKind::Build => Role::Build,
                Some(fact)
                    if fact.kind == PackageKind::DevHeaders && fact.is_listed && !self.is_old_alpine =>
                {
                    Role::Headers(fact.runtime.iter().map(|name| (*name).to_owned()).collect())
                }
                Some(fact) if fact.kind == PackageKind::DevHeaders => Role::UnknownTwin,
                Some(_) => Role::Keep,
                None => Role::Unknown,
            },
            Manager::Apt => debian_role(image, name),
        }
    }
}

/// Whether the stage stands on an Alpine older than those whose packages the tables list.
pub fn is_old_alpine(image: &ImageView) -> bool {
    const OLDEST: AlpineBranch = AlpineBranch::new(3, 18);
    let root = image.root();
    let tag = root.tag.as_deref().unwrap_or("latest");
    root.is_alpine() && tags::branch_of(&root.name, tag).is_none_or(|branch| branch < OLDEST)
}

impl Roles {
    /// The libraries that a compiler brings along for what it makes, where they are needed to run.
    fn of_compiler(&self, manager: Manager, name: &str) -> Option<Vec<String>> {
        let is_c = matches!(name, "gcc" | "g++" | "build-essential" | "build-base");
        let libraries: &[&str] = match (manager, name) {
            (Manager::Apt, "gfortran") => &["libgfortran5"],
            (Manager::Apk, "gfortran") => &["libgfortran"],
            (Manager::Apt, _) if is_c && self.loads_openmp => &["libgomp1"],
            (Manager::Apk, "g++" | "build-base") if self.may_be_cpp => &["libstdc++"],
            _ => return None,
        };
        Some(libraries.iter().map(|name| (*name).to_owned()).collect())
    }
}

fn debian_role(image: &ImageView, name: &str) -> Role {
    let branch = AlpineBranch::supported().first().copied().unwrap_or(AlpineBranch::new(3, 24));
    let family = ImageFamily::of(&image.root().name);
    match apt::lookup(name, branch, family) {
        AptFact::Mapped { kind: PackageKind::Build, .. } => Role::Build,
        AptFact::Mapped { kind: PackageKind::DevHeaders, .. } => {
            let base = &image.stage().base;
            let suites = Suite::possible(&base.name, base.tag.as_deref().unwrap_or_default());
            match twins::lookup_in(name, &suites) {
                Some(runtime) => Role::Headers(runtime.iter().map(|name| (*name).to_owned()).collect()),
                None => Role::UnknownTwin,
            }
        }
        // Headers of Debian's own Python say nothing to the interpreter in /usr/local.
        AptFact::NotNeeded { .. } if is_own_python(image, name) => Role::Build,
        AptFact::Unknown | AptFact::NoEquivalent { .. } => Role::Unknown,
        _ => Role::Keep,
    }
}

fn is_own_python(image: &ImageView, name: &str) -> bool {
    let is_headers = name.starts_with("python") && name.ends_with("-dev");
    image.stage().base.official_name() == Some("python") && is_headers
}
