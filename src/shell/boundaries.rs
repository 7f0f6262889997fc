//! Where a word ends and what it substitutes, by POSIX's own rules (2.2 Quoting, 2.3 Token Recognition).
//!
//! This checks the parser's reading and finds the commands inside a word. It knows quotes, substitutions and
//! operators, and no grammar: what it cannot follow it takes for another end.

use crate::source::Span;

/// Bytes that end a word unless they are quoted.
const ENDS: &[u8] = b" \t\n;&|<>()";

/// How deep quotes and substitutions may lie in each other: each level takes its part of the stack.
const DEEPEST: usize = 64;

/// The script of a `$(...)` or of backquotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Substitution {
    /// The script, without what encloses it.
    pub(super) script: Span,
    /// Whether the script stands as it is run; in backquotes a backslash may stand before what it hides.
    pub(super) is_plain: bool,
}

/// The end of a word, and its outermost substitutions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// One past the last byte.
    pub(super) end: usize,
    /// In order.
    pub(super) substitutions: Vec<Substitution>,
}

/// The word that starts at byte `at` of `text`; `None` when a quote or a substitution in it
/// has no end, or they lie too deep in each other.
pub(super) fn word(text: &str, at: usize) -> Option<Extent> {
    let mut scanner = Scanner::new(text.as_bytes());
    let end = scanner.past_word(at)?;
    Some(Extent { end, substitutions: scanner.found })
}

/// Where the word after the redirection's operator starts; `at` is the first byte of its number or operator.
pub(super) fn redirected(text: &str, at: usize) -> Option<usize> {
    let whole = text.get(at..)?;
    let mut rest = whole.trim_start_matches(|c: char| c.is_ascii_digit());
    let operators = ["&>>", "&>", "<<<", "<<-", "<<", "<>", "<&", ">>", ">|", ">&", "<", ">"];
    rest = operators.iter().find_map(|operator| rest.strip_prefix(operator))?;
    loop {
        let next = rest.trim_start_matches([' ', '\t']);
        let next = next.strip_prefix("\\\n").unwrap_or(next);
        if next.len() == rest.len() {
            return Some(text.len() - rest.len());
        }
        rest = next;
    }
}

/// The outermost substitutions in `span` of `text`, operators or not; `None` as for [`word`].
pub(super) fn substitutions(text: &str, span: Span) -> Option<Vec<Substitution>> {
    let mut scanner = Scanner::new(text.as_bytes().get(..span.end())?);
    let mut at = span.start();
    while at < span.end() {
        at = scanner.past_piece(at)?;
    }
    Some(scanner.found)
}

/// Whether `c` ends a word unless it is quoted.
pub(super) fn ends_word(c: char) -> bool {
    u8::try_from(c).is_ok_and(|byte| ENDS.contains(&byte))
}

/// Whether nothing but blanks, and line ends after a backslash, stands in `gap`.
pub(super) fn is_blank(gap: &str) -> bool {
    let mut bytes = gap.bytes();
    while let Some(byte) = bytes.next() {
        let is_blank = match byte {
            b' ' | b'\t' => true,
            b'\\' => bytes.next() == Some(b'\n'),
            _ => false,
        };
        if !is_blank {
            return false;
        }
    }
    true
}

struct Scanner<'t> {
    bytes: &'t [u8],
    found: Vec<Substitution>,
    /// How many quotes and substitutions are open.
    depth: usize,
}

