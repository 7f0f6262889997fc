//! The evidence for the Python packages of a stage: pip's words and files, and what other tools install.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    super::{
        Context, ImageView,
        build_context::{Site, Steps},
        python as installers,
        python::PipInstall,
        root_image,
    },
    Evidence, NOWHERE, manifests, project, python_version,
};
use crate::{
    knowledge::{
        requires,
        wheels::{self, Verdict, Wanted},
    },
    manifest::{
        normal_name,
        requirements::{self, Closure, ItemKind},
    },
    reason::Reason,
    shell::{Command, ShellWord},
};

/// The evidence for the Python packages that the stage in view installs.
pub fn python(cx: &Context, image: &ImageView) -> Rc<Evidence> {
    cx.evidence.get(image, || of_stage(cx, image))
}

fn of_stage(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence { knowledge: cx.options.knowledge.clone(), ..Evidence::default() };
    let root = root_image(image.dockerfile, image.stage());
    let tag = root.tag.as_deref().filter(|_| root.official_name() == Some("python"));
    let version = tag.and_then(python_version).unwrap_or((3, 14));
    let steps = Steps::of(cx, image);
    let mut seen = project::Seen::new();
    for (index, step) in steps.runs() {
        let script = image.script(step);
        let site = steps.site(index);
        if let Some(tool) = installers::unread_installer(script) {
            evidence.reasons.push(Reason::doubt(
                "PIP-15",
                NOWHERE,
                format!("what {tool} installs is not read"),
            ));
        }
        evidence.reasons.extend(script.commands.iter().filter_map(unread));
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
    let missing = manifests.missing.iter().map(|file| not_there(file));
    evidence.reasons.extend(missing);
    for (_, closure) in &manifests.closures {
        evidence.closure(closure, version);
    }
    constrained(&mut evidence);
    evidence.follow(version);
    if !manifests.closures.is_empty() {
        evidence.is_shallow = true;
    }
    if image.is_final() {
        evidence.looks_up_in_text(cx, image);
    }
    evidence.tidy();
    evidence
}

/// A file of requirements that is not in the build context.
fn not_there(file: &str) -> Reason {
    Reason::doubt("PIP-12", NOWHERE, "not in the build context, so what it asks for is not known").about(file)
}

/// What of an installation is known when it runs: a variable for a package, or a setup.py that installs.
fn unread(command: &Command) -> Option<Reason> {
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
        Some(word) => {
            let what = format!("what {} installs is known when it runs", word.raw);
            Some(Reason::doubt("BASE-41", word.span, what))
        }
        None => {
            by_setup().then(|| Reason::doubt("PIP-15", command.span, "what setup.py installs is not read"))
        }
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
            self.reasons.push(Reason::doubt(
                "PIP-14",
                NOWHERE,
                "another package index is used, whose wheels are not known",
            ));
        }
    }

    fn requirement(&mut self, word: &str, python: (u8, u8)) {
        let read = requirements::read(word);
        match read.items.first().map(|item| &item.kind) {
            Some(ItemKind::Package(package)) => {
                self.package(&package.name, &package.specifiers, python);
                self.extras(package, python);
            }
            _ => self.reasons.push(Reason::doubt("BASE-41", NOWHERE, format!("{word} is not understood"))),
        }
    }

    /// An extra is often called as the package that it brings along, or as its ending: `transformers[torch]` and
    /// `psycopg[binary]`.
    fn extras(&mut self, package: &requirements::Package, python: (u8, u8)) {
        self.asks(&package.name, &package.extras);
        for extra in package.extras.iter().filter(|extra| requires::of(&package.name, Some(extra)).is_none())
        {
            if let Verdict::StayOnDebian { why } = self.knowledge.wheel(extra, Wanted::Newest, python) {
                self.reasons.push(Reason::known(
                    "BASE-01",
                    NOWHERE,
                    format!("{}[{extra}]: {why}", package.name),
                ));
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
                self.reasons.push(Reason::doubt("PIP-12", NOWHERE, format!("{file} cannot be read")));
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
                    self.reasons.push(Reason::doubt(
                        "PIP-14",
                        NOWHERE,
                        format!("{} names another index ({name}), whose wheels are not known", located.file),
                    ));
                }
                ItemKind::Option { .. } => {}
                ItemKind::Vcs { url, .. } => {
                    self.reasons.push(Reason::doubt("PIP-13", NOWHERE, "built from a repository").about(url))
                }
                ItemKind::Editable { target } => self.reasons.push(Reason::doubt(
                    "MS-09",
                    NOWHERE,
                    format!("-e {target} is a local project"),
                )),
                ItemKind::Url { url, .. } => {
                    self.reasons.push(Reason::doubt("BASE-41", NOWHERE, "fetched by address").about(url))
                }
                ItemKind::LocalPath { path } => {
                    self.reasons.push(Reason::doubt("MS-09", NOWHERE, format!("{path} is a local project")))
                }
                ItemKind::Invalid { why } => {
                    self.reasons.push(Reason::doubt("BASE-41", NOWHERE, format!("{}: {why}", located.file)))
                }
                _ => {}
            }
        }
        self.reasons.extend(closure.excess.iter().map(|file| {
            let most = requirements::MOST_ITEMS;
            let what = format!("asks for more than {most} packages, of which no more are read");
            Reason::doubt("PIP-12", NOWHERE, what).about(file)
        }));
        let unread = |file: &String| Reason::doubt("PIP-12", NOWHERE, "cannot be read").about(file);
        self.reasons.extend(closure.missing.iter().map(unread));
        let outside =
            |file: &String| Reason::doubt("PIP-12", NOWHERE, "outside the build context").about(file);
        self.reasons.extend(closure.outside.iter().map(outside));
    }
}
