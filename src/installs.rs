//! Edits that add system packages to the final stage, in the author's layout.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        self, ImageView,
        packages::{self, Manager},
        programs, root, runtime, split,
    },
    knowledge::apt_images,
    reason::Reason,
    shell::{Command, Join, Script},
    source::Span,
};

/// The packages that the final stage installs.
pub fn installed(image: &ImageView) -> Vec<String> {
    let steps = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    let installs = steps.flat_map(|step| packages::installs(image.script(step)));
    installs.flat_map(|install| install.packages.into_iter().map(|package| package.name)).collect()
}

/// Whether the base image, or a stage that this one starts from, brings what the Alpine package holds.
///
/// A stage may still name Debian's package, which is then called the same. Those of Temurin are in
/// 21/jre/alpine of <https://github.com/adoptium/containers>.
pub fn brings(image: &ImageView, package: &str) -> bool {
    let (is_python, is_temurin) = (
        image.root().official_name() == Some("python"),
        image.root().official_name() == Some("eclipse-temurin"),
    );
    let own = image.instructions()[0].span.start();
    let inherited =
        image.lineage().into_iter().filter(|step| step.end <= own && step.keyword == Keyword::Run);
    let mut installs = inherited.flat_map(|step| packages::installs(image.script(step)));
    (is_python && matches!(package, "tzdata" | "ca-certificates" | "python3"))
        || (is_temurin && matches!(package, "tzdata" | "fontconfig" | "ttf-dejavu"))
        || installs.any(|install| install.packages.iter().any(|have| have.name == package))
}

/// The last package of the first installation that further packages can join.
fn fitting(image: &ImageView) -> Option<Span> {
    let runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    runs.into_iter().find_map(|step| {
        let installs = packages::installs(image.script(step));
        let fits = |install: &&packages::Install| {
            install.is_item
                && install.obstacles.is_empty()
                && install.group.is_none()
                && !may_fail(image.script(step), install.item)
        };
        Some(installs.iter().find(fits)?.packages.last()?.span)
    })
}

/// Whether the build goes on when the installation at `item` fails: then what is added to it may not be there.
pub fn may_fail(script: &Script, item: usize) -> bool {
    let sets_e = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('e');
    let mut before = script.commands.iter().take_while(|command| command.item < item);
    let stops = before.any(|command| command.name() == "set" && command.arguments().any(sets_e));
    let is_tolerated = |join: Join| matches!(join, Join::Or | Join::Background);
    let mut joins = script.items.iter().filter_map(|item| item.join);
    let mut after = script.items[item..].iter().filter_map(|item| item.join);
    let goes_on = after.any(|join| join != Join::And);
    joins.any(is_tolerated) || (goes_on && (!stops || depends(script, item)))
}

/// Whether the command at `item` stands behind `&&` and one that is no part of installing: a shell with `set -e` goes
/// on when that fails.
fn depends(script: &Script, item: usize) -> bool {
    let before = (0..item).rev().take_while(|at| script.items[*at].join == Some(Join::And));
    before.into_iter().any(|at| {
        let is_part = |command: &Command| {
            packages::is_apt(command) || matches!(command.name(), "apk" | "set" | "echo" | "mkdir")
        };
        !script.command_of(at).is_some_and(is_part)
    })
}

/// The step that sets up mirrors, proxies or certificates, where an installation of its own would stand before it.
fn own_line_before<'a>(image: &ImageView<'a>) -> Option<&'a Instruction> {
    const PLACES: [&str; 5] = [
        "/etc/apt/",
        "/etc/apk/repositories",
        "update-ca-certificates",
        "/usr/local/share/ca-certificates",
        "/etc/ssl/certs",
    ];
    let sets_up = |step: &&&Instruction| {
        matches!(step.keyword, Keyword::Run | Keyword::Copy | Keyword::Add)
            && PLACES.iter().any(|place| step.body.text.contains(place))
    };
    let step = image.instructions().iter().rfind(|step| sets_up(&step))?;
    fitting(image).is_none().then_some(step)
}

/// Whether an installation can stand right after this step: as root.
fn is_fit(image: &ImageView, wanted: &Instruction) -> bool {
    let at = image.instructions().iter().position(|step| step.span == wanted.span);
    at.is_some_and(|at| runtime::states(image)[at].is_root())
}

/// The edit that installs `names` in the final stage: in its first installation, or in a RUN of its own.
pub fn add(image: &ImageView, names: &[&str]) -> Edit {
    if let Some(last) = fitting(image) {
        return Edit::replace(image.id, last, beside(image.text, last, names));
    }
    let line = match manager(image) {
        Manager::Apk => format!("RUN apk add --no-cache {}", names.join(" ")),
        Manager::Apt => format!(
            "RUN apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*",
            names.join(" ")
        ),
    };
    let set_up = own_line_before(image).filter(|step| is_fit(image, step));
    let at = set_up.map_or_else(|| after_from(image), |step| step.end);
    Edit::insert(image.id, at, write::line_after(image.text, at, &line))
}

