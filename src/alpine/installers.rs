//! Installers that a step fetches from the network and runs.

use crate::{knowledge::installers, reason::Reason, source::Span};

/// What speaks against the installer that the command line at `span` fetches and runs.
pub(super) fn fetched(span: Span, text: &str) -> Option<Reason> {
    let mut addresses = span.of(text).split(['"', '\'', ' ', '\t', '\n', ';', '|', ')']);
    let address = addresses.find(|word| word.contains("://")).unwrap_or("an address that is not told");
    match installers::at(address) {
        Some(installer) if installer.works => None,
        Some(installer) => Some(Reason::known("PKG-20", span, installer.what).about(address)),
        None => {
            let what = "an installer from the network, of which it is not known whether it works on Alpine";
            Some(Reason::doubt("PKG-20", span, what).about(address))
        }
    }
}
