//! The example of each manual, before and after, is what its pass does.

use std::path::Path;

use alpinist::{options::Options, pass::Pass, pipeline, transforms, workspace::load};

use crate::project::Project;

/// What stands above an example that starts in the middle of a stage.
const FROM: &str = "FROM python:3.11-slim\n";
const REQUIREMENTS: &str = "fastapi==0.116.1\nuvicorn==0.35.0\ngunicorn==23.0.0\nuvicorn-worker==0.3.0\n";

/// What the services in the examples of compose files are built from.
const BUILT: &str = "FROM python:3.11-slim\nRUN useradd app\nUSER app\nCMD [\"uvicorn\", \"app:app\"]\n";

/// The Dockerfiles, or else the compose files, in the example of a manual.
fn blocks(pass: &Pass) -> Vec<String> {
    let manual = pass.manual();
    let example = manual.split("## Example").nth(1).and_then(|rest| rest.split("\n## ").next());
    let blocks_in = |fence: &str| -> Vec<String> {
        let blocks = example.unwrap_or_default().split(fence).skip(1);
        blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
    };
    let dockerfiles = blocks_in("```dockerfile\n");
    if dockerfiles.is_empty() { blocks_in("```yaml\n") } else { dockerfiles }
}

/// What `pass` alone makes of a compose file, beside Dockerfiles with and without a sibling.
fn optimized_compose(pass: &Pass, text: &str) -> String {
    let project = Project::new();
    project.write("compose.yaml", text);
    for path in ["Dockerfile", "docker/api.Dockerfile", "docker/api.alpine.Dockerfile"] {
        project.write(path, BUILT);
    }
    let options = Options { only: vec![pass.id.to_owned()], ..Options::default() };
    let loaded = load::load(project.path(), Path::new(".")).unwrap();
    let plan = pipeline::run(loaded.ws, loaded.documents, transforms::ALL, &options);
    plan.outputs.first().map_or_else(String::new, |output| output.text.clone())
}

/// What `pass` alone makes of a Dockerfile or a part of one.
fn optimized(pass: &Pass, text: &str) -> String {
    let head = if text.contains("FROM ") { "" } else { FROM };
    let project = Project::new();
    project.write("Dockerfile", format!("{head}{text}"));
    project.write("requirements.txt", REQUIREMENTS);
    project.write("src/app.py", "");
    let options = Options { only: vec![pass.id.to_owned()], in_place: true, ..Options::default() };
    let loaded = load::load(project.path(), Path::new(".")).unwrap();
    let plan = pipeline::run(loaded.ws, loaded.documents, transforms::ALL, &options);
    let after = plan.outputs.first().map_or_else(String::new, |output| output.text.clone());
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
        let is_compose = before.starts_with("services:");
        let found = if is_compose { optimized_compose(pass, before) } else { optimized(pass, before) };
        if found != *after {
            wrong.push(format!("{}: the manual says\n{after}and the pass makes\n{found}", pass.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
