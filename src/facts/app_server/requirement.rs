//! gunicorn among what a project installs: whether it is there, and how it is added in the style of the manifest.

use crate::{
    edit::Edit,
    facts::{Context, ImageView, evidence, evidence::Manifests, limits::unmeasured},
    knowledge::servers,
    manifest::{python_project, requirements::Package},
    reason::Reason,
    source::Span,
    workspace::{Entry, path},
};

/// The server that is looked for.
const NAME: &str = "gunicorn";

/// How a project gets gunicorn.
#[derive(Clone, Debug)]
pub enum Requirement {
    /// It is installed already.
    Present,
    /// It is added to a manifest.
    Added {
        /// The edit of the manifest.
        edit: Edit,
        /// The manifest's path.
        path: String,
        /// What is added.
        text: String,
    },
    /// It cannot be added.
    Missing(Reason),
}

/// How the project of `image` gets gunicorn; `at` is the command.
pub fn of(cx: &Context, image: &ImageView, at: Span) -> Requirement {
    let manifests = evidence::manifests(cx, image);
    let packages = unmeasured::packages_of(cx, image);
    if manifests.package(NAME).is_some() || packages.contains(NAME) {
        return Requirement::Present;
    }
    let listed = of_list((cx, image), &manifests, at).or_else(|| of_project(cx, image, at));
    listed.unwrap_or_else(|| {
        let what = "gunicorn is not among the requirements, and no manifest names uvicorn";
        Requirement::Missing(Reason::known("CMD-13", at, what))
    })
}

/// In the requirements file that names uvicorn.
fn of_list((cx, image): (&Context, &ImageView), manifests: &Manifests, at: Span) -> Option<Requirement> {
    let all = manifests.closures.iter().flat_map(|(_, closure)| &closure.packages);
    let uvicorn = all.into_iter().find(|located| located.value.name == "uvicorn")?;
    let path = &uvicorn.file;
    let refuse = |what: String, way: &str| {
        let reason = Reason::known("CMD-32", at, format!("{what}: {way}")).settled_by(way);
        Some(Requirement::Missing(reason))
    };
    let text = cx.files_of(image).text(path)?;
    if let Some((tool, way)) = servers::compiled_by(text) {
        return refuse(format!("{tool} writes {path}, and gunicorn is not in it"), way);
    }
    if !uvicorn.value.hashes.is_empty() {
        let way = "add `gunicorn` with its hashes, as `pip-compile --generate-hashes` writes them";
        return refuse(format!("{path} holds hashes, and gunicorn is not in it"), way);
    }
    let file = cx.ws.find(path)?;
    let offset = place_in_list(&packages_in(manifests, path), uvicorn.span, text)?;
    let new =
        if uvicorn.value.exact_version().is_some() { servers::pinned(NAME) } else { servers::ranged(NAME) }?;
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let edit = Edit::insert(file, start, format!("{new}{ending}"));
    Some(Requirement::Added { edit, path: path.clone(), text: new })
}

/// The packages that stand in the file at `path`, in their order.
fn packages_in<'m>(manifests: &'m Manifests, path: &str) -> Vec<(&'m Package, Span)> {
    let all = manifests.closures.iter().flat_map(|(_, closure)| &closure.packages);
    all.filter(|located| located.file == path).map(|located| (&located.value, located.span)).collect()
}

/// Before which line gunicorn goes: where the alphabet says so, or that of uvicorn.
fn place_in_list(packages: &[(&Package, Span)], uvicorn: Span, text: &str) -> Option<usize> {
    let is_sorted = packages.windows(2).all(|pair| pair[0].0.name <= pair[1].0.name);
    let next = packages.iter().find(|(package, _)| package.name.as_str() > NAME);
    let span = next.filter(|_| is_sorted).map_or(uvicorn, |(_, span)| *span);
    (span.end() <= text.len()).then_some(span.start())
}

/// In the pyproject.toml that names uvicorn.
fn of_project(cx: &Context, image: &ImageView, at: Span) -> Option<Requirement> {
    let context = &image.image.context;
    let path = path::join(context, "pyproject.toml");
    let text = cx.files_of(image).text(&path)?;
    let names = |text: &str| python_project::read(text).ok();
    let has = |text: &str, name: &str| {
        names(text).is_some_and(|project| project.dependencies.iter().any(|found| found.name == name))
    };
    if !has(text, "uvicorn") {
        return None;
    }
    let mut locks = servers::locks();
    let is_there =
        |name: &str| matches!(cx.files_of(image).entry(&path::join(context, name)), Some(Entry::File(_)));
    if let Some((lock, way)) = locks.find(|(lock, _)| is_there(lock)) {
        let what = format!("gunicorn is not in {lock}, and an added requirement would not fit it: {way}");
        return Some(Requirement::Missing(Reason::known("CMD-32", at, what).settled_by(way)));
    }
    let file = cx.ws.find(&path)?;
    let (start, new) = line_in_project(text)?;
    let mut after = text.to_string();
    after.insert_str(start, &new);
    let edit = Edit::insert(file, start, new.clone());
    has(&after, NAME).then(|| Requirement::Added {
        edit,
        path,
        text: new.trim().trim_end_matches(',').to_owned(),
    })
}

/// The line for gunicorn above that of uvicorn, written alike, and where it goes.
fn line_in_project(text: &str) -> Option<(usize, String)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let item = line.trim_start();
        let indent = &line[..line.len() - item.len()];
        let ending = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        let quote = item.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let is_pinned = item.contains("==");
        let new = if is_pinned { servers::pinned(NAME) } else { servers::ranged(NAME) }?;
        if let Some(quote) = quote.filter(|quote| item[quote.len_utf8()..].starts_with("uvicorn")) {
            return Some((start, format!("{indent}{quote}{new}{quote},{ending}")));
        }
        let is_key = item.strip_prefix("uvicorn").is_some_and(|rest| rest.trim_start().starts_with('='));
        if is_key {
            let range = new.trim_start_matches(NAME);
            return Some((start, format!("{indent}{NAME} = \"{range}\"{ending}")));
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_like_that_of_uvicorn() {
        let line = |text: &str| line_in_project(text).map(|(_, new)| new);
        assert_eq!(
            line("dependencies = [\n    \"fastapi\",\n    \"uvicorn[standard]\",\n]\n").as_deref(),
            Some("    \"gunicorn>=23,<25\",\n")
        );
        assert_eq!(
            line("[tool.poetry.dependencies]\nuvicorn = \"^0.30\"\n").as_deref(),
            Some("gunicorn = \">=23,<25\"\n")
        );
        assert_eq!(line("dependencies = [\"uvicorn==0.30.1\"]\n"), None);
    }
}
