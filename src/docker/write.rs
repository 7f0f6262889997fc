//! Rewriting one instruction in its own layout: its indentation, continuations and comments stay.

use super::{directive, instruction::Instruction, lines};
use crate::{
    shell::Script,
    source::{Place, Span},
};

/// What happens to the comment lines inside a rewritten instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comments {
    /// Every comment stays.
    Keep,
    /// A comment goes when the line below it goes: for one of two halves of a split instruction.
    FollowCode,
}

/// A replacement inside an instruction: file span and new text.
pub type Piece = (Span, String);

struct Row {
    code: String,
    tail: String,
    had_code: bool,
    is_comment: bool,
    /// Whether a piece left it another text.
    is_changed: bool,
}

/// The text of `instruction` after `pieces`, tidied: emptied lines go, the last line no longer continues.
///
/// `None` when nothing but the keyword is left. Pieces must not overlap.
pub fn rewrite(
    text: &str,
    instruction: &Instruction,
    pieces: &[Piece],
    comments: Comments,
) -> Option<String> {
    let head_end =
        instruction.heredocs.first().map_or(instruction.span.end(), |heredoc| heredoc.body.start());
    let head = Span::new(instruction.span.start(), head_end);
    let mut rows = rows(text, head, pieces);
    let keeps_body = rows.iter().any(|row| !row.is_comment && !row.code.trim().is_empty());
    let first_code = rows[0].code.trim_end();
    if !keeps_body || (first_code.len() <= instruction.keyword_span.len() && only_first_has_code(&rows)) {
        return None;
    }
    if let Some(comment) = lone_comment(&rows[0], instruction).filter(|_| only_first_has_code(&rows)) {
        return Some(comment);
    }
    drop_emptied(&mut rows, comments);
    pull_up_first(&mut rows);
    let newline = if head.of(text).contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = join(rows, newline, directive::escape(text));
    if head_end < instruction.span.end() {
        out.push_str(newline);
        out.push_str(&text[head_end..instruction.span.end()]);
    }
    Some(out)
}

/// The shell comment that ends `RUN apt-get update # note`, when only it is left beside the keyword.
fn lone_comment(first: &Row, instruction: &Instruction) -> Option<String> {
    let body = first.code.get(instruction.keyword_span.len()..)?.trim();
    body.starts_with('#').then(|| body.to_owned())
}

fn only_first_has_code(rows: &[Row]) -> bool {
    rows.iter().skip(1).all(|row| row.is_comment || row.code.trim().is_empty())
}

fn rows(text: &str, head: Span, pieces: &[Piece]) -> Vec<Row> {
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by_key(|(span, _)| (span.start(), span.end()));
    let mut rows = Vec::new();
    let escape = directive::escape(text);
    let mut at = head.start();
    for line in head.of(text).split_inclusive('\n') {
        let body = line.trim_end_matches(['\r', '\n']);
        let span = Span::new(at, at + body.len());
        at += line.len();
        let was_comment = !rows.is_empty() && lines::is_comment(body);
        let cut = if was_comment { body.len() } else { code_end(body, escape) };
        let code = Span::new(span.start(), span.start() + cut);
        let patched = if was_comment { body.to_owned() } else { patched(text, code, &sorted) };
        rows.push(Row {
            is_changed: patched != code.of(text),
            // What the shell took for a comment is one of the Dockerfile once nothing is before it.
            is_comment: !rows.is_empty() && lines::is_comment(&patched),
            code: patched,
            tail: body[cut..].to_owned(),
            had_code: !code.of(text).trim().is_empty(),
        });
    }
    rows
}

/// Where the code of a line ends: before the blanks and the escape character that continue it.
fn code_end(line: &str, escape: char) -> usize {
    lines::continuation(line, escape).map_or(line.len(), |at| line[..at].trim_end().len())
}

/// The code at `line` after the pieces that touch it; `sorted` are in order and do not overlap.
fn patched(text: &str, line: Span, sorted: &[&Piece]) -> String {
    let first = sorted.partition_point(|(span, _)| span.end() < line.start());
    let touching = sorted[first..].iter().take_while(|(span, _)| span.start() <= line.end());
    let mut out = String::new();
    let mut at = line.start();
    // What a piece that starts on a line above leaves of this one begins at its indentation.
    let mut is_cut = false;
    let code = |out: &String, is_cut: bool, code: &str| match is_cut && out.trim().is_empty() {
        true => code.trim_start().to_owned(),
        false => code.to_owned(),
    };
    for (span, new) in touching {
        let starts_here = span.start() >= line.start();
        if span.is_empty() && !starts_here {
            continue;
        }
        let from = if starts_here { span.start() } else { line.start() + indent_len(line.of(text)) };
        let to = span.end().min(line.end());
        if from > line.end() {
            continue;
        }
        if from < at {
            // The piece before took the blanks that this one begins with.
            at = at.max(to);
            continue;
        }
        out += &code(&out, is_cut, &text[at..from]);
        if starts_here {
            out.push_str(new);
        }
        is_cut = is_cut || !starts_here;
        at = to.max(from);
    }
    out += &code(&out, is_cut, &text[at..line.end()]);
    out
}

