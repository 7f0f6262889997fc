//! Planning an image beside another gives what planning it alone gives.

use std::{collections::BTreeMap, path::Path};

use alpinist::{options::Options, pipeline, plan::Plan, transforms, view::summary, workspace::load};

use crate::project::{Project, files, folders, repository};

/// A neighbour whose files say much that is not true of others.
const LOUD: [(&str, &str); 12] = [
    (
        "Dockerfile",
        "FROM node:22-slim AS ui\nWORKDIR /ui\nCOPY package.json yarn.lock .npmrc .yarnrc.yml pnpm-workspace.yaml ./\n\
         RUN yarn install\nFROM python:3.12-slim\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\n\
         COPY requirements.txt pyproject.toml uv.toml .env ./\nRUN pip install -r requirements.txt && uv sync\nCOPY . .\n\
         CMD [\"gunicorn\", \"-c\", \"gunicorn.conf.py\", \"main:app\"]\n",
    ),
    ("requirements.txt", "gunicorn==23.0.0\nflask==3.1.0\nx @ git+ssh://git@code.example.org/x.git\n"),
    (
        "pyproject.toml",
        "[project]\nname = \"a\"\nversion = \"1\"\n[tool.uv]\nlink-mode = \"symlink\"\ncache-dir = \"/c\"\n",
    ),
    ("uv.toml", "link-mode = \"symlink\"\ncache-dir = \"/c\"\n"),
    ("gunicorn.conf.py", "errorlog = \"/srv/errors.log\"\nworkers = 9\n"),
    (
        "package.json",
        "{\"name\": \"a\", \"packageManager\": \"yarn@4.5.0\", \"dependencies\": {\"sharp\": \"1.0.0\"}}\n",
    ),
    ("yarn.lock", "# yarn lockfile v1\n"),
    (".npmrc", "cache=/elsewhere\n"),
    (".yarnrc.yml", "nodeLinker: pnp\n"),
    ("pnpm-workspace.yaml", "packages: ['*']\nstoreDir: /elsewhere\n"),
    (".env", "WEB_CONCURRENCY=9\n"),
    (
        "main.py",
        "import logging, pkg_resources, subprocess\nlogging.getLogger(\"uvicorn\")\nopen('/var/lib/a', 'w')\n\
         subprocess.run(['apt-get', 'install', 'x'])\n",
    ),
];

type Texts = BTreeMap<String, Vec<u8>>;

fn plan(folder: &Path) -> Plan {
    let loaded = load::load(folder, Path::new(".")).unwrap();
    pipeline::run(loaded.ws, loaded.documents, transforms::ALL, &Options::default())
}

/// What a plan says of the Dockerfile `path`: its part of the summary, and the new text.
fn said_of(plan: &Plan, path: &str) -> String {
    let mut plain = anstream::StripStream::new(Vec::new());
    summary::write_files(plan, true, &mut plain).unwrap();
    let all = String::from_utf8(plain.into_inner()).unwrap();
    let after = all.lines().skip_while(|line| !line.starts_with(path));
    let part: Vec<&str> = after
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with(' '))
        .map(|(_, line)| line)
        .collect();
    let text = plan.outputs.iter().find(|output| output.of == path).map_or("", |output| &output.text);
    format!("{}\n{text}", part.join("\n"))
}

/// What is said of `b/Dockerfile`, with these files in `a` and a compose file that builds both, or in `b` alone.
fn said_beside(a: &Texts, b: &Texts) -> String {
    let project = Project::new();
    let folders = [("a", a), ("b", b)].into_iter().filter(|(_, texts)| !texts.is_empty());
    let mut compose = "services:\n".to_owned();
    for (name, texts) in folders {
        compose += &format!("  {name}:\n    build: ./{name}\n");
        texts.iter().for_each(|(path, bytes)| project.write(&format!("{name}/{path}"), bytes));
    }
    project.write("compose.yaml", compose);
    said_of(&plan(project.path()), "b/Dockerfile")
}

/// The files of a project that has one Dockerfile and no compose file of its own.
fn texts(folder: &Path) -> Option<Texts> {
    let mut all = files(folder);
    all.retain(|path, _| !path.contains("compose") && !path.starts_with("alpinist."));
    all.contains_key("Dockerfile").then_some(all)
}

fn loud() -> Texts {
    LOUD.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn assert_alone_and_beside(a: &Texts, name: &str, b: &Texts) {
    let alone = said_beside(&Texts::new(), b);
    assert!(alone.starts_with("b/Dockerfile") || alone.trim().is_empty(), "{alone}");
    assert_eq!(said_beside(a, b), alone, "{name}");
}

#[test]
fn a_loud_neighbour_changes_nothing() {
    let loud = loud();
    for pass in transforms::ALL {
        let root = repository("tests/cases").join(pass.id);
        // One in three is enough, and they are spread over all passes.
        for name in folders(&root).into_iter().step_by(3) {
            let Some(own) = texts(&root.join(&name)) else { continue };
            assert_alone_and_beside(&loud, &format!("{}/{name}", pass.id), &own);
        }
    }
}

#[test]
fn examples_change_nothing_for_each_other() {
    let root = repository("examples");
    let all: Vec<(String, Texts)> = folders(&root)
        .into_iter()
        .filter_map(|name| Some((name.clone(), texts(&root.join(&name))?)))
        .collect();
    assert!(all.len() > 2);
    for (name, b) in &all {
        for (beside, a) in all.iter().filter(|(other, _)| other != name) {
            assert!(!said_beside(a, b).trim().is_empty(), "{name}");
            assert_alone_and_beside(a, &format!("{name} beside {beside}"), b);
        }
    }
}

#[test]
fn an_image_of_the_same_context_changes_nothing() {
    let project = Project::new();
    let loud = loud();
    for (path, bytes) in loud.iter().filter(|(path, _)| *path != "Dockerfile") {
        project.write(path, bytes);
    }
    let b = "FROM python:3.12-slim\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\n\
             RUN pip install flask==3.1.0 gunicorn==23.0.0\nCOPY b.py ./\nCMD [\"gunicorn\", \"b:app\"]\n";
    project.write("b.Dockerfile", b);
    project.write("b.py", "app = 1\n");
    let alone = said_of(&plan(project.path()), "b.Dockerfile");
    project.write("a.Dockerfile", &loud["Dockerfile"]);
    assert_eq!(said_of(&plan(project.path()), "b.Dockerfile"), alone);
    assert!(alone.contains("applied"), "{alone}");
}
