//! BuildKit's shell lexer with no variable set: it finds the words that may open a here-document.
//!
//! Its quirks decide where an instruction ends, so they are kept: a modifier that it does not know
//! makes the whole line malformed, a nested `${…}` drops what the word held before it, and a byte order
//! mark at the start is nothing.
//! <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go>

use std::{iter::Peekable, mem, str::Chars};

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// A quote or a `${` that stays open, or a modifier that BuildKit does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What the words keep of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Quotes and escapes stay.
    All,
    /// Quotes stay, escapes go.
    Quotes,
    /// Only the text that they stand for.
    Text,
}

/// How deep `${…}` may nest. BuildKit has no limit; this one spares the stack, and no real file comes near it.
const DEEPEST: usize = 100;

/// The words of `text`.
///
/// # Errors
/// When BuildKit cannot read it.
pub(super) fn words(text: &str, keep: Keep) -> Result<Vec<String>, Malformed> {
    let mut lexer = Lexer {
        chars: text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable(),
        keeps_quotes: keep != Keep::Text,
        keeps_escapes: keep == Keep::All,
        buffer: String::new(),
        depth: 0,
    };
    lexer.read(None).map(|(_, words)| words)
}

struct Lexer<'t> {
    chars: Peekable<Chars<'t>>,
    keeps_quotes: bool,
    keeps_escapes: bool,
    /// The word under way; nested readings share it.
    buffer: String,
    depth: usize,
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    is_inside: bool,
}

impl Words {
    fn push(&mut self, buffer: &mut String, text: &str) {
        buffer.push_str(text);
        self.is_inside = true;
    }

    /// Appends text in which white space separates words.
    fn split(&mut self, buffer: &mut String, text: &str) {
        for c in text.chars() {
            if !c.is_whitespace() {
                buffer.push(c);
                self.is_inside = true;
            } else if self.is_inside && !buffer.is_empty() {
                self.done.push(mem::take(buffer));
                self.is_inside = false;
            }
        }
    }

    fn finish(mut self, buffer: &mut String) -> Vec<String> {
        if !buffer.is_empty() {
            self.done.push(mem::take(buffer));
        }
        self.done
    }
}

