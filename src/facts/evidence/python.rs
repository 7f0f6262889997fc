//! The evidence for the Python packages of a stage: pip's words and files, and what other tools install.

use std::collections::BTreeSet;

use super::{
    super::{
        Context, ImageView,
        build_context::{Site, Steps},
        python as installers,
        python::PipInstall,
        root_image,
    },
    Evidence, manifests, project, python_version,
};
use crate::{
    knowledge::wheels::{self, Verdict, Wanted},
    manifest::{
        normal_name,
        requirements::{self, Closure, ItemKind},
    },
    shell::{Command, ShellWord},
};

/// The evidence for the Python packages that the stage in view installs.
pub fn python(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence { knowledge: cx.options.knowledge.clone(), ..Evidence::default() };
    let tag = root_image(image.dockerfile, image.stage()).tag.clone().unwrap_or_default();
    let version = python_version(&tag).unwrap_or((3, 14));
    let steps = Steps::of(cx, image);
    let mut seen = project::Seen::new();
    for (index, step) in steps.runs() {
        let script = image.script(step);
        let site = steps.site(index);
        if let Some(tool) = installers::unread_installer(script) {
            evidence.unknown.push(format!("what {tool} installs is not read (PIP-15)"));
        }
        evidence.unknown.extend(script.commands.iter().filter_map(unread));
        for install in installers::pip_installs(script) {
            evidence.pip(cx, image, (&site, &install), version);
        }
        project::take_in(cx, image, (&site, &mut seen), (&mut evidence, version));
    }
    let manifests = manifests::of_stage(cx, image);
    let constrained = |evidence: &mut Evidence| {
        for (index, step) in steps.runs() {
            for install in installers::pip_installs(image.script(step)) {
                evidence.constraints(cx, image, (&steps.site(index), &install), version);
            }
        }
    };
    let missing = manifests.missing.iter().map(|file| format!("{file} is not in the build context"));
    evidence.unknown.extend(missing);
    for (_, closure) in &manifests.closures {
        evidence.closure(closure, version);
    }
    constrained(&mut evidence);
    if !manifests.closures.is_empty() {
        evidence.is_shallow = true;
    }
    evidence.tidy();
    evidence
}

/// What of an installation is known when it runs: a variable for a package, or a setup.py that installs.
fn unread(command: &Command) -> Option<String> {
    let words = installers::pip_word(command).map(|at| &command.words[at + 1..]).unwrap_or_default();
    let is_install = words.first().is_some_and(|word| word.text() == "install");
    let is_variable = |word: &&ShellWord| word.raw.trim_matches('"').starts_with('$');
    let variable = words.iter().filter(|_| is_install).find(is_variable);
    let by_setup = || {
        let mut arguments = command.arguments();
        let is_setup = arguments.next().is_some_and(|word| word.ends_with("setup.py"));
        is_setup && arguments.any(|word| matches!(word, "install" | "develop"))
    };
    match variable {
        Some(word) => Some(format!("what {} installs is known when it runs", word.raw)),
        None => by_setup().then(|| "what setup.py installs is not read (PIP-15)".to_owned()),
    }
}

impl Evidence {
    fn pip(
        &mut self,
        cx: &Context,
        image: &ImageView,
        (site, install): (&Site, &PipInstall),
        python: (u8, u8),
    ) {
        for word in install.packages.iter().filter(|_| !install.is_tooling()) {
            self.is_shallow = true;
            self.requirement(word, python);
        }
        for local in &install.local {
            project::local(cx, image, (site, local), (self, python));
        }
        if install.has_other_index {
            self.unknown
                .push("another package index is used, whose wheels are not known (PIP-14)".to_owned());
        }
    }

    fn requirement(&mut self, word: &str, python: (u8, u8)) {
        let read = requirements::read(word);
        match read.items.first().map(|item| &item.kind) {
            Some(ItemKind::Package(package)) => {
                self.package(&package.name, &package.specifiers, python);
                self.extras(package, python);
            }
            _ => self.unknown.push(format!("{word} is not understood")),
        }
    }

    /// An extra is often called as the package that it brings along, or as its ending: `transformers[torch]` and
    /// `psycopg[binary]`.
    fn extras(&mut self, package: &requirements::Package, python: (u8, u8)) {
        for extra in &package.extras {
            if let Verdict::StayOnDebian { why } = self.knowledge.wheel(extra, Wanted::Newest, python) {
                self.against.push(format!("{}[{extra}]: {why}", package.name));
            }
            let longer = format!("{}-{extra}", package.name);
            if wheels::lookup(&longer).is_some() {
                self.package(&longer, &package.specifiers, python);
            }
        }
    }

    /// The versions that files given with `-c` allow, of packages that were asked for.
    fn constraints(
        &mut self,
        cx: &Context,
        image: &ImageView,
        (site, install): (&Site, &PipInstall),
        python: (u8, u8),
    ) {
        for file in &install.constraints {
            let text = |path: &str| cx.files_of(image).text(path).cloned();
            let Some(path) = site.file(cx, image, file).filter(|path| text(path).is_some()) else {
                self.unknown.push(format!("{file} cannot be read (PIP-12)"));
                continue;
            };
            let closure = requirements::closure(&path, &text);
            for (name, specifiers) in closure.specifiers(python) {
                if self.known.contains(&normal_name(name)) {
                    self.package(name, &specifiers, python);
                }
            }
        }
    }

    fn closure(&mut self, closure: &Closure, python: (u8, u8)) {
        let specifiers = closure.specifiers(python);
        let packages = closure.packages.iter().filter(|located| located.value.applies(python));
        // What several lines say of a package is one question.
        let mut asked = BTreeSet::new();
        for name in packages.map(|located| located.value.name.as_str()).filter(|name| asked.insert(*name)) {
            self.package(name, &specifiers[name], python);
        }
        let packages = closure.packages.iter().filter(|located| located.value.applies(python));
        packages.for_each(|located| self.extras(&located.value, python));
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
        self.unknown.extend(closure.excess.iter().map(|file| {
            let most = requirements::MOST_ITEMS;
            format!("{file} asks for more than {most} packages, of which no more are read")
        }));
        self.unknown.extend(closure.missing.iter().map(|file| format!("{file} cannot be read (PIP-12)")));
        self.unknown.extend(
            closure.outside.iter().map(|file| format!("{file} lies outside the build context (PIP-12)")),
        );
    }
}
