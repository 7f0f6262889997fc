//! The `ports` of a service.

use crate::compose::{
    resolve::{Cursor, Field, Parsed},
    scalar::split,
};

/// One published port, or a range of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The ports within the container, first and last.
    pub container: Option<(u16, u16)>,
    /// The ports outside, as written.
    pub published: Option<String>,
    /// The address outside, as written.
    pub host_ip: Option<String>,
    /// `tcp`, `udp` or `sctp`, as written.
    pub protocol: Option<String>,
}

pub(crate) fn ports(cursor: &Cursor<'_>) -> Vec<Field<Parsed<Port>>> {
    cursor.items().iter().map(port).collect()
}

fn port(item: &Cursor<'_>) -> Field<Parsed<Port>> {
    if !item.is_mapping() {
        let text = item.value().unwrap_or_default().to_owned();
        let value = item.value().map(short);
        return item.field(Parsed { text, value });
    }
    let text = |key: &str| item.get(key).and_then(|value| value.value().map(str::to_owned));
    let port = Port {
        container: text("target").and_then(|target| range(&target)),
        published: text("published"),
        host_ip: text("host_ip"),
        protocol: text("protocol"),
    };
    item.field(Parsed { text: item.span().of(item.text).to_owned(), value: Some(port) })
}

/// `[[address:]published:]container[/protocol]`; the address may be in brackets.
fn short(text: &str) -> Port {
    let mut by_protocol = split(text, '/');
    let protocol = if by_protocol.len() > 1 { by_protocol.pop().map(str::to_owned) } else { None };
    let rest = &text[..text.len() - protocol.as_ref().map_or(0, |protocol| protocol.len() + 1)];
    let mut parts = split(rest, ':');
    let container = parts.pop().and_then(range);
    let published = parts.pop().filter(|part| !part.is_empty()).map(str::to_owned);
    let host_ip = (!parts.is_empty()).then(|| parts.join(":"));
    Port { container, published, host_ip, protocol }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ports() {
        let port = |text: &str| {
            let Port { container, published, host_ip, protocol } = short(text);
            let texts = [published, host_ip, protocol].map(Option::unwrap_or_default);
            (container, texts.join(","))
        };
        assert_eq!(port("80"), (Some((80, 80)), ",,".into()));
        assert_eq!(port("8080:80"), (Some((80, 80)), "8080,,".into()));
        assert_eq!(port("127.0.0.1:80:81/udp"), (Some((81, 81)), "80,127.0.0.1,udp".into()));
        assert_eq!(port("[::1]:80:81"), (Some((81, 81)), "80,[::1],".into()));
        assert_eq!(port("3000-3005:4000-4005"), (Some((4000, 4005)), "3000-3005,,".into()));
        assert_eq!(port("${P:-80}:80"), (Some((80, 80)), "${P:-80},,".into()));
        assert_eq!(port("127.0.0.1::80"), (Some((80, 80)), ",127.0.0.1,".into()));
        assert_eq!(port("80:${P:-80}"), (None, "80,,".into()));
        assert_eq!(port(""), (None, ",,".into()));
    }
}