impl Lexer<'_> {
    fn nested(&mut self, stop: char, keeps_escapes: bool) -> Result<String, Malformed> {
        if self.depth == DEEPEST {
            return Err(Malformed);
        }
        self.depth += 1;
        let outer = mem::replace(&mut self.keeps_escapes, keeps_escapes);
        let read = self.read(Some(stop));
        self.keeps_escapes = outer;
        self.depth -= 1;
        read.map(|(text, _)| text)
    }

    fn read(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), Malformed> {
        self.buffer.clear();
        let (mut text, mut words) = (String::new(), Words::default());
        while let Some(&c) = self.chars.peek() {
            if stop == Some(c) {
                self.chars.next();
                return Ok((text, words.finish(&mut self.buffer)));
            }
            let piece = match c {
                '$' => self.variable()?,
                '<' => self.redirection(),
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '\\' => self.escaped(),
                _ => {
                    self.chars.next();
                    c.to_string()
                }
            };
            text.push_str(&piece);
            match c {
                '<' | '\'' | '"' | '\\' => words.push(&mut self.buffer, &piece),
                _ => words.split(&mut self.buffer, &piece),
            }
        }
        match stop {
            Some(_) => Err(Malformed),
            None => Ok((text, words.finish(&mut self.buffer))),
        }
    }

    fn escaped(&mut self) -> String {
        let escape = self.chars.next().filter(|_| self.keeps_escapes);
        escape.into_iter().chain(self.chars.next()).collect()
    }

    fn single_quoted(&mut self) -> Result<String, Malformed> {
        let mut text: String = self.chars.next().filter(|_| self.keeps_quotes).into_iter().collect();
        loop {
            match self.chars.next().ok_or(Malformed)? {
                '\'' => break,
                c => text.push(c),
            }
        }
        text.extend(self.keeps_quotes.then_some('\''));
        Ok(text)
    }

    fn double_quoted(&mut self) -> Result<String, Malformed> {
        let mut text: String = self.chars.next().filter(|_| self.keeps_quotes).into_iter().collect();
        loop {
            match self.chars.peek().ok_or(Malformed)? {
                '$' => {
                    text.push_str(&self.variable()?);
                    continue;
                }
                '"' => break,
                _ => {}
            }
            let Some(mut c) = self.chars.next() else { break };
            if c == '\\' {
                text.extend(self.keeps_escapes.then_some(c));
                match self.chars.peek() {
                    None => continue,
                    Some('"' | '$' | '\\') => c = self.chars.next().unwrap_or(c),
                    Some(_) => {}
                }
            }
            text.push(c);
        }
        text.extend(self.chars.next().filter(|_| self.keeps_quotes));
        Ok(text)
    }

    /// `<`, or `<<` with the blanks after it.
    fn redirection(&mut self) -> String {
        let mut text: String = self.chars.next().into_iter().collect();
        if let Some(second) = self.chars.next_if_eq(&'<') {
            text.push(second);
            while let Some(blank) = self.chars.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
                text.push(blank);
            }
        }
        text
    }

    fn variable(&mut self) -> Result<String, Malformed> {
        self.chars.next();
        if self.chars.next_if_eq(&'{').is_none() {
            return Ok(format!("${}", self.name()));
        }
        if matches!(self.chars.peek(), None | Some('{' | '}' | ':')) {
            return Err(Malformed);
        }
        let name = self.name();
        let first = self.chars.next().ok_or(Malformed)?;
        match first {
            '}' => Ok(format!("${{{name}}}")),
            ':' => {
                let second = self.chars.next().filter(|c| !matches!(c, '#' | '%')).ok_or(Malformed)?;
                Ok(format!("${{{name}:{second}{}}}", self.nested('}', false)?))
            }
            '+' | '-' | '?' => Ok(format!("${{{name}{first}{}}}", self.nested('}', false)?)),
            '#' | '%' => Ok(format!("${{{name}{first}{}}}", self.nested('}', true)?)),
            '/' => {
                self.chars.next_if_eq(&'/');
                let pattern = self.nested('/', true)?;
                Ok(format!("${{{name}/{pattern}/{}}}", self.nested('}', true)?))
            }
            _ => Err(Malformed),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        let is_special = |c: &char| matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!');
        if let Some(special) = self.chars.next_if(is_special) {
            name.push(special);
            return name;
        }
        let is_number = self.chars.peek().is_some_and(|c| is_digit(*c));
        let goes_on = |c: &char| is_digit(*c) || (!is_number && (is_letter(*c) || *c == '_'));
        while let Some(c) = self.chars.next_if(goes_on) {
            name.push(c);
        }
        name
    }
}

/// As Go's `unicode.IsLetter`; what Rust calls alphabetic has marks and signs too.
fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

/// As Go's `unicode.IsDigit`.
fn is_digit(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, keep: Keep) -> Vec<String> {
        words(text, keep).expect("well formed")
    }

    #[test]
    fn words_end_at_white_space_outside_quotes() {
        assert_eq!(read(r#"a "b c" d\ e"#, Keep::All), ["a", r#""b c""#, r"d\ e"]);
        assert_eq!(read(r#"a "b c" d\ e"#, Keep::Text), ["a", "b c", "d e"]);
        assert_eq!(read("cat << EOF", Keep::All), ["cat", "<< EOF"]);
    }

    #[test]
    fn unset_variables_stay() {
        assert_eq!(read("$a ${b} ${c:-d} $1x", Keep::All), ["$a", "${b}", "${c:-d}", "$1x"]);
        assert_eq!(read("x${a:-b}", Keep::All), ["${a:-b}"]);
    }

    #[test]
    fn what_stays_open_or_is_unknown_is_malformed() {
        for text in ["'a", "\"a", "${a", "${a^^}", "${}", "${a:-b", &"${a:-".repeat(5000)] {
            assert_eq!(words(text, Keep::All), Err(Malformed), "{text}");
        }
    }
}
