//! The ports that the start of a container tells of.

use super::machine::{Run, Trace};
use crate::knowledge::writers::{Kind, lookup};

/// Each port that the commands name, with the command; a variable stands as it is written.
pub fn ports(trace: &Trace) -> impl Iterator<Item = (&str, &Run)> {
    let leaves = trace.runs.iter().filter(|run| !run.hands_on());
    leaves.flat_map(|run| of_words(&run.words).map(move |port| (port, run)))
}

fn of_words(words: &[String]) -> impl Iterator<Item = &str> {
    let after = words.iter().zip(words.iter().skip(1));
    let named = after.filter(|(before, _)| lookup(Kind::Port, before).is_some()).map(|(_, word)| bare(word));
    named.chain(words.iter().filter_map(|word| bound(word)))
}

/// The port of an address, or the word itself.
fn bare(word: &str) -> &str {
    word.rsplit_once(':').map_or(word, |(_, port)| port)
}

/// The port of `--port=80`, `0.0.0.0:80` or `--bind=:80`.
fn bound(word: &str) -> Option<&str> {
    match word.rsplit_once(':') {
        Some((_, port)) => Some(port),
        None => word.split_once('=').filter(|(name, _)| name.ends_with("port")).map(|(_, port)| port),
    }
}

/// Whether a port is one that only root opens where the engine does not say otherwise.
pub fn is_low(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|port| port > 0 && port < 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stand_behind_a_colon_or_an_option() {
        let low = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            of_words(&words).any(is_low)
        };
        for line in ["x 0.0.0.0:80", "x --bind=:80", "x --port=80", "x --port 80", "x -b [::]:443"] {
            assert!(low(line), "{line}");
        }
        for line in ["x 0.0.0.0:8000", "x --workers=4", "x main:app", "x a.b:80c", "x --port=0", "x -p 8000"]
        {
            assert!(!low(line), "{line}");
        }
    }
}
