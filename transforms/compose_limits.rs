//! Lower the resource limits of the services to what the project asks for.
//!
//! ## Why
//!
//! A limit that is far above the need books memory and processors that nobody uses. How much a service needs is
//! not decided by its base image: interpreter and app stay the same. So the numbers come from alpinist.yaml. For
//! a service that is not named there, a table by role is used and the change says that nobody measured.
//!
//! A limit is only ever lowered. A reservation keeps its share of the limit, and `mem_limit` stays equal to
//! `deploy.resources.limits.memory`. A service with older keys such as `mem_limit`, and no limits under `deploy`,
//! gets a missing limit as an older key, since compose refuses a mixture.
//!
//! ## Example
//!
//! ```yaml
//! services:
//!   backend:
//!     build: .
//!     deploy:
//!       resources:
//!         limits:
//!           memory: 2G
//!           cpus: "1.0"
//!         reservations:
//!           memory: 256M
//! ```
//!
//! becomes
//!
//! ```yaml
//! services:
//!   backend:
//!     build: .
//!     deploy:
//!       resources:
//!         limits:
//!           memory: 512M
//!           cpus: "0.4"
//!         reservations:
//!           memory: 64M
//! ```
//!
//! ## Declines
//!
//! When the workers do not fit, counted with 60 MiB a Python worker and 30 MiB for its master, or 80 MiB for Node, or
//! when their number is not known. It is read from the command, the scripts that it starts, package.json, the
//! configuration of gunicorn and uwsgi, `environment` and `env_file`; an environment file that is not there may say
//! anything. When a heap flag takes three quarters of the limit. When the limit holds a variable, or comes through an
//! anchor. When another compose file of the folder, or a service on either end of `extends`, sets limits, a command,
//! or else what decides the need. When alpinist.yaml does not name the service, and it is no plain server of Python or
//! Node, has large programs beside it, or a comment that tells that less was not enough. When alpinist.yaml does not name the service, and the cut is deeper than to a
//! quarter, or a package such as pandas or torch holds as much as its data. When less CPU would stretch the start
//! beyond the `start_period` of the health check and alpinist.yaml does not ask for it.
//!
//! ## Risk
//!
//! Review: too low a limit ends in exit code 137 or in workers that are killed without a word.

use crate::{
    compose::{self, EditRefusal, Edits, Excerpt, NewValue},
    edit::Edit,
    facts::{
        Aspect, Context, layers,
        limits::{self, Policy, Quantity, Setting},
        needs,
        service::Running,
    },
    pass::{Change, Pass, Proposal, Risk},
    source::Span,
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "compose-limits",
    title: "Lower the resource limits of the services",
    source: include_str!("compose_limits.rs"),
    risk: Risk::Review,
    alters: &[Aspect::Limits],
    run,
};

/// How many times smaller a limit may become that nobody measured.
const DEEPEST_CUT: f64 = 4.0;

fn run(cx: &Context) -> Vec<Proposal> {
    let services = cx.editable_services().into_iter();
    let running = services.map(|(service, image)| Running::of(service, image).with_env_files(cx));
    running.flat_map(|running| propose(cx, &running)).collect()
}

fn propose(cx: &Context, running: &Running) -> Vec<Proposal> {
    let service = running.service;
    let key = service.service.key;
    let Some(policy) = Policy::of(cx, &service.service.name) else {
        return vec![Proposal::nothing(service.id, key, "There is no policy for this service.")];
    };
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for quantity in [Quantity::Memory, Quantity::Cpus] {
        let Some(wanted) = policy.wanted(quantity) else { continue };
        match limits::settings(service.service, quantity).is_empty() {
            true => missing.push((quantity, wanted)),
            false => found.push(lower(cx, running, &policy, (quantity, wanted))),
        }
    }
    found.extend(add(cx, running, &policy, &missing));
    let changes = found.iter().any(|proposal| matches!(proposal, Proposal::Change(_)));
    let unmeasured = || limits::unmeasured::reason(cx, running).filter(|_| !policy.is_explicit);
    match layers::obstacle(cx, service, limits::deciding_key).or_else(unmeasured).filter(|_| changes) {
        Some(why) => {
            let why = format!("The limits of {} stay: {why}.", service.service.name);
            vec![Proposal::decline(service.id, key, why)]
        }
        None => found,
    }
}

