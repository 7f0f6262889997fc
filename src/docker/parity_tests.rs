//! One small Dockerfile for each rule of BuildKit's parser that is easy to get wrong.

use super::{Dockerfile, Instruction, bytes, parse, read_instructions};

/// Parses `text` and checks that lead, span and line ending of all instructions give it back.
fn read(text: &str) -> Dockerfile {
    let dockerfile = parse(text).unwrap_or_else(|error| panic!("{}: {text:?}", error.what));
    let mut whole = String::new();
    for Instruction { lead, span, end, .. } in &dockerfile.instructions {
        assert_eq!((lead.start(), lead.end()), (whole.len(), span.start()), "{text:?}");
        whole += &text[lead.start()..*end];
        assert!(text[span.end()..*end].chars().all(|c| matches!(c, '\r' | '\n')), "{text:?}");
    }
    whole += &text[whole.len()..];
    assert_eq!(whole, text);
    dockerfile
}

/// The instruction after the first line, which is a FROM.
fn second(instruction: &str) -> Instruction {
    read(&format!("FROM a\n{instruction}")).instructions.swap_remove(1)
}

/// The line that is refused and why.
fn refusal(text: &str) -> (usize, String) {
    let error = read_instructions(text).expect_err(text);
    (crate::source::place(text, error.span.start()).line, error.what)
}

fn is_refused(instruction: &str) -> bool {
    parse(&format!("FROM a\n{instruction}\n")).is_err()
}

fn words(instruction: &Instruction) -> Vec<&str> {
    instruction.words.iter().map(|word| word.text.as_str()).collect()
}

fn pairs(instruction: &Instruction) -> Vec<(&str, &str)> {
    let pairs = instruction.pairs.iter();
    pairs.map(|pair| (pair.name.as_str(), pair.value.as_deref().unwrap_or("-"))).collect()
}

fn names(instruction: &Instruction) -> Vec<&str> {
    instruction.heredocs.iter().map(|heredoc| heredoc.name.as_str()).collect()
}

#[test]
fn texts_come_back_whole() {
    for text in [
        "FROM a",
        "\u{feff}# c\r\n\r\nFROM a\r\nRUN b \\\r\n  # c\r\n\r\n  d\r\n\r\n# end\r\n",
        "# escape=`\nFROM a\nRUN b `\n c",
        "\\\nFROM a\n",
        "FROM a\nRUN <<A cat <<B\nx\nA\ny\nB\n\n\n",
        "FROM a\nRUN b \\\n\n\n",
    ] {
        read(text);
    }
}

#[test]
fn a_continuation_needs_one_escape_at_the_end() {
    assert_eq!(second("RUN a \\ \t\n b\n").body.text, "a  b");
    assert_eq!(second("RUN a \\\\\n").body.text, "a \\\\");
    assert_eq!(second("RUN a \\\n\u{a0}# c\n\u{3000}\n b\n").body.text, "a  b");
    assert_eq!(second("RUN a \\\n\n# c\n").lines, (2, 4));
    assert_eq!(second("\\\nRUN a\n").lines, (2, 3));
}

#[test]
fn an_empty_instruction_is_unknown() {
    assert_eq!(refusal("FROM a\n\\\n").0, 2);
    assert_eq!(refusal("FROM a\n\\\n  \\\n\n").0, 2);
}

#[test]
fn lines_hold_65535_bytes() {
    let line = |bytes: usize| format!("FROM a\nRUN {}", "x".repeat(bytes - 4));
    read(&line(65_535));
    read(&(line(65_535) + "\n"));
    let refused = (1, "a line holds more than 65535 bytes (on line 2)".to_owned());
    assert_eq!(refusal(&line(65_536)), refused);
    assert_eq!(refusal(&(line(65_535) + "\r\n")), refused);
    assert_eq!(refusal(&format!("RUN ['a', 1]\nENV\n{}", line(65_536))).0, 3);
    assert_eq!(refusal(&line(65_536)["FROM a\n".len()..]), (1, "file with no instructions".to_owned()));
}

#[test]
fn a_byte_order_mark_makes_the_first_line_longer() {
    let first = |bytes: usize| format!("\u{feff}{}\nFROM a\n", "#".repeat(bytes - 3));
    assert_eq!(read(&first(65_535)).instructions.len(), 1);
    assert_eq!(refusal(&first(65_536)), (1, "file with no instructions".to_owned()));
    let second_line = format!("\u{feff}\n{}\nFROM a\n", "#".repeat(65_535));
    assert_eq!(read(&second_line).instructions.len(), 1);
}

