//! One small input per rule of BuildKit's parser, with the instructions that it must give.
//!
//! Rules: <https://docs.docker.com/reference/dockerfile/#format> and the sources of
//! `frontend/dockerfile/parser` in <https://github.com/moby/buildkit>.

use alpinist::docker::{self, Instruction};

use crate::checks::assert_round_trips;

/// Each instruction as `NAME --flags <form> body`, where the form is `shell`, `exec` or nothing.
fn read(text: &str) -> Vec<String> {
    assert_round_trips(text).instructions.iter().map(line).collect()
}

fn line(instruction: &Instruction) -> String {
    let mut line = instruction.keyword.name().to_owned();
    for flag in &instruction.flags {
        line += &format!(" --{}", flag.name);
        line += &flag.value.as_ref().map(|value| format!("={value}")).unwrap_or_default();
    }
    match &instruction.json {
        Some(words) => {
            let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            line += &format!(" [{}]", words.join("|"));
        }
        None => line += &format!(" {}", instruction.body.text),
    }
    for heredoc in &instruction.heredocs {
        line += &format!(" <<{}", heredoc.name);
    }
    line
}

/// The instructions of `rest` under `FROM a`, without that.
fn under_from(rest: &str) -> Vec<String> {
    let lines = read(&format!("FROM a\n{rest}"));
    assert_eq!(lines[0], "FROM a");
    lines[1..].to_vec()
}

fn refusal(text: &str) -> String {
    docker::parse(text).expect_err("BuildKit refuses it").what
}

fn pairs(text: &str) -> Vec<(String, Option<String>)> {
    let dockerfile = assert_round_trips(&format!("FROM a\n{text}"));
    dockerfile.instructions[1].pairs.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect()
}

fn pair(name: &str, value: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(value.to_owned()))
}

#[test]
fn keywords_know_no_case() {
    assert_eq!(read("from a as b\nrun x\nCmd [\"y\"]\n"), ["FROM a as b", "RUN x", "CMD [y]"]);
}

#[test]
fn continuations_join_without_a_blank() {
    assert_eq!(under_from("RUN a \\\n  b\\\nc\n"), ["RUN a   bc"]);
}

#[test]
fn blanks_after_the_backslash_continue() {
    assert_eq!(under_from("RUN a \\ \t\n b\n"), ["RUN a  b"]);
}

#[test]
fn two_backslashes_do_not_continue() {
    assert_eq!(under_from("RUN a \\\\\nRUN b\n"), ["RUN a \\\\", "RUN b"]);
}

#[test]
fn comments_and_blank_lines_inside_a_continuation_are_skipped() {
    assert_eq!(under_from("RUN a \\\n# one\n\n   # two\n  b\nRUN c\n"), ["RUN a   b", "RUN c"]);
}

#[test]
fn a_comment_inside_a_continuation_may_end_in_a_backslash() {
    assert_eq!(under_from("RUN a \\\n# one \\\n  b\nRUN c\n"), ["RUN a   b", "RUN c"]);
}

#[test]
fn a_comment_between_instructions_does_not_continue() {
    assert_eq!(under_from("# one \\\nRUN b\n"), ["RUN b"]);
}

#[test]
fn a_stray_backslash_swallows_the_next_instruction() {
    assert_eq!(under_from("RUN a \\\n\nRUN b\n"), ["RUN a RUN b"]);
}

#[test]
fn a_backslash_at_the_end_of_the_file_ends_the_instruction() {
    assert_eq!(under_from("RUN a \\\n"), ["RUN a"]);
    assert_eq!(under_from("RUN a \\"), ["RUN a"]);
}

#[test]
fn the_last_line_needs_no_line_ending() {
    assert_eq!(under_from("RUN a"), ["RUN a"]);
    assert_eq!(under_from("RUN a\n# end"), ["RUN a"]);
}

#[test]
fn text_after_the_array_makes_it_shell_form() {
    assert_eq!(under_from("CMD [\"x\"] # y\n"), ["CMD [\"x\"] # y"]);
}

#[test]
fn single_quotes_make_it_shell_form() {
    assert_eq!(under_from("CMD ['a']\n"), ["CMD ['a']"]);
}

