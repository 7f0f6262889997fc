//! The questions themselves, over HTTP.

use std::time::Duration;

use ureq::{
    Agent,
    http::StatusCode,
    tls::{RootCerts, TlsConfig},
};

use super::{Problem, Settings};
use crate::knowledge::Answer;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json";
const AGENT: &str = concat!("alpinist/", env!("CARGO_PKG_VERSION"));
const LARGEST: u64 = 64 << 20;

/// A connection to an index.
pub(super) struct Client {
    agent: Agent,
    url: String,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Self {
        // The certificates of the system, as an index within a company has one of its own.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .user_agent(AGENT)
            .tls_config(tls)
            .timeout_connect(Some(settings.patience.min(Duration::from_secs(5))))
            .timeout_global(Some(settings.patience))
            .http_status_as_error(false)
            .build();
        Self { agent: config.into(), url: settings.url.clone() }
    }

    /// What the index lists for `name`.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn ask(&self, name: &str) -> Result<Answer, Problem> {
        let request = self.agent.get(format!("{}/{name}/", self.url)).header("Accept", ACCEPT);
        let mut response =
            request.call().map_err(|error| Problem { what: told(&error), is_general: true })?;
        let of_this = |what: String| Problem { what, is_general: false };
        let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let is_json = kind.is_some_and(|kind| kind.contains("json"));
        match response.status() {
            StatusCode::NOT_FOUND => return Ok(Answer::Absent),
            status if !status.is_success() => {
                return Err(of_this(format!("it answers with status {}", status.as_u16())));
            }
            _ if !is_json => {
                return Err(of_this("it does not speak the JSON form of the simple API".to_owned()));
            }
            _ => {}
        }
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let body = body.map_err(|error| of_this(told(&error)))?;
        let releases = serde_json::from_slice(&body);
        releases
            .map(Answer::Releases)
            .map_err(|error| of_this(format!("its answer for {name} is not understood, {error}")))
    }
}

/// The error in words that never hold the address, which may hold a password.
fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host is not found".to_owned(),
        ureq::Error::ConnectionFailed => "the connection failed".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "its address is not understood".to_owned(),
        other => other.to_string(),
    }
}
