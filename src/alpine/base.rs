//! The base of a stage that moves: its tag on Alpine, how FROM or its ARG says so, and what speaks against it.

use crate::{
    docker::{ImageRef, Instruction, Keyword, instruction::unquoted},
    edit::Edit,
    facts::{Context, ImageView},
    knowledge::{
        AlpineBranch,
        tags::{AlpineTag, WhyNot},
    },
    reason::Reason,
    source::{FileId, Span},
};

/// The oldest branch whose musl asks name servers over TCP, too (BASE-17).
const OLDEST: AlpineBranch = AlpineBranch::new(3, 18);

/// The oldest branch whose images have a pip that takes wheels for musl: 21.2 came in July 2021 (PIP-17).
const WITH_WHEELS: AlpineBranch = AlpineBranch::new(3, 14);

/// The image that a stage starts from when it is moved.
#[derive(Clone, Debug)]
pub struct Base {
    /// The tag on Alpine.
    pub tag: AlpineTag,
    /// The edits that name it: in FROM, or in the ARG that FROM takes it from.
    pub edits: Vec<Edit>,
    /// The image as FROM has it afterwards, or as its ARG does.
    pub name: String,
    /// What speaks against it.
    pub reasons: Vec<Reason>,
}

impl Base {
    /// The branch of Alpine that it stands on.
    pub fn branch(&self) -> AlpineBranch {
        self.tag.branch
    }
}

/// The base of the stage in view on the branch `wanted`, or else on the newest one published.
///
/// # Errors
/// Why there is none.
pub(super) fn of_stage(cx: &Context, view: &ImageView, wanted: Option<AlpineBranch>) -> Result<Base, Reason> {
    let base = &view.stage().base;
    let word = view.base_word();
    let tag = base.tag.as_deref();
    let pinned = base.digest.as_ref().map(|digest| format!("{}@{digest}", tag.unwrap_or("latest")));
    let asked = pinned.as_deref().or(tag);
    let found = cx.options.knowledge.alpine_tag(&base.name, asked, wanted);
    let tag = found.map_err(|why| no_tag(&why, word.span))?;
    let mut reasons = doubts(&tag, word.span, wanted.is_some());
    let mut name = format!("{}:{}", tag.image, tag.tag);
    let edits = match word.text.contains('$') {
        false => vec![Edit::replace(view.id, word.span, name.clone())],
        true => {
            let (edit, asked) = by_variable(cx, view, &tag)?;
            reasons.extend(asked);
            if word.span.contains(edit.span) {
                let kept = Span::new(word.span.start(), edit.span.start());
                name = format!("{}{}", kept.of(view.text), edit.text);
            }
            vec![edit]
        }
    };
    Ok(Base { tag, edits, name, reasons })
}

fn no_tag(why: &WhyNot, span: Span) -> Reason {
    match why {
        WhyNot::Variable => Reason::known("BASE-15", span, "a variable without a default decides the base"),
        other => Reason::known("BASE-14", span, other.to_string()),
    }
}

/// What is to be said of the tag itself.
fn doubts(tag: &AlpineTag, span: Span, is_wanted: bool) -> Vec<Reason> {
    let mut found = Vec::new();
    let branch = tag.branch;
    if let Some(version) = &tag.instead_of {
        let what =
            format!("{} is not known to be published for Alpine; {} is its line's tag", version, tag.tag);
        found.push(Reason::known("BASE-45", span, what));
    }
    if !branch.is_supported() {
        let since = branch.end_of_life().map(|day| format!(" since {day}")).unwrap_or_default();
        let what = format!("Alpine {branch} gets no updates{since}, and the image has no newer one");
        let reason = if is_wanted { Reason::doubt } else { Reason::known };
        found.push(reason("BASE-46", span, what));
    }
    if branch < WITH_WHEELS {
        let what = format!("pip of {} is older than wheels for musl, and compiles everything", tag.tag);
        found.push(Reason::known("PIP-17", span, what));
    }
    if branch < OLDEST {
        let what =
            format!("musl of Alpine {branch} asks name servers over UDP alone, which cuts long answers");
        found.push(Reason::known("BASE-17", span, what));
    }
    found
}

/// The edit for a base that is written with variables, and what is to be asked about other values of them.
///
/// The variable stays where the rest of the tag decides; else the default of its ARG changes.
fn by_variable(cx: &Context, view: &ImageView, tag: &AlpineTag) -> Result<(Edit, Vec<Reason>), Reason> {
    let word = view.base_word();
    let refuse = |what: &str| Reason::known("BASE-15", word.span, what);
    let written = ImageRef::parse(&word.text);
    let old = written.tag.clone().unwrap_or_default();
    if !old.contains('$') && !old.is_empty() {
        let at = word.span.start() + written.name.len() + 1;
        return Ok((Edit::replace(view.id, Span::new(at, at + old.len()), tag.tag.clone()), Vec::new()));
    }
    if let Some((name, suffix)) = variable_and_rest(&old).filter(|(_, suffix)| !suffix.is_empty()) {
        let resolved = view.stage().base.tag.clone().unwrap_or_default();
        let rest = resolved.strip_suffix(suffix).and_then(|value| tag.tag.strip_prefix(value));
        let rest =
            rest.ok_or_else(|| refuse("the base holds a variable that its tag on Alpine does not follow"))?;
        let at = word.span.end() - suffix.len();
        let asked = other_versions(cx, view, (name, suffix), tag)?;
        return Ok((Edit::replace(view.id, Span::new(at, word.span.end()), rest), asked));
    }
    by_default(cx, view, tag)
}

