//! The typed view of files as they are written in real life.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::compose::{
    Compose, Origin, Service,
    build::Build,
    command::Command,
    health::Probe,
    mount::MountKind,
    read::{MAX_BYTES, MAX_DEPTH},
};

fn parse(text: &str) -> Compose {
    Compose::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn only(text: &str) -> Service {
    parse(&format!("services:\n  a:\n    {}\n", text.replace('\n', "\n    "))).services.remove(0)
}

const FULL: &str = r#"version: "3.8"
x-base: &base
  restart: no
  user: &user "1000:1000"
  deploy:
    resources:
      limits: {memory: 2G, cpus: '0.50'}
services:
  api: &api
    <<: *base
    build: ./api
    command: python -m app "two words"
    ports:
      - "8080:80"
      - 22:22
      - target: 443
        published: 8443
    volumes: [./src:/app:ro, data:/data, /app/node_modules]
    environment:
      A: 1
      B:
      C: ${X:-y}
    env_file: .env
    healthcheck:
      test: ["CMD-SHELL", "curl -f http://localhost || exit 1"]
      start_period: 1m30s
      retries: 3
  worker:
    <<: [*api, *base]
    user: *user
    entrypoint: []
    environment:
      - A=1
      - B
    deploy:
      replicas: 2
      resources:
        reservations:
          memory: ${MEM:-512M}
    mem_limit: [1]
volumes:
  data:
"#;

#[test]
fn own_and_inherited_values() {
    let compose = parse(FULL);
    let names: Vec<&str> = compose.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["api", "worker"]);
    assert_eq!(compose.version.as_ref().map(|version| version.value.as_str()), Some("3.8"));
    assert_eq!(compose.volumes[0].value, "data");

    let api = compose.service("api").unwrap();
    assert_eq!(api.shared_as.as_deref(), Some("api"));
    let limit = api.resources.limits.memory.as_ref().unwrap();
    assert_eq!((limit.value.value, limit.origin), (Some(2 << 30), Origin::Inherited));
    assert_eq!(limit.span.of(FULL), "2G");
    assert_eq!(api.resources.limits.cpus.as_ref().unwrap().value.value, Some(0.5));
    assert_eq!(api.restart.as_ref().unwrap().value, "no");

    let worker = compose.service("worker").unwrap();
    assert_eq!(worker.shared_as, None);
    // The merge is shallow: the service's own `deploy` hides the inherited limits.
    assert!(worker.resources.limits.memory.is_none());
    let user = worker.user.as_ref().unwrap();
    assert_eq!(
        (user.value.as_str(), user.origin, user.span.of(FULL)),
        ("1000:1000", Origin::Inherited, "*user")
    );
    assert_eq!(worker.build.as_ref().unwrap().origin, Origin::Inherited);
    assert_eq!(worker.replicas.as_ref().unwrap().value.value, Some(2));
    assert_eq!(worker.healthcheck.as_ref().unwrap().origin, Origin::Inherited);
    let memory = worker.resources.reservations.memory.as_ref().unwrap();
    assert!(memory.interpolated);
    assert_eq!((memory.value.text.as_str(), memory.value.value), ("${MEM:-512M}", None));
    let malformed = worker.resources.mem_limit.as_ref().unwrap();
    assert_eq!((malformed.value.text.as_str(), malformed.value.value), ("[1]", None));
}

#[test]
fn lists_and_short_forms() {
    let compose = parse(FULL);
    let (api, worker) = (compose.service("api").unwrap(), compose.service("worker").unwrap());
    let ports: Vec<_> = api.ports.iter().map(|port| port.value.value.as_ref().unwrap().container).collect();
    assert_eq!(ports, [Some((80, 80)), Some((22, 22)), Some((443, 443))]);
    let kinds: Vec<_> = api.volumes.iter().map(|mount| mount.value.kind).collect();
    assert_eq!(kinds, [MountKind::Bind, MountKind::Named, MountKind::Anonymous]);
    let variables = |service: &Service| -> Vec<String> {
        let variables = service.environment.iter();
        variables.map(|v| format!("{}={:?}/{}", v.value.name, v.value.value, v.interpolated)).collect()
    };
    assert_eq!(variables(api), ["A=Some(\"1\")/false", "B=None/false", "C=Some(\"${X:-y}\")/true"]);
    assert_eq!(variables(worker), ["A=Some(\"1\")/false", "B=None/false"]);
    assert_eq!(api.env_file[0].value, ".env");
    assert_eq!(api.command.as_ref().unwrap().value.words().unwrap(), ["python", "-m", "app", "two words"]);
    assert_eq!(worker.entrypoint.as_ref().unwrap().value, Command::List(Vec::new()));
    let check = api.healthcheck.as_ref().unwrap();
    let line = "curl -f http://localhost || exit 1".to_owned();
    assert_eq!(check.test.as_ref().unwrap().value, Probe::Shell(line));
    assert_eq!(check.start_period.as_ref().unwrap().value.value, Some(Duration::from_secs(90)));
    assert_eq!(check.retries.as_ref().unwrap().value.value, Some(3));
}

#[test]
fn builds() {
    let texts = |build: &Build| {
        [&build.context, &build.dockerfile, &build.target]
            .map(|field| field.as_ref().map(|field| field.value.clone()))
    };
    let short = only("build: .").build.unwrap();
    assert_eq!((short.is_long, texts(&short)), (false, [Some(".".to_owned()), None, None]));
    let long = only("build:\n  context: ..\n  dockerfile: D\n  target: t\n  args: [A=1, B]").build.unwrap();
    assert_eq!(texts(&long), ["..", "D", "t"].map(|text| Some(text.to_owned())));
    assert_eq!(long.args[1].value.value, None);
    assert!(only("build: [1]").build.is_none());
    assert!(only("build:").build.is_none());
}

