//! A RUN script as commands and words with spans into the file. Never executes, never guesses.

pub mod bashism;
mod boundaries;
mod builder;
mod cell;
mod convert;
mod limits;
mod misread;

pub use cell::ScriptCell;

use crate::{
    docker::{Instruction, Keyword, lines::Logical},
    source::Span,
};

/// A shell script, or the reason why it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The top-level list, in order.
    pub items: Vec<Item>,
    /// Every simple command, nested ones too, in the order of the items that hold them.
    pub commands: Vec<Command>,
    /// Why the script could not be read; it then has no items.
    pub unreadable: Option<String>,
}

/// How a list item is joined to the one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;` or a line break.
    Then,
    /// `&`
    Background,
}

/// One member of the top-level list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands in the file.
    pub span: Span,
    /// What joins it to the next item; behind the last one only a `&` counts.
    pub join: Option<Join>,
    /// The simple command that it is; `None` for pipelines, loops, groups and the like.
    pub command: Option<usize>,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Where it stands in the file.
    pub span: Span,
    /// `NAME=value` before the first word.
    pub assignments: Vec<ShellWord>,
    /// Its words, the command's name first.
    pub words: Vec<ShellWord>,
    /// Its redirections.
    pub redirects: Vec<Span>,
    /// The file that its standard output goes to, where the name is known.
    pub stdout: Option<String>,
    /// The top-level item that holds it.
    pub item: usize,
    /// Whether it is that item, and not something inside it.
    pub is_item: bool,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellWord {
    /// Where it stands in the file.
    pub span: Span,
    /// The word as the shell sees it before expansion.
    pub raw: String,
    /// Its value, when nothing in it is expanded.
    pub literal: Option<String>,
    /// Whether `span` is exactly this word: no continuation cuts it.
    pub is_whole: bool,
}

impl ShellWord {
    /// The value where it is known, else the raw text.
    pub fn text(&self) -> &str {
        self.literal.as_deref().unwrap_or(&self.raw)
    }

    /// Whether the word is an option.
    pub fn is_option(&self) -> bool {
        self.raw.starts_with('-') && self.raw.len() > 1
    }
}

impl Command {
    /// The command's name without its folder, such as `apt-get`; empty for a lone assignment.
    pub fn name(&self) -> &str {
        let name = self.words.first().map_or("", ShellWord::text);
        name.rsplit('/').next().unwrap_or(name)
    }

    /// The words after the name, as text.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(ShellWord::text)
    }
}

impl Script {
    /// Reads the shell form of an instruction: RUN, CMD, ENTRYPOINT, or the command of a HEALTHCHECK.
    ///
    /// A RUN whose whole text is a here-document has that document as its script, or none where its first line names
    /// an interpreter that is no shell. One that the shell sees and BuildKit does not has no end, so such a script is
    /// unreadable. It is read once: `text` must be the text that `instruction` was read from.
    pub fn of<'i>(instruction: &'i Instruction, text: &str) -> &'i Script {
        instruction.script.get_or_read(|| Self::read(instruction, text))
    }

    fn read(instruction: &Instruction, text: &str) -> Script {
        match instruction.heredocs.first() {
            Some(heredoc) if is_marker(&instruction.body.text) => {
                if convert::is_of_other_language(heredoc.body.of(text)) {
                    return Script::default();
                }
                let mut logical = Logical::default();
                logical.push(heredoc.body.of(text), heredoc.body.start());
                convert::convert_heredoc(&logical)
            }
            None if instruction.keyword == Keyword::Run => {
                convert::for_run(convert::convert_without_heredocs(&instruction.body), text)
            }
            Some(_) if instruction.keyword == Keyword::Run => {
                convert::for_run(Self::parse(&instruction.body), text)
            }
            _ => Self::parse(&instruction.body),
        }
    }

    /// The commands that the item at `index` holds: it itself, or those inside it.
    pub fn commands_in(&self, index: usize) -> &[Command] {
        let from = self.commands.partition_point(|command| command.item < index);
        let until = self.commands.partition_point(|command| command.item <= index);
        &self.commands[from..until]
    }

    /// Reads a logical text as a script.
    pub fn parse(logical: &Logical) -> Script {
        convert::convert(logical)
    }

    /// Reads a text that stands nowhere: spans count from its start.
    pub fn parse_str(text: &str) -> Script {
        let mut logical = Logical::default();
        logical.push(text, 0);
        Self::parse(&logical)
    }

    /// The simple command that the top-level item at `index` is.
    pub fn command_of(&self, index: usize) -> Option<&Command> {
        self.commands.get(self.items.get(index)?.command?)
    }

    /// Whether every item is a simple command, joined by `&&` or `;`.
    pub fn is_plain_list(&self) -> bool {
        self.unreadable.is_none()
            && self
                .items
                .iter()
                .all(|item| item.command.is_some() && !matches!(item.join, Some(Join::Or | Join::Background)))
    }
}