/// The edit that gives the ARG of the base another default, and what is to be asked about other values of it.
fn by_default(cx: &Context, view: &ImageView, tag: &AlpineTag) -> Result<(Edit, Vec<Reason>), Reason> {
    let word = view.base_word();
    let refuse = |what: &str| Reason::known("BASE-15", word.span, what);
    let (prefix, rest) = word.text.split_at(word.text.find('$').unwrap_or(0));
    let (name, suffix) =
        variable_and_rest(rest).ok_or_else(|| refuse("several variables decide the base"))?;
    let new = format!("{}:{}", tag.image, tag.tag);
    let new = new.strip_prefix(prefix).and_then(|new| new.strip_suffix(suffix));
    let new =
        new.ok_or_else(|| refuse("the base holds a variable that its tag on Alpine does not follow"))?;
    let (argument, value) =
        default_of(view, name).ok_or_else(|| refuse("no ARG gives the base a default"))?;
    let given = passed(cx, view, name).into_iter().filter(|(given, _)| !given.contains("alpine"));
    let reasons = given.map(|(given, place)| {
        let what = format!("passes {name}={given}, which decides the base instead of the default");
        place.of(Reason::known("BASE-15", argument, what))
    });
    Ok((Edit::replace(view.id, value, new), reasons.collect()))
}

/// `${V}-slim` as the name of the variable and what follows it.
fn variable_and_rest(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('$')?;
    match inner.strip_prefix('{') {
        Some(braced) => {
            let (body, rest) = braced.split_once('}')?;
            let name = body.split(':').next().unwrap_or(body);
            (!rest.contains('$')).then_some((name, rest))
        }
        None => {
            let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
            let (name, rest) = inner.split_at(end);
            (!rest.contains('$')).then_some((name, rest))
        }
    }
}

/// The ARG above the first FROM that gives `name` its default: where it stands, and where its value does.
fn default_of(view: &ImageView, name: &str) -> Option<(Span, Span)> {
    let globals = view.dockerfile.instructions.iter().take_while(|step| step.keyword != Keyword::From);
    let pairs =
        globals.filter(|step| step.keyword == Keyword::Arg).flat_map(|step: &Instruction| &step.pairs);
    let pair = pairs.filter(|pair| pair.name == name).last()?;
    let value = pair.value.as_ref().filter(|value| !value.contains('$') && unquoted(value) == **value)?;
    Some((pair.span, Span::new(pair.span.end() - value.len(), pair.span.end())))
}

/// Where a build argument is passed.
enum Passed {
    ByService(FileId, Span),
    By(String),
}

impl Passed {
    /// The reason, at this place.
    fn of(self, reason: Reason) -> Reason {
        match self {
            Self::ByService(file, span) => reason.at(span).within(file),
            Self::By(origin) => reason.from(origin),
        }
    }
}

/// The values that services, workflows, makefiles and scripts pass for the build argument `name`.
fn passed(cx: &Context, view: &ImageView, name: &str) -> Vec<(String, Passed)> {
    let mut all = Vec::new();
    for running in cx.services_of(view.image) {
        let arguments = running.service.build.iter().flat_map(|build| &build.args);
        let named = arguments.filter(|argument| argument.value.name == name);
        all.extend(named.filter_map(|argument| {
            Some((argument.value.value.clone()?, Passed::ByService(running.id, argument.span)))
        }));
    }
    let others = cx.ws.build_arguments.get(&view.id).into_iter().flatten();
    let named = others.filter(|argument| argument.name == name);
    all.extend(named.map(|argument| (argument.value.clone(), Passed::By(argument.origin.clone()))));
    all
}

/// What is to be said where something builds with another version: nothing where that one is published too.
///
/// # Errors
/// When something builds with a version that is not published for the same branch of Alpine.
fn other_versions(
    cx: &Context,
    view: &ImageView,
    (name, suffix): (&str, &str),
    tag: &AlpineTag,
) -> Result<Vec<Reason>, Reason> {
    let span = view.base_word().span;
    let mut asked = Vec::new();
    for (value, place) in passed(cx, view, name) {
        if value.contains('$') {
            let what = format!("passes {name}={value}, and the tag needs to be published for it");
            asked.push(place.of(Reason::doubt("BASE-15", span, what)));
            continue;
        }
        let wanted = format!("{value}{suffix}");
        match cx.options.knowledge.alpine_tag(&tag.image, Some(&wanted), Some(tag.branch)) {
            Ok(other) if other.instead_of.is_none() => {}
            _ => {
                let (image, branch) = (&tag.image, tag.branch);
                let what =
                    format!("passes {name}={value}, and {image}:{value} is not known for Alpine {branch}");
                return Err(place.of(Reason::known("BASE-15", span, what)));
            }
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_before_the_rest() {
        assert_eq!(variable_and_rest("${V}-slim"), Some(("V", "-slim")));
        assert_eq!(variable_and_rest("${V:-3.11}-slim"), Some(("V", "-slim")));
        assert_eq!(variable_and_rest("$IMAGE"), Some(("IMAGE", "")));
        assert_eq!(variable_and_rest("$V-slim"), Some(("V", "-slim")));
        assert_eq!(variable_and_rest("${A}${B}"), None);
        assert_eq!(variable_and_rest("3.11"), None);
    }
}
