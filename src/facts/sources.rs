//! What an image takes from its build context, and whether the builder gets to see it.

use std::collections::BTreeSet;

use super::{
    Context, ImageView, build_context,
    variables::{self, Arguments, Variables},
};
use crate::{
    compose::service::Service,
    docker::{Dockerfile, Instruction, Keyword, ignore::Ignore},
    effects::World,
    source::Span,
    workspace::{Entry, path},
};

/// A file or folder of the build context that the build cannot do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The instruction that takes it.
    pub instruction: Keyword,
    /// Where it is named.
    pub span: Span,
    /// Its path in the context.
    pub path: String,
}

/// A source that the builder does not get to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The source.
    pub source: Source,
    /// Why it is not seen.
    pub why: Absence,
}

/// Why a source is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Nothing stands there.
    Missing,
    /// A rule of an ignore file keeps it out.
    Hidden {
        /// The ignore file.
        file: String,
        /// The line of the rule.
        line: usize,
        /// The rule as written.
        rule: String,
    },
}

/// What the services that build an image say of the build.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The build arguments.
    pub arguments: Arguments,
    /// The stages that are built; empty for the last one.
    pub targets: Vec<String>,
}

impl Request {
    /// The request of these services; where they differ in an argument, its value is not known.
    pub fn of<'s>(services: impl Iterator<Item = &'s Service>) -> Self {
        let mut request = Self::default();
        for build in services.filter_map(|service| service.build.as_ref()) {
            for argument in &build.args {
                let value = argument.value.value.clone().filter(|value| !value.contains('$'));
                let known = request.arguments.entry(argument.value.name.clone()).or_insert(value.clone());
                if *known != value {
                    *known = None;
                }
            }
            request.targets.extend(build.target.as_ref().map(|target| target.value.clone()));
        }
        request
    }
}

/// The sources with literal names, in the stages that the build needs.
///
/// A name with wildcards may fit nothing without harm, and one with an unknown variable cannot be judged.
pub fn required(dockerfile: &Dockerfile, request: &Request) -> Vec<Source> {
    let needed = needed(dockerfile, &request.targets);
    let stages = dockerfile.stages.iter().filter(|stage| needed.contains(&stage.index));
    let wanted: BTreeSet<usize> = stages.flat_map(|stage| stage.instructions.clone()).collect();
    let mut found = Vec::new();
    variables::visit(dockerfile, &request.arguments, &mut |index, variables| {
        let instruction = &dockerfile.instructions[index];
        for (span, text) in named(instruction).into_iter().filter(|_| wanted.contains(&index)) {
            let path = literal(&text, variables);
            found.extend(path.map(|path| Source { instruction: instruction.keyword, span, path }));
        }
    });
    found
}

/// The stages that a build of `targets` runs: those, and what they start from, copy from and mount.
fn needed(dockerfile: &Dockerfile, targets: &[String]) -> BTreeSet<usize> {
    let last = dockerfile.stages.len().saturating_sub(1);
    let named = targets.iter().filter_map(|target| dockerfile.stage_named(target)).map(|stage| stage.index);
    let mut open: Vec<usize> = named.collect();
    if open.len() < targets.len().max(1) {
        open.push(last);
    }
    let mut needed = BTreeSet::new();
    while let Some(index) = open.pop() {
        let Some(stage) = dockerfile.stages.get(index).filter(|_| needed.insert(index)) else { continue };
        open.extend(stage.parent);
        for instruction in dockerfile.instructions_of(stage) {
            let from = instruction.flag("from").and_then(|flag| flag.value.clone());
            let mounted = mounts(instruction).filter_map(|mount| option(mount, &["from"]));
            let names = from.into_iter().chain(mounted.map(str::to_owned));
            open.extend(names.filter_map(|name| dockerfile.stage_named(&name)).map(|stage| stage.index));
        }
    }
    needed
}

/// The places and names of what an instruction takes from the context.
fn named(instruction: &Instruction) -> Vec<(Span, String)> {
    if let Some((sources, _)) = build_context::local_copy(instruction) {
        // With --parents a source may hold a pivot point, which is another kind of name.
        let is_plain = instruction.flag("parents").is_none();
        return sources.iter().filter(|_| is_plain).map(|word| (word.span, word.text.clone())).collect();
    }
    let binds = mounts(instruction).filter(|mount| {
        option(mount, &["type"]).is_none_or(|kind| kind == "bind") && option(mount, &["from"]).is_none()
    });
    let sources = binds.filter_map(|mount| option(mount, &["source", "src"]));
    sources.map(|source| (instruction.span, source.to_owned())).collect()
}

fn mounts(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let flags = instruction.flags.iter().filter(|flag| flag.name == "mount");
    flags.filter_map(|flag| flag.value.as_deref())
}

fn option<'m>(mount: &'m str, names: &[&str]) -> Option<&'m str> {
    let mut pairs = mount.split(',').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| names.contains(name)).map(|(_, value)| value)
}

/// The path in the context that a name stands for, if it stands for one.
fn literal(text: &str, variables: &Variables) -> Option<String> {
    let name = variables.word(text)?;
    if name.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let path = path::join("", &name);
    let path = path.trim_start_matches("../");
    (!path.is_empty() && path != "..").then(|| path.to_owned())
}

