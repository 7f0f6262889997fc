//! Ports below 1024, which need root where the engine does not open them to everybody.

use super::super::{Context, ImageView, runtime};
use crate::docker::Keyword;

/// Options and words after which a port stands.
const BEFORE: [&str; 6] = ["--port", "-p", "-P", "http.server", "runserver", "--http-port"];

/// Where a low port is told of besides EXPOSE: variables, what is started, and services.
pub(super) fn told_of(cx: &Context, image: &ImageView) -> Option<String> {
    of_variables(image).or_else(|| of_start(image)).or_else(|| of_services(cx, image))
}

fn of_variables(image: &ImageView) -> Option<String> {
    let steps =
        image.lineage().into_iter().filter(|step| matches!(step.keyword, Keyword::Env | Keyword::Arg));
    let mut pairs = steps.flat_map(|step| &step.pairs);
    let pair = pairs.find(|pair| {
        let value = pair.value.as_deref().unwrap_or_default().trim_matches(['"', '\'']);
        is_name(&pair.name) && is_low(value)
    })?;
    Some(format!("the port below 1024 in {}", pair.name))
}

fn is_name(name: &str) -> bool {
    name.rsplit('_').next().is_some_and(|last| last.eq_ignore_ascii_case("port"))
}

fn of_start(image: &ImageView) -> Option<String> {
    let words = runtime::started(image)?;
    let after = words.iter().zip(words.iter().skip(1));
    let named = after.filter(|(before, _)| BEFORE.contains(&before.as_str())).map(|(_, word)| word.as_str());
    let bound = words.iter().filter_map(|word| bound(word));
    let port = named.chain(bound).find(|port| is_low(port))?;
    Some(format!("the port {port} that the service is started on"))
}

/// The port of `--port=80`, `0.0.0.0:80` or `--bind=:80`.
fn bound(word: &str) -> Option<&str> {
    match word.rsplit_once(':') {
        Some((_, port)) => Some(port),
        None => word.split_once('=').filter(|(name, _)| name.ends_with("port")).map(|(_, port)| port),
    }
}

fn of_services(cx: &Context, image: &ImageView) -> Option<String> {
    cx.services_of(image.image).into_iter().find_map(|view| {
        let inside = view.service.ports.iter().filter_map(|port| port.value.value.as_ref()?.container);
        let (port, _) = inside.into_iter().find(|(first, _)| *first < 1024)?;
        Some(format!("the port {port} of the service {}", view.service.name))
    })
}

fn is_low(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|port| port > 0 && port < 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stand_behind_a_colon_or_an_option() {
        for word in ["0.0.0.0:80", ":443", "--bind=:80", "--port=80", "tcp://[::]:80"] {
            assert!(bound(word).is_some_and(is_low), "{word}");
        }
        for word in ["0.0.0.0:8000", "--workers=4", "main:app", "a.b:80c", "--port=0"] {
            assert!(!bound(word).is_some_and(is_low), "{word}");
        }
    }
}
