//! What the packages that a manifest names bring along, as the tables know it.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    str::FromStr,
};

use pep440_rs::VersionSpecifiers;

use super::{Build, Evidence, NOWHERE};
use crate::{
    knowledge::{
        requires::{self, Requirement},
        wheels::{Verdict, Wanted},
    },
    manifest::marker_may_hold,
    reason::Reason,
};

/// A package, or an extra of it, whose requirements are still to be looked at.
struct Link {
    name: String,
    extra: Option<String>,
    /// The packages that lead to it, itself the last.
    chain: String,
}

impl Link {
    fn new(name: &str, extra: Option<&str>, chain: &str) -> Self {
        let chain = extra.map_or(chain.to_owned(), |extra| format!("{chain}[{extra}]"));
        Self { name: name.to_owned(), extra: extra.map(str::to_owned), chain }
    }
}

impl Evidence {
    /// Notes that a manifest asks for a package, so that what it brings along is looked at too.
    pub(super) fn asks(&mut self, name: &str, extras: &[String]) {
        self.asked.entry(name.to_owned()).or_default().extend(extras.iter().cloned());
    }

    /// Takes in what the packages that were asked for bring along; a lock names all of it, and asks for none.
    pub(super) fn follow(&mut self, python: (u8, u8)) {
        let asked = mem::take(&mut self.asked);
        let mut seen: BTreeSet<String> = asked.keys().cloned().collect();
        let mut waiting: VecDeque<Link> = VecDeque::new();
        for (name, extras) in asked.iter().filter(|(name, _)| self.is_worth_following(name, python)) {
            waiting.push_back(Link::new(name, None, name));
            waiting.extend(extras.iter().map(|extra| Link::new(name, Some(extra), name)));
        }
        let mut seen_extras = BTreeSet::new();
        while let Some(link) = waiting.pop_front() {
            self.extras.extend(link.extra.as_ref().map(|extra| format!("{}[{extra}]", link.name)));
            let Some(requirements) = requires::of(&link.name, link.extra.as_deref()) else {
                self.unfollowed
                    .insert(link.extra.map_or(link.name.clone(), |extra| format!("{}[{extra}]", link.name)));
                continue;
            };
            let applying = requirements
                .into_iter()
                .filter(|found| found.marker.is_empty() || marker_may_hold(found.marker, python));
            for found in applying {
                let chain = format!("{} → {}", link.chain, found.name);
                if seen.insert(found.name.to_owned()) && self.brings(&found, &chain, python) {
                    waiting.push_back(Link::new(found.name, None, &chain));
                }
                let extras = found.extras.iter().filter(|extra| seen_extras.insert((found.name, **extra)));
                waiting.extend(extras.map(|extra| Link::new(found.name, Some(extra), &chain)));
            }
        }
    }

    /// Whether it can change the verdict what a package brings along.
    fn is_worth_following(&self, name: &str, python: (u8, u8)) -> bool {
        !self.knowledge.wheels.contains_key(name)
            && !matches!(
                self.knowledge.wheel(name, Wanted::Newest, python),
                Verdict::StayOnDebian { .. } | Verdict::Unknown { .. }
            )
    }

    /// Takes in how a package that comes along installs, and says whether to go on from there.
    fn brings(&mut self, found: &Requirement, chain: &str, python: (u8, u8)) -> bool {
        let name = found.name;
        let specifiers =
            VersionSpecifiers::from_str(found.versions).unwrap_or_else(|_| VersionSpecifiers::empty());
        let wanted = if specifiers.is_empty() { Wanted::Newest } else { Wanted::Within(&specifiers) };
        let verdict = self.knowledge.wheel(name, wanted, python);
        let told = |why: &str| {
            let why = why.trim_end_matches('.');
            match why.strip_prefix(name).filter(|rest| rest.starts_with(' ')) {
                Some(rest) => format!("{chain}{rest}"),
                None => format!("{chain}: {why}"),
            }
        };
        match verdict {
            Verdict::MuslWheel { runtime } | Verdict::Pure { runtime, .. } => self.calls(name, runtime),
            Verdict::Builds { build, runtime, is_heavy, why } => {
                match is_heavy {
                    true => self.reasons.push(Reason::doubt(
                        "BASE-02",
                        NOWHERE,
                        format!("{}; compiling it takes long at every change", told(&why)),
                    )),
                    false => self.notes.push(format!("{} (BASE-02).", told(&why))),
                }
                self.builds.push(Build { name: name.to_owned(), build, runtime });
            }
            Verdict::StayOnDebian { why } => {
                self.reasons.push(Reason::known("BASE-01", NOWHERE, told(&why)));
                return false;
            }
            Verdict::Unknown { what } => {
                self.reasons.push(Reason::doubt("BASE-41", NOWHERE, what).about(chain));
                self.unknown_packages.insert(name.to_owned());
                return false;
            }
        }
        self.brought.insert(name.to_owned());
        !self.knowledge.wheels.contains_key(name)
    }
}