fn indent_len(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn drop_emptied(rows: &mut Vec<Row>, comments: Comments) {
    let emptied: Vec<bool> = rows.iter().map(|row| row.had_code && row.code.trim().is_empty()).collect();
    let next_code =
        |index: usize| (index + 1..rows.len()).find(|&at| rows[at].had_code && !rows[at].is_comment);
    let keep: Vec<bool> = (0..rows.len())
        .map(|index| match (rows[index].is_comment, comments) {
            (true, Comments::FollowCode) => next_code(index).is_none_or(|code| !emptied[code]),
            (true, Comments::Keep) => true,
            (false, _) => !emptied[index],
        })
        .collect();
    let mut flags = keep.into_iter();
    rows.retain(|_| flags.next().unwrap_or(true));
}

/// Joins a first line that holds only the keyword with the code line right below it.
fn pull_up_first(rows: &mut Vec<Row>) {
    let is_bare = rows[0].code.trim_end().chars().all(|c| c.is_ascii_alphabetic());
    if is_bare && rows.len() > 1 && !rows[1].is_comment && !rows[1].code.trim().is_empty() {
        let next = rows.remove(1);
        rows[0].code = format!("{} {}", rows[0].code.trim_end(), next.code.trim_start());
        rows[0].is_changed = true;
        rows[0].tail = next.tail;
    } else if is_bare && rows[0].tail.starts_with(['\\', '`']) {
        // Without a blank the code below would be joined to the keyword.
        rows[0].tail.insert(0, ' ');
    }
}

fn join(mut rows: Vec<Row>, newline: &str, escape: char) -> String {
    let last_code = rows.iter().rposition(|row| !row.is_comment && !row.code.trim().is_empty());
    for (index, row) in rows.iter_mut().enumerate() {
        if row.is_comment {
            continue;
        }
        if row.is_changed || !row.tail.is_empty() {
            row.code.truncate(row.code.trim_end().len());
        }
        // An inserted line break, where what stood after it on this line is gone.
        if let Some(code) = row.code.strip_suffix(escape).filter(|_| !row.tail.is_empty()) {
            row.code.truncate(code.trim_end().len());
        }
        if Some(index) >= last_code {
            row.tail.clear();
        } else if row.tail.is_empty() && !row.code.trim().is_empty() {
            row.tail = format!(" {escape}");
        }
    }
    let lines: Vec<String> = rows.into_iter().map(|row| row.code + &row.tail).collect();
    lines.join(newline)
}

/// The piece that deletes the word at `span` with the blanks that set it apart on its line.
pub fn delete_word(text: &str, span: Span) -> Piece {
    let line_start = text[..span.start()].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..span.start()];
    if before.trim().is_empty() {
        let after = &text[span.end()..];
        let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
        let ends_line = after[blanks..].starts_with(['\\', '\r', '\n']) || after[blanks..].is_empty();
        return (Span::new(span.start(), span.end() + if ends_line { 0 } else { blanks }), String::new());
    }
    (Span::new(line_start + before.trim_end().len(), span.end()), String::new())
}

/// The pieces that delete the top-level items at `indices` (ascending) of a RUN script, with their operators.
///
/// The caller makes sure that the items are joined by `&&` or `;` and that some item stays.
pub fn delete_items(text: &str, script: &Script, indices: &[usize]) -> Vec<Piece> {
    let items = &script.items;
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < items.len() {
        if indices.binary_search(&at).is_err() {
            at += 1;
            continue;
        }
        let first = at;
        while at < items.len() && indices.binary_search(&at).is_ok() {
            at += 1;
        }
        let last = at - 1;
        let span = if first == 0 {
            Span::new(
                items[0].span.start(),
                items.get(at).map_or(items[last].span.end(), |next| next.span.start()),
            )
        } else if at == items.len()
            || operator_leads(text, items[first - 1].span.end(), items[first].span.start())
        {
            Span::new(items[first - 1].span.end(), items[last].span.end())
        } else {
            Span::new(items[first].span.start(), items[at].span.start())
        };
        pieces.push((span, String::new()));
    }
    pieces
}

/// Whether the operator between two items stands on the line of the second one.
fn operator_leads(text: &str, end: usize, start: usize) -> bool {
    let gap = &text[end..start];
    match gap.rfind('\n') {
        Some(at) => gap[at..].contains(['&', ';']),
        None => true,
    }
}

/// `line` as a piece that stands before an instruction and the comments right above it.
///
/// Where a blank line stands above such comments, it gets one below it too: the comments speak of what follows.
pub fn line_above(text: &str, instruction: &Instruction, line: &str) -> Piece {
    let at = above_comments(text, instruction);
    let newline = newline_of(text);
    let has_comments = text[at..instruction.span.start()].contains('\n');
    let has_gap = text[..at].lines().next_back().is_some_and(|line| line.trim().is_empty());
    let gap = if has_comments && has_gap { newline } else { "" };
    (Span::at(at), format!("{line}{newline}{gap}"))
}

