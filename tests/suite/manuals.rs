//! The example of each manual, before and after, is what its pass does.

use std::path::Path;

use alpinist::{options::Options, pass::Pass, pipeline, transforms, workspace::load};

use crate::project::Project;

/// What stands above an example that starts in the middle of a stage.
const FROM: &str = "FROM python:3.11-slim\n";
const REQUIREMENTS: &str = "fastapi==0.116.1\nuvicorn==0.35.0\ngunicorn==23.0.0\nuvicorn-worker==0.3.0\n";
/// What the services of an example are built from.
const SERVICE: &str =
    "FROM python:3.12-alpine3.24\nRUN adduser -S app\nUSER app\nCMD [\"python\", \"/app.py\"]\n";

/// The files in the example of a manual.
fn blocks(pass: &Pass) -> Vec<String> {
    let manual = pass.manual();
    let example = manual.split("## Example").nth(1).and_then(|rest| rest.split("\n## ").next());
    let fenced = example.unwrap_or_default().split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).map(|(_, text)| text.to_owned()).collect()
}

/// What `pass` alone makes of a compose file, a Dockerfile or a part of one.
fn optimized(pass: &Pass, text: &str) -> String {
    let is_compose = text.starts_with("services:");
    let head = if is_compose || text.contains("FROM ") { "" } else { FROM };
    let project = Project::new();
    let name = if is_compose { "compose.yaml" } else { "Dockerfile" };
    if is_compose {
        for path in ["Dockerfile", "docker/api.Dockerfile", "docker/api.alpine.Dockerfile"] {
            project.write(path, SERVICE);
        }
    }
    project.write(name, format!("{head}{text}"));
    project.write("requirements.txt", REQUIREMENTS);
    project.write("src/app.py", "");
    let options = Options { only: vec![pass.id.to_owned()], in_place: !is_compose, ..Options::default() };
    let ws = load::load(project.path(), Path::new(".")).unwrap().ws;
    let plan = pipeline::run(ws, transforms::ALL, &options);
    let output = plan.outputs.iter().find(|output| output.path == name);
    let after = output.map_or_else(String::new, |output| output.text.clone());
    if head.is_empty() { after } else { after.replacen(FROM, "", 1) }
}

#[test]
fn each_example_is_what_the_pass_does() {
    let mut wrong = Vec::new();
    for pass in transforms::ALL {
        let blocks = blocks(pass);
        let [before, after] = blocks.as_slice() else {
            wrong.push(format!("{}: an example has one file before and one after", pass.id));
            continue;
        };
        let found = optimized(pass, before);
        if found != *after {
            wrong.push(format!("{}: the manual says\n{after}and the pass makes\n{found}", pass.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