/// The package manager of the final stage, where it is known to work: by the base, or since the author calls it.
pub fn known_manager(image: &ImageView) -> Option<Manager> {
    if facts::is_alpine(image.dockerfile) {
        return Some(Manager::Apk);
    }
    if image.root().is_windows() {
        return None;
    }
    let steps = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let called = steps.filter_map(|step| packages::installs(image.script(step)).pop()).last();
    let root = image.root();
    let by_base = apt_images::has_apt(&root.name, root.tag.as_deref()).then_some(Manager::Apt);
    called.map(|install| install.manager).or(by_base)
}

/// The package manager of the final stage.
pub fn manager(image: &ImageView) -> Manager {
    known_manager(image).unwrap_or(Manager::Apt)
}

/// Why tini is not known to be there for the release that the final stage stands on.
pub fn without_tini(image: &ImageView) -> Option<Reason> {
    let root = image.root();
    let is_there = match manager(image) {
        Manager::Apk => root.tag.as_deref().is_none_or(apt_images::alpine_has_tini),
        Manager::Apt => apt_images::has_tini(&root.name, root.tag.as_deref()),
    };
    (!is_there).then(|| {
        let tag = root.tag.as_ref().map_or_else(String::new, |tag| format!(":{tag}"));
        let what =
            format!("it is not known that the release on which {}{tag} stands has a package tini", root.name);
        Reason::known("MS-37", image.base_word().span, what)
    })
}

/// That the stage in view stands on an Alpine older than those whose packages the tables list.
pub fn old_alpine(image: &ImageView) -> Option<Reason> {
    let root = image.root();
    let tag = root.tag.as_deref().unwrap_or("latest");
    split::is_old_alpine(image).then(|| {
        let what = format!("which packages the Alpine of {}:{tag} has is not known", root.name);
        Reason::doubt("PKG-01", image.base_word().span, what)
    })
}

/// Why nothing can be installed in the final stage.
pub fn obstacle(image: &ImageView) -> Option<Reason> {
    let known = |span, what: String| Some(Reason::known("MS-37", span, what));
    let base = image.base_word().span;
    let root = image.root();
    if known_manager(image).is_none() {
        let tag = root.tag.as_ref().map_or_else(String::new, |tag| format!(":{tag}"));
        let what = format!(
            "packages cannot be installed: it is not known that {}{tag} brings a package manager whose servers still answer",
            root.name
        );
        return known(base, what);
    }
    let is_other = |step: &&Instruction| {
        let program = step.json.as_deref().and_then(|words| words.first());
        step.keyword == Keyword::Shell && !program.is_some_and(|word| programs::is_shell(&word.text))
    };
    if let Some(step) = image.lineage().into_iter().find(is_other) {
        let what = "packages cannot be installed: this shell reads another language";
        return known(step.span, what.to_owned());
    }
    if !runtime::inherited(image).is_root() {
        return known(base, "packages cannot be installed: the stage is not root".to_owned());
    }
    let marks =
        |step: &&Instruction| {
            step.keyword == Keyword::Run
                && image.script(step).commands.iter().any(|command| {
                    command.name() == "apt-mark" && command.arguments().any(|word| word == "auto")
                })
        };
    if let Some(step) = image.instructions().iter().find(marks) {
        let what = "marks packages as not asked for, and may take away what is added";
        return known(step.span, what.to_owned());
    }
    if let Some(step) = own_line_before(image).filter(|step| !is_fit(image, step)) {
        let what = "sets up where packages come from, and what is added would be fetched before it";
        return Some(Reason::doubt("FILE-23", step.span, what));
    }
    if let Some(step) = image.lineage().into_iter().find(|step| replaces_repositories(step)) {
        let what = "replaces the list of repositories, and what those hold is not known";
        return Some(Reason::doubt("FILE-23", step.span, what));
    }
    (!root::is_root_at_first(image)).then(|| {
        let what =
            format!("it is not known that {} runs its steps as root, as an installation has to", root.name);
        Reason::doubt("MS-37", base, what)
    })
}

/// Whether a step writes Alpine's list of repositories anew; one that adds to it leaves what was there.
fn replaces_repositories(step: &Instruction) -> bool {
    const LIST: &str = "/etc/apk/repositories";
    match step.keyword {
        Keyword::Copy | Keyword::Add => step.words.last().is_some_and(|target| target.text == LIST),
        Keyword::Run => step.body.text.match_indices(LIST).any(|(at, _)| {
            let before = step.body.text[..at].trim_end_matches(['"', '\'', ' ']);
            before.ends_with('>') && !before.ends_with(">>")
        }),
        _ => false,
    }
}

/// The word at `span` with further packages after it: a line each where it has a line of its own.
pub fn beside(text: &str, span: Span, names: &[&str]) -> String {
    let all: Vec<&str> = [span.of(text)].into_iter().chain(names.iter().copied()).collect();
    crate::alpine::run::laid_out(text, span, &all)
}

/// Where a first RUN goes: after FROM and the ARGs that follow it.
fn after_from(image: &ImageView) -> usize {
    let is_head = |step: &&Instruction| matches!(step.keyword, Keyword::From | Keyword::Arg | Keyword::Shell);
    let head = image.instructions().iter().take_while(is_head).last();
    head.map_or(0, |step| step.end)
}