#[test]
fn an_array_may_span_lines() {
    assert_eq!(under_from("CMD [\"a\", \\\n  \"b\"]\n"), ["CMD [a|b]"]);
}

#[test]
fn arrays_decode_their_strings() {
    assert_eq!(under_from("CMD [\"a\\\"b\", \"\\u00e9\", \"\"]\n"), ["CMD [a\"b|é|]"]);
    assert_eq!(under_from("CMD []\n"), ["CMD []"]);
}

#[test]
fn an_array_of_other_than_strings_is_refused() {
    assert!(refusal("FROM a\nCMD [1]\n").contains("only string type"));
}

#[test]
fn copy_and_volume_take_arrays() {
    let text = "COPY --chown=a:b [\"x y\", \"/z/\"]\nVOLUME [\"/v\"]\nADD [\"a\", \"b\"]\n";
    assert_eq!(under_from(text), ["COPY --chown=a:b [x y|/z/]", "VOLUME [/v]", "ADD [a|b]"]);
}

#[test]
fn a_hash_inside_a_value_is_no_comment() {
    assert_eq!(pairs("ARG A=b#c D=#e\n"), [pair("A", "b#c"), pair("D", "#e")]);
    assert_eq!(under_from("RUN a # b\n"), ["RUN a # b"]);
}

#[test]
fn env_reads_pairs_with_quotes() {
    let expected = [pair("A", "\"b c\""), pair("D", "e\\ f"), pair("G", "'h \"i'"), pair("J", "")];
    assert_eq!(pairs("ENV A=\"b c\" D=e\\ f \\\n    G='h \"i' J=\n"), expected);
}

#[test]
fn legacy_env_takes_the_rest_of_the_line() {
    assert_eq!(pairs("ENV A b = c  d\n"), [pair("A", "b = c  d")]);
    assert_eq!(pairs("LABEL a b c\n"), [pair("a", "b c")]);
}

#[test]
fn env_needs_a_value() {
    assert!(refusal("FROM a\nENV A\n").contains("two arguments"));
    assert!(refusal("FROM a\nENV A=b C\n").contains("name=value"));
}

#[test]
fn arg_may_stand_before_from() {
    assert_eq!(read("ARG V=1\nFROM a:${V:-2}\n"), ["ARG V=1", "FROM a:${V:-2}"]);
    assert!(refusal("RUN a\nFROM b\n").contains("before FROM"));
}

#[test]
fn variables_of_every_form_stay_text() {
    let text = "COPY ${a:-b} ${c:+d} ${e#f} ${g%%h} ${i/j/k} $l /m\n";
    assert_eq!(under_from(text), [text.trim_end()]);
}

#[test]
fn flags_end_at_the_first_other_word() {
    let text = "COPY --from=b --chown=c:d --link e --f /g\n";
    assert_eq!(under_from(text), ["COPY --from=b --chown=c:d --link e --f /g"]);
    assert_eq!(read("FROM --platform=$X a\n"), ["FROM --platform=$X a"]);
}

#[test]
fn flags_may_stand_on_lines_of_their_own() {
    let text = "RUN --mount=type=cache,target=/x \\\n    --network=none \\\n    a\n";
    assert_eq!(under_from(text), ["RUN --mount=type=cache,target=/x --network=none a"]);
}

#[test]
fn an_unknown_flag_is_refused() {
    assert!(refusal("FROM a\nCOPY --form=b c d\n").contains("unknown flag: --form"));
}

#[test]
fn healthcheck_has_flags_and_two_forms() {
    let text = "HEALTHCHECK --interval=5s CMD [\"a\", \"b\"]\nHEALTHCHECK NONE\nHEALTHCHECK CMD a || b\n";
    assert_eq!(
        under_from(text),
        ["HEALTHCHECK --interval=5s [a|b]", "HEALTHCHECK NONE", "HEALTHCHECK CMD a || b"]
    );
}

#[test]
fn onbuild_holds_an_instruction() {
    assert_eq!(under_from("ONBUILD RUN a \\\n b\n"), ["ONBUILD RUN a  b"]);
}

