//! What the services of an image have that a user of its own would not: mounts, numbers, secrets, rights.

use super::{
    super::{Context, ImageView, ServiceView, privileges, writers},
    Account, Findings,
};
use crate::{
    compose::{Field, mount::Mount, mount::MountKind},
    docker::Keyword,
    reason::Reason,
    workspace::{Entry, RunMount, path},
};

/// Adds what the services of `image` tell.
pub(super) fn look(
    cx: &Context,
    image: &ImageView,
    (account, workdir): (&Account, &str),
    found: &mut Findings,
) {
    for view in cx.services_of(image.image) {
        of_mounts((cx, image), view, (account, workdir), found);
        found.reasons.extend(of_service(view, account));
    }
    for mount in cx.ws.run_mounts.get(&image.id).into_iter().flatten() {
        of_run(image, mount, (account, workdir), found);
    }
    for step in image.lineage().into_iter().filter(|step| step.keyword == Keyword::Volume) {
        let targets: Vec<String> = step.words.iter().map(|word| word.text.clone()).collect();
        let what = volume(account);
        let settle = format!(
            "change the owner once: docker run --rm --user 0 --entrypoint chown -v VOLUME:{0} IMAGE -R {1}:{1} {0}",
            targets.first().map_or("", String::as_str),
            account.id
        );
        let reason = Reason::doubt("USER-14", step.span, what).settled_by(settle);
        found.reasons.push(targets.iter().fold(reason, |reason, target| reason.about(target)));
        found.folders.extend(targets);
    }
}

/// A mount that a makefile or script gives to the image.
fn of_run(image: &ImageView, mount: &RunMount, (account, workdir): (&Account, &str), found: &mut Findings) {
    let RunMount { origin, source, target } = mount;
    let target = target.trim_end_matches('/');
    if is_file(target) || target.starts_with("/etc/") {
        return;
    }
    let span = image.base_word().span;
    let is_of_host = source.starts_with(['.', '/', '$', '~', '`']);
    let reason = match is_of_host {
        true => Reason::doubt("USER-15", span, host(account)).settled_by(given_away(account, &[source])),
        false => Reason::doubt("USER-14", span, volume(account)).settled_by(format!(
            "change the owner once: docker run --rm --user 0 --entrypoint chown -v {source}:{target} IMAGE -R {0}:{0} {target}",
            account.id
        )),
    };
    found.reasons.push(reason.about(format!("{source} at {target}")).from(origin.clone()));
    if !writers::is_below(workdir, target) && !writers::is_below(target, "/root") {
        found.folders.push(target.to_owned());
    }
}

fn volume(account: &Account) -> String {
    format!("a volume that was filled by root cannot be written to by {}", account.name)
}

fn host(account: &Account) -> String {
    format!(
        "on the host it has to belong to the number {}, as whom the service then writes; what root wrote, or Docker made, does not",
        account.id
    )
}

/// The mounts of a service: its volumes are made and owned by the image, and asked about where they may be filled.
fn of_mounts(
    (cx, image): (&Context, &ImageView),
    view: ServiceView,
    (account, workdir): (&Account, &str),
    found: &mut Findings,
) {
    let written = view.service.volumes.iter().filter(|mount| is_written(&mount.value));
    let (volumes, binds): (Vec<_>, Vec<_>) = written.partition(|mount| mount.value.kind != MountKind::Bind);
    for mount in &volumes {
        let target = mount.value.target.trim_end_matches('/');
        if writers::is_below(target, "/root") {
            let what = format!("the volume at {target} lies in the home folder of root");
            found.reasons.push(Reason::known("USER-20", mount.span, what).within(view.id));
        } else if !writers::is_below(workdir, target) && !is_file(target) {
            found.folders.push(target.to_owned());
        }
    }
    let is_new = |mount: &Field<Mount>| !is_asked_before((cx, image), view, &mount.value);
    let named: Vec<&&Field<Mount>> =
        volumes.iter().filter(|mount| mount.value.kind != MountKind::Anonymous && is_new(mount)).collect();
    found.reasons.extend(filled(view, account, &named));
    let written: Vec<&Field<Mount>> = binds
        .into_iter()
        .filter(|mount| !is_source((cx, image), view, &mount.value) && is_new(mount))
        .collect();
    found.reasons.extend(of_host(view, account, &written));
}

