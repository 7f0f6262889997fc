//! Packages that Alpine needs on top: tools that commands call, compilers and libraries of wheels.

use rpds::RedBlackTreeSet;

use super::{
    fonts,
    stage::{Translated, rewritten},
};
use crate::{
    docker::{Keyword, write},
    edit::Edit,
    facts::{ImageView, evidence::Evidence},
    installs,
    knowledge::{AlpineBranch, apk},
    reason::Reason,
    source::Span,
};

/// Adds the edits for the packages that are needed and neither installed yet nor `inherited` from a stage above.
///
/// Returns what is added.
pub fn add(
    image: &ImageView,
    out: &mut Translated,
    (evidence, inherited): (&Evidence, &RedBlackTreeSet<String>),
    branch: AlpineBranch,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for build in &evidence.builds {
        let all = build.build.iter().chain(&build.runtime).map(|name| (*name).to_owned());
        let missing: Vec<String> =
            all.filter(|name| !inherited.contains(name) && !is_provided(&out.installed, name)).collect();
        if !missing.is_empty() {
            out.notes.push(format!("{} is compiled: {} added for it.", build.name, missing.join(", ")));
        }
        names.extend(missing);
    }
    for (package, caller) in &evidence.runtime {
        let is_there = is_provided(&out.installed, package)
            || inherited.contains(*package)
            || names.iter().any(|name| name == package);
        if !is_there && was_there(evidence, out, (package, caller)) {
            out.notes.push(format!("{package} is added: {caller} calls it."));
            names.push((*package).to_owned());
        }
    }
    for (package, what) in &out.needs {
        let is_there = [&out.installed, &names].into_iter().any(|names| names.contains(package));
        let has_font =
            || out.installed.iter().chain(&names).chain(inherited).any(|name| fonts::is_font(name));
        let is_needless = package == fonts::BROUGHT && (has_font() || !is_part_of_final(image));
        let is_there = is_there || inherited.contains(package) || is_needless;
        if !is_there && !installs::brings(image, package) {
            out.notes.push(match package.as_str() {
                "tzdata" => format!("tzdata is added: without it {what} names no time zone (BASE-24)."),
                fonts::BROUGHT => {
                    format!("{package} is added: {what} draws text, and on Debian it brings that font along.")
                }
                "openssh-client" if what.starts_with("git") => {
                    format!(
                        "{package} is added: Debian's git brings it along, and something is fetched over ssh."
                    )
                }
                _ if what.ends_with("-dev") => {
                    format!("{package} is added: apk would remove it along with {what} (PKG-05).")
                }
                "bash" => format!("bash is added: `{what}` asks for it (PKG-17)."),
                _ => format!("{package} is added: busybox does not have what `{what}` needs."),
            });
            names.push(package.clone());
        }
    }
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    names.retain(|name| {
        !apk::is_absent(name, branch)
            || evidence
                .builds
                .iter()
                .any(|build| build.build.contains(&name.as_str()) || build.runtime.contains(&name.as_str()))
    });
    place(image, out, &names);
    names
}

/// Whether the final stage is this one or starts from it.
fn is_part_of_final(image: &ImageView) -> bool {
    let last = image.dockerfile.final_stage();
    last.is_some_and(|last| image.dockerfile.lineage(last).any(|stage| stage.index == image.stage().index))
}

/// Whether Debian's image may have held what an Alpine package holds, which `caller` loads or runs.
///
/// A library may have come along with some other package. A program that nobody installed was not there, and what
/// calls it did without: an image does not need a browser for each client of one.
fn was_there(evidence: &Evidence, out: &Translated, wanted: (&str, &str)) -> bool {
    let (package, caller) = wanted;
    let mut beside = evidence.runtime.iter().filter(|(other, of)| of == caller && *other != package);
    !apk::is_program(package) || beside.any(|(other, _)| is_provided(&out.installed, other))
}

/// What commands need and the branch does not have, at `span`.
pub fn absent(out: &Translated, span: Span, branch: AlpineBranch) -> Vec<Reason> {
    let missing = out.needs.iter().filter(|(package, _)| apk::is_absent(package, branch));
    let told = |(package, what): &(String, String)| {
        Reason::known("PKG-01", span, format!("{what} needs {package}, which Alpine {branch} does not have"))
    };
    missing.map(told).collect()
}

/// Whether one of the installed packages is `name`, depends on it, or is the headers that pull it in.
fn is_provided(installed: &[String], name: &str) -> bool {
    let is_java = |package: &str| package.starts_with("openjdk");
    installed.iter().any(|have| {
        let brought = apk::brings(have);
        have == name
            || (is_java(have) && is_java(name))
            || brought.contains(&name)
            || (have.ends_with("-dev") && runs_with(have, name))
    })
}

fn runs_with(headers: &str, name: &str) -> bool {
    apk::lookup(headers).is_some_and(|fact| fact.runtime.contains(&name))
}

fn place(image: &ImageView, out: &mut Translated, names: &[String]) {
    let first = out.first_install.take();
    let is_late = first.as_ref().is_some_and(|(index, ..)| runs_before(image, *index)) && !names.is_empty();
    match first {
        Some((index, mut pieces, word)) if !is_late => {
            for (span, text) in &mut pieces {
                if *span == word && !names.is_empty() {
                    let separator = separator(image.text, word);
                    *text = [text.as_str()]
                        .into_iter()
                        .chain(names.iter().map(String::as_str))
                        .collect::<Vec<_>>()
                        .join(&separator);
                }
            }
            out.edits.push(rewritten(image, &image.instructions()[index], &pieces));
        }
        None if names.is_empty() => {}
        other => {
            if let Some((index, pieces, _)) = other {
                out.edits.push(rewritten(image, &image.instructions()[index], &pieces));
            }
            let first = &image.instructions()[0];
            let after =
                image.instructions().iter().find(|i| !matches!(i.keyword, Keyword::From | Keyword::Arg));
            let at = after.map_or(first.end, |next| next.lead.start().max(first.end));
            let line = format!("RUN apk add --no-cache {}", names.join(" "));
            out.edits.push(Edit::insert(image.id, at, write::line_after(image.text, at, &line)));
        }
    }
}

/// Whether a step before the one at `index` runs something, which may need what is added.
fn runs_before(image: &ImageView, index: usize) -> bool {
    image.instructions()[..index].iter().any(|step| step.keyword == Keyword::Run)
}

fn separator(text: &str, word: crate::source::Span) -> String {
    match write::is_alone(text, word) {
        true => write::fold(text) + write::indent_at(text, word.start()),
        false => " ".to_owned(),
    }
}
