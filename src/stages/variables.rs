//! The variables of a stage that its builder needs too.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    docker::{Instruction, Pair},
    facts::{
        ImageView,
        split::{Ecosystem, Part, Split},
    },
};

/// What installers read, by the start of the name.
const INSTALLERS: [&str; 10] = [
    "PIP_",
    "UV_",
    "POETRY_",
    "PDM_",
    "PIPENV_",
    "VIRTUAL_ENV",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
];

/// Parts of the names of variables that steer how a package is compiled, such as `PYCURL_SSL_LIBRARY`,
/// `SODIUM_INSTALL` and `GRPC_PYTHON_BUILD_SYSTEM_OPENSSL`.
const STEERING: [&str; 12] = [
    "BUILD", "INSTALL", "COMPILE", "LIBRARY", "INCLUDE", "CMAKE", "CARGO", "RUST", "SSL", "BLAS", "CUDA",
    "FLAGS",
];

/// The variables that something in the builder names.
pub(super) struct Named<'a>(BTreeSet<&'a str>);

impl<'a> Named<'a> {
    /// Those of the instructions that the builder gets, and of the variables that installers read.
    pub(super) fn of(image: &ImageView<'a>, split: &Split) -> Self {
        let steps = image.instructions().iter().zip(&split.parts).take(split.last + 1).skip(1);
        let in_steps = steps
            .filter(|(_, part)| **part != Part::Stays)
            .flat_map(|(step, _)| names_in(step.span.of(image.text)));
        let pairs = || image.instructions()[..split.last].iter().flat_map(|step| &step.pairs);
        let mut named: BTreeSet<&str> = in_steps.collect();
        named.extend(pairs().map(|pair| &*pair.name).filter(|name| is_for_installers(name)));
        // What the value of one names is needed as well, whichever stands first.
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for pair in pairs() {
            values.entry(&pair.name).or_default().extend(pair.value.as_deref());
        }
        let mut open: Vec<&str> = named.iter().copied().collect();
        while let Some(name) = open.pop() {
            let inner = values.remove(name).into_iter().flatten().flat_map(names_in);
            open.extend(inner.filter(|inner| named.insert(inner)));
        }
        Self(named)
    }

    /// The part of an ENV or ARG that the builder needs, in its words; `None` when it needs nothing of it.
    pub(super) fn for_builder(
        &self,
        image: &ImageView,
        split: &Split,
        instruction: &Instruction,
    ) -> Option<String> {
        let read: Vec<&Pair> = instruction.pairs.iter().filter(|pair| self.is_read(split, pair)).collect();
        if read.is_empty() {
            return None;
        }
        if read.len() == instruction.pairs.len() {
            return Some(instruction.span.of(image.text).to_owned());
        }
        let keyword = instruction.keyword_span.of(image.text);
        let pairs: Vec<&str> = read.iter().map(|pair| pair.span.of(image.text)).collect();
        Some(format!("{keyword} {}", pairs.join(" ")))
    }

    fn is_read(&self, split: &Split, pair: &Pair) -> bool {
        // A build of Node may read any of them; names such as NEXT_PUBLIC_API are the project's own.
        if split.ecosystem == Ecosystem::Node {
            return true;
        }
        let proxies = ["http_proxy", "https_proxy", "no_proxy"];
        is_for_installers(&pair.name)
            || pair.name == "CPPFLAGS"
            || proxies.iter().any(|proxy| pair.name.eq_ignore_ascii_case(proxy))
            || self.0.contains(pair.name.as_str())
    }
}

fn is_for_installers(name: &str) -> bool {
    INSTALLERS.iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "PATH" | "CC" | "CXX")
        || STEERING.iter().any(|part| name.contains(part))
}

/// The names after each `$` and `${` of a text.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}
