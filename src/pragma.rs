//! Pragmas: comments of the author that tell alpinist to leave something alone.
//!
//! `# alpinist ignore=PASS[,PASS] reason=…` right above an instruction, or above a service of a compose
//! file, keeps these passes from changing it. `# alpinist skip-file reason=…` keeps all of them from the file.

use crate::{
    compose::{Compose, Service},
    docker::Dockerfile,
    source::Span,
};

/// What a pragma asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Leave what stands below alone; the passes as written.
    Ignore(Vec<String>),
    /// Leave the whole file alone.
    SkipFile,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// A pragma and what it stands above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pragma {
    /// The comment, from its `#`.
    pub span: Span,
    /// What it asks for.
    pub wish: Wish,
    /// Why, in the author's words; may be empty.
    pub reason: String,
    /// The instruction or service right below it.
    pub below: Option<Below>,
}

/// An instruction or a service with a pragma above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// Where it stands.
    pub span: Span,
    /// The keyword or the name of the service.
    pub name: String,
}

impl Pragma {
    /// Whether it asks to keep the pass called `id` away from what stands below it.
    pub fn ignores(&self, id: &str) -> bool {
        matches!(&self.wish, Wish::Ignore(passes) if passes.iter().any(|pass| pass == id))
    }
}

/// Whether `text` may hold a pragma at all.
pub fn may_hold(text: &str) -> bool {
    text.contains(NAME)
}

const NAME: &str = "alpinist";
const HELP: &str = "write `# alpinist ignore=PASS reason=…` or `# alpinist skip-file reason=…`";

/// The pragmas of a Dockerfile, in order; those inside an instruction stand above nothing.
pub fn in_dockerfile(text: &str, dockerfile: &Dockerfile) -> Vec<Pragma> {
    let bodies: Vec<Span> =
        dockerfile.instructions.iter().flat_map(|i| &i.heredocs).map(|heredoc| heredoc.body).collect();
    let mut found = pragmas(text);
    found.retain(|pragma| {
        let next = bodies.partition_point(|body| body.start() <= pragma.span.start());
        !bodies[..next].last().is_some_and(|body| body.contains(pragma.span))
    });
    for pragma in &mut found {
        let instructions = &dockerfile.instructions;
        let at = instructions.partition_point(|other| other.span.start() < pragma.span.start());
        let Some(next) = instructions.get(at).filter(|next| next.lead.contains(pragma.span)) else {
            continue;
        };
        if is_right_above(text, pragma.span.end(), next.span.start()) {
            pragma.below = Some(Below { span: next.span, name: next.keyword.name().to_owned() });
        }
    }
    found
}

/// The pragmas of a compose file, in order.
pub fn in_compose(text: &str, compose: &Compose) -> Vec<Pragma> {
    let mut found = pragmas(text);
    let mut services: Vec<&Service> = compose.services.iter().collect();
    services.sort_by_key(|service| service.key.start());
    for pragma in &mut found {
        let at = services.partition_point(|service| service.key.start() <= pragma.span.end());
        let next = services.get(at);
        let below = next.filter(|service| is_right_above(text, pragma.span.end(), service.key.start()));
        pragma.below = below.map(|service| Below { span: service.entry, name: service.name.clone() });
    }
    found
}

/// Whether nothing but comments stands between two offsets.
fn is_right_above(text: &str, from: usize, to: usize) -> bool {
    let between = &text[from..to];
    // The first piece ends the pragma's own line, and the last is the indentation of what stands below.
    let mut lines = between.split('\n').skip(1).collect::<Vec<_>>();
    let indentation = lines.pop();
    indentation.is_some_and(|blanks| blanks.trim().is_empty())
        && lines.iter().all(|line| line.trim_start().starts_with('#'))
}

fn pragmas(text: &str) -> Vec<Pragma> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let code = line.trim_start_matches('\u{feff}').trim();
        let start = at + (line.len() - line.trim_start_matches('\u{feff}').trim_start().len());
        at += line.len();
        if let Some((wish, reason)) = code.strip_prefix('#').and_then(read) {
            let span = Span::new(start, start + code.len());
            found.push(Pragma { span, wish, reason, below: None });
        }
    }
    found
}

/// What a comment asks for; nothing when it only speaks of alpinist.
fn read(comment: &str) -> Option<(Wish, String)> {
    let rest = comment.trim_start().strip_prefix(NAME)?;
    if !rest.starts_with([' ', '\t', ':']) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t', ':']);
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let wish = match word.split_once('=') {
        Some(("ignore", passes)) => ignore(passes),
        None if word == "skip-file" => Wish::SkipFile,
        None if !matches!(word, "ignore" | "skip" | "skipfile" | "ignore-file") => return None,
        _ => Wish::Unreadable(format!("{word} is none of its words: {HELP}")),
    };
    let rest = rest.trim();
    match rest.strip_prefix("reason=") {
        Some(reason) => Some((wish, reason.trim().trim_matches('"').to_owned())),
        None if rest.is_empty() => Some((wish, String::new())),
        None => {
            Some((Wish::Unreadable(format!("after {word} only reason=… may stand: {HELP}")), String::new()))
        }
    }
}

fn ignore(passes: &str) -> Wish {
    let passes: Vec<String> = passes.split(',').map(|pass| pass.trim().to_owned()).collect();
    match passes.iter().any(String::is_empty) {
        true => Wish::Unreadable(format!("a name of a pass is missing: {HELP}")),
        false => Wish::Ignore(passes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(comment: &str) -> Option<Wish> {
        read(comment).map(|(wish, _)| wish)
    }

    #[test]
    fn reads_wishes_and_leaves_prose_alone() {
        let two = Wish::Ignore(vec!["init".to_owned(), "non-root".to_owned()]);
        assert_eq!(read(" alpinist ignore=init,non-root reason=a b"), Some((two, "a b".to_owned())));
        assert_eq!(wish("alpinist: skip-file"), Some(Wish::SkipFile));
        for prose in [" alpinist made this", " see alpinist", " alpinists", " alpinist"] {
            assert_eq!(wish(prose), None, "{prose}");
        }
        for odd in [" alpinist ignore", " alpinist ignore=a,,b", " alpinist skip=a", " alpinist ignore=a, b"]
        {
            assert!(matches!(wish(odd), Some(Wish::Unreadable(_))), "{odd}");
        }
    }

    #[test]
    fn stands_right_above_an_instruction_or_nothing() {
        let text = "# alpinist ignore=init\n# why\nFROM a\n# alpinist ignore=init\n\nRUN b \\\n  # alpinist ignore=init\n  c\n";
        let dockerfile = crate::docker::parse(text).expect("parses");
        let below: Vec<Option<String>> = in_dockerfile(text, &dockerfile)
            .into_iter()
            .map(|found| found.below.map(|below| below.name))
            .collect();
        assert_eq!(below, [Some("FROM".to_owned()), None, None]);
    }

    #[test]
    fn stands_above_a_service() {
        let text = "services:\n  # alpinist ignore=init\n  web:\n    image: a\n  db: {}\n";
        let compose = Compose::parse(text).expect("parses");
        let found = in_compose(text, &compose);
        assert_eq!(found[0].below.as_ref().map(|below| below.name.as_str()), Some("web"));
    }
}
