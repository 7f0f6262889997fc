//! Ports below 1024, which need root where the engine does not open them to everybody.

use super::super::{Context, ImageView};
use crate::{
    docker::Keyword,
    effects::{
        listens::{self, is_low},
        start,
    },
    reason::Reason,
};

/// Where a low port is told of: EXPOSE, variables, what is started, and services.
pub(super) fn reasons(cx: &Context, image: &ImageView) -> Option<Reason> {
    let low = of_steps(image).or_else(|| of_start(cx, image)).or_else(|| of_services(cx, image))?;
    let mut services = cx.services_of(image.image).into_iter();
    let of_host = services.find_map(|view| {
        let mode = view.service.network_mode.as_ref().filter(|mode| mode.value == "host")?;
        let what = "on the host's network it cannot listen below 1024 as another user, as it does now";
        Some(Reason::known("USER-23", mode.span, what).within(view.id))
    });
    Some(of_host.unwrap_or(low))
}

fn of_steps(image: &ImageView) -> Option<Reason> {
    image.lineage().into_iter().find_map(|step| {
        let words = step.words.iter().filter(|_| step.keyword == Keyword::Expose);
        let exposed = words.map(|word| word.text.split('/').next().unwrap_or_default().to_owned());
        let is_set = matches!(step.keyword, Keyword::Env | Keyword::Arg);
        let pairs = step.pairs.iter().filter(|pair| is_set && is_name(&pair.name));
        let named =
            pairs.map(|pair| pair.value.as_deref().unwrap_or_default().trim_matches(['"', '\'']).to_owned());
        let port = exposed.chain(named).find(|port| is_low(port))?;
        Some(low(&port, step.span))
    })
}

fn low(port: &str, span: crate::source::Span) -> Reason {
    let what = format!(
        "as another user it can listen on port {port} only where the engine allows it, as Docker does since 20.10"
    );
    Reason::known("HARD-07", span, what)
}

fn is_name(name: &str) -> bool {
    name.rsplit('_').next().is_some_and(|last| last.eq_ignore_ascii_case("port"))
}

fn of_start(cx: &Context, image: &ImageView) -> Option<Reason> {
    let trace = start::of_image(cx, image);
    let (port, run) = listens::ports(&trace).find(|(port, _)| is_low(port))?;
    Some(low(port, run.origin.span).within(run.origin.file))
}

fn of_services(cx: &Context, image: &ImageView) -> Option<Reason> {
    cx.services_of(image.image).into_iter().find_map(|view| {
        let mut inside = view.service.ports.iter();
        let (port, span) = inside.find_map(|port| {
            let (first, _) = port.value.value.as_ref()?.container?;
            (first < 1024).then(|| (first.to_string(), port.span))
        })?;
        Some(low(&port, span).within(view.id))
    })
}