#[test]
fn a_line_that_is_too_long_is_reported_itself_where_the_one_above_goes_on() {
    let long = "x".repeat(65_536);
    let what = "a line holds more than 65535 bytes".to_owned();
    assert_eq!(refusal(&format!("FROM a\nRUN a \\\n{long}")), (3, what.clone()));
    assert_eq!(refusal(&format!("FROM a\nRUN a \\\n\n# c\n{long}")), (5, what.clone()));
    assert_eq!(refusal(&format!("FROM a\n\\\n{long}")), (3, what.clone()));
    assert_eq!(refusal(&format!("FROM a\nRUN a \\\nb\n{long}")), (3, format!("{what} (on line 4)")));
    assert_eq!(refusal(&format!("FROM a\nRUN <<E \\\n{long}")), (2, "unterminated heredoc E".to_owned()));
}

#[test]
fn directives_end_at_the_first_other_line() {
    assert_eq!(read("# syntax=a\n# escape = `  \nFROM a\n").escape, '`');
    assert_eq!(read("# other=a\n# escape=`\nFROM a\n").escape, '\\');
    assert_eq!(read("\n# escape=`\nFROM a\n").escape, '\\');
    assert_eq!(read("# check= \n# escape=`\nFROM a\n").escape, '`');
    assert_eq!(read("# check=\n# escape=`\nFROM a\n").escape, '\\');
}

#[test]
fn directives_are_refused_on_the_line_above() {
    let what = "only one escape parser directive can be used (on line 3)";
    assert_eq!(refusal("# escape=\\\n# check=a\n# escape=`\nFROM a\n"), (2, what.to_owned()));
    let what = "invalid escape token 'x': it is neither ` nor \\";
    assert_eq!(refusal("# escape=x\nFROM a\n"), (1, what.to_owned()));
    assert_eq!(refusal("# check=a\n# escape=x\nFROM a\n"), (1, format!("{what} (on line 2)")));
    assert!(parse("# escape = \t\nFROM a\n").is_err_and(|error| error.what.contains("'\t'")));
}

#[test]
fn a_file_without_instructions_is_refused_on_its_last_line() {
    for (text, line) in [("", 1), ("\n", 1), ("# a\n# b", 2), ("# a\n\n\n", 3), ("# syntax=a\r\n \r\n", 2)] {
        assert_eq!(refusal(text), (line, "file with no instructions".to_owned()), "{text:?}");
    }
}

#[test]
fn instructions_are_refused_on_their_first_line() {
    for (instruction, what) in [
        ("COPY \\\n  --nope a b", "unknown flag: --nope (on line 3)"),
        ("COPY --nope \\\n a b", "unknown flag: --nope"),
        ("ENV a=b \\\n\n # c\n d", "can't find = in \"d\": it must be of the form name=value (on line 5)"),
        ("ENV \\\n a", "ENV must have two arguments (on line 3)"),
        ("RUN \\\n [1]", "RUN: only string type is allowed in JSON format arrays (on line 3)"),
        ("\\\n FOO", "unknown instruction: FOO (on line 3)"),
        ("\\\n COPY a", "COPY requires at least two arguments (on line 3)"),
        ("ONBUILD \\\n ENV \\\n a", "ENV must have two arguments (on line 4)"),
        ("RUN a \\\n <<EOF\n", "unterminated heredoc EOF"),
    ] {
        assert_eq!(refusal(&format!("FROM a\n{instruction}")), (2, what.to_owned()), "{instruction}");
    }
}

#[test]
fn syntax_errors_come_before_all_others() {
    assert_eq!(refusal("FROM a\nFOO\nENV b\n").0, 3);
    assert_eq!(refusal("FROM a\nCOPY b\nFOO\n").0, 2);
    assert_eq!(refusal("FOO\nFROM a\n").0, 1);
    assert_eq!(refusal("RUN a\nFOO\n").0, 1);
}

