//! How long things take, on texts that the benches make themselves: `cargo bench --bench speed`.
//!
//! The largest texts stay below the sizes that the pipeline leaves alone.

use std::{collections::BTreeMap, hint::black_box, sync::Arc};

use alpinist::{
    docker,
    documents::Documents,
    effects::World,
    knowledge::{
        AlpineBranch,
        apt::{self, ImageFamily},
        tags,
        wheels::{self, Wanted},
    },
    options::Options,
    pipeline,
    source::{FileId, FileKind, SourceFile},
    transforms,
    workspace::{Entry, Image, Workspace},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const STAGE: &str = "\
# Everything for one service.
FROM python:3.12-slim AS service0
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN apt-get update && \\
    apt-get install -y --no-install-recommends gcc libpq-dev curl && \\
    rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
EXPOSE 8000
CMD [\"gunicorn\", \"app:app\", \"--bind\", \"0.0.0.0:8000\"]

";
/// A stage of few instructions: of a thousand, the file stays below the limit.
const SHORT_STAGE: &str = "\
FROM python:3.12-slim AS service0
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
";
const REQUIREMENTS: &str = "flask==3.0.3\npsycopg2==2.9.9\ngunicorn==22.0.0\nrequests\n";
const SERVICE: &str = "\
  service0:
    build: .
    ports:
      - \"8000:8000\"
    environment:
      DATABASE_URL: postgresql://db/app
    deploy:
      resources:
        limits:
          memory: 1G
    restart: always
";

criterion_group!(benches, parse, stages, services, installs, lookups);
criterion_main!(benches);

/// Reading a Dockerfile: bytes a second.
fn parse(c: &mut Criterion) {
    let text = dockerfile(1_000);
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("dockerfile", |b| b.iter(|| docker::parse(black_box(&text))));
    group.finish();
}

/// The whole pipeline for one Dockerfile: time a stage.
fn stages(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipeline/stages");
    group.sample_size(10);
    for count in [1, 10, 100, 1_000] {
        let text: String =
            (0..count).map(|at| SHORT_STAGE.replace("service0", &format!("service{at}"))).collect();
        let ws = project(&(text + "CMD [\"gunicorn\", \"app:app\"]\n"), None);
        assert_eq!(run(&ws), 1, "the stages are refused");
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &ws, |b, ws| b.iter(|| run(ws)));
    }
    group.finish();
}

/// The whole pipeline for a Dockerfile and the compose file that runs it: time a service.
fn services(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipeline/services");
    group.sample_size(10);
    for count in [1, 10, 100, 1_000] {
        let ws = project(&dockerfile(1), Some(&compose(count)));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &ws, |b, ws| b.iter(|| run(ws)));
    }
    group.finish();
}

/// The whole pipeline for one RUN with many installations: time an installation.
fn installs(c: &mut Criterion) {
    let mut group = c.benchmark_group("pipeline/installs");
    group.sample_size(10);
    for count in [1, 10, 100, 1_000] {
        let list: Vec<String> = (0..count).map(|at| format!("pip install flask==3.0.{at}")).collect();
        let run_step = list.join(" && \\\n    ");
        let text =
            format!("FROM python:3.12-slim\nWORKDIR /app\nRUN {run_step}\nCOPY . .\nCMD [\"flask\"]\n");
        let ws = project(&text, None);
        group.throughput(Throughput::Elements(count));
        group.bench_with_input(BenchmarkId::from_parameter(count), &ws, |b, ws| b.iter(|| run(ws)));
    }
    group.finish();
}

/// Questions asked of the tables.
fn lookups(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup");
    let branch = AlpineBranch::new(3, 24);
    for (what, name) in [("known", "libpq-dev"), ("by pattern", "libicu72"), ("unknown", "no-such-package")] {
        group.bench_with_input(BenchmarkId::new("apt", what), name, |b, name| {
            b.iter(|| apt::lookup(black_box(name), branch, ImageFamily::Python));
        });
    }
    for (what, name) in [("known", "psycopg2"), ("unknown", "no-such-package")] {
        group.bench_with_input(BenchmarkId::new("wheel", what), name, |b, name| {
            b.iter(|| wheels::verdict(black_box(name), Wanted::Newest, (3, 12)));
        });
    }
    group.bench_function("tag", |b| b.iter(|| tags::alpine_tag(black_box("python"), "3.12-slim", None)));
    group.finish();
}

fn dockerfile(stages: usize) -> String {
    (0..stages).map(|at| STAGE.replace("service0", &format!("service{at}"))).collect()
}

fn compose(services: usize) -> String {
    let services: String =
        (0..services).map(|at| SERVICE.replace("service0", &format!("service{at}"))).collect();
    format!("services:\n{services}")
}

/// A project in memory, as if read from a folder.
fn project(dockerfile: &str, compose: Option<&str>) -> Workspace {
    let file = |path: &str, kind, text: &str| {
        let text: Arc<str> = text.into();
        SourceFile { path: path.to_owned(), kind, on_disk: text.clone(), text }
    };
    let mut files = vec![file("Dockerfile", FileKind::Dockerfile, dockerfile)];
    let mut services = Vec::new();
    if let Some(text) = compose {
        files.push(file("compose.yaml", FileKind::Compose, text));
        let count = text.matches("    build: .\n").count();
        services.extend((0..count).map(|at| (FileId(1), format!("service{at}"))));
    }
    let context: BTreeMap<String, Entry> = [
        ("requirements.txt".to_owned(), Entry::File(Some(REQUIREMENTS.into()))),
        (String::new(), Entry::Folder),
        (".dockerignore".to_owned(), Entry::Missing),
    ]
    .into();
    let world = World::of(context);
    let images = vec![Image { dockerfile: FileId(0), context: String::new(), services, world }];
    Workspace { files, images, ..Workspace::default() }
}

fn run(ws: &Workspace) -> usize {
    let documents = Documents::of(&ws.files);
    let plan = pipeline::run(ws.clone(), documents, transforms::ALL, &Options::default());
    plan.outputs.len()
}
