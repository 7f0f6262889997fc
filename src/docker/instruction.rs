//! One instruction of a Dockerfile: its keyword, flags, words and places.

use super::{
    error::DockerfileError,
    exec_form::{self, Json},
    head,
    heredoc::Heredoc,
    keyword::Keyword,
    lines::Logical,
    words,
};
use crate::{shell::ScriptCell, source::Span};

/// A word of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands in the file.
    pub span: Span,
    /// Its text: as BuildKit sees it for plain words, decoded for JSON strings.
    pub text: String,
    /// Whether `span` is exactly this word: no continuation cuts it.
    pub is_whole: bool,
}

/// A builder flag such as `--chown=app:app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Where it stands, from the dashes on.
    pub span: Span,
    /// The name without dashes.
    pub name: String,
    /// What follows `=`, if anything does.
    pub value: Option<String>,
}

/// A `name=value` of ENV, LABEL or ARG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The whole pair in the file.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The value as written, quotes included; `None` for `ARG NAME`.
    pub value: Option<String>,
}

/// One instruction, with everything needed to read and to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Which instruction it is.
    pub keyword: Keyword,
    /// From the keyword to the end of its last line, here-documents included, without the line ending.
    pub span: Span,
    /// The comment and blank lines above it, up to the line that it starts on.
    pub lead: Span,
    /// The end of its last line with the line ending.
    pub end: usize,
    /// First and last line, from 1.
    pub lines: (usize, usize),
    /// Where the keyword stands.
    pub keyword_span: Span,
    /// Its builder flags.
    pub flags: Vec<Flag>,
    /// The text after keyword and flags.
    pub body: Logical,
    /// The exec form, when the body is one; for HEALTHCHECK, that of its command.
    pub json: Option<Vec<Word>>,
    /// The arguments as BuildKit's parser hands them on; none for a shell form, which is `body` as it stands.
    pub words: Vec<Word>,
    /// Name and value pairs of ENV, LABEL and ARG.
    pub pairs: Vec<Pair>,
    /// Its here-documents.
    pub heredocs: Vec<Heredoc>,
    /// Its shell form as a script, once somebody asked: see [`Script::of`](crate::shell::Script::of).
    pub(crate) script: ScriptCell,
}

impl Instruction {
    /// The flag called `name`.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The source span of the body, empty at the end of the instruction when there is none.
    pub fn body_span(&self) -> Span {
        match self.body.text.is_empty() {
            true => Span::at(self.span.end()),
            false => self.body.source_span(Span::new(0, self.body.text.len())),
        }
    }

    /// Reads `body` as BuildKit does for this keyword; the places of the whole are left to the caller.
    pub(super) fn read(
        (keyword, keyword_span): (Keyword, Span),
        flags: Vec<Flag>,
        body: Logical,
        escape: char,
    ) -> Result<Self, DockerfileError> {
        let mut instruction = Self {
            keyword,
            span: keyword_span,
            lead: Span::at(keyword_span.start()),
            end: keyword_span.end(),
            lines: (0, 0),
            keyword_span,
            flags,
            body,
            json: None,
            words: Vec::new(),
            pairs: Vec::new(),
            heredocs: Vec::new(),
            script: ScriptCell::default(),
        };
        instruction.read_body(escape)?;
        Ok(instruction)
    }

    /// The instruction that an ONBUILD puts off; none when BuildKit does not know it, or it is another ONBUILD.
    ///
    /// # Errors
    /// When it cannot be read, nor can what a chain of them ends in.
    pub(super) fn trigger(&self, escape: char) -> Result<Option<Self>, DockerfileError> {
        if self.keyword != Keyword::Onbuild {
            return Ok(None);
        }
        let start = head::after_chain(&self.body.text, escape);
        let body = self.body.clone().part(Span::new(start, self.body.text.len()));
        let head = head::read(&body, escape);
        let Some(keyword) = Keyword::parse(head.name.of(&body.text)) else { return Ok(None) };
        let keyword_span = body.source_span(head.name);
        let trigger = Self::read((keyword, keyword_span), head.flags, body.part(head.body), escape)?;
        Ok((start == 0).then_some(trigger))
    }

    /// Whether BuildKit looks for here-documents in it.
    pub(super) fn can_hold_heredoc(&self) -> bool {
        self.keyword.can_hold_heredoc() && self.json.is_none()
    }