fn lower(cx: &Context, running: &Running, policy: &Policy, (quantity, wanted): (Quantity, &str)) -> Proposal {
    let service = running.service;
    let settings = limits::settings(service.service, quantity);
    let span = settings.first().map_or(service.service.key, |setting| setting.span);
    let name = &service.service.name;
    let decline = |why: String| {
        Proposal::decline(service.id, span, format!("The {} limit of {name} stays: {why}.", quantity.name()))
    };
    let Some(new) = quantity.parse(wanted) else { return decline(format!("`{wanted}` is no limit")) };
    if let Some(odd) = settings.iter().find(|setting| setting.amount.is_none()) {
        return decline(format!("`{}` holds a variable or is no number", odd.text));
    }
    let old = settings.iter().filter_map(|setting| setting.amount).fold(0.0, f64::max);
    if new >= old {
        let why = format!("The {} limit is not above {wanted}, and is never raised.", quantity.name());
        return Proposal::nothing(service.id, span, why);
    }
    let obstacle = match quantity {
        Quantity::Memory => needs::memory_obstacle(cx, running, new),
        Quantity::Cpus if policy.is_explicit => None,
        Quantity::Cpus => needs::stretched_start(running, old, new),
    };
    let doubt = || {
        let is_deep = new * DEEPEST_CUT < old;
        let cut = || format!("{wanted} is less than a quarter of {}", settings[0].text);
        let why = needs::heavy_package(cx, running).or_else(|| is_deep.then(cut))?;
        Some(format!("{why}, and nobody measured what it needs; alpinist.yaml can ask for {wanted} (LIM-01)"))
    };
    if let Some(why) = obstacle.or_else(|| if policy.is_explicit { None } else { doubt() }) {
        return decline(why);
    }
    let edits = match lowered(running, quantity, &settings, (old, new)) {
        Ok(edits) => edits,
        Err(refusal) => {
            return Proposal::decline(service.id, refusal.span, refused(name, quantity, &refusal));
        }
    };
    let first = &settings[0].text;
    let title = format!(
        "Lower the {} limit of {name} from {first} to {}{}",
        quantity.name(),
        quantity.written(new, first),
        policy.caveat()
    );
    let change = Change::new(service.id, span, Risk::Review, title, policy.why(quantity, wanted))
        .with(to_edits(running, edits));
    let told = reservation_notes(running, quantity, (old, new)).into_iter();
    told.chain(notes(cx, running, quantity, (Some(old), new))).fold(change, Change::noting).propose()
}

/// Each limit set to the new one, and each reservation lowered by the same factor.
fn lowered(
    running: &Running,
    quantity: Quantity,
    settings: &[Setting],
    (old, new): (f64, f64),
) -> Result<Edits, EditRefusal> {
    let service = running.service;
    let part = Excerpt::of(service.text, service.compose, &service.service.name);
    let mut edits = Vec::new();
    let mut set = |setting: &Setting, amount: f64| {
        let path = [&["services", service.service.name.as_str()], setting.keys].concat();
        let written = quantity.written(amount, &setting.text);
        edits.extend(part.outside(compose::set_scalar(&part.text, &part.compose, &path, &written))?);
        Ok::<(), EditRefusal>(())
    };
    for setting in settings {
        set(setting, new)?;
    }
    for setting in limits::reservations(service.service, quantity) {
        let Some(amount) = reserved(running, quantity, &setting, (old, new)) else {
            let why = format!("the reservation `{}` holds a variable or is no number", setting.text);
            return Err(EditRefusal::new(setting.span, compose::Obstacle::Interpolated, why));
        };
        set(&setting, amount)?;
    }
    Ok(edits)
}

/// What a reservation becomes when its limit goes from `old` to `new`; two that are equal stay equal.
fn reserved(running: &Running, quantity: Quantity, setting: &Setting, (old, new): (f64, f64)) -> Option<f64> {
    let own = setting.amount?;
    let equal = limits::reservations(running.service.service, quantity).into_iter();
    let shares = equal
        .filter(|other| other.amount == Some(own))
        .map(|other| quantity.share(own, new / old, &other.text).min(new));
    shares.reduce(f64::min)
}

/// What the reader is told of the reservations that follow their limit.
fn reservation_notes(running: &Running, quantity: Quantity, change: (f64, f64)) -> Vec<String> {
    let follows = |setting: Setting| {
        let amount = reserved(running, quantity, &setting, change)?;
        let written = quantity.written(amount, &setting.text);
        (written != setting.text).then(|| {
            format!(
                "The reservation of {} keeps its share of the limit and becomes {written} (LIM-04).",
                setting.text
            )
        })
    };
    limits::reservations(running.service.service, quantity).into_iter().filter_map(follows).collect()
}

