//! Random Dockerfiles: soup for the parser, services for the passes.

use proptest::{prelude::*, sample::select};

use crate::pieces::{BASES, INSTRUCTIONS, with_backticks};

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

/// A file of such lines.
pub(crate) fn soup() -> impl Strategy<Value = String> {
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
    select(BASES)
}

/// One instruction of a stage, as people write it.
fn instruction() -> impl Strategy<Value = String> {
    let fixed = select(INSTRUCTIONS);
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

/// A Dockerfile of one or two stages, with anything in any order.
pub(crate) fn dockerfile() -> impl Strategy<Value = String> {
    let stage = (base(), prop::collection::vec(instruction(), 0..10));
    let stages = prop::collection::vec(stage, 1..3);
    let is_windows = prop::bool::weighted(0.1);
    let parts = (stages, any::<bool>(), select(vec!["\n", "\r\n"]), is_windows);
    parts.prop_map(|(stages, is_named, ending, is_windows)| {
        let mut text = String::from("# generated\nARG BASE=python:3.11-slim\n");
        for (index, (base, lines)) in stages.iter().enumerate() {
            let name = if is_named { format!(" AS stage{index}") } else { String::new() };
            text += &format!("FROM {base}{name}\n{}\n", lines.join("\n"));
        }
        text = if is_windows { with_backticks(&text) } else { text };
        text.replace('\n', ending)
    })
}

/// A line, or nothing.
fn maybe(lines: Vec<&'static str>) -> impl Strategy<Value = String> {
    prop_oneof![3 => select(lines).prop_map(|line| format!("{line}\n")), 1 => Just(String::new())]
}

/// A Dockerfile as most services have it, in the usual order; there is something to gain in most of them.
pub(crate) fn service() -> impl Strategy<Value = String> {
    let base = select(vec![
        "FROM python:3.11-slim\n",
        "FROM python:3.12-slim AS base\n",
        "from python:3.12-slim-bookworm as app\n",
    ]);
    let system = maybe(vec![
        "RUN apt-get update && apt-get install -y gcc libpq-dev curl && rm -rf /var/lib/apt/lists/*",
        "# System\nRUN apt-get update && \\\n    apt-get install -y --no-install-recommends \\\n        build-essential \\\n        # why\n        libpq-dev \\\n    && apt-get clean \\\n    && rm -rf /var/lib/apt/lists/*",
        "RUN set -eux; apt-get update; apt-get install -y --no-install-recommends gcc libpq-dev; rm -rf /var/lib/apt/lists/*",
        "RUN apt-get update\nRUN apt-get install -y git gcc libpq-dev",
    ]);
    let user = maybe(vec![
        "RUN groupadd -r app && useradd -r -g app app",
        "RUN useradd -m -u 1000 -s /bin/bash app",
        "RUN groupadd --gid 1001 app \\\n && useradd --uid 1001 --gid app --create-home app",
    ]);
    let head = maybe(vec![
        "ENV PYTHONUNBUFFERED=1",
        "WORKDIR /app",
        "WORKDIR /srv/app\nENV A=1 \\\n    B=2",
        "SHELL [\"/bin/bash\", \"-c\"]",
    ]);
    let dependencies = select(vec![
        "COPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\n",
        "COPY . .\nRUN pip install -r requirements.txt\n",
        "# Dependencies\nCOPY requirements.txt ./\nRUN pip install --upgrade pip \\\n && pip install --no-cache-dir -r requirements.txt\n\n",
    ]);
    let source = maybe(vec!["COPY src/ ./src/", "# Application\nCOPY app.py .", "COPY . ."]);
    let owner = maybe(vec![
        "RUN chown -R app:app /app\nUSER app",
        "RUN mkdir -p logs && chown -R app logs\nUSER app",
        "EXPOSE 8000",
    ]);
    let check = maybe(vec![
        "HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1",
        "HEALTHCHECK --interval=5s CMD [\"python\", \"-c\", \"pass\"]",
    ]);
    let start = maybe(vec![
        "CMD [\"uvicorn\", \"app:app\", \"--workers\", \"4\"]",
        "CMD uvicorn app:app --host 0.0.0.0 --workers 2",
        "ENTRYPOINT [\"python\"]\nCMD [\"app.py\"]",
        "CMD gunicorn app:app",
    ]);
    let parts = (base, system, head, user, dependencies, source, owner, check, start);
    (parts, select(vec!["\n", "\r\n"]), prop::bool::weighted(0.1)).prop_map(
        |((base, system, head, user, dependencies, source, owner, check, start), ending, is_windows)| {
            let parts =
                [base.to_owned(), system, head, user, dependencies.to_owned(), source, owner, check, start];
            let text = parts.concat();
            if is_windows { with_backticks(&text) } else { text }.replace('\n', ending)
        },
    )
}
