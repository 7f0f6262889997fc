//! Build the services from the optimized Dockerfiles.
//!
//! ## Why
//!
//! For another base or for other stages alpinist leaves a Dockerfile as it is and writes a sibling beside it. Compose
//! builds the sibling only when `build.dockerfile` names it. To go back, name the original again. Where base and
//! stages stay, the Dockerfile itself is changed, and there is nothing to switch.
//!
//! ## Example
//!
//! ```yaml
//! services:
//!   api:
//!     build:
//!       context: .
//!       dockerfile: docker/api.Dockerfile
//! ```
//!
//! becomes
//!
//! ```yaml
//! services:
//!   api:
//!     build:
//!       context: .
//!       dockerfile: docker/api.alpine.Dockerfile
//! ```
//!
//! The short form `build: .` becomes the long one.
//!
//! ## Declines
//!
//! When the build comes through an anchor or another service, when its folder or its path holds a variable, and when
//! it names a stage that the optimized Dockerfile does not have. When another compose file that is read together with
//! this one builds the service from something else: an override file, or one that a script, a document or `.env`
//! lists beside it. Any other compose file of the folder is a stack of its own.
//!
//! ## Risk
//!
//! Safe: the service is built from another file, whose changes are shown beside this one.

use crate::{
    compose::{
        self, EditRefusal, Edits, Excerpt, NewValue,
        mount::MountKind,
        scalar::{is_interpolated, quoted_if_needed},
    },
    edit::Edit,
    facts::{Aspect, Context, ImageView, ServiceView, beside, is_alpine, layers, refusals},
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    workspace::path,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "compose-build",
    title: "Build the services from the optimized Dockerfiles",
    source: include_str!("compose_build.rs"),
    risk: Risk::Safe,
    alters: &[Aspect::Build],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    if cx.options.in_place {
        return Vec::new();
    }
    let services = cx.editable_services().into_iter();
    let switched = services.filter_map(|(service, image)| propose(cx, service, image));
    switched.chain(inline(cx)).collect()
}

/// Services that are built from a Dockerfile within their compose file.
fn inline(cx: &Context) -> Vec<Proposal> {
    let composes = cx.composes.iter().filter(|(id, _)| !cx.ws.read_only.contains(id));
    let services = composes.flat_map(|(id, compose)| compose.services.iter().map(|service| (*id, service)));
    let told = services.filter(|(_, service)| cx.is_wanted(&service.name)).filter_map(|(id, service)| {
        let span = service.build.as_ref()?.dockerfile_inline.as_ref()?.span;
        let what =
            format!("{} is built from a Dockerfile within the compose file, which is not read", service.name);
        Some(Proposal::refuse(id, span, [Reason::known("FILE-29", span, what)]))
    });
    told.collect()
}

fn propose(cx: &Context, service: ServiceView, image: ImageView) -> Option<Proposal> {
    let sibling = sibling(cx, image)?;
    let build = service.service.build.as_ref()?;
    let written = build.dockerfile.as_ref().map(|field| field.value.as_str());
    let context = &image.image.context;
    if written.is_some_and(|written| path::join(context, written) == sibling) {
        let why = format!("The service is built from {sibling} already.");
        return Some(Proposal::nothing(service.id, build.span, why));
    }
    let wanted = spelled_like(&path::relative(context, &sibling), written);
    let span = build.dockerfile.as_ref().map_or(build.span, |field| field.span);
    let name = &service.service.name;
    let stays = format!("`build.dockerfile` of {name} stays");
    let edits = match edits(service, &wanted) {
        Ok(edits) => edits.into_iter().map(|(span, text)| Edit::replace(service.id, span, text)),
        Err(refusal) => {
            let (span, reason) = (refusal.span, refusals::reason(refusal, "FILE-27"));
            return Some(Proposal::refuse(service.id, span, [reason]).saying(stays));
        }
    };
    let why = format!("{} stays as it was; name it again to go back.", image_path(cx, image));
    let change = Change::new(service.id, span, Risk::Safe, format!("Build {name} from {sibling}"), why)
        .with(edits)
        .against(reasons(cx, (service, image), &sibling))
        .or_else(stays);
    Some(notes(service).into_iter().fold(change, Change::noting).propose())
}

/// What speaks against building `sibling`.
fn reasons(cx: &Context, (service, image): (ServiceView, ImageView), sibling: &str) -> Vec<Reason> {
    let Some(build) = &service.service.build else { return Vec::new() };
    let of_target = build.target.as_ref().and_then(|target| {
        let is_gone = image.dockerfile.stage_named(&target.value).is_none();
        let what =
            || format!("the service builds the stage `{}`, which {sibling} does not have", target.value);
        is_gone.then(|| Reason::known("FILE-28", target.span, what()))
    });
    let of_context =
        build.context.as_ref().filter(|context| is_interpolated(&context.value)).map(|context| {
            let what = format!(
                "the folder comes from `{}`, and in another one there is no such file",
                context.value
            );
            Reason::known("FILE-27", context.span, what)
        });
    let otherwise = layers::builds_otherwise(cx, service).map(|reason| Reason { span: build.span, ..reason });
    of_target.into_iter().chain(of_context).chain(otherwise).collect()
}

fn image_path<'a>(cx: &Context<'a>, image: ImageView) -> &'a str {
    &cx.ws.file(image.id).path
}

/// The Dockerfile to build: the one that this run writes, or one that is there from an earlier run.
fn sibling(cx: &Context, image: ImageView) -> Option<String> {
    let file = cx.ws.file(image.id);
    let flavour = if is_alpine(image.dockerfile) { "alpine" } else { "slim" };
    if file.is_changed() && !beside::is_beside(file, image.dockerfile, cx.options) {
        return None;
    }
    if file.is_changed() {
        return Some(path::sibling(&file.path, flavour));
    }
    let mut siblings = ["alpine", "slim"].iter().map(|flavour| path::sibling(&file.path, flavour));
    siblings.find(|path| cx.ws.siblings.contains_key(path))
}

/// `path` with a leading `./` where the author writes one.
fn spelled_like(path: &str, written: Option<&str>) -> String {
    let has_dot = written.is_some_and(|written| written.starts_with("./"));
    if has_dot { format!("./{path}") } else { path.to_owned() }
}

fn edits(service: ServiceView, wanted: &str) -> Result<Edits, EditRefusal> {
    let name = service.service.name.as_str();
    let part = Excerpt::of(service.text, service.compose, name);
    let (text, compose) = (part.text.as_str(), &part.compose);
    let build = service.service.build.as_ref();
    let entry = ("dockerfile", NewValue::Scalar(quoted_if_needed(wanted)));
    part.outside(match build {
        Some(build) if build.dockerfile.is_some() => {
            compose::set_scalar(text, compose, &["services", name, "build", "dockerfile"], wanted)
        }
        Some(build) if build.is_long => {
            compose::insert_entry(text, compose, &["services", name, "build"], entry)
        }
        _ => compose::expand_build(text, compose, name, &[entry]),
    })
}

fn notes(service: ServiceView) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(image) = &service.service.image {
        notes.push(format!(
            "The tag {} now names an image of the new base; who pulls it by that name gets the new one (FILE-06).",
            image.value
        ));
    }
    let anonymous = service.service.volumes.iter().find(|mount| mount.value.kind == MountKind::Anonymous);
    if let Some(mount) = anonymous {
        notes.push(format!(
            "The anonymous volume at {} keeps files of the old image: renew it with `docker compose up --build \
             --renew-anon-volumes` (FILE-07).",
            mount.value.target
        ));
    }
    notes
}