    fn read_body(&mut self, escape: char) -> Result<(), DockerfileError> {
        use Keyword::*;
        match self.keyword {
            Env | Label => self.read_pairs(escape)?,
            Arg => self.read_arguments(escape),
            Run | Cmd | Entrypoint | Shell => self.json = self.exec_form(0)?,
            Add | Copy | Volume => {
                self.json = self.exec_form(0)?;
                self.words = self.json.clone().unwrap_or_else(|| self.blank_separated());
            }
            Healthcheck => self.read_healthcheck()?,
            Maintainer | Stopsignal | User | Workdir => self.words = self.rest(0).into_iter().collect(),
            Expose | From | Onbuild => self.words = self.blank_separated(),
        }
        Ok(())
    }

    fn word(&self, span: Span) -> Word {
        let is_whole = self.body.is_contiguous(span);
        Word { span: self.body.source_span(span), text: span.of(&self.body.text).to_owned(), is_whole }
    }

    fn blank_separated(&self) -> Vec<Word> {
        words::blank_separated(&self.body.text).into_iter().map(|span| self.word(span)).collect()
    }

    /// The body from `from` on as one word, if anything is there.
    fn rest(&self, from: usize) -> Option<Word> {
        let span = Span::new(from, self.body.text.len());
        (!span.is_empty()).then(|| self.word(span))
    }

    fn exec_form(&self, from: usize) -> Result<Option<Vec<Word>>, DockerfileError> {
        let from = from + words::trimmed(&self.body.text[from..]).start();
        match exec_form::json(&self.body.text[from..]) {
            Json::Not => Ok(None),
            Json::Mixed => {
                let what =
                    format!("{}: only string type is allowed in JSON format arrays", self.keyword.name());
                Err(DockerfileError::new(self.body_span(), what, "quote every element of the array"))
            }
            Json::Strings(strings) => Ok(Some(
                strings
                    .into_iter()
                    .map(|(span, text)| {
                        let span = span.shifted(from);
                        let is_whole = self.body.is_contiguous(span);
                        Word { span: self.body.source_span(span), text, is_whole }
                    })
                    .collect(),
            )),
        }
    }

    fn read_healthcheck(&mut self) -> Result<(), DockerfileError> {
        let text = &self.body.text;
        let kind_end = text.find(words::is_blank_byte).unwrap_or(text.len());
        let command = text.len() - text[kind_end..].trim_start_matches(words::is_blank_byte).len();
        if kind_end > 0 {
            self.words.push(self.word(Span::new(0, kind_end)));
        }
        self.json = self.exec_form(command)?;
        match &self.json {
            Some(strings) => self.words.extend_from_slice(strings),
            None => self.words.extend(self.rest(command)),
        }
        Ok(())
    }

    fn read_pairs(&mut self, escape: char) -> Result<(), DockerfileError> {
        let spans = words::quoted(&self.body.text, escape);
        let Some(first) = spans.first() else { return Ok(()) };
        let text = &self.body.text;
        if !first.of(text).contains('=') {
            let blank = text.find(words::is_blank);
            let Some(blank) = blank else {
                let what = format!("{} must have two arguments", self.keyword.name());
                return Err(DockerfileError::new(self.body_span(), what, "write NAME=value"));
            };
            let value = text[blank..].trim_start_matches(words::is_blank).to_owned();
            let pair = Pair { span: self.body_span(), name: text[..blank].to_owned(), value: Some(value) };
            self.pairs = vec![pair];
            return Ok(());
        }
        for span in spans {
            let Some((name, value)) = span.of(text).split_once('=') else {
                let word = span.of(text);
                let what = format!("can't find = in \"{word}\": it must be of the form name=value");
                let help = "quote the value, or write one instruction a variable";
                return Err(DockerfileError::new(self.body.source_span(span), what, help));
            };
            let span = self.body.source_span(span);
            self.pairs.push(Pair { span, name: name.to_owned(), value: Some(value.to_owned()) });
        }
        Ok(())
    }

    fn read_arguments(&mut self, escape: char) {
        for span in words::quoted(&self.body.text, escape) {
            let word = span.of(&self.body.text);
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word, None),
            };
            self.pairs.push(Pair { span: self.body.source_span(span), name: name.to_owned(), value });
        }
    }
}

/// A value of ENV, LABEL or ARG without its quotes and escapes; variables stay as written.
pub fn unquoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quote = None;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => out.push(c),
            (_, '\\') => match chars.next() {
                Some(next) if quote.is_none() || matches!(next, '"' | '$' | '\\') => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (_, c) => out.push(c),
        }
    }
    out
}
