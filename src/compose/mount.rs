//! The `volumes` of a service.

use crate::compose::{
    resolve::{Cursor, Field},
    scalar::{parse_bool, split},
};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// The folder outside or the name of the volume, as written.
    pub source: Option<String>,
    /// The path within the container; empty when the file names none.
    pub target: String,
    /// Whether the container cannot write to it.
    pub read_only: bool,
}

/// What a mount brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume with a name.
    Named,
    /// A new volume.
    Anonymous,
    /// Memory.
    Tmpfs,
    /// The long form names another type.
    Other,
    /// A variable decides between a path and a name.
    Unknown,
}

pub(crate) fn mounts(cursor: &Cursor<'_>) -> Vec<Field<Mount>> {
    cursor.items().iter().filter_map(mount).collect()
}

fn mount(item: &Cursor<'_>) -> Option<Field<Mount>> {
    if !item.is_mapping() {
        return Some(item.field(short(item.value()?)));
    }
    let text = |key: &str| item.get(key).and_then(|value| value.value().map(str::to_owned));
    let source = text("source").or_else(|| text("src"));
    let kind = match text("type").as_deref() {
        Some("bind") => MountKind::Bind,
        Some("tmpfs") => MountKind::Tmpfs,
        Some("volume") | None if source.is_none() => MountKind::Anonymous,
        Some("volume") | None => MountKind::Named,
        Some(_) => MountKind::Other,
    };
    let target = text("target").or_else(|| text("destination")).or_else(|| text("dst")).unwrap_or_default();
    let read_only = text("read_only").is_some_and(|value| parse_bool(&value) == Some(true));
    Some(item.field(Mount { kind, source, target, read_only }))
}

/// `[source:]target[:options]`
fn short(text: &str) -> Mount {
    let mut parts = split(text, ':').into_iter();
    let mut first = parts.next().unwrap_or_default();
    let drive = first.len() == 1 && text[1..].starts_with([':']) && text[2..].starts_with(['\\', '/']);
    if drive && first.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let folder = parts.next().unwrap_or_default();
        first = &text[..2 + folder.len()];
    }
    let Some(target) = parts.next() else {
        return Mount {
            kind: MountKind::Anonymous,
            source: None,
            target: first.to_owned(),
            read_only: false,
        };
    };
    let read_only = parts.flat_map(|options| options.split(',')).any(|option| option == "ro");
    Mount { kind: kind(first, drive), source: Some(first.to_owned()), target: target.to_owned(), read_only }
}

fn kind(source: &str, drive: bool) -> MountKind {
    if drive || source.starts_with(['.', '/', '~']) {
        return MountKind::Bind;
    }
    if !source.starts_with('$') {
        return MountKind::Named;
    }
    let default = source.split_once(":-").or_else(|| source.split_once('-')).map(|(_, default)| default);
    match default {
        Some(default) if default.starts_with(['.', '/', '~']) => MountKind::Bind,
        // A name holds no slash, so what is left after the variable is a path.
        _ if source.rsplit_once('}').is_some_and(|(_, rest)| rest.contains('/')) => MountKind::Bind,
        _ if !source.contains('{') && source.contains('/') => MountKind::Bind,
        _ => MountKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_mounts() {
        for (text, kind, source, target, read_only) in [
            ("./a:/a:ro", MountKind::Bind, "./a", "/a", true),
            ("data:/a:rw,z", MountKind::Named, "data", "/a", false),
            ("/app/node_modules", MountKind::Anonymous, "", "/app/node_modules", false),
            ("C:\\a:/a:ro", MountKind::Bind, "C:\\a", "/a", true),
            ("${D:-./x}:/a", MountKind::Bind, "${D:-./x}", "/a", false),
            ("${D}/x:/a", MountKind::Bind, "${D}/x", "/a", false),
            ("$PWD/x:/a", MountKind::Bind, "$PWD/x", "/a", false),
            ("${D}:/a", MountKind::Unknown, "${D}", "/a", false),
            ("", MountKind::Anonymous, "", "", false),
            ("a:", MountKind::Named, "a", "", false),
            ("é:/x", MountKind::Named, "é", "/x", false),
        ] {
            let mount = short(text);
            let got = (mount.kind, mount.source.unwrap_or_default(), mount.target, mount.read_only);
            assert_eq!(got, (kind, source.to_owned(), target.to_owned(), read_only), "{text}");
        }
    }
}
