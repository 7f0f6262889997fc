//! What about a script would take too long or too much of the stack.
//!
//! Nested `$(` costs rable cubic time, and its trees are as deep as a list is long.

const DEEPEST_SUBSTITUTION: usize = 12;
/// No script that people write is as long.
const LONGEST: usize = 64 << 10;
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
    if openers(text) > MOST_OPENED {
        return Some("it opens too many compound commands");
    }
    (substitution_depth(text) > DEEPEST_SUBSTITUTION).then_some("command substitutions are nested too deep")
}

/// How many words open a compound command, at most.
fn openers(text: &str) -> usize {
    let opens =
        |word: &&str| matches!(*word, "{" | "if" | "while" | "until" | "for" | "case" | "select" | "!");
    // A word takes two bytes or more, its blank counted.
    if text.len() / 2 <= MOST_OPENED { 0 } else { text.split_ascii_whitespace().filter(opens).count() }
}

fn substitution_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