/// Limits where there are none: only when alpinist.yaml asks for them.
fn add(cx: &Context, running: &Running, policy: &Policy, missing: &[(Quantity, &str)]) -> Option<Proposal> {
    let service = running.service;
    let (name, key) = (&service.service.name, service.service.key);
    if missing.is_empty() {
        return None;
    }
    if !policy.is_explicit {
        return Some(Proposal::nothing(service.id, key, "There is no limit to lower."));
    }
    let decline = |span, why: String| {
        Some(Proposal::decline(service.id, span, format!("No limit is added to {name}: {why}.")))
    };
    let memory = missing.iter().find(|(quantity, _)| *quantity == Quantity::Memory);
    let bytes = memory.and_then(|(quantity, wanted)| quantity.parse(wanted));
    if let Some(why) = bytes.and_then(|bytes| needs::memory_obstacle(cx, running, bytes)) {
        return decline(key, why);
    }
    let edits = match added(running, missing) {
        Ok(edits) => edits,
        Err(refusal) => return decline(refusal.span, refusal.why),
    };
    let amounts: Vec<String> = missing.iter().map(|(quantity, wanted)| quantity.shown(wanted)).collect();
    let title = format!("Limit {name} to {}", amounts.join(" and "));
    let why = format!("alpinist.yaml asks for it; {name} has no such limit yet.");
    let change = Change::new(service.id, key, Risk::Review, title, why).with(to_edits(running, edits));
    let notes = missing.iter().filter_map(|(quantity, wanted)| {
        Some(notes(cx, running, *quantity, (None, quantity.parse(wanted)?)))
    });
    Some(notes.flatten().fold(change, Change::noting).propose())
}

/// The missing limits, written as the service writes those that it has.
fn added(running: &Running, missing: &[(Quantity, &str)]) -> Result<Edits, EditRefusal> {
    let service = running.service;
    let name = service.service.name.as_str();
    let part = Excerpt::of(service.text, service.compose, name);
    if limits::takes_older_keys(service.service) {
        let refuse = |refusal| EditRefusal { span: service.service.key, ..refusal };
        return added_as_older_keys(&part, &["services", name], missing).map_err(refuse);
    }
    let path = ["services", name, "deploy", "resources", "limits"];
    let (text, compose) = (part.text.as_str(), &part.compose);
    part.outside(match (missing, service.service.resources.limits.span) {
        // The other limit is there already.
        ([one], Some(_)) => compose::insert_entry(text, compose, &path, (one.0.key(), fresh(one))),
        _ => {
            let entries = missing.iter().map(|one| (one.0.key().to_owned(), fresh(one))).collect();
            compose::insert_at(text, compose, &path, NewValue::Mapping(entries))
        }
    })
}

fn added_as_older_keys(
    part: &Excerpt,
    path: &[&str],
    missing: &[(Quantity, &str)],
) -> Result<Edits, EditRefusal> {
    let mut after = part.clone();
    for one in missing {
        let entry = (one.0.older_key(), fresh(one));
        after = after.with(compose::insert_entry(&after.text, &after.compose, path, entry)?)?;
    }
    Ok(vec![part.difference(&after)])
}

fn fresh((quantity, wanted): &(Quantity, &str)) -> NewValue {
    NewValue::Scalar(quantity.fresh(wanted))
}

fn to_edits(running: &Running, edits: Edits) -> Vec<Edit> {
    edits
        .into_iter()
        .map(|(span, text): (Span, String)| Edit::replace(running.service.id, span, text))
        .collect()
}

fn refused(name: &str, quantity: Quantity, refusal: &EditRefusal) -> String {
    format!("The {} limit of {name} stays: {}.", quantity.name(), refusal.why)
}

fn notes(cx: &Context, running: &Running, quantity: Quantity, (old, new): (Option<f64>, f64)) -> Vec<String> {
    let service = running.service.service;
    let mut notes = Vec::new();
    match quantity {
        Quantity::Memory => notes.extend(needs::memory_note(cx, running)),
        Quantity::Cpus => {
            let start = old.and_then(|old| needs::stretched_start(running, old, new));
            notes.extend(start.map(|why| format!("With less CPU {why}.")));
        }
    }
    let replicas = service.replicas.as_ref().or(service.scale.as_ref());
    if let Some(count) = replicas.and_then(|field| field.value.value).filter(|count| *count > 1) {
        notes.push(format!("Each of the {count} replicas gets this limit (LIM-22)."));
    }
    if let (Quantity::Memory, Some(swap)) = (quantity, &service.resources.memswap_limit) {
        notes.push(format!(
            "`memswap_limit: {}` stays, so there is more swap than before (LIM-19).",
            swap.value.text
        ));
    }
    notes
}
