//! What holds for every file, whichever pass ran: it round-trips, and no comment is lost.

use alpinist::{
    docker::{self, Dockerfile},
    source::Span,
};

/// Parses `text` and requires that the views cover it without gap or overlap.
pub(crate) fn assert_round_trips(text: &str) -> Dockerfile {
    let dockerfile = docker::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut rebuilt = String::new();
    let mut at = 0;
    for instruction in &dockerfile.instructions {
        assert_eq!(instruction.lead.start(), at, "a gap before {}", instruction.keyword.name());
        assert_eq!(instruction.lead.end(), instruction.span.start());
        assert!(instruction.span.end() <= instruction.end && instruction.end <= text.len());
        rebuilt += instruction.lead.of(text);
        rebuilt += instruction.span.of(text);
        rebuilt += &text[instruction.span.end()..instruction.end];
        at = instruction.end;
        assert_words_inside(instruction);
    }
    rebuilt += &text[at..];
    assert_eq!(rebuilt, text);
    dockerfile
}

fn assert_words_inside(instruction: &docker::Instruction) {
    let words = instruction.words.iter().map(|word| word.span);
    let flags = instruction.flags.iter().map(|flag| flag.span);
    let bodies = instruction.heredocs.iter().map(|heredoc| heredoc.body);
    for spans in [flags.collect::<Vec<Span>>(), words.collect(), bodies.collect()] {
        assert!(spans.iter().all(|span| instruction.span.contains(*span)), "{instruction:?}");
        assert!(spans.windows(2).all(|pair| pair[0].end() <= pair[1].start()), "{instruction:?}");
    }
}

/// The comment lines of a file, trimmed; `#!` is no comment.
pub(crate) fn comments(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
    lines.filter(|line| line.starts_with('#') && !line.starts_with("#!")).collect()
}

/// What stands after a blank and `#` in a YAML line, quotes aside.
fn trailing_comments(text: &str) -> Vec<&str> {
    let tails = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    tails
        .filter_map(|line| line.split_once(" #"))
        .filter(|(_, tail)| !tail.contains(['"', '\'']))
        .map(|(_, tail)| tail.trim())
        .collect()
}

/// Requires that each comment of `before` stands in `after` as often.
pub(crate) fn assert_comments_kept(path: &str, before: &str, after: &str) {
    assert_all_in(path, &comments(before), &comments(after));
    if path.ends_with(".yml") || path.ends_with(".yaml") {
        assert_all_in(path, &trailing_comments(before), &trailing_comments(after));
    }
}

fn assert_all_in(path: &str, before: &[&str], after: &[&str]) {
    let count = |list: &[&str], wanted: &str| list.iter().filter(|comment| **comment == wanted).count();
    for comment in before {
        assert!(count(after, comment) >= count(before, comment), "{path} lost the comment {comment}");
    }
}