/// `line` as the text to insert at `at`, where an instruction ends: set apart as the author sets apart what follows.
pub fn line_after(text: &str, at: usize, line: &str) -> String {
    let newline = newline_of(text);
    match text[at..].lines().next().map(str::trim) {
        None | Some("") => format!("{newline}{line}{newline}"),
        // A comment speaks of what follows it.
        Some(next) if next.starts_with('#') => format!("{newline}{line}{newline}{newline}"),
        Some(_) => format!("{line}{newline}"),
    }
}

/// Where a line goes that stands before an instruction and the comments right above it.
fn above_comments(text: &str, instruction: &Instruction) -> usize {
    let mut at = text[..instruction.span.start()].rfind('\n').map_or(0, |at| at + 1);
    let first = instruction.lead.start();
    while at > first {
        let start = text[..at - 1].rfind('\n').map_or(0, |at| at + 1);
        if start < first || !lines::is_comment(&text[start..at]) {
            break;
        }
        at = start;
    }
    at
}

/// The indentation of the line at `offset`.
pub fn indent_at(text: &str, offset: usize) -> &str {
    let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[line_start..offset];
    &line[..indent_len(line).min(line.len())]
}

/// Whether the word at `span` is alone on its line, but for a continuation.
pub fn is_alone(text: &str, span: Span) -> bool {
    let line_start = text[..span.start()].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[span.end()..].find('\n').map_or(text.len(), |at| span.end() + at);
    let after = text[span.end()..line_end].trim();
    text[line_start..span.start()].trim().is_empty() && (after.is_empty() || after == "\\" || after == "`")
}

/// What goes on in the next line: a blank, the escape character of `text`, and a line ending.
pub fn fold(text: &str) -> String {
    format!(" {}{}", directive::escape(text), newline_of(text))
}

/// The line ending that `text` uses: that of its first line, so that asking costs no more than that line.
pub fn newline_of(text: &str) -> &'static str {
    let end = text.find('\n').unwrap_or(text.len());
    if text[..end].ends_with('\r') { "\r\n" } else { "\n" }
}

/// The place of `span` in `text`, for messages.
pub fn place_of(text: &str, span: Span) -> Place {
    crate::source::place(text, span.start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker;

    fn without_items(run: &str, indices: &[usize]) -> Option<String> {
        let text = format!("FROM a\n{run}\n");
        let dockerfile = docker::parse(&text).expect("parses");
        let instruction = &dockerfile.instructions[1];
        let script = Script::of(instruction, &text);
        rewrite(&text, instruction, &delete_items(&text, script, indices), Comments::Keep)
    }

    #[test]
    fn removes_items_in_either_style() {
        let leading = "RUN a \\\n    && b \\\n    # why\n    && c";
        assert_eq!(without_items(leading, &[1]).as_deref(), Some("RUN a \\\n    # why\n    && c"));
        assert_eq!(without_items(leading, &[2]).as_deref(), Some("RUN a \\\n    && b\n    # why"));
        assert_eq!(without_items(leading, &[1, 2]).as_deref(), Some("RUN a\n    # why"));
        let trailing = "RUN a && \\\n    b && \\\n    c";
        assert_eq!(without_items(trailing, &[0]).as_deref(), Some("RUN b && \\\n    c"));
        assert_eq!(without_items(trailing, &[1]).as_deref(), Some("RUN a && \\\n    c"));
        assert_eq!(without_items(trailing, &[2]).as_deref(), Some("RUN a && \\\n    b"));
        assert_eq!(without_items(trailing, &[0, 1, 2]), None);
        assert_eq!(without_items("RUN a && b; c", &[1]).as_deref(), Some("RUN a; c"));
    }

    #[test]
    fn the_keyword_is_never_joined_to_what_follows() {
        let run = "RUN a\\\n  # why\nb && c";
        assert_eq!(without_items(run, &[0]).as_deref(), Some("RUN \\\n  # why\nc"));
    }

    #[test]
    fn a_comment_of_the_shell_never_goes_on() {
        let last = "RUN a \\\n  && b # why";
        assert_eq!(without_items(last, &[1]).as_deref(), Some("RUN a\n  # why"));
        assert_eq!(without_items(last, &[0]).as_deref(), Some("RUN b # why"));
        assert_eq!(without_items("RUN a && b # why", &[1]).as_deref(), Some("RUN a # why"));
        assert_eq!(without_items("RUN a # why", &[0]).as_deref(), Some("# why"));
    }

    #[test]
    fn a_backquote_at_the_end_is_no_continuation() {
        assert_eq!(without_items("RUN a && b `c`", &[0]).as_deref(), Some("RUN b `c`"));
        assert_eq!(without_items("RUN a `b` \\\n  && c", &[1]).as_deref(), Some("RUN a `b`"));
    }

    #[test]
    fn keeps_a_comment_between_keyword_and_code() {
        let run = "RUN a && \\\n    # why\n    b";
        assert_eq!(without_items(run, &[0]).as_deref(), Some("RUN \\\n    # why\n    b"));
    }
}