#[test]
fn flags_obey_the_escape_character_and_know_their_values() {
    let copy = second("COPY --chown=\"a b\" --exclude=x --exclude=y --link -- --c d\n");
    let values: Vec<_> = copy.flags.iter().map(|flag| flag.value.as_deref()).collect();
    assert_eq!(values, [Some("a b"), Some("x"), Some("y"), None]);
    assert_eq!(words(&copy), ["--c", "d"]);
    let text = "# escape=`\nFROM a\nCOPY --chown=a\\b` c d e\n";
    assert_eq!(read(text).instructions[1].flags[0].value.as_deref(), Some("a\\b c"));
    for flags in
        ["--from", "--nope=a", "--from=a --from=b", "--link=", "--link=no", "---from=a", "----from=a"]
    {
        assert!(is_refused(&format!("COPY {flags} a b")), "{flags}");
    }
    assert!(!is_refused("COPY --link=TRUE --parents=false --from= a b"));
    assert!(is_refused("ADD --parents a b") && is_refused("USER --x a") && is_refused("ONBUILD --x RUN a"));
    assert!(!is_refused("ARG --x a") && !is_refused("STOPSIGNAL --x a") && !is_refused("ONBUILD RUN --x a"));
}

#[test]
fn flags_are_read_byte_by_byte() {
    for (text, value, words_after) in [
        ("COPY --from=b\u{a0} c d\n", "b\u{a0}", ["c", "d"]),
        ("COPY --from=b\u{e0}c d\n", "b\u{e0}", ["c", "d"]),
        ("COPY --from=b\u{e9}\u{2005}c d\n", "b\u{e9}\u{2005}", ["c", "d"]),
    ] {
        let copy = second(text);
        assert_eq!(copy.flags[0].value.as_deref(), Some(value), "{text:?}");
        assert_eq!(words(&copy), words_after, "{text:?}");
    }
    let escaped = second("COPY --from=\\\u{e0}x b c\n");
    assert_eq!(words(&escaped), ["x", "b", "c"]);
    assert_eq!(words(&second("COPY --from=\"\\\u{e0}\"x b c\n")), ["b", "c"]);
    assert!(is_refused("HEALTHCHECK --interval=1s\u{a0} CMD a"));
    assert!(is_refused("HEALTHCHECK --interval=1000\u{b5}s CMD a"));
    assert!(!is_refused("HEALTHCHECK --interval=1000us CMD a"));
}

#[test]
fn run_flags_know_their_values() {
    for flag in ["--network=x", "--security=", "--mount=", "--mount=type=bind,from=$a", "--mount=a\\\"b"] {
        assert!(is_refused(&format!("RUN {flag} a")), "{flag}");
    }
    for flag in ["--device=a,b", "--device=name=a,name=b", "--device=required=maybe"] {
        assert!(is_refused(&format!("RUN {flag} a")), "{flag}");
    }
    for flag in
        ["--network=none", "--mount=type=bind,from=a$", "--mount=\\\"a,b\\\",c", "--device=a,required"]
    {
        assert!(!is_refused(&format!("RUN {flag} a")), "{flag}");
    }
}

#[test]
fn environments_take_one_pair_or_many() {
    assert_eq!(pairs(&second("ENV a  b c=d\n")), [("a", "b c=d")]);
    assert_eq!(pairs(&second("ENV a=b\\ c d='e f' g=\n")), [("a", "b\\ c"), ("d", "'e f'"), ("g", "")]);
    assert_eq!(pairs(&second("LABEL a=b\\\\\\\n")), [("a", "b\\\\")]);
    assert_eq!(pairs(&second("ARG a b=c\n")), [("a", "-"), ("b", "c")]);
    for refused in ["ENV", "ENV a", "ENV a=b c", "ENV =a", "LABEL a", "ARG", "ARG =a", "LABEL"] {
        assert!(is_refused(refused), "{refused}");
    }
}

#[test]
fn exec_forms_hold_strings_only() {
    assert_eq!(words(&second("COPY [\"a b\", \"c\"]\n")), ["a b", "c"]);
    assert!(second("RUN ['a']\n").json.is_none());
    assert_eq!(second("CMD [] \n").json, Some(vec![]));
    for refused in
        ["RUN [1]", "CMD [\"a\", null]", "HEALTHCHECK NONE [1]", "ONBUILD RUN [1]", "SHELL []", "SHELL a"]
    {
        assert!(is_refused(refused), "{refused}");
    }
}

#[test]
fn exec_forms_are_json_as_go_reads_it() {
    assert_eq!(words(&second("COPY [\"\\ud800\", \"\\udc00a\"]\n")), ["\u{fffd}", "\u{fffd}a"]);
    let nested = |depth: usize| format!("RUN {}1{}", "[".repeat(depth), "]".repeat(depth));
    for refused in [r#"RUN ["\ud800", 1]"#, "RUN [1.7976931348623158e308]", &nested(129), &nested(10_000)] {
        assert!(is_refused(refused), "{refused}");
    }
    for shell in ["RUN [1.7976931348623159e308]", "RUN [1.]", "RUN [[1]", &nested(10_001), &nested(30_000)] {
        assert!(second(shell).json.is_none(), "{shell}");
    }
}

