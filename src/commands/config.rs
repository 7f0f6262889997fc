//! alpinist.yaml: the project's choices. An unknown key is an error with its line.

mod known;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use crate::{
    compose::size,
    knowledge::traps,
    options::{Limits, Options, Target},
    reason::Weight,
    source::Span,
    workspace::load::InputError,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    target: Option<TargetName>,
    alpine: Option<String>,
    passes: Passes,
    reasons: BTreeMap<String, Spanned<Weight>>,
    services: BTreeMap<String, Service>,
    packages: BTreeMap<String, Spanned<known::Words>>,
    wheels: BTreeMap<String, Spanned<known::Wheel>>,
    images: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TargetName {
    Auto,
    Alpine,
    Slim,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Passes {
    skip: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Service {
    limits: ServiceLimits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ServiceLimits {
    memory: Option<String>,
    cpus: Option<Number>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Float(f64),
}

/// Takes the choices of the file at `path`, seen from `base`, over into `options`, where the command line made none.
///
/// # Errors
/// When the file cannot be read, is not YAML, or holds a key or value that is not known.
pub fn apply(base: &Path, path: &Path, options: &mut Options) -> Result<(), InputError> {
    let shown = path.display().to_string();
    let text: Arc<str> = std::fs::read_to_string(base.join(path))
        .map_err(|error| fault(&shown, None, None, error.to_string()))?
        .into();
    take(&text, path, options)
}

/// Takes the choices of `text`, shown as `path`, over into `options`, where the command line made none.
///
/// # Errors
/// When it is not YAML, or holds a key or value that is not known.
pub fn take(text: &str, path: &Path, options: &mut Options) -> Result<(), InputError> {
    let shown = path.display().to_string();
    if text.trim().is_empty() {
        return Ok(());
    }
    let settings = serde_saphyr::options! { strict_booleans: true };
    let file: File = serde_saphyr::from_str_with_options(text, settings).map_err(|error| {
        let span = error.location().map(|at| span_at(text, at));
        fault(&shown, Some(text.into()), span, message(&error))
    })?;
    let maps = known::Maps { packages: file.packages, wheels: file.wheels, images: file.images };
    known::apply(maps, Arc::make_mut(&mut options.knowledge)).map_err(|known::Fault { at, what }| {
        fault(&shown, Some(text.into()), Some(span_at(text, at)), what)
    })?;
    if options.target == Target::Auto {
        options.target = match file.target {
            Some(TargetName::Alpine) => Target::Alpine,
            Some(TargetName::Slim) => Target::Slim,
            Some(TargetName::Auto) | None => Target::Auto,
        };
    }
    options.alpine = options.alpine.take().or(file.alpine);
    options.skip.extend(file.passes.skip);
    options.weights.takes_doubts |= options.target == Target::Alpine;
    for (trap, weight) in file.reasons {
        if traps::get(&trap).is_none() {
            let span = Some(span_at(text, weight.defined));
            return Err(fault(&shown, Some(text.into()), span, format!("{trap} is the id of no trap")));
        }
        options.weights.own.insert(trap.to_ascii_uppercase(), weight.value);
    }
    for (name, service) in file.services {
        let cpus = service.limits.cpus.map(|number| match number {
            Number::Text(text) => text,
            Number::Float(value) => value.to_string(),
        });
        let memory = service.limits.memory;
        let wrong = memory.as_ref().filter(|memory| size::parse_memory(memory).is_none());
        let wrong = wrong.or(cpus.as_ref().filter(|cpus| size::parse_cpus(cpus).is_none()));
        if let Some(value) = wrong {
            let span = text.find(value.as_str()).map(|at| Span::new(at, at + value.len()));
            return Err(fault(
                &shown,
                Some(text.into()),
                span,
                format!("{value} is no size that compose knows"),
            ));
        }
        options.limits.insert(name, Limits { memory, cpus });
    }
    Ok(())
}

/// The message without the place, which is shown apart.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn span_at(text: &str, at: Location) -> Span {
    let (line, column) = (at.line() as usize, at.column() as usize);
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(0, |(at, _)| at);
    Span::at((start + within).min(text.len()))
}

fn fault(path: &str, text: Option<Arc<str>>, span: Option<Span>, what: String) -> InputError {
    let help =
        "alpinist.yaml knows target, alpine, passes.skip, reasons, services.NAME.limits.{memory,cpus}, packages, \
                wheels and images"
            .to_owned();
    InputError { path: path.to_owned(), text, span, what, help }
}