/// Whether a RUN is nothing but the mark of one here-document; with a command, the shell hands it the document.
///
/// BuildKit asks the same: <https://github.com/moby/buildkit/blob/v0.26.2/frontend/dockerfile/parser/parser.go>.
fn is_marker(body: &str) -> bool {
    let Some(name) = body.trim().strip_prefix("<<") else { return false };
    name.split_whitespace().count() == 1 && !name.contains('<')
}

/// The value of a word without quotes, or `None` where the shell would expand something.
pub fn literal(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut quote = None;
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), c) => out.push(c),
            (_, '$' | '`') | (None, '(' | ')' | '<' | '>' | ' ' | '\t' | '\n' | ';' | '&' | '|') => {
                return None;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some('"'), '\\') => match chars.next() {
                Some('\n') => {}
                Some(next @ ('$' | '`' | '"' | '\\')) => out.push(next),
                next => out.extend(['\\'].into_iter().chain(next)),
            },
            (_, '\\') => out.extend(chars.next().filter(|c| *c != '\n')),
            (_, c) => out.push(c),
        }
    }
    quote.is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_what_the_shell_sees() {
        let known = [
            ("a", "a"),
            (r"a\ b", "a b"),
            (r#""a b""#, "a b"),
            (r#""a\nb""#, r"a\nb"),
            (r#""\"\\""#, r#""\"#),
            ("a\\\nb\"c\\\nd\"", "abcd"),
            ("'$a'", "$a"),
        ];
        for (raw, value) in known {
            assert_eq!(literal(raw).as_deref(), Some(value), "{raw}");
        }
        for raw in ["$a", "\"$a\"", "`a`", "'a", "a=(b c)", "<(a)", "a b", "a&&b"] {
            assert_eq!(literal(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_here_document_that_only_the_shell_sees_has_no_end() {
        let script = |line: &str| {
            let text = format!("FROM a\n{line}\nE\n");
            let dockerfile = crate::docker::parse(&text).expect("parses");
            Script::of(&dockerfile.instructions[1], &text).unreadable.clone()
        };
        assert_eq!(script("RUN cat <<E"), None);
        let text = "FROM a\nRUN cat &<<E& b\n";
        let dockerfile = crate::docker::parse(text).expect("parses");
        assert!(Script::of(&dockerfile.instructions[1], text).unreadable.is_some());
    }

    #[test]
    fn reads_lists_with_places() {
        let text = "FROM a\nRUN apt-get update && \\\n  # why\n  apt-get install -y 'é' \"$X\" \\\n  && rm -rf /x ; (a | b)\n";
        let dockerfile = crate::docker::parse(text).expect("parses");
        let script = Script::of(&dockerfile.instructions[1], text);
        let items: Vec<_> = script.items.iter().map(|item| (item.span.of(text), item.join)).collect();
        assert_eq!(items[0], ("apt-get update", Some(Join::And)));
        assert_eq!(items[1], ("apt-get install -y 'é' \"$X\"", Some(Join::And)));
        assert_eq!(items[2], ("rm -rf /x", Some(Join::Then)));
        assert_eq!(items[3], ("(a | b)", None));
        let install = script.command_of(1).expect("simple");
        assert_eq!(install.words[3].literal.as_deref(), Some("é"));
        assert_eq!(install.words[4].literal, None);
        assert_eq!(install.words[3].span.of(text), "'é'");
        assert_eq!(script.commands.len(), 5);
    }
    #[test]
    fn commands_in_substitutions_have_their_places() {
        let text = "é=1 a \"$(b 'c d' | e)\" `f ü` ${g:-$(h $(i j))}; for k in $(l m); do n; done >$(o)";
        let script = Script::parse_str(text);
        let commands: Vec<_> = script.commands.iter().map(|command| command.span.of(text)).collect();
        let outer = text.split_once(';').expect("two items").0;
        assert_eq!(commands[0], outer);
        assert_eq!(commands[1..], ["b 'c d'", "e", "f ü", "h $(i j)", "i j", "l m", "n", "o"]);
        let words: Vec<_> = script.commands[1].words.iter().map(|word| word.span.of(text)).collect();
        assert_eq!(words, ["b", "'c d'"]);
        assert_eq!((script.commands[5].item, script.commands[6].item), (0, 1));
    }

    #[test]
    fn a_redirection_has_its_number() {
        let text = "a1 1> b 2>&1 >c";
        let script = Script::parse_str(text);
        let redirects: Vec<_> = script.commands[0].redirects.iter().map(|span| span.of(text)).collect();
        assert_eq!(redirects, ["1> b", "2>&1", ">c"]);
        assert_eq!(script.commands[0].stdout.as_deref(), Some("c"));
    }

    #[test]
    fn what_the_shell_cuts_otherwise_is_not_read() {
        let why = |text: &str| Script::parse_str(text).unreadable;
        assert_eq!(why("a $(case $b in c) d;; esac)"), None);
        assert!(why("a `b \\`c\\``").is_some());
        for text in ["<z[\na b] c", "{ a; } >b[\nc]"] {
            assert!(why(text).is_some(), "{text}");
        }
        for text in ["a >'b c'", "a > \\\n b", "a 2>b\\\nc", "a <<<\"$(b c)\" >&2 &>d"] {
            assert_eq!(why(text), None, "{text}");
        }
    }
}