impl<'t> Scanner<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, found: Vec::new(), depth: 0 }
    }

    fn past_word(&mut self, start: usize) -> Option<usize> {
        let mut at = match self.bytes.get(start..)? {
            // Bash's process substitution is a word too.
            [b'<' | b'>', b'(', ..] => self.past_command(start + 1)?,
            _ => start,
        };
        while let Some(&byte) = self.bytes.get(at) {
            at = match byte {
                // A backslash hides the end of a line from the shell: the word goes on behind it, or ends before.
                b'\\' if self.bytes.get(at + 1) == Some(&b'\n') => {
                    let mut next = at;
                    while self.bytes[next..].starts_with(b"\\\n") {
                        next += 2;
                    }
                    if self.bytes.get(next).is_none_or(|byte| ENDS.contains(byte)) {
                        return Some(at);
                    }
                    next
                }
                // Bash's array: `name=(a b)`.
                b'(' if at > start && self.bytes[at - 1] == b'=' => self.past_parentheses(at)?,
                _ if ENDS.contains(&byte) => return Some(at),
                _ => self.past_piece(at)?,
            };
        }
        Some(at)
    }

    /// Past the quoted text, the substitution or the single character at `at`.
    fn past_piece(&mut self, at: usize) -> Option<usize> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let end = match &self.bytes[at..] {
            [b'\\', ..] => (at + 1 < self.bytes.len()).then_some(at + 2),
            [b'\'', ..] => self.past(at + 1, b'\''),
            [b'"', ..] => self.past_double_quotes(at + 1),
            [b'`', ..] => self.past_backquotes(at + 1),
            [b'$', b'(', b'(', ..] => self.past_parentheses(at + 1),
            [b'$', b'(', ..] => self.past_command(at + 1),
            [b'$', b'{', ..] => self.past_braces(at + 2),
            // Bash's `$'a\'b'`.
            [b'$', b'\'', ..] => self.past_escaped(at + 2, b'\''),
            _ => Some(at + 1),
        };
        self.depth -= 1;
        end
    }

    fn past(&self, from: usize, end: u8) -> Option<usize> {
        Some(from + self.bytes.get(from..)?.iter().position(|byte| *byte == end)? + 1)
    }

    fn past_escaped(&self, mut at: usize, end: u8) -> Option<usize> {
        loop {
            match self.bytes.get(at)? {
                b'\\' => at += 2,
                byte if *byte == end => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    fn past_backquotes(&mut self, start: usize) -> Option<usize> {
        let end = self.past_escaped(start, b'`')?;
        let script = Span::new(start, end - 1);
        let hides = |pair: &[u8]| matches!(pair, [b'\\', b'$' | b'`' | b'\\' | b'"']);
        let is_plain = !self.bytes[start..end].windows(2).any(hides);
        self.found.push(Substitution { script, is_plain });
        Some(end)
    }

    /// Past the parentheses at `at`, which hold a script.
    fn past_command(&mut self, at: usize) -> Option<usize> {
        let outer = self.found.len();
        let end = self.past_parentheses(at)?;
        self.found.truncate(outer);
        self.found.push(Substitution { script: Span::new(at + 1, end - 1), is_plain: true });
        Some(end)
    }

    fn past_double_quotes(&mut self, mut at: usize) -> Option<usize> {
        loop {
            at = match self.bytes.get(at..)? {
                [b'"', ..] => return Some(at + 1),
                // A single quote means nothing here, nor does `$'`.
                [b'\'', ..] | [b'$', b'\'', ..] => at + 1,
                [] => return None,
                _ => self.past_piece(at)?,
            };
        }
    }

    fn past_parentheses(&mut self, mut at: usize) -> Option<usize> {
        // The depths at which a `case` is open: a pattern ends in a parenthesis that closes nothing.
        let mut cases = Vec::new();
        let mut depth = 0usize;
        loop {
            at = match self.bytes.get(at)? {
                b'(' => {
                    depth += 1;
                    at + 1
                }
                b')' if cases.last() == Some(&depth) => at + 1,
                b')' if depth == 1 => return Some(at + 1),
                b')' => {
                    depth -= 1;
                    at + 1
                }
                b'c' if self.is_word(at, b"case") => {
                    cases.push(depth);
                    at + 4
                }
                b'e' if self.is_word(at, b"esac") => {
                    cases.pop();
                    at + 4
                }
                _ => self.past_piece(at)?,
            };
        }
    }

    /// Whether the unquoted `word` stands at `at`, and no more than it.
    fn is_word(&self, at: usize, word: &[u8]) -> bool {
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| ENDS.contains(byte) || *byte == b'`');
        self.bytes[at..].starts_with(word)
            && ends(self.bytes.get(at + word.len()))
            && ends(self.bytes[..at].last())
    }

    fn past_braces(&mut self, mut at: usize) -> Option<usize> {
        loop {
            at = match self.bytes.get(at)? {
                b'}' => return Some(at + 1),
                _ => self.past_piece(at)?,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Option<usize> {
        word(text, 0).map(|extent| extent.end)
    }

    #[test]
    fn words_end_where_the_shell_ends_them() {
        for word in [
            "a",
            "a'b c'd",
            "\"a $(b \"c d\") 'e\"",
            "a\\ b",
            "$(a (b) ')' \")\")",
            "$(case $a in b) c ;; (d | e) $(f) ;; esac)",
            "`a b \\` c`d",
            "${a:-b c}",
            "${a:-\"}\"}",
            "$((1 + (2)))",
            "a=(b c)",
            "<(a b)",
            "$'a\\'b c'",
            "--with=\"a b\"",
            "é",
            "#",
            "a\\\nb",
        ] {
            for rest in ["", " x", "\nx", ";x", "&&", ">x", ")"] {
                assert_eq!(end(&format!("{word}{rest}")), Some(word.len()), "{word}{rest}");
            }
        }
    }

    #[test]
    fn a_hidden_line_end_is_no_part_of_the_word_before_it() {
        assert_eq!(end("a\\\n\\\n b"), Some(1));
        assert_eq!(end("a\\\n"), Some(1));
    }

    #[test]
    fn what_has_no_end_has_none() {
        for text in ["'a", "\"a", "`a", "$(a", "${a", "a\\", "$'a\\'", "\"$(a\""] {
            assert_eq!(end(text), None, "{text}");
        }
        assert_eq!(end(&("\"${a:-".repeat(9_000) + &"}\"".repeat(9_000))), None);
    }

    #[test]
    fn finds_the_outermost_scripts() {
        for (text, scripts) in [
            ("a", vec![]),
            ("'$(a)'\\$(b)", vec![]),
            ("x$(a $(b))y`c`", vec!["a $(b)", "c"]),
            ("\"${v:-$(a 'b')}\"", vec!["a 'b'"]),
            ("$((1 + $(a)))", vec!["a"]),
            (">(a)", vec!["a"]),
            ("${v:-'}'$(a)}", vec!["a"]),
        ] {
            let found = word(text, 0).unwrap().substitutions;
            let found: Vec<&str> = found.iter().map(|found| found.script.of(text)).collect();
            assert_eq!(found, scripts, "{text}");
        }
        let target = "> \"$(a)\"";
        assert_eq!(substitutions(target, Span::new(0, target.len())).unwrap().len(), 1);
        let is_plain = |text: &str| word(text, 0).unwrap().substitutions[0].is_plain;
        assert!(is_plain("`a \\(b`"));
        assert!(!is_plain("`a \\`b\\``"));
    }

    #[test]
    fn an_operator_and_blanks_stand_before_the_target() {
        for (text, target) in [
            ("> a", Some(2)),
            ("2>&1", Some(3)),
            ("10>>a", Some(4)),
            ("<<-E", Some(3)),
            ("<<<a", Some(3)),
            ("> \\\n\ta", Some(5)),
            ("< <(a)", Some(2)),
            ("a", None),
            ("2", None),
        ] {
            assert_eq!(redirected(text, 0), target, "{text}");
        }
    }

    #[test]
    fn gaps_hold_blanks_alone() {
        assert!(is_blank(" \t \\\n "));
        for gap in ["a", ";", "\n", "\\", "\\a"] {
            assert!(!is_blank(gap), "{gap:?}");
        }
    }
}
