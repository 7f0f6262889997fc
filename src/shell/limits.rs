//! What about a script would take too long or too much of the stack.
//!
//! Nested `$(` costs rable cubic time, each further backquote in an open quote half as much again, and its trees are
//! as deep as a list is long.

const DEEPEST_SUBSTITUTION: usize = 12;
const DEEPEST_BRACES: usize = 64;
/// No script that people write is as long.
const LONGEST: usize = 64 << 10;
/// How many lines and commands in a line it may have: of the RUNs of 110,039 public Dockerfiles the longest has 573.
const MOST_SEPARATORS: usize = 5_000;
/// Real scripts hold two dozen at most; thirty can take seconds.
const MOST_BACKQUOTES: usize = 24;
/// How many compound commands may be open at once, at most.
const MOST_OPENED: usize = 200;

/// Why `text` is not to be read as a script.
pub(super) fn excess(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return Some("it is longer than 64 KiB");
    }
    if text.bytes().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')) {
        return Some("it holds control characters");
    }
    if text.bytes().filter(|byte| matches!(byte, b';' | b'&' | b'|' | b'\n')).count() > MOST_SEPARATORS {
        return Some("it holds too many commands");
    }
    if openers(text) > MOST_OPENED {
        return Some("it opens too many compound commands");
    }
    if text.bytes().filter(|byte| *byte == b'`').count() > MOST_BACKQUOTES {
        return Some("it holds too many backquotes");
    }
    let is_deep = depth(text, b"()") > DEEPEST_SUBSTITUTION || depth(text, b"{}") > DEEPEST_BRACES;
    is_deep.then_some("command substitutions or braces are nested too deep")
}

/// How many words open a compound command, at most.
fn openers(text: &str) -> usize {
    let opens =
        |word: &&str| matches!(*word, "{" | "if" | "while" | "until" | "for" | "case" | "select" | "!");
    // A word takes two bytes or more, its blank counted.
    if text.len() / 2 <= MOST_OPENED { 0 } else { text.split_ascii_whitespace().filter(opens).count() }
}

/// How many of these brackets are open at once, at most, whatever is quoted.
fn depth(text: &str, [open, close]: &[u8; 2]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        if byte == *open {
            depth += 1;
            deepest = deepest.max(depth);
        } else if byte == *close {
            depth = depth.saturating_sub(1);
        }
    }
    deepest
}