#[test]
fn a_here_document_ends_at_its_name() {
    let text = "RUN <<EOF\n# not ours\nFROM x \\\nEOF\nCMD a\n";
    assert_eq!(under_from(text), ["RUN <<EOF <<EOF", "CMD a"]);
}

#[test]
fn a_here_document_may_start_anywhere_in_the_line() {
    let text = "RUN cat <<A >/x && cat <<B\na\nA\nb\nB\nCMD c\n";
    assert_eq!(under_from(text), ["RUN cat <<A >/x && cat <<B <<A <<B", "CMD c"]);
}

#[test]
fn a_dash_strips_tabs_before_the_name() {
    assert_eq!(under_from("RUN <<-E\n\ta\n\tE\nCMD b\n"), ["RUN <<-E <<E", "CMD b"]);
}

#[test]
fn a_quoted_here_document_does_not_expand() {
    let dockerfile = assert_round_trips("FROM a\nCOPY <<\"E\" <<F /x/\n$b\nE\n$c\nF\n");
    let heredocs = &dockerfile.instructions[1].heredocs;
    assert_eq!(heredocs.iter().map(|heredoc| heredoc.expands).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_here_string_is_no_here_document() {
    assert_eq!(under_from("RUN a <<< b\nCMD c\n"), ["RUN a <<< b", "CMD c"]);
    assert_eq!(under_from("RUN echo \"<<E\"\nCMD c\n"), ["RUN echo \"<<E\"", "CMD c"]);
    assert_eq!(under_from("CMD <<E\nRUN c\n"), ["CMD <<E", "RUN c"]);
}

#[test]
fn a_here_document_without_its_end_is_refused() {
    assert!(refusal("FROM a\nRUN <<E\nb\n").contains("unterminated heredoc E"));
}

#[test]
fn the_escape_directive_changes_the_escape() {
    let text = "# escape=`\nFROM a\nRUN b `\n  c\\\nCMD d\n";
    assert_eq!(read(text), ["FROM a", "RUN b   c\\", "CMD d"]);
}

#[test]
fn directives_stand_before_anything_else() {
    let names = |text: &str| -> Vec<String> {
        assert_round_trips(text).directives.into_iter().map(|directive| directive.name).collect()
    };
    assert_eq!(names("# syntax=x\n# Escape = \\\n# check=skip=all\nFROM a\n"), ["syntax", "escape", "check"]);
    assert!(names("# a comment\n# escape=`\nFROM a\n").is_empty());
    assert!(names("\n# escape=`\nFROM a\n").is_empty());
    assert!(refusal("# escape=x\nFROM a\n").contains("invalid escape token"));
    assert!(refusal("# syntax=x\n# syntax=y\nFROM a\n").contains("only one syntax"));
}

#[test]
fn a_byte_order_mark_is_no_text() {
    assert_eq!(read("\u{feff}# syntax=x\nFROM a\n"), ["FROM a"]);
    assert_eq!(read("\u{feff}FROM a\n"), ["FROM a"]);
    assert_eq!(assert_round_trips("\u{feff}# syntax=x\nFROM a\n").directives.len(), 1);
}

#[test]
fn carriage_returns_end_lines() {
    let text = "FROM a\r\nRUN b \\\r\n# c\r\n\r\n  d\r\nCMD [\"e\"]\r\n";
    assert_eq!(read(text), ["FROM a", "RUN b   d", "CMD [e]"]);
    assert_eq!(under_from("RUN <<E\r\nb\r\nE\r\nCMD c\r\n"), ["RUN <<E <<E", "CMD c"]);
}

#[test]
fn blanks_before_an_instruction_are_allowed() {
    assert_eq!(under_from("  RUN a\n\tCMD b  \n"), ["RUN a", "CMD b"]);
}

#[test]
fn a_file_without_instructions_is_refused() {
    assert!(refusal("").contains("no instructions"));
    assert!(refusal("# only a comment\n").contains("no instructions"));
    assert!(refusal("ARG A=b\n").contains("no FROM"));
}

#[test]
fn from_takes_one_or_three_words() {
    assert!(refusal("FROM a b\n").contains("one or three"));
    assert!(refusal("FROM a AS 1\n").contains("invalid stage name"));
    assert!(refusal("FRO a\n").contains("unknown instruction: FRO"));
}
