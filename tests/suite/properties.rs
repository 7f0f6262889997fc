//! Random input: the parser never panics, and the passes keep their promises on any Dockerfile.

use alpinist::{docker, pragma, source::FileId, transforms};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
    test_runner::RngSeed,
};

use crate::{
    checks::assert_round_trips,
    dockerfiles::{dockerfile, service, soup},
    entries, generated,
    pieces::{REQUIREMENTS, SERVICE},
    promises::Files,
};

/// The same inputs on every machine; PROPTEST_RNG_SEED and PROPTEST_CASES ask for others.
fn config(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_260),
        fixed => fixed,
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases };
    ProptestConfig { cases, rng_seed: seed, failure_persistence: None, ..asked }
}

fn project(text: &str) -> Files<'_> {
    Files { dockerfile: text, ..Files::default() }
}

/// A Dockerfile with a pragma above some of its lines.
fn with_pragmas(texts: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let places = prop::collection::vec((any::<prop::sample::Index>(), pass_id()), 1..4);
    (texts, places).prop_map(|(text, places)| {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for (at, pass) in places {
            let at = if lines.is_empty() { 0 } else { at.index(lines.len()) };
            lines.insert(at, format!("# alpinist ignore={pass} reason=r{newline}"));
        }
        lines.concat()
    })
}

/// Which pragma stands above which instruction.
fn pragmas(text: &str) -> Vec<(String, Option<String>)> {
    let dockerfile = docker::parse(text).unwrap();
    let pragmas = pragma::in_dockerfile(text, &dockerfile).into_iter();
    let mut found: Vec<_> = pragmas
        .filter(|found| found.below.is_some())
        .map(|found| (found.span.of(text).to_owned(), found.below.map(|below| below.name)))
        .collect();
    found.sort();
    // A RUN that is split keeps its pragma above both halves.
    found.dedup();
    found
}

fn pass_id() -> impl Strategy<Value = String> {
    select(transforms::ALL).prop_map(|pass| pass.id.to_owned())
}

fn subset() -> impl Strategy<Value = Vec<String>> {
    let ids: Vec<String> = transforms::ALL.iter().map(|pass| pass.id.to_owned()).collect();
    let count = ids.len();
    subsequence(ids, 1..=count)
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_text_is_read_without_a_panic(text in soup()) {
        if docker::parse(&text).is_ok() {
            assert_round_trips(&text);
        }
    }

    #[test]
    fn any_characters_are_read_without_a_panic(text in "\\PC{0,80}|[\\x00-\\x7f]{0,80}") {
        let _ = docker::parse(&text);
    }

    #[test]
    fn bytes_that_are_no_text_are_read_without_a_panic(text in soup(), at: prop::sample::Index, byte in 0x80_u8..) {
        let mut bytes = text.into_bytes();
        bytes.insert(at.index(bytes.len() + 1), byte);
        entries::dockerfile(&bytes);
    }
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn passes_keep_their_promises_on_soup(text in soup()) {
        if docker::parse(&text).is_ok() {
            project(&text).assert_promises(&[]);
        }
    }

    #[test]
    fn passes_keep_their_promises_on_dockerfiles(text in dockerfile()) {
        if docker::parse(&text).is_ok() {
            project(&text).assert_promises(&[]);
        }
    }

    #[test]
    fn any_one_pass_keeps_its_promises(text in dockerfile(), id in pass_id()) {
        if docker::parse(&text).is_ok() {
            project(&text).assert_promises(&[id]);
        }
    }

    #[test]
    fn any_subset_of_passes_keeps_its_promises(text in dockerfile(), ids in subset()) {
        if docker::parse(&text).is_ok() {
            project(&text).assert_promises(&ids);
        }
    }

    #[test]
    fn passes_make_sound_images_of_services(text in service()) {
        project(&text).assert_promises(&[]);
        let owns = text.contains("chown") && !text.contains("useradd");
        let after = project(&text).plan(&[]).after;
        if !owns {
            generated::check("Dockerfile", &after.file(FileId(0)).text);
        }
    }

    #[test]
    fn any_subset_of_passes_is_fine_with_services(text in service(), ids in subset()) {
        project(&text).assert_promises(&ids);
    }
}

/// Words, operators and breaks of a shell, in any order.
fn script() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "apt-get",
        "install",
        "-y",
        "set -eux",
        "é",
        "'a b'",
        "\"$X\"",
        "\"a\\nb\"",
        "$(cat x)",
        "`id`",
        "${A:-b}",
        "A=1",
        "a=(b c)",
        "[[ a == b ]]",
        "if true",
        "then",
        "fi",
        "for x in a b",
        "do",
        "done",
        "case a in",
        "b) c",
        "esac",
        "&&",
        "||",
        "|",
        "&",
        ";",
        ";;",
        "{",
        "}",
        "(",
        ")",
        ">/dev/null",
        "2>&1",
        "<<E\nx\nE\n",
        "<<<a",
        "\n",
        "\\\n",
        "# c\n",
        "!",
        "*",
        "~",
        "$((1+2))",
    ]);
    prop::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.join(" "))
}

fn requirements() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec(select(REQUIREMENTS), 0..12);
    (lines, select(vec!["\n", "\r\n", " \\\n"])).prop_map(|(lines, ending)| lines.join(ending))
}

fn compose() -> impl Strategy<Value = String> {
    let service = prop::collection::vec(select(SERVICE), 0..6);
    (prop::collection::vec(service, 1..4), select(vec!["\n", "\r\n"])).prop_map(|(services, ending)| {
        let mut text = String::from("x-common: &common\n  init: true\nservices:\n");
        for (index, lines) in services.iter().enumerate() {
            text += &format!("  s{index}:\n    {}\n", lines.join("\n    "));
        }
        text.replace('\n', ending)
    })
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn any_script_is_read_with_its_places(text in script()) {
        entries::shell(text.as_bytes());
    }

    #[test]
    fn any_requirements_are_read_line_by_line(text in requirements()) {
        entries::requirements(text.as_bytes());
    }

    #[test]
    fn any_compose_file_is_edited_in_one_place_only(text in compose()) {
        entries::compose(text.as_bytes());
    }

    #[test]
    fn an_instruction_more_moves_the_later_ones(text in prop_oneof![soup(), dockerfile()]) {
        entries::dockerfile(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn passes_keep_their_promises_on_projects(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        entries::structured(&bytes);
    }

    #[test]
    fn pragmas_stay_where_they_stand(text in with_pragmas(prop_oneof![service(), dockerfile()])) {
        if docker::parse(&text).is_ok() {
            project(&text).assert_promises(&[]);
            let after = project(&text).plan(&[]).after;
            prop_assert_eq!(pragmas(&text), pragmas(&after.file(FileId(0)).text), "{}\n---\n{}", text, after.file(FileId(0)).text);
        }
    }
}