/// The sources of an image that the builder does not get to see.
pub fn absent(cx: &Context, image: &ImageView) -> Vec<Absent> {
    let services = cx.services_of(image.image);
    let request = Request::of(services.iter().map(|view| view.service));
    let ignore = ignore_file(cx.files_of(image), &image.file.path, &image.image.context);
    let judge = |source: Source| {
        let entry = cx.files_of(image).entry(&path::join(&image.image.context, &source.path))?;
        let why = match entry {
            Entry::Missing => Some(Absence::Missing),
            _ => ignore.as_ref().and_then(|(file, ignore)| hidden(ignore, file, &source.path)),
        };
        why.map(|why| Absent { source, why })
    };
    required(image.dockerfile, &request).into_iter().filter_map(judge).collect()
}

/// Whether any of an image's sources is there, which says that its build context is the right one.
pub fn is_any_present(cx: &Context, image: &ImageView) -> bool {
    let required = required(image.dockerfile, &Request::default());
    let entry = |source: &Source| cx.files_of(image).entry(&path::join(&image.image.context, &source.path));
    required.iter().any(|source| matches!(entry(source), Some(Entry::File(_) | Entry::Folder)))
}

/// Whether an ignore file keeps `path` of the project out of the image's build context.
pub fn is_kept_out(cx: &Context, image: &ImageView, path: &str) -> bool {
    let context = &image.image.context;
    let ignore = ignore_file(cx.files_of(image), &image.file.path, context);
    ignore.is_some_and(|(_, ignore)| ignore.hides(&path::relative(context, path)).is_some())
}

fn hidden(ignore: &Ignore, file: &str, path: &str) -> Option<Absence> {
    let rule = ignore.hides(path).filter(|_| !ignore.may_show_below(path))?;
    Some(Absence::Hidden { file: file.to_owned(), line: rule.line, rule: rule.text.clone() })
}

/// The path of the ignore file that the build reads: the Dockerfile's own, or else that of the context.
pub fn ignore_path(world: &World, dockerfile: &str, context: &str) -> String {
    let own = format!("{dockerfile}.dockerignore");
    match world.entry(&own) {
        Some(Entry::File(_)) => own,
        _ => path::join(context, ".dockerignore"),
    }
}

/// Whether an entry for `path` of the project may be added to the ignore file that the build of an image reads.
///
/// The file has to lie where files of this run may change, and nothing that is built from the same context may ask
/// for what would be kept out.
pub fn may_keep_out(cx: &Context, image: &ImageView, path: &str) -> bool {
    let context = &image.image.context;
    let file = ignore_path(cx.files_of(image), &image.file.path, context);
    let folder = path::parent(&file);
    // A Dockerfile that came on stdin has nothing beside it that is written.
    let is_ours =
        cx.ws.files.iter().any(|one| !one.path.starts_with('<') && path::parent(&one.path) == folder);
    let name = path::relative(context, path);
    let text = match cx.files_of(image).entry(&file) {
        Some(Entry::Missing) => Some(""),
        Some(Entry::File(Some(text))) => Some(&**text),
        _ => None,
    };
    let is_plain = !name.is_empty() && !name.starts_with("..") && !name.contains(['*', '?', '[', '\\', ' ']);
    let is_open = text.is_some_and(|text| {
        Ignore::parse(text).is_ok()
            && !text.lines().any(|line| line.starts_with('!') && line.contains(path::name(&name)))
    });
    let asks = |other: &ImageView| {
        let sources = required(other.dockerfile, &Request::default());
        let is_in = |source: &Source| source.path == name || source.path.starts_with(&format!("{name}/"));
        other.image.context == *context && sources.iter().any(is_in)
    };
    is_ours && is_plain && is_open && !cx.images().any(|other| asks(&other))
}

/// The ignore file that the build reads, with its path.
pub fn ignore_file(world: &World, dockerfile: &str, context: &str) -> Option<(String, Ignore)> {
    let file = ignore_path(world, dockerfile, context);
    let ignore = Ignore::parse(world.text(&file)?).ok()?;
    Some((file, ignore))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str, targets: &[&str]) -> Vec<String> {
        let dockerfile = crate::docker::parse(text).expect("parses");
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        let request = Request { targets, ..Request::default() };
        required(&dockerfile, &request).into_iter().map(|source| source.path).collect()
    }

    #[test]
    fn names_what_the_build_cannot_do_without() {
        let text = "FROM a\nARG D=src\nCOPY a ./b/ /c /x/\nADD https://x/y z /x/\nCOPY w*.txt . /x/\n\
                    COPY $D/q ../up \"q r\" /x/\nCOPY $UNKNOWN /x/\nCOPY --from=b k /x\nCOPY <<E /x\nE\n\
                    RUN --mount=type=bind,source=m,target=/m --mount=source=n,from=b,target=/n x\n";
        assert_eq!(paths(text, &[]), ["a", "b", "c", "src/q", "up", "m"]);
    }

    #[test]
    fn looks_at_the_stages_that_are_needed() {
        let text = "FROM x AS one\nCOPY a /\nFROM one AS two\nCOPY b /\nFROM x AS three\nCOPY c /\n\
                    FROM x AS four\nRUN --mount=from=two,target=/t y\n";
        assert_eq!(paths(text, &[]), ["a", "b"]);
        assert_eq!(paths(text, &["three"]), ["c"]);
        assert_eq!(paths(text, &["three", "$T"]), ["a", "b", "c"]);
    }
}