/// Whether a service before this one, of the same folder, mounts the same: it is given away once.
fn is_asked_before((cx, image): (&Context, &ImageView), view: ServiceView, mount: &Mount) -> bool {
    let folder = |view: ServiceView| path::parent(&cx.ws.file(view.id).path);
    let is_this = |other: &ServiceView| other.id == view.id && other.service.name == view.service.name;
    let mut before = cx.services_of(image.image).into_iter().take_while(|other| !is_this(other));
    before.any(|other| {
        let mut volumes = other.service.volumes.iter().map(|field| &field.value);
        folder(other) == folder(view)
            && volumes.any(|one| {
                is_written(one)
                    && (&one.source, &one.target, one.kind) == (&mount.source, &mount.target, mount.kind)
            })
    })
}

/// Whether a name tells of a file: by its ending, or as the one that compose reads its variables from.
fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name == ".env" || name.trim_start_matches('.').contains('.'))
}

/// Whether a mount brings the source that the checkout holds, which the service reads, whoever owns it.
fn is_source((cx, image): (&Context, &ImageView), view: ServiceView, mount: &Mount) -> bool {
    let folder = path::parent(&cx.ws.file(view.id).path);
    let source = mount.source.as_deref().unwrap_or_default();
    let place = path::join(folder, source.trim_end_matches('/'));
    let is_there = place.is_empty()
        || matches!(cx.files_of(image).entry(&place), Some(Entry::Folder))
        || cx.files_of(image).paths().any(|path| writers::is_below(path, &place));
    is_there && source.starts_with('.') && !writers::has_writable_name(source)
}

/// Whether the service writes to what is mounted: a single file of settings it only reads.
fn is_written(mount: &Mount) -> bool {
    let source = mount.source.as_deref().unwrap_or_default();
    let name = source.rsplit('/').next().unwrap_or_default();
    let is_file = mount.kind == MountKind::Bind && is_file(name);
    let is_of_system =
        ["/etc/", "/dev/", "/proc", "/sys", "/usr/"].iter().any(|part| source.starts_with(part));
    let is_socket = source.ends_with(".sock") || mount.target.ends_with(".sock");
    !mount.read_only
        && !is_file
        && !is_of_system
        && !is_socket
        && mount.target.starts_with('/')
        && !matches!(mount.kind, MountKind::Tmpfs | MountKind::Other)
}

fn filled(view: ServiceView, account: &Account, mounts: &[&&Field<Mount>]) -> Option<Reason> {
    let first = mounts.first()?;
    let targets: Vec<&str> = mounts.iter().map(|mount| mount.value.target.as_str()).collect();
    let what = volume(account);
    let settle = format!(
        "change the owner once, before the new image starts: docker compose run --rm --no-deps --user 0 --cap-add CHOWN --entrypoint chown {} -R {1}:{1} {2}",
        view.service.name,
        account.id,
        targets.join(" ")
    );
    let reason = Reason::doubt("USER-14", first.span, what).within(view.id).settled_by(settle);
    let told = |mount: &&&Field<Mount>| match &mount.value.source {
        Some(source) => format!("{source} at {}", mount.value.target),
        None => mount.value.target.clone(),
    };
    Some(mounts.iter().fold(reason, |reason, mount| reason.about(told(mount))))
}

fn of_host(view: ServiceView, account: &Account, mounts: &[&Field<Mount>]) -> Option<Reason> {
    let first = mounts.first()?;
    let sources: Vec<&str> = mounts.iter().filter_map(|mount| mount.value.source.as_deref()).collect();
    let what = host(account);
    let settle = given_away(account, &sources);
    let reason = Reason::doubt("USER-15", first.span, what).within(view.id).settled_by(settle);
    Some(sources.iter().fold(reason, |reason, source| reason.about(*source)))
}

