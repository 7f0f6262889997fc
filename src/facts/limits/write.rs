//! Edits of compose files that lower limits, let reservations follow, and add what is missing.

use super::{super::service::Running, Quantity, Setting};
use crate::compose::{self, EditRefusal, Edits, Excerpt, NewValue};

/// Each limit set to the new one, and each reservation lowered by the same factor.
///
/// # Errors
/// When the text cannot be edited.
pub fn lowered(
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
    for setting in super::reservations(service.service, quantity) {
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
    let equal = super::reservations(running.service.service, quantity).into_iter();
    let shares = equal
        .filter(|other| other.amount == Some(own))
        .map(|other| quantity.share(own, new / old, &other.text).min(new));
    shares.reduce(f64::min)
}

/// What the reader is told of the reservations that follow their limit.
pub fn reservation_notes(running: &Running, quantity: Quantity, change: (f64, f64)) -> Vec<String> {
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
    super::reservations(running.service.service, quantity).into_iter().filter_map(follows).collect()
}

/// The missing limits, written as the service writes those that it has.
///
/// # Errors
/// When the text cannot be edited.
pub fn added(running: &Running, missing: &[(Quantity, String)]) -> Result<Edits, EditRefusal> {
    let service = running.service;
    let name = service.service.name.as_str();
    let part = Excerpt::of(service.text, service.compose, name);
    if super::takes_older_keys(service.service) {
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
    missing: &[(Quantity, String)],
) -> Result<Edits, EditRefusal> {
    let mut after = part.clone();
    for one in missing {
        let entry = (one.0.older_key(), fresh(one));
        after = after.with(compose::insert_entry(&after.text, &after.compose, path, entry)?)?;
    }
    Ok(vec![part.difference(&after)])
}

fn fresh((quantity, wanted): &(Quantity, String)) -> NewValue {
    NewValue::Scalar(quantity.fresh(wanted))
}
