//! `--online` against an index of our own, on this machine: what is asked, kept, and said when nobody answers.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use assert_cmd::Command;

use crate::project::Project;

/// The content type and the body for each path; anything else is not found.
type Pages = BTreeMap<&'static str, (&'static str, &'static str)>;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const BOTH: &str = r#"{"meta":{"api-version":"1.1"},"name":"ledgerlib","files":[
    {"filename":"ledgerlib-1.0-cp312-cp312-musllinux_1_2_x86_64.whl","url":"u","hashes":{},"yanked":false},
    {"filename":"ledgerlib-1.0-cp312-cp312-musllinux_1_2_aarch64.whl","url":"u","hashes":{},"yanked":false}]}"#;
const SOURCE: &str = r#"{"files":[{"filename":"ledgerlib-1.0.tar.gz","requires-python":">=3.8"}]}"#;

/// An index that answers until the test ends.
struct Index {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Index {
    fn new(pages: Pages) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/simple/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = head_of(&stream);
                seen.lock().unwrap().push(head.join("\n"));
                answer(&mut stream, &head, &pages);
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The lines of a request before its body.
fn head_of(stream: &TcpStream) -> Vec<String> {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect()
}

fn answer(stream: &mut TcpStream, head: &[String], pages: &Pages) {
    let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, kind, body) = match pages.get(path.as_str()) {
        Some((kind, body)) => ("200 OK", *kind, *body),
        None => ("404 Not Found", "text/plain", "no such package"),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .unwrap();
}

fn project() -> Project {
    let project = Project::new();
    project.write(
        "Dockerfile",
        "FROM python:3.12-slim\nRUN pip install flask LedgerLib==1.0\nCMD [\"flask\", \"run\"]\n",
    );
    project
}

/// What `optimize` says in the project, with this index and a cache folder in the project.
fn optimize(project: &Project, url: &str, flags: &[&str]) -> String {
    let output = Command::cargo_bin("alpinist")
        .unwrap()
        .args(["optimize", "--only", "alpine-base", "--format", "summary"])
        .args(flags)
        .current_dir(project.path())
        .env("PIP_INDEX_URL", url)
        .env("XDG_CACHE_HOME", project.path().join("cache"))
        .env("NO_PROXY", "127.0.0.1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "no bar without a terminal: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_is_asked_without_the_flag() {
    let index = Index::new(Pages::new());
    let said = optimize(&project(), &index.url, &[]);
    assert!(said.contains("ledgerlib: not in the tables of packages (BASE-41)."), "{said}");
    assert_eq!(index.requests(), [""; 0]);
}

#[test]
fn what_the_tables_do_not_know_is_asked_once() {
    let index = Index::new(Pages::from([("/simple/ledgerlib/", (JSON, BOTH))]));
    let project = project();
    let first = optimize(&project, &index.url, &["--online"]);
    assert!(first.contains("applied alpine-base"), "{first}");
    let requests = index.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let head = requests[0].to_ascii_lowercase();
    assert!(head.starts_with("get /simple/ledgerlib/ http/1.1\n"), "{head}");
    assert!(head.contains(&format!("accept: {JSON}")), "{head}");
    assert_eq!(optimize(&project, &index.url, &["--online"]), first);
    assert_eq!(index.requests().len(), 1, "the second run reads the cache");
}

#[test]
fn source_alone_stays_unknown() {
    let index = Index::new(Pages::from([("/simple/ledgerlib/", (JSON, SOURCE))]));
    let said = optimize(&project(), &index.url, &["--online"]);
    assert!(said.contains("ledgerlib: 1.0 is published as source only"), "{said}");
    assert!(said.contains("1 question"), "{said}");
}

#[test]
fn a_package_that_the_index_does_not_have_stays_unknown() {
    let index = Index::new(Pages::new());
    let said = optimize(&project(), &index.url, &["--online"]);
    assert!(said.contains("ledgerlib: known neither to the tables nor to the package index"), "{said}");
}

#[test]
fn an_index_without_the_json_form_is_told() {
    let index = Index::new(Pages::from([("/simple/ledgerlib/", ("text/html", "<a>ledgerlib</a>"))]));
    let said = optimize(&project(), &index.url, &["--online"]);
    assert!(said.starts_with("The package index was not reached: it does not speak the JSON form"), "{said}");
    assert!(
        said.contains("ledgerlib: not in the tables of packages, and the package index was not reached"),
        "{said}"
    );
}

#[test]
fn no_network_is_no_failure() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:secret@127.0.0.1:{port}/simple");
    let said = optimize(&project(), &url, &["--online"]);
    assert!(said.starts_with("The package index was not reached: "), "{said}");
    assert!(said.contains("1 question"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}
