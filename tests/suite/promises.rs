//! What a run over a project in memory promises: nothing rejected, no comment lost, quiet the second time.

use std::collections::BTreeMap;

use alpinist::{
    compose::Compose,
    documents::Documents,
    effects::World,
    options::Options,
    pipeline,
    plan::{Outcome, Plan},
    source::{FileId, FileKind, SourceFile},
    transforms,
    workspace::{Entry, Image, Workspace},
};

use crate::checks::{assert_comments_kept, assert_round_trips};

/// The requirements of a project that names none.
const REQUIREMENTS: &str =
    "flask==3.0.0\ngunicorn==23.0.0\nuvicorn==0.35.0\nuvicorn-worker==0.3.0\npsycopg2==2.9.10\n";

/// A project of one Dockerfile, at most one compose file, and the files that it may copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files<'t> {
    /// The Dockerfile.
    pub(crate) dockerfile: &'t str,
    /// The compose file; empty for none.
    pub(crate) compose: &'t str,
    /// `requirements.txt`; empty for one that suits most.
    pub(crate) requirements: &'t str,
    /// `package.json`; empty for none.
    pub(crate) package_json: &'t str,
}

impl Files<'_> {
    fn workspace(&self) -> Workspace {
        let mut ws = Workspace::default();
        ws.files.push(file("Dockerfile", FileKind::Dockerfile, self.dockerfile));
        let world = World::of(self.context());
        let mut image = Image { dockerfile: FileId(0), context: String::new(), services: Vec::new(), world };
        if let (false, Ok(compose)) = (self.compose.is_empty(), Compose::parse(self.compose)) {
            ws.files.push(file("compose.yaml", FileKind::Compose, self.compose));
            let built = compose.services.iter().filter(|service| service.build.is_some());
            image.services.extend(built.map(|service| (FileId(1), service.name.clone())));
        }
        ws.images.push(image);
        ws
    }

    fn context(&self) -> BTreeMap<String, Entry> {
        let requirements = if self.requirements.is_empty() { REQUIREMENTS } else { self.requirements };
        let mut context = BTreeMap::from([
            ("requirements.txt".to_owned(), Entry::File(Some(requirements.into()))),
            ("app.py".to_owned(), Entry::File(None)),
            ("src".to_owned(), Entry::Folder),
        ]);
        if !self.package_json.is_empty() {
            context.insert("package.json".to_owned(), Entry::File(Some(self.package_json.into())));
        }
        context
    }

    /// What `only` these passes make of it; all when there is none.
    pub(crate) fn plan(&self, only: &[String]) -> Plan {
        let options = Options { in_place: true, only: only.to_vec(), ..Options::default() };
        let ws = self.workspace();
        let documents = Documents::of(&ws.files);
        pipeline::run(ws, documents, transforms::ALL, &options)
    }

    /// Panics when `only` these passes break a promise.
    pub(crate) fn assert_promises(&self, only: &[String]) {
        let first = self.plan(only);
        for step in &first.steps {
            let is_rejected = matches!(step.outcome, Outcome::Rejected(_));
            assert!(!is_rejected, "{} {}: {:?}\n{self:#?}", step.pass, step.title, step.outcome);
        }
        let after: Vec<&str> = first.after.files.iter().map(|file| &*file.text).collect();
        assert_round_trips(after[0]);
        for (old, new) in first.before.files.iter().zip(&after) {
            assert_comments_kept(&old.path, &old.text, new);
        }
        let compose = after.get(1).copied().unwrap_or_default();
        let second = Files { dockerfile: after[0], compose, ..self.clone() }.plan(only);
        let titles: Vec<String> =
            second.steps.iter().map(|step| format!("{}: {}", step.pass, step.title)).collect();
        assert!(
            second.outputs.is_empty(),
            "a second run is not quiet: {titles:?}\n{self:#?}\n---\n{}\n---\n{compose}",
            after[0]
        );
    }
}

fn file(path: &str, kind: FileKind, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), kind, text: text.into(), on_disk: text.into() }
}
