//! From text to [`Dockerfile`], line by line as BuildKit reads it.

use super::{
    Dockerfile, check, directive,
    error::DockerfileError,
    heredoc,
    instruction::{Flag, Instruction},
    keyword::Keyword,
    lines::{self, Line, Logical},
    stage, words,
};
use crate::source::Span;

/// Reads a Dockerfile.
///
/// # Errors
/// What BuildKit's parser or its instruction parser refuses, with the place.
pub fn parse(text: &str) -> Result<Dockerfile, DockerfileError> {
    let lines = lines::split(text);
    let directives = directive::read(text, &lines)?;
    let escape = directives.iter().find(|d| d.name == "escape").and_then(|d| d.value.chars().next());
    let mut reader = Reader { text, lines: &lines, escape: escape.unwrap_or('\\'), at: 0, last_end: 0 };
    let mut instructions = Vec::new();
    while let Some(instruction) = reader.next_instruction()? {
        instructions.push(instruction);
    }
    if instructions.is_empty() {
        let help = "a Dockerfile starts with FROM";
        return Err(DockerfileError::new(Span::at(0), "file with no instructions", help));
    }
    let stages = stage::find(&instructions);
    let dockerfile = Dockerfile { directives, escape: reader.escape, instructions, stages };
    check::check(&dockerfile)?;
    Ok(dockerfile)
}

struct Reader<'t> {
    text: &'t str,
    lines: &'t [Line],
    escape: char,
    at: usize,
    last_end: usize,
}

impl Reader<'_> {
    fn next_instruction(&mut self) -> Result<Option<Instruction>, DockerfileError> {
        loop {
            let first = self.at;
            let Some(logical) = self.next_logical() else { return Ok(None) };
            if logical.text.trim().is_empty() {
                continue;
            }
            return self.instruction(first, logical).map(Some);
        }
    }

    /// Joins the next line with those that continue it; `None` at the end of the file.
    fn next_logical(&mut self) -> Option<Logical> {
        let mut logical = Logical::default();
        let mut is_first = true;
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            let content = line.span.of(self.text);
            if lines::is_comment(content) {
                if is_first {
                    return Some(logical);
                }
                continue;
            }
            let body = content.trim_start_matches(lines::is_blank);
            if body.is_empty() && !is_first {
                continue;
            }
            let start = if is_first { line.span.end - body.len() } else { line.span.start };
            let piece = &self.text[start..line.span.end];
            is_first = false;
            let Some(cut) = lines::continuation(piece, self.escape) else {
                logical.push(piece, start);
                return Some(logical);
            };
            logical.push(&piece[..cut], start);
        }
        (!is_first).then_some(logical)
    }

    fn instruction(&mut self, first: usize, logical: Logical) -> Result<Instruction, DockerfileError> {
        let inner = words::trimmed(&logical.text);
        let name_end =
            logical.text[inner.start..].find(words::is_blank).map_or(inner.end, |at| inner.start + at);
        let name_span = Span::new(inner.start, name_end.min(inner.end));
        let keyword = self.keyword(&logical, name_span)?;
        let rest_start = name_span.end;
        let (raw_flags, rest) = words::builder_flags(&logical.text[rest_start..]);
        let flags = raw_flags.into_iter().map(|flag| self.flag(&logical, flag, rest_start)).collect();
        let body = trimmed_tail(&logical, rest_start + rest);
        let heredocs = self.heredocs(keyword, &logical)?;
        let start = logical.source_offset(inner.start);
        let (last, lead_start) = (self.lines[self.at - 1], self.last_end);
        self.last_end = last.next;
        let mut instruction = Instruction {
            keyword,
            span: Span::new(start, last.span.end),
            lead: Span::new(lead_start, start),
            end: last.next,
            lines: (self.first_line_of(first, start), self.at),
            keyword_span: logical.source_span(name_span),
            flags,
            body,
            json: None,
            words: Vec::new(),
            pairs: Vec::new(),
            heredocs,
        };
        instruction.read_body(self.escape)?;
        Ok(instruction)
    }

    /// BuildKit counts from the line that the logical line begins on, even if only an escape stands there.
    fn first_line_of(&self, first: usize, start: usize) -> usize {
        debug_assert!(self.lines[first].span.start <= start);
        first + 1
    }

    fn keyword(&self, logical: &Logical, name: Span) -> Result<Keyword, DockerfileError> {
        Keyword::parse(name.of(&logical.text)).ok_or_else(|| {
            let what = format!("unknown instruction: {}", name.of(&logical.text));
            let help = "a line that goes on needs a backslash at the end of the line above";
            DockerfileError::new(logical.source_span(name), what, help)
        })
    }

    fn flag(&self, logical: &Logical, flag: words::RawFlag, shift: usize) -> Flag {
        let span = logical.source_span(flag.span.shifted(shift));
        let body = flag.text.trim_start_matches("--");
        match body.split_once('=') {
            Some((name, value)) => Flag { span, name: name.to_owned(), value: Some(value.to_owned()) },
            None => Flag { span, name: body.to_owned(), value: None },
        }
    }

    fn heredocs(
        &mut self,
        keyword: Keyword,
        logical: &Logical,
    ) -> Result<Vec<heredoc::Heredoc>, DockerfileError> {
        let inner = logical.text.trim_start();
        let holds = keyword.can_hold_heredoc() || keyword == Keyword::Onbuild && onbuild_holds(inner);
        let markers = if holds { heredoc::markers(&logical.text, self.escape) } else { Vec::new() };
        match heredoc::read(self.text, self.lines, self.at, markers) {
            Ok((heredocs, next)) => {
                self.at = next;
                Ok(heredocs)
            }
            Err(name) => {
                let span = logical.source_span(Span::new(0, logical.text.len()));
                let help = format!("end it with a line that holds only {name}");
                Err(DockerfileError::new(span, format!("unterminated heredoc {name}"), help))
            }
        }
    }
}

fn onbuild_holds(text: &str) -> bool {
    let inner = text.split_ascii_whitespace().nth(1).and_then(Keyword::parse);
    inner.is_some_and(Keyword::can_hold_heredoc)
}

fn trimmed_tail(logical: &Logical, from: usize) -> Logical {
    let span = words::trimmed(&logical.text[from..]);
    let mut tail = logical.tail(from + span.start);
    tail.text.truncate(span.len());
    tail
}
