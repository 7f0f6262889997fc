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

use crate::checks::{assert_comments_kept, assert_round_trips};

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

/// Lines that mean something to the parser, whole or broken, in any order.
fn soup_line() -> impl Strategy<Value = String> {
    let known = select(vec![
        "FROM a",
        "from b AS c",
        "RUN x \\",
        "RUN <<E",
        "E",
        "# c",
        "# d \\",
        "  # e",
        "",
        "   ",
        "\\",
        "\\ \t",
        "`",
        "# escape=`",
        "# syntax=docker/dockerfile:1",
        "ENV A=b",
        "ENV A b",
        "ENV A",
        "ENV A=\"b",
        "ARG A=#b",
        "CMD [\"x\"]",
        "CMD [\"x\"",
        "CMD [\"x\"] # y",
        "CMD ['a']",
        "COPY --from=c a b",
        "COPY [\"a\", \"b\"]",
        "HEALTHCHECK --interval=5s \\",
        "  CMD a",
        "ONBUILD RUN x",
        "LABEL a=\"é\" \\",
        "  b='c'",
        "\tRUN y",
        "\u{feff}",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~é\\\\#\"'<]{0,24}"]
}

fn soup() -> impl Strategy<Value = String> {
    let ending = select(vec!["\n", "\r\n"]);
    let last = select(vec!["", "\n", "\r\n"]);
    (prop::collection::vec(soup_line(), 0..12), ending, last, any::<bool>()).prop_map(
        |(lines, ending, last, has_from)| {
            let head = if has_from { format!("FROM a{ending}") } else { String::new() };
            head + &lines.join(ending) + last
        },
    )
}

fn base() -> impl Strategy<Value = &'static str> {
    select(vec![
        "python:3.11-slim",
        "python:3.12-slim-bookworm",
        "python:3.11",
        "node:22-slim",
        "debian:bookworm-slim",
        "python:3.12-alpine3.22",
        "ubuntu:24.04",
        "${BASE}",
        "scratch",
        "registry.example.com/python:3.11-slim",
    ])
}

/// One instruction of a stage, as people write it.
fn instruction() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "WORKDIR /app",
        "ENV PYTHONUNBUFFERED=1",
        "ENV PATH=/x:$PATH \\\n    # why\n    B=c",
        "ENV LEGACY some value",
        "COPY . .",
        "COPY requirements.txt .",
        "COPY --chown=app:app src/ ./src/",
        "ADD x.tar.gz /opt/",
        "RUN pip install --no-cache-dir -r requirements.txt",
        "RUN pip install flask==3.0.0 psycopg2",
        "RUN groupadd -r app && useradd -r -g app app",
        "RUN useradd -m -u 1000 app",
        "USER app",
        "USER 1000:1000",
        "RUN chown -R app:app /app",
        "RUN mkdir -p /app/logs && \\\n    chown -R app:app /app",
        "EXPOSE 8000",
        "RUN npm ci --omit=dev",
        "RUN [\"echo\", \"a\"]",
        "RUN <<EOF\nset -e\n# in a here-document\necho a\nEOF",
        "SHELL [\"/bin/bash\", \"-c\"]",
        "RUN echo $(( 1 + 2 )) && [[ a == b ]] || true",
        "VOLUME /data",
        "LABEL a=b c=\"d e\"",
        "HEALTHCHECK --interval=5s CMD curl -f http://localhost:8000/ || exit 1",
        "CMD [\"python\", \"app.py\"]",
        "CMD uvicorn app.main:app --workers 4",
        "CMD [\"gunicorn\", \"a:b\"]",
        "ENTRYPOINT [\"/entry.sh\"]",
        "STOPSIGNAL SIGINT",
        "ARG VERSION=1",
        "RUN wget -qO- https://example.com/x | sh",
        "RUN --mount=type=cache,target=/root/.cache pip install x",
        "RUN set -eux; \\\n    # first\n    apt-get update; \\\n    apt-get install -y git; \\\n    rm -rf /var/lib/apt/lists/*",
        "run apt-get update && apt-get -y install gcc libpq-dev",
        "# a comment of its own",
        "",
        "# ends in a backslash \\",
    ]);
    prop_oneof![3 => fixed.prop_map(str::to_owned), 1 => install()]
}

/// An apt step with a few packages, in one of the common layouts.
fn install() -> impl Strategy<Value = String> {
    let packages = vec![
        "gcc",
        "g++",
        "build-essential",
        "curl",
        "ca-certificates",
        "libpq-dev",
        "libpq5",
        "git",
        "tini",
        "nonsense",
        "vim=2:9",
    ];
    let names = prop::collection::vec(select(packages), 1..5);
    let flags = select(vec!["", " --no-install-recommends"]);
    let tail = select(vec!["", " && apt-get clean", " && rm -rf /var/lib/apt/lists/*"]);
    (names, flags, tail, any::<bool>()).prop_map(|(names, flags, tail, is_long)| {
        let separator = if is_long { " \\\n        " } else { " " };
        let list = names.join(separator);
        format!(
            "RUN apt-get update && apt-get install -y{flags}{separator}{list}{separator}{}",
            tail.trim_start()
        )
        .trim_end()
        .trim_end_matches('\\')
        .trim_end()
        .to_owned()
    })
}

fn dockerfile() -> impl Strategy<Value = String> {
    let stage = (base(), prop::collection::vec(instruction(), 0..10));
    let stages = prop::collection::vec(stage, 1..3);
    (stages, any::<bool>(), select(vec!["\n", "\r\n"])).prop_map(|(stages, is_named, ending)| {
        let mut text = String::from("# generated\nARG BASE=python:3.11-slim\n");
        for (index, (base, lines)) in stages.iter().enumerate() {
            let name = if is_named { format!(" AS stage{index}") } else { String::new() };
            text += &format!("FROM {base}{name}\n{}\n", lines.join("\n"));
        }
        text.replace('\n', ending)
    })
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
}
