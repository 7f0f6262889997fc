//! Proving without an engine: a double answers from a script, with a clock of its own.

use std::{cell::RefCell, collections::BTreeSet, fs, time::Duration};

use alpinist::{
    engine::{Answer, Call, Ended, Engine, Knock},
    verify::{
        ImageReport, Judgement, Launch, LeftOut, Observation, Report, Step, Verdict, judge,
        observe::{Settings, Side, observe, unfronted},
    },
    view::{verify as view, verify_json},
};
use serde_json::{Value, json};

use crate::project::{assert_snapshot, repository, run_in};

/// An engine that answers a call by the first of its lines that the call starts with.
struct Double {
    script: Vec<(&'static str, i32, String)>,
    /// How long a container takes to answer.
    answers_after: Duration,
    knock: Knock,
    clock: RefCell<Duration>,
    calls: RefCell<Vec<String>>,
}

impl Double {
    fn new(script: Vec<(&'static str, i32, String)>) -> Self {
        let knock = Knock::Answered(200, "text/html".to_owned());
        let (clock, calls) = (RefCell::default(), RefCell::default());
        Self { script, answers_after: Duration::from_secs(1), knock, clock, calls }
    }

    fn pass(&self, time: Duration) {
        *self.clock.borrow_mut() += time;
    }

    fn called(&self, start: &str) -> Vec<String> {
        let calls = self.calls.borrow();
        calls.iter().filter(|call| call.starts_with(start)).cloned().collect()
    }
}

impl Engine for Double {
    fn call(&self, call: &Call) -> Answer {
        self.pass(Duration::from_millis(10));
        let line = call.words.join(" ");
        self.calls.borrow_mut().push(line.clone());
        let found = self.script.iter().find(|(start, ..)| line.starts_with(start));
        let (code, out) = found.map_or((0, String::new()), |(_, code, out)| (*code, out.clone()));
        Answer { ended: Ended::Code(code), out, took: Duration::from_secs(3), ..Answer::default() }
    }

    fn knock(&self, _: u16, _: &str) -> Knock {
        if self.now() >= self.answers_after { self.knock.clone() } else { Knock::Closed }
    }

    fn now(&self) -> Duration {
        *self.clock.borrow()
    }

    fn pause(&self, time: Duration) {
        self.pass(time);
    }

    fn is_stopped(&self) -> bool {
        false
    }
}

fn image(config: Value) -> String {
    json!([{"Size": 50_000_000, "RootFS": {"Layers": ["a", "b"]}, "Config": config}]).to_string()
}

fn container(state: Value) -> String {
    json!([{
        "State": state, "Path": "serve", "Args": ["--key", "sesame-open"],
        "Config": {"ExposedPorts": {"80/tcp": {}}},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}]}},
    }])
    .to_string()
}

fn serving() -> Vec<(&'static str, i32, String)> {
    vec![
        ("image inspect", 0, image(json!({"ExposedPorts": {"80/tcp": {}}, "Cmd": ["serve"]}))),
        ("container inspect", 0, container(json!({"Running": true, "ExitCode": 0}))),
        ("run --rm", 0, "program serve\tok\npackage flask\tok\n".to_owned()),
        ("stats", 0, json!({"MemUsage": "12.5MiB / 1GiB", "PIDs": "3"}).to_string()),
        ("exec", 0, "100\n".to_owned()),
        ("diff", 0, "C /app\nA /app/x.log\n".to_owned()),
    ]
}

fn side() -> Side {
    let launch = Launch { ports: vec![80], ..Launch::default() };
    Side { tag: "t".into(), dockerfile: "D".into(), context: "C".into(), launch, ..Side::default() }
}

fn settings() -> Settings {
    Settings {
        label: "alpinist.run=x".into(),
        network: "x".into(),
        timeout: Duration::from_secs(20),
        build_timeout: Duration::from_secs(20),
        runs: 1,
        hidden: vec!["sesame-open".into()],
        ..Settings::default()
    }
}

fn seen(double: &Double, side: &Side) -> Observation {
    observe(double, (side, &settings()), &mut |_| {}).expect("nobody stops the run")
}

#[test]
fn a_container_that_serves_goes_through_all_steps() {
    let double = Double::new(serving());
    let seen = seen(&double, &side());
    assert_eq!(seen.failure(), None);
    assert_eq!(seen.steps.iter().map(|seen| seen.step).collect::<Vec<_>>(), Step::ALL);
    let facts = &seen.at(Step::Answers).unwrap().facts;
    assert_eq!(facts["GET :80/"], "200 text/html");
    let measures = &seen.measures;
    assert_eq!((measures.size[0], measures.memory[0], measures.processes[0]), (5e7, 12.5 * 1_048_576.0, 3.0));
    assert_eq!(measures.user.as_deref(), Some("100"));
    assert_eq!(measures.written, ["/app/x.log"]);
    assert_eq!(measures.first.as_deref(), Some("serve --key ***"), "what is hidden is not shown");
}

#[test]
fn nothing_of_the_users_is_touched() {
    let double = Double::new(serving());
    seen(&double, &side());
    let runs = double.called("run ");
    assert!(runs.iter().all(|run| run.contains("--label alpinist.run=x")), "{runs:?}");
    let started = &double.called("run --detach")[0];
    assert!(started.contains("--publish 127.0.0.1::80") && started.contains("--network x"), "{started}");
    assert_eq!(double.called("rm --force --volumes").len(), 1);
}

