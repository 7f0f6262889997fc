//! Removing everything that carries a label.

use super::{Call, Engine};

/// How long a call may take, in seconds.
const LIMIT: u64 = 60;

/// What is left when the rest is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// The images.
    Images,
}

/// Removes the containers with their new volumes, the networks and the images that carry `label`.
pub fn sweep(engine: &dyn Engine, label: &str, kept: Kept) {
    let filter = format!("--filter=label={label}");
    let listed = |words: &[&str]| {
        let words = words.iter().copied().chain([filter.as_str()]);
        let answer = engine.call(&Call::short(words, LIMIT));
        answer.out.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let remove = |words: &[&str], mut ids: Vec<String>| {
        ids.sort();
        ids.dedup();
        if !ids.is_empty() {
            let words = words.iter().map(|word| (*word).to_owned()).chain(ids);
            engine.call(&Call::short(words, LIMIT));
        }
    };
    remove(&["rm", "--force", "--volumes"], listed(&["ps", "--all", "--quiet"]));
    remove(&["network", "rm"], listed(&["network", "ls", "--quiet"]));
    if kept == Kept::Nothing {
        remove(&["rmi", "--force"], listed(&["images", "--quiet"]));
    }
}