#[test]
fn odd_values_are_no_error() {
    let service = only(
        "image: {a: 1}\ninit: maybe\nuser: 1000\nports: 80\nvolumes:\n- {type: tmpfs, target: /t}\n- [1]\ntmpfs: /run\ncap_drop:\n  ALL\n\
         read_only: true\ncap_add: !reset null\nenvironment: [{a: 1}]\nhealthcheck: x\nextends: base\ndepends_on: {b: {condition: c}}\n\
         env_file: [{path: a.env}, b.env]\nstop_grace_period: 30",
    );
    assert!(service.image.is_none());
    assert_eq!(service.init.as_ref().unwrap().value.value, None);
    assert_eq!(service.user.as_ref().unwrap().value, "1000");
    assert!(service.ports.is_empty() && service.environment.is_empty() && service.cap_add.is_empty());
    assert_eq!((service.volumes.len(), service.volumes[0].value.kind), (1, MountKind::Tmpfs));
    assert_eq!((service.tmpfs[0].value.as_str(), service.cap_drop[0].value.as_str()), ("/run", "ALL"));
    assert_eq!(service.read_only.as_ref().unwrap().value.value, Some(true));
    assert!(service.healthcheck.is_none());
    assert_eq!(service.extends.as_ref().unwrap().service.as_ref().unwrap().value, "base");
    assert_eq!(service.depends_on[0].value, "b");
    let files: Vec<_> = service.env_file.iter().map(|file| file.value.as_str()).collect();
    assert_eq!(files, ["a.env", "b.env"]);
    assert_eq!(service.stop_grace_period.as_ref().unwrap().value.value, None);
    for text in ["", "# only\n", "---\n", "a", "- 1\n", "services:\n", "services: [a]\n", "services:\n  a:\n"]
    {
        assert!(parse(text).services.iter().all(|service| service.image.is_none()), "{text}");
    }
}

#[test]
fn spans_are_bytes_of_the_text() {
    let text = "\u{feff}# ü\r\nservices:\r\n  ä:\r\n    image: \"é\" # ö\r\n";
    let compose = parse(text);
    let service = &compose.services[0];
    assert_eq!((service.key.of(text), service.image.as_ref().unwrap().span.of(text)), ("ä", "\"é\""));
    assert_eq!(service.entry.of(text), "ä:\r\n    image: \"é\"");
    assert_eq!(service.image.as_ref().unwrap().entry.of(text), "image: \"é\"");
}

#[test]
fn several_documents_are_seen() {
    let compose = parse("---\n# nothing\n---\nservices: {a: }\n---\nservices: {b: }\n");
    assert_eq!(compose.services[0].name, "a");
    assert!(compose.tree.further.is_some());
}

#[test]
fn errors_say_where_and_what_to_do() {
    for (text, at, message) in [
        ("a:\n\tb: 1\n", 4, "indent with spaces"),
        ("a: 1\nb: 2\na: 3\n", 10, "`a` is already on line 1"),
        ("a: {{ x }}\n", 4, "a key must be a text"),
        ("{{ a }}: {% b %}\n", 0, ""),
        ("a: b: c\n", 4, "mapping values are not allowed"),
        ("a: *b\n", 3, "anchor"),
        ("a: &a [*a]\n", 7, "contains it"),
        ("a: 'x\n", 0, ""),
        ("a: 1\n---\nb: [\n", 0, ""),
    ] {
        let error = Compose::parse(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
        assert!(at == 0 || error.span.start() == at, "{text}: {:?}", error.span);
        assert!(error.span.end() <= text.len());
    }
}

#[test]
fn input_is_bounded() {
    let deep = |levels: usize| format!("a: {}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Compose::parse(&deep(MAX_DEPTH + 1)).is_err());
    assert!(Compose::parse(&deep(MAX_DEPTH - 2)).is_ok());
    assert!(Compose::parse(&" ".repeat(MAX_BYTES + 1)).is_err());
    assert!(Compose::parse(&format!("a: [{}]", ",1".repeat(600_000).split_off(1))).is_err());
    let list =
        |name: usize| format!("a{name}: &a{name} [{}]\n", vec![format!("*a{}", name - 1); 10].join(", "));
    let bomb: String = ["a0: &a0 [1]\n".to_owned()].into_iter().chain((1..10).map(list)).collect();
    assert!(Compose::parse(&bomb).unwrap_err().message.contains("too many"));
    let shared = (0..1_000).map(|at| format!("  V{at}: x\n"));
    let users = (0..200).map(|at| format!("  s{at}: {{image: a, environment: *e}}\n"));
    let services = ["services:\n".to_owned()].into_iter().chain(users);
    let many: String = ["x-e: &e\n".to_owned()].into_iter().chain(shared).chain(services).collect();
    assert!(Compose::parse(&many).unwrap_err().message.contains("too many"));
    let merge = |name: usize| format!("b{name}: &b{name} {{<<: [{0}, {0}]}}\n", format!("*b{}", name - 1));
    let merges: String = ["b0: &b0 {k: 1}\n".to_owned()].into_iter().chain((1..60).map(merge)).collect();
    assert!(Compose::parse(&merges).is_err());
    let chain = |name: usize| format!("- &c{name} [*c{}]\n", name - 1);
    let chained: String = ["- &c0 [1]\n".to_owned()].into_iter().chain((1..1000).map(chain)).collect();
    assert!(Compose::parse(&chained).is_err());
}
