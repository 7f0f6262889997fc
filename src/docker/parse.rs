//! From text to [`Dockerfile`], line by line as BuildKit reads it.

use super::{
    Dockerfile, check, directive,
    error::DockerfileError,
    head,
    heredoc::{self, Heredoc},
    instruction::Instruction,
    keyword::Keyword,
    lines::{self, Line, Logical},
    stage,
};
use crate::source::Span;

/// The most that a Dockerfile of the user may hold. BuildKit has no such limits; of 110,039 public files the longest
/// has 336 instructions, and the one of most words 426. They bound the memory that very short ones take.
const BOUNDED: Most = Most { instructions: 5_000, words: 20_000 };
const UNBOUNDED: Most = Most { instructions: usize::MAX, words: usize::MAX };

#[derive(Clone, Copy)]
struct Most {
    instructions: usize,
    /// Flags, arguments, and pairs of ENV, LABEL and ARG; a shell form has none.
    words: usize,
}

/// Reads a Dockerfile that something can be built from.
///
/// # Errors
/// As [`read_instructions`], and a file that has no FROM.
pub fn parse(text: &str) -> Result<Dockerfile, DockerfileError> {
    with_stage(read(text, UNBOUNDED)?)
}

/// As [`parse`], for a text that is not known to be of a sound size: reading ends after 5,000 instructions, and
/// after 20,000 words in them.
///
/// # Errors
/// As there, and when there are more.
pub fn parse_bounded(text: &str) -> Result<Dockerfile, DockerfileError> {
    with_stage(read(text, BOUNDED)?)
}

fn with_stage(dockerfile: Dockerfile) -> Result<Dockerfile, DockerfileError> {
    check::has_stage(&dockerfile)?;
    Ok(dockerfile)
}

/// Reads a Dockerfile as BuildKit's instruction parser does: ARG instructions alone are fine.
///
/// # Errors
/// What BuildKit's parser or its instruction parser refuses, on the line that BuildKit reports: the first of the
/// instruction, the last of a file that has none, the one above a directive or a line that is too long. As there,
/// what one line breaks in the syntax comes before what an earlier line asks for.
pub fn read_instructions(text: &str) -> Result<Dockerfile, DockerfileError> {
    read(text, UNBOUNDED)
}

fn read(text: &str, most: Most) -> Result<Dockerfile, DockerfileError> {
    let lines = lines::split(text);
    let readable = lines.iter().take_while(|line| !line.is_too_long(text)).count();
    let (lines, rest) = lines.split_at(readable);
    let directives = directive::read(text, lines)?;
    let escape = directives.iter().find(|d| d.name == "escape").and_then(|d| d.value.chars().next());
    let escape = escape.unwrap_or('\\');
    let mut reader = Reader { text, lines, escape, at: 0, last_end: 0, unknown: None, is_cut: false };
    let instructions = reader.instructions(most)?;
    let last = lines.last().filter(|_| !instructions.is_empty() || reader.unknown.is_some());
    let last = last.ok_or_else(|| no_instructions(lines))?;
    if let Some(line) = rest.first() {
        return Err(too_long(line).on(text, if reader.is_cut { *line } else { *last }));
    }
    check::instructions(&instructions)
        .map_err(|(refused, error)| error.on(text, lines[refused.lines.0 - 1]))?;
    match reader.unknown {
        Some(error) => Err(error),
        None => {
            let (stages, names) = stage::find(&instructions, escape);
            Ok(Dockerfile { directives, escape, instructions, stages, names })
        }
    }
}

fn no_instructions(lines: &[Line]) -> DockerfileError {
    let last = lines.last().map_or(Span::at(0), |line| line.span);
    DockerfileError::new(last, "file with no instructions", "a Dockerfile starts with FROM")
}

/// What BuildKit says once it has read the lines above.
fn too_long(line: &Line) -> DockerfileError {
    let what = "a line holds more than 65535 bytes";
    DockerfileError::new(Span::at(line.span.start()), what, "break it with a backslash")
}

struct Reader<'t> {
    text: &'t str,
    lines: &'t [Line],
    escape: char,
    at: usize,
    last_end: usize,
    /// BuildKit goes on after a name that it does not know: a later line may be worse.
    unknown: Option<DockerfileError>,
    /// Whether the last line continues. BuildKit then counts one more that it cannot read: it sees the start of that.
    is_cut: bool,
}