#[test]
fn arguments_are_counted() {
    for allowed in ["RUN", "CMD", "ENTRYPOINT", "VOLUME a", "EXPOSE a b", "USER a b", "ONBUILD FOO"] {
        assert!(!is_refused(allowed), "{allowed}");
    }
    for refused in
        ["COPY a", "ADD [\"a\"]", "VOLUME", "VOLUME []", "VOLUME [\" \"]", "EXPOSE", "USER", "STOPSIGNAL"]
    {
        assert!(is_refused(refused), "{refused}");
    }
    for refused in ["FROM", "FROM a b", "FROM a is b", "FROM a AS 1", "FROM a AS b/c", "FROM a AS b c"] {
        assert!(is_refused(refused), "{refused}");
    }
    assert!(!is_refused("FROM a aS B.c-d_1") && is_refused("COPY a <<EOF\nEOF"));
}

#[test]
fn arguments_need_no_stage() {
    assert!(read_instructions("ARG a\nARG b=c\n").is_ok_and(|dockerfile| dockerfile.stages.is_empty()));
    assert_eq!(parse("ARG a\n").expect_err("no stage").what, "file with no FROM instruction");
    assert_eq!(refusal("ARG a\nARG\n").0, 2);
    assert_eq!(refusal("ARG a\nENV b=c\n").1, "no build stage in current context: ENV before FROM");
}

#[test]
fn healthchecks_name_a_type() {
    assert_eq!(words(&second("HEALTHCHECK --interval=1.5m cmd  a  b\n")), ["cmd", "a  b"]);
    assert_eq!(words(&second("HEALTHCHECK --nope NONE\n")), ["NONE"]);
    assert_eq!(words(&second("HEALTHCHECK CMD \u{a0}[\"a\"]\n")), ["CMD", "a"]);
    assert!(is_refused("HEALTHCHECK CMD \u{a0}[1]"));
    for rest in [
        "",
        "CMD",
        "CMD []",
        "NONE a",
        "a",
        "--interval=5 CMD a",
        "--timeout=1us CMD a",
        "--retries=-1 CMD a",
    ] {
        assert!(is_refused(&format!("HEALTHCHECK {rest}")), "{rest}");
    }
}

#[test]
fn durations_are_rounded_as_in_go() {
    for interval in ["0.0009999999999999999s", "9223372036854775808ns9223372036854775808ns"] {
        assert!(!is_refused(&format!("HEALTHCHECK --interval={interval} CMD a")), "{interval}");
    }
    for interval in ["0.99999999999999999999ns", "0.000999999999999s", "9223372036854775808ns"] {
        assert!(is_refused(&format!("HEALTHCHECK --interval={interval} CMD a")), "{interval}");
    }
}

#[test]
fn triggers_are_read_too() {
    assert_eq!(names(&second("ONBUILD RUN <<A\nA\n")), ["A"]);
    assert_eq!(names(&second("ONBUILD CMD <<A\n")), [""; 0]);
    for trigger in ["", "ENV a", "ONBUILD\u{2028} a", "FROM a", "MAINTAINER a", "ONBUILD RUN a"] {
        assert!(is_refused(&format!("ONBUILD {trigger}")), "{trigger}");
    }
    assert_eq!(refusal("FROM a\nCOPY b\nONBUILD ONBUILD \\\n ONBUILD ENV c\n").0, 3);
    assert_eq!(refusal("FROM a\nCOPY b\nONBUILD ONBUILD RUN <<A\n").0, 2);
    let deep = format!("FROM a\n{}", "ONBUILD \\\n".repeat(100_000));
    assert_eq!(refusal(&deep).0, 2);
}

#[test]
fn heredoc_names_lose_quotes_and_escapes() {
    let run = second("RUN <<\"A B\" <<-C 3<<\\D <<  E\nA B\n\tC\nD\nE\n");
    assert_eq!(names(&run), ["A B", "C", "D", "E"]);
    let kinds: Vec<_> = run.heredocs.iter().map(|heredoc| (heredoc.expands, heredoc.strips_tabs)).collect();
    assert_eq!(kinds, [(false, false), (true, true), (true, false), (true, false)]);
    assert_eq!(names(&read("# escape=`\nFROM a\nRUN <<A\\ B\nA B\n").instructions[1]), ["A B"]);
}