#[test]
fn a_container_that_ends_fails_with_its_last_words() {
    let mut script = serving();
    script.insert(0, ("container inspect", 0, container(json!({"Running": false, "ExitCode": 1}))));
    script.insert(0, ("logs", 0, "starting\nKeyError: 'DB' sesame-open\n".to_owned()));
    let seen = seen(&Double::new(script), &side());
    let (step, failure) = seen.failure().unwrap();
    assert_eq!((step, failure.what.as_str()), (Step::Ready, "it ends with code 1"));
    assert_eq!(failure.last, ["starting", "KeyError: 'DB' ***"]);
}

#[test]
fn a_health_check_that_never_passes_is_told() {
    let mut script = serving();
    let health = json!({"Status": "starting", "Log": [{"Output": "curl: (7) refused"}]});
    script.insert(0, ("container inspect", 0, container(json!({"Running": true, "Health": health}))));
    let seen = seen(&Double::new(script), &side());
    let (step, failure) = seen.failure().unwrap();
    assert_eq!((step, failure.what.as_str()), (Step::Ready, "it is not healthy after 20 s"));
    assert_eq!(failure.last, ["curl: (7) refused"]);
}

#[test]
fn a_container_without_a_port_may_run_to_its_end() {
    let ended = json!([{"State": {"Running": false, "ExitCode": 0}, "Config": {}}]).to_string();
    let script = vec![("image inspect", 0, image(json!({"Cmd": ["job"]}))), ("container inspect", 0, ended)];
    let seen = seen(&Double::new(script), &Side { launch: Launch::default(), ..side() });
    assert_eq!(seen.failure(), None);
    assert_eq!(seen.at(Step::Ready).unwrap().facts["ready"], "runs to its end with code 0");
    assert!(seen.at(Step::Stop).is_none());
}

#[test]
fn a_frontend_that_cannot_be_fetched_is_left_out_and_told() {
    let text = "# syntax=docker/dockerfile:1\nFROM scratch\n";
    let (plain, frontend) = unfronted(text).unwrap();
    assert_eq!((plain.as_str(), frontend.as_str()), ("#\nFROM scratch\n", "docker/dockerfile:1"));
    let mut script = serving();
    let refused = "#2 resolve image config for docker.io/docker/dockerfile:1\nno such host\n";
    script.insert(0, ("build --no-cache --tag t --label alpinist.run=x --file D ", 1, refused.to_owned()));
    let seen = seen(&Double::new(script), &Side { plain: Some(("P".into(), frontend)), ..side() });
    assert_eq!(seen.failure(), None);
    assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
}

#[test]
fn no_engine_is_an_error_with_a_way_out() {
    for command in ["verify", "optimize"] {
        let more: &[&str] = if command == "optimize" { &["--verify"] } else { &[] };
        let arguments = [&[command, "examples/node", "--engine", "/nowhere/docker"], more].concat();
        let run = run_in(&repository("."), &arguments);
        assert_eq!(run.code, 3, "{}", run.err);
        assert!(run.err.contains("/nowhere/docker does not answer"), "{}", run.err);
        assert!(run.err.contains("help: install and start Docker"), "{}", run.err);
        assert_eq!(run.out, "");
    }
}

fn report() -> Report {
    let before = seen(&Double::new(serving()), &side());
    let mut after = before.clone();
    after.measures.size = vec![2e7];
    let judgement = judge::judge(&before, &after);
    let image = |judgement, after: &Observation| ImageReport {
        dockerfile: "Dockerfile".into(),
        service: Some("web".into()),
        judgement,
        before: Some(before.clone()),
        after: Some(after.clone()),
        traps: vec!["BASE-03"],
        questions: vec!["line 3: something may write to /data (HARD-01)".into()],
    };
    let last = vec!["sh: bash: not found".to_owned()];
    let why = vec!["it ends with code 127".to_owned()];
    let broken =
        Judgement { verdict: Verdict::Broken, step: Some(Step::Ready), why: why.clone(), last: last.clone() };
    let left_out = LeftOut {
        dockerfile: "Dockerfile".into(),
        passes: vec!["alpine-base".into()],
        verdict: Verdict::Broken,
        why,
        last,
        is_complete: false,
    };
    Report {
        engine: "docker 1".into(),
        images: vec![image(judgement, &after), image(broken, &after)],
        left_out: vec![left_out],
        notes: vec!["a note".into()],
    }
}

#[test]
fn the_table_says_what_was_measured() {
    let mut out = Vec::new();
    view::write(&report(), &mut out).unwrap();
    assert_snapshot("verify", "table", &String::from_utf8(out).unwrap());
}

/// The names in an object and below it, and those that the schema has at the same places.
fn assert_described(value: &Value, schema: &Value, root: &Value, place: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &root["$defs"][name.trim_start_matches("#/$defs/")],
        None => schema,
    };
    let schema = schema["anyOf"].as_array().map_or(schema, |any| &any[0]);
    let schema = match schema["$ref"].as_str() {
        Some(name) => &root["$defs"][name.trim_start_matches("#/$defs/")],
        None => schema,
    };
    match value {
        Value::Object(fields) if schema["properties"].is_object() => {
            let names: BTreeSet<&String> = fields.keys().collect();
            let known: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names, known, "{place}");
            let required = schema["required"].as_array().map_or(0, Vec::len);
            assert_eq!(required, known.len(), "{place}: every name is there every time");
            for (name, field) in fields {
                assert_described(field, &schema["properties"][name], root, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                assert_described(item, &schema["items"], root, &format!("{place}[]"));
            }
        }
        _ => assert!(schema.is_object(), "{place} is not described"),
    }
}

#[test]
fn the_schema_describes_the_report() {
    let schema = fs::read_to_string(repository("docs/schema/verify.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let report = verify_json::report(&report());
    assert_eq!(report["version"], schema["properties"]["version"]["const"]);
    assert_described(&report, &schema, &schema, "report");
}