impl Reader<'_> {
    /// All instructions up to the first of an unknown name.
    fn instructions(&mut self, most: Most) -> Result<Vec<Instruction>, DockerfileError> {
        let (mut instructions, mut words) = (Vec::new(), 0);
        while let Some(instruction) = self.next_instruction()? {
            words += instruction.flags.len() + instruction.pairs.len();
            words += instruction.json.as_ref().unwrap_or(&instruction.words).len();
            let excess = match (instructions.len() == most.instructions, words > most.words) {
                (true, _) => Some(format!("{} instructions", most.instructions)),
                (_, true) => Some(format!("{} words in its instructions", most.words)),
                _ => None,
            };
            if let Some(excess) = excess {
                let what = format!("the file has more than {excess}");
                return Err(DockerfileError::new(
                    instruction.keyword_span,
                    what,
                    "leave it out, or split it",
                ));
            }
            if self.unknown.is_none() {
                instructions.push(instruction);
            }
        }
        instructions.shrink_to_fit();
        Ok(instructions)
    }

    fn next_instruction(&mut self) -> Result<Option<Instruction>, DockerfileError> {
        while let Some(first) = self.next_code() {
            self.at = first;
            let logical = self.logical();
            let head = head::read(&logical, self.escape);
            let (text, line) = (self.text, self.lines[first]);
            match Keyword::parse(head.name.of(&logical.text)) {
                Some(keyword) => {
                    let instruction = self.instruction(first, logical, (keyword, head));
                    return instruction.map(Some).map_err(|error| error.on(text, line));
                }
                None if self.unknown.is_none() => {
                    self.unknown = Some(self.unknown(first, &logical, head.name).on(text, line));
                }
                None => {}
            }
        }
        Ok(None)
    }

    fn instruction(
        &mut self,
        first: usize,
        logical: Logical,
        (keyword, head): (Keyword, head::Head),
    ) -> Result<Instruction, DockerfileError> {
        let name = (keyword, logical.source_span(head.name));
        let may_mark = logical.text.find('<').is_some_and(|at| logical.text[at..].contains("<<"));
        let marked = may_mark.then(|| logical.clone());
        let mut instruction = Instruction::read(name, head.flags, logical.part(head.body), self.escape)?;
        let trigger = instruction.trigger(self.escape)?;
        if let Some(marked) = marked.filter(|_| trigger.as_ref().unwrap_or(&instruction).can_hold_heredoc()) {
            instruction.heredocs = self.heredocs(&marked)?;
        }
        let last = self.lines[self.at - 1];
        instruction.span = Span::new(instruction.span.start(), last.span.end());
        instruction.lead = Span::new(self.last_end, instruction.lead.end());
        instruction.end = last.next;
        instruction.lines = (first + 1, self.at);
        self.last_end = last.next;
        Ok(instruction)
    }

    /// The index of the next line that is neither blank nor a comment.
    fn next_code(&self) -> Option<usize> {
        (self.at..self.lines.len()).find(|at| {
            let body = self.lines[*at].span.of(self.text).trim_start();
            !body.is_empty() && !body.starts_with('#')
        })
    }

    /// Joins the next line with those that continue it.
    fn logical(&mut self) -> Logical {
        let mut logical = Logical::default();
        let first = self.at;
        self.is_cut = true;
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            let body = line.span.of(self.text).trim_start();
            if body.is_empty() || body.starts_with('#') {
                continue;
            }
            let is_first = self.at == first + 1;
            let start = if is_first { line.span.end() - body.len() } else { line.span.start() };
            let piece = &self.text[start..line.span.end()];
            let Some(cut) = lines::continuation(piece, self.escape) else {
                logical.push(piece, start);
                self.is_cut = false;
                break;
            };
            logical.push(&piece[..cut], start);
        }
        logical
    }

    fn unknown(&self, first: usize, logical: &Logical, name: Span) -> DockerfileError {
        let what = format!("unknown instruction: {}", name.of(&logical.text));
        let help = "a line that goes on needs a backslash at the end of the line above";
        let span = if name.is_empty() { self.lines[first].span } else { logical.source_span(name) };
        DockerfileError::new(span, what, help)
    }

    fn heredocs(&mut self, logical: &Logical) -> Result<Vec<Heredoc>, DockerfileError> {
        let error = |what: String, help: String| {
            let span = logical.source_span(Span::new(0, logical.text.len()));
            DockerfileError::new(span, what, help)
        };
        let markers = heredoc::markers(&logical.text).map_err(|_| {
            error("malformed here-document name".into(), "close its quotes and braces".into())
        })?;
        let (heredocs, next) = heredoc::read(self.text, self.lines, self.at, markers).map_err(|name| {
            error(
                format!("unterminated heredoc {name}"),
                format!("end it with a line that holds only {name}"),
            )
        })?;
        self.at = next;
        Ok(heredocs)
    }
}