#[test]
fn what_only_looks_like_a_heredoc_is_none() {
    for run in [
        "[\"a\", \"<<A\"]",
        "a <<<A",
        "a <<\"\"",
        "a '<<A'",
        "a<<A",
        "<<A ${b^^}",
        "<<A 'b",
        "$((1<<2))",
        "<<\u{feff}",
    ] {
        assert_eq!(names(&second(&format!("RUN {run}\n"))), [""; 0], "{run}");
    }
    assert!(is_refused("RUN a $((1 <<2 ))") && is_refused("RUN <<A\n A"));
}

#[test]
fn names_of_variables_hold_letters_and_decimal_digits() {
    for name in ["a", "\u{e9}", "\u{65e5}_1", "\u{aa}", "1\u{661}"] {
        assert_eq!(names(&second(&format!("RUN ${{{name}}} <<E\nE\n"))), ["E"], "{name}");
    }
    for name in ["\u{b2}", "\u{2160}", "\u{24b6}", "\u{903}", "1\u{b2}", "1a", "a\u{bd}"] {
        assert_eq!(names(&second(&format!("RUN ${{{name}}} <<E\n"))), [""; 0], "{name}");
    }
}

/// The second instruction of a file that is not UTF-8.
fn second_of(bytes: &[u8]) -> Instruction {
    let text = bytes::marked(bytes);
    read(&text).instructions.swap_remove(1)
}

#[test]
fn a_byte_that_is_no_text_is_no_blank() {
    let run = second_of(b"FROM a\nRUN echo \xe9\xa0 \xff\\\n\x85b\n");
    assert_eq!(bytes::shown(&run.body.text), "echo \u{fffd}\u{fffd} \u{fffd}\u{fffd}b");
    let env = second_of(b"FROM a\nENV a=\xa0 b=\xe2\x82\n");
    assert_eq!(env.pairs.iter().map(|pair| pair.span.len()).collect::<Vec<_>>(), [5, 8]);
    assert_eq!(words(&second_of(b"FROM a\nWORKDIR \xe9\xa0\n")).len(), 1);
}

#[test]
fn a_byte_that_is_no_text_may_be_a_blank_beside_flags() {
    let copy = second_of(b"FROM a\nCOPY --from=b\xa0 \x85c d\n");
    assert_eq!(copy.flags[0].value.as_deref(), Some("b"));
    assert_eq!(words(&copy), ["c", "d"]);
    assert_eq!(second_of(b"FROM a\nRUN \xa0a\n").body.text, "a");
    assert_eq!(words(&second_of(b"FROM a\nHEALTHCHECK CMD\x85\xa0a\n")), ["CMD", "a"]);
    assert!(parse(&bytes::marked(b"FROM a\nHEALTHCHECK CMD\xe9a\n")).is_err());
}

#[test]
fn a_byte_that_is_no_text_ends_no_heredoc() {
    let bytes = b"FROM a\nRUN <<\xe9\nb\n\xe9\n";
    assert_eq!(bytes::shown(&refusal(&bytes::marked(bytes)).1), "unterminated heredoc \u{fffd}");
    assert_eq!(names(&second_of(b"FROM a\nRUN <<A\n\xe9\nA\n")), ["A"]);
}

#[test]
fn a_line_is_as_long_as_its_bytes() {
    let line = |bytes: usize| [b"FROM a\nRUN ".to_vec(), vec![0xe9; bytes - 4]].concat();
    assert_eq!(second_of(&line(65_535)).lines, (2, 2));
    assert!(parse(&bytes::marked(&line(65_536))).is_err());
}

#[test]
fn a_from_below_a_backslash_is_hidden() {
    let hidden = |text: &'static str| {
        super::hidden_stage(&parse(text).expect("parses"), text).map(|span| span.of(text))
    };
    assert_eq!(hidden("FROM a\nRUN b \\\n  # c\n\n  from d\n"), Some("from d"));
    assert_eq!(hidden("FROM a\r\nRUN b \\\r\nFROM d\r\n"), Some("FROM d"));
    assert_eq!(hidden("FROM a\nRUN b\n  # c\n\nFROM d\n"), None);
    assert_eq!(hidden("FROM a\nRUN <<E\nFROM b\nE\nFROM d\n"), None);
}
