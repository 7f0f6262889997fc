//! The instructions that a Dockerfile may hold.

/// The name of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

/// What a builder flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKind {
    /// `true`, `false` or nothing.
    Switch,
    /// One value.
    Value,
    /// One value each time; it may stand more than once.
    List,
}

use FlagKind::*;
use Keyword::*;

const ALL: [(&str, Keyword); 18] = [
    ("ADD", Add),
    ("ARG", Arg),
    ("CMD", Cmd),
    ("COPY", Copy),
    ("ENTRYPOINT", Entrypoint),
    ("ENV", Env),
    ("EXPOSE", Expose),
    ("FROM", From),
    ("HEALTHCHECK", Healthcheck),
    ("LABEL", Label),
    ("MAINTAINER", Maintainer),
    ("ONBUILD", Onbuild),
    ("RUN", Run),
    ("SHELL", Shell),
    ("STOPSIGNAL", Stopsignal),
    ("USER", User),
    ("VOLUME", Volume),
    ("WORKDIR", Workdir),
];

impl Keyword {
    /// The keyword that `word` names, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
    }

    /// The keyword in capitals.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(_, keyword)| *keyword == self).map_or("", |(name, _)| name)
    }

    /// Whether BuildKit looks for here-documents in it.
    pub fn can_hold_heredoc(self) -> bool {
        matches!(self, Add | Copy | Run)
    }

    /// The builder flags that it accepts, without `--`.
    pub fn flags(self) -> &'static [(&'static str, FlagKind)] {
        match self {
            Add => &[
                ("chown", Value),
                ("chmod", Value),
                ("link", Switch),
                ("keep-git-dir", Switch),
                ("checksum", Value),
                ("unpack", Switch),
                ("exclude", List),
            ],
            Copy => &[
                ("chown", Value),
                ("chmod", Value),
                ("from", Value),
                ("link", Switch),
                ("parents", Switch),
                ("exclude", List),
            ],
            From => &[("platform", Value)],
            Healthcheck => &[
                ("interval", Value),
                ("timeout", Value),
                ("start-period", Value),
                ("start-interval", Value),
                ("retries", Value),
            ],
            Run => &[("mount", List), ("network", Value), ("security", Value), ("device", List)],
            _ => &[],
        }
    }
}
