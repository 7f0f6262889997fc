//! Knocking at a port: does something listen, and what does it answer to HTTP.

use std::{
    io::{ErrorKind, Read},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// How long a listener may take to accept, and to stay silent before it counts as one that waits.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long an answer may take.
#[cfg(feature = "online")]
const ANSWER: Duration = Duration::from_secs(10);

/// What came of knocking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Nothing listens.
    Closed,
    /// Something listens that does not answer HTTP.
    Open,
    /// It answers HTTP: the status, and the content type without its parameters.
    Answered(u16, String),
}

impl Knock {
    /// In words.
    pub fn told(&self) -> String {
        match self {
            Knock::Closed => "no answer".to_owned(),
            Knock::Open => "a listener that does not speak HTTP".to_owned(),
            Knock::Answered(status, kind) if kind.is_empty() => status.to_string(),
            Knock::Answered(status, kind) => format!("{status} {kind}"),
        }
    }
}

/// Asks the port on this machine for `path`.
pub(super) fn at(port: u16, path: &str) -> Knock {
    if !listens(port) {
        return Knock::Closed;
    }
    answer(port, path).unwrap_or(Knock::Open)
}

/// Whether a connection stays open: an engine's proxy accepts for a container that does not listen, and hangs up.
fn listens(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return false };
    if stream.set_read_timeout(Some(PATIENCE)).is_err() {
        return false;
    }
    match stream.read(&mut [0; 1]) {
        Ok(bytes) => bytes > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[cfg(feature = "online")]
fn answer(port: u16, path: &str) -> Option<Knock> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build();
    let agent = ureq::Agent::from(config);
    let response = agent.get(format!("http://127.0.0.1:{port}{path}")).call().ok()?;
    let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
    Some(Knock::Answered(response.status().as_u16(), kind))
}

/// Without network code only listening is seen.
#[cfg(not(feature = "online"))]
fn answer(_: u16, _: &str) -> Option<Knock> {
    None
}
