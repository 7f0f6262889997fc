//! What a pass may change in a compose file, by the aspects that it declares.

use std::collections::BTreeSet;

use crate::{
    compose::{self, Compose},
    facts::Aspect,
    pass::Pass,
};

/// Requires that `after` differs from `before` only where `pass` may change it, and keeps every comment.
///
/// # Errors
/// What else differs.
pub(super) fn check(
    pass: &Pass,
    (before, old): (&str, &Compose),
    (after, new): (&str, &Compose),
) -> Result<(), String> {
    let mut allowed = Vec::new();
    for service in &old.services {
        for keys in pass.alters.iter().flat_map(|aspect| keys_of(*aspect)) {
            let keys = keys.split('/').map(str::to_owned);
            allowed.push(["services".to_owned(), service.name.clone()].into_iter().chain(keys).collect());
        }
    }
    compose::verify_trees(&old.tree, &new.tree, &allowed)?;
    let kept: BTreeSet<&str> = comments(after).collect();
    match comments(before).find(|comment| !kept.contains(comment)) {
        Some(comment) => Err(format!("the comment \"{comment}\" would be lost")),
        None => Ok(()),
    }
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#'))
}

fn keys_of(aspect: Aspect) -> &'static [&'static str] {
    match aspect {
        Aspect::Limits => &["deploy/resources", "mem_limit", "mem_reservation", "cpus"],
        Aspect::Build => &["build"],
        Aspect::Security => &["cap_drop", "security_opt", "read_only"],
        Aspect::Mounts => &["volumes", "tmpfs"],
        _ => &[],
    }
}
