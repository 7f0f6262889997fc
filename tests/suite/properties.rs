//! Random input: the parser never panics, and the passes keep their promises on any Dockerfile.

use alpinist::{
    docker,
    options::Options,
    pipeline,
    plan::{Outcome, Plan},
    source::{FileId, FileKind, SourceFile},
    transforms,
    workspace::{Entry, Image, Workspace},
};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
    test_runner::{RngSeed, TestCaseError},
};

use crate::{
    checks::{assert_comments_kept, assert_round_trips},
    dockerfiles::{dockerfile, service, soup},
    generated,
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

/// A project of one Dockerfile and the files that it may copy.
fn workspace(text: &str) -> Workspace {
    let file = SourceFile {
        path: "Dockerfile".to_owned(),
        kind: FileKind::Dockerfile,
        text: text.into(),
        on_disk: text.into(),
    };
    let image = Image { dockerfile: FileId(0), context: String::new(), services: Vec::new() };
    let requirements =
        "flask==3.0.0\ngunicorn==23.0.0\nuvicorn==0.35.0\nuvicorn-worker==0.3.0\npsycopg2==2.9.10\n";
    let context = [
        ("requirements.txt", Entry::File(Some(requirements.into()))),
        ("app.py", Entry::File(None)),
        ("src", Entry::Folder),
    ];
    let context = context.into_iter().map(|(path, entry)| (path.to_owned(), entry)).collect();
    Workspace { files: vec![file], images: vec![image], context, ..Workspace::default() }
}

fn plan(text: &str, only: &[String]) -> Plan {
    let options = Options { in_place: true, only: only.to_vec(), ..Options::default() };
    pipeline::run(workspace(text), transforms::ALL, &options)
}

fn optimize_keeps_its_promises(text: &str, only: &[String]) -> Result<(), TestCaseError> {
    let first = plan(text, only);
    for step in &first.steps {
        let is_rejected = matches!(step.outcome, Outcome::Rejected(_));
        prop_assert!(!is_rejected, "{} {}: {:?}\n{text}", step.pass, step.title, step.outcome);
    }
    let after = &first.after.file(FileId(0)).text;
    assert_round_trips(after);
    assert_comments_kept("Dockerfile", text, after);
    let second = plan(after, only);
    let titles: Vec<String> =
        second.steps.iter().map(|step| format!("{}: {}", step.pass, step.title)).collect();
    prop_assert!(second.outputs.is_empty(), "a second run is not quiet: {titles:?}\n{text}\n---\n{after}");
    Ok(())
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
    fn any_bytes_are_read_without_a_panic(text in "\\PC{0,80}|[\\x00-\\x7f]{0,80}") {
        let _ = docker::parse(&text);
    }
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn passes_keep_their_promises_on_soup(text in soup()) {
        if docker::parse(&text).is_ok() {
            optimize_keeps_its_promises(&text, &[])?;
        }
    }

    #[test]
    fn passes_keep_their_promises_on_dockerfiles(text in dockerfile()) {
        if docker::parse(&text).is_ok() {
            optimize_keeps_its_promises(&text, &[])?;
        }
    }

    #[test]
    fn any_one_pass_keeps_its_promises(text in dockerfile(), id in pass_id()) {
        if docker::parse(&text).is_ok() {
            optimize_keeps_its_promises(&text, &[id])?;
        }
    }

    #[test]
    fn any_subset_of_passes_keeps_its_promises(text in dockerfile(), ids in subset()) {
        if docker::parse(&text).is_ok() {
            optimize_keeps_its_promises(&text, &ids)?;
        }
    }

    #[test]
    fn passes_make_sound_images_of_services(text in service()) {
        optimize_keeps_its_promises(&text, &[])?;
        let owns = text.contains("chown") && !text.contains("useradd");
        let after = plan(&text, &[]).after;
        if !owns {
            generated::check("Dockerfile", &after.file(FileId(0)).text);
        }
    }

    #[test]
    fn any_subset_of_passes_is_fine_with_services(text in service(), ids in subset()) {
        optimize_keeps_its_promises(&text, &ids)?;
    }
}