/// How to give folders of the host to the account; no command where they are more than the service's own.
fn given_away(account: &Account, sources: &[&str]) -> String {
    let id = account.id;
    match sources.iter().any(|source| belongs_to_others(source)) {
        true => {
            format!("on each host, see that the number {id} may write there, by a group or an access list")
        }
        false => {
            format!("on each host: mkdir -p {0} && sudo chown -R {id}:{id} {0}", sources.join(" "))
        }
    }
}

/// Whether a folder of the host holds more than one service writes: the checkout, a home folder, the system.
fn belongs_to_others(source: &str) -> bool {
    let parts: Vec<&str> = source.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_absolute = source.starts_with('/');
    match parts[..] {
        [] => true,
        [first, ..] if first.contains(['$', '`', '~']) => parts.len() < 2,
        [.., ".."] => true,
        [first, ..]
            if is_absolute && matches!(first, "home" | "opt" | "mnt" | "srv" | "data" | "volumes") =>
        {
            parts.len() < 3 && first == "home" || parts.len() < 2
        }
        [first, second, ..] if is_absolute && first == "var" => {
            parts.len() < 3 || !matches!(second, "lib" | "log" | "opt" | "data")
        }
        _ => is_absolute,
    }
}

/// What a service has that its user would not.
fn of_service(view: ServiceView, account: &Account) -> Vec<Reason> {
    let service = view.service;
    let mut found: Vec<Reason> = privileges::host_access(service).into_iter().collect();
    if service.cap_add.iter().any(|field| !field.value.ends_with("NET_BIND_SERVICE")) {
        found.extend(privileges::added_capabilities(service));
    }
    let shares = |mode: &Option<Field<String>>| {
        mode.as_ref().filter(|mode| mode.value == "host").map(|mode| mode.span)
    };
    found.extend(
        shares(&service.ipc).map(|span| Reason::known("HARD-18", span, "it shares `ipc` with the host")),
    );
    if let Some(user) = &service.user {
        let own = user.value.split(':').next().unwrap_or_default();
        let is_same = own == account.name || own == account.id.to_string();
        if !is_same && !matches!(own, "root" | "0") {
            let what = format!("the service runs as {}, and the files belong to {}", user.value, account.id);
            found.push(Reason::known("USER-18", user.span, what));
        }
    }
    found.extend(secret(view, account));
    found.into_iter().map(|reason| reason.within(view.id)).collect()
}

/// A secret or config that only its owner can read, where that is another one.
fn secret(view: ServiceView, account: &Account) -> Option<Reason> {
    let text = view.service.span.of(view.text);
    let (mut is_inside, mut depth, mut is_own) = (false, 0, false);
    let mut at = view.service.span.start();
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let entry = line.trim_start().trim_start_matches("- ").trim_end();
        let start = at + indent;
        at += line.len();
        if is_inside && !entry.is_empty() && indent <= depth && !line.trim_start().starts_with('-') {
            is_inside = false;
        }
        if matches!(entry, "secrets:" | "configs:") {
            (is_inside, depth, is_own) = (true, indent, false);
        }
        let Some((key, value)) = entry.split_once(':').filter(|_| is_inside) else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        is_own = match key {
            "source" => false,
            "uid" => value == account.id.to_string(),
            _ => is_own,
        };
        let is_closed = key == "mode" && value.ends_with(['0', '1', '2', '3']) && !is_own;
        if is_closed {
            let span = crate::source::Span::new(start, start + entry.len());
            let what = format!(
                "a secret or config has the mode {value}, with which {} cannot read it",
                account.name
            );
            return Some(Reason::known("USER-24", span, what));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_others_are_not_given_away() {
        let others = [
            "/",
            "/tmp",
            "/tmp/x",
            "/etc/app",
            "/home/ann",
            "/var/log",
            "/var/run/x",
            "/usr/x",
            "~",
            ".",
            "./",
            "..",
            "$HOME",
        ];
        for source in others {
            assert!(belongs_to_others(source), "{source}");
        }
        for source in [
            "./data",
            "data",
            "../storage",
            "/home/ann/data",
            "/opt/shop",
            "/srv/x",
            "/var/lib/shop",
            "$HOME/data",
            "~/x",
        ] {
            assert!(!belongs_to_others(source), "{source}");
        }
    }
}
