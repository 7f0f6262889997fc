//! `.dockerignore` files: what of a build context the builder gets to see.
//!
//! BuildKit's rules, which are not those of `.gitignore`: a pattern is anchored at the top of the context, `*` does
//! not cross `/`, and the last rule that fits decides. The matching follows
//! <https://github.com/moby/patternmatcher>, walked from the top as BuildKit walks a context.

mod pattern;
#[cfg(test)]
mod tests;

use pattern::Pattern;

/// The rules of an ignore file, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

/// One line of an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The line, from 1.
    pub line: usize,
    /// The rule as written.
    pub text: String,
    is_exception: bool,
    pattern: Pattern,
}

/// A line that BuildKit does not accept, or reads in a way that is not certain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule `{text}` in line {line} is not understood")]
pub struct BadRule {
    /// The line, from 1.
    pub line: usize,
    /// The rule as written.
    pub text: String,
}

impl Ignore {
    /// Reads the text of an ignore file.
    ///
    /// # Errors
    /// When a rule is not understood; nothing is known of the context then.
    pub fn parse(text: &str) -> Result<Self, BadRule> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let (written, number) = (line.trim(), index + 1);
            if written.is_empty() {
                continue;
            }
            let (is_exception, body) = match written.strip_prefix('!') {
                Some(body) => (true, body.trim()),
                None => (false, written),
            };
            let pattern = cleaned(body);
            // BuildKit cleans `!` and pattern together: `!/` is refused, and `!../../x` is no exception.
            let is_odd = is_exception && (pattern == "/" || pattern.starts_with("../.."));
            let parsed = (!body.is_empty() && !is_odd).then(|| Pattern::parse(&pattern)).flatten();
            let Some(pattern) = parsed else {
                return Err(BadRule { line: number, text: written.to_owned() });
            };
            rules.push(Rule { line: number, text: written.to_owned(), is_exception, pattern });
        }
        Ok(Self { rules })
    }

    /// The rule that keeps `path` out of the context; `path` is relative to it.
    ///
    /// A folder that is kept out may still be there for the sake of a file in it: see [`Ignore::may_show_below`].
    pub fn hides(&self, path: &str) -> Option<&Rule> {
        let mut inherited = vec![false; self.rules.len()];
        let mut hidden = None;
        for prefix in prefixes(path) {
            hidden = None;
            for (rule, inherited) in self.rules.iter().zip(&mut inherited) {
                let is_asked = rule.is_exception == hidden.is_some();
                *inherited = *inherited || (is_asked && rule.pattern.fits(prefix));
                if *inherited {
                    hidden = (!rule.is_exception).then_some(rule);
                }
            }
        }
        hidden
    }

    /// Whether an exception may bring back something below a folder that is kept out.
    pub fn may_show_below(&self, folder: &str) -> bool {
        self.rules.iter().filter(|rule| rule.is_exception).any(|rule| rule.pattern.may_fit_below(folder))
    }
}

/// `a`, `a/b` and `a/b/c` of `a/b/c`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

/// The shortest form of a pattern; a leading slash means the top of the context, which is meant anyway.
fn cleaned(pattern: &str) -> String {
    let is_rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if is_rooted => {}
            _ => parts.push(part),
        }
    }
    match parts.is_empty() {
        false => parts.join("/"),
        true if is_rooted => "/".to_owned(),
        true => ".".to_owned(),
    }
}
