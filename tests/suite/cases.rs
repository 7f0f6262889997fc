//! Every case folder, through its pass alone: the promises hold, and a snapshot shows what the pass says.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use alpinist::{
    cli::{Cli, Command},
    commands::{config, optimize},
    options::Options,
    pass::Pass,
    pipeline,
    plan::{Base, Outcome, Plan},
    reason::Weight,
    source::FileKind,
    transforms,
    view::{diff, summary},
    workspace::{
        load,
        projects::Request,
        store::{self, Batch},
    },
};
use clap::Parser;

use crate::{
    checks::{assert_comments_kept, assert_round_trips},
    project::{Project, assert_snapshot, folders, repository},
};

/// The file of a case that holds further flags of `optimize`, one a line.
const FLAGS: &str = "options";

struct Case {
    pass: &'static Pass,
    name: String,
    folder: PathBuf,
}

fn cases() -> Vec<Case> {
    let root = repository("tests/cases");
    let of_pass = |pass: &'static Pass| {
        let folder = root.join(pass.id);
        folders(&folder).into_iter().map(move |name| Case { pass, folder: folder.join(&name), name })
    };
    transforms::ALL.iter().flat_map(of_pass).collect()
}

#[test]
fn every_case_keeps_every_promise() {
    let mut failed = Vec::new();
    for case in cases() {
        if catch_unwind(AssertUnwindSafe(|| check(&case))).is_err() {
            failed.push(format!("{}/{}", case.pass.id, case.name));
        }
    }
    assert!(failed.is_empty(), "{} cases failed, see above: {}", failed.len(), failed.join(", "));
}

#[test]
fn each_pass_has_a_case_that_changes_and_one_that_declines() {
    let cases = cases();
    let lacking = transforms::ALL.iter().filter(|pass| {
        let names: Vec<&str> =
            cases.iter().filter(|case| case.pass.id == pass.id).map(|case| case.name.as_str()).collect();
        let declines = names.iter().filter(|name| name.starts_with("declines-")).count();
        declines == 0 || declines == names.len()
    });
    let lacking: Vec<&str> = lacking.map(|pass| pass.id).collect();
    assert!(lacking.is_empty(), "no case that changes, or none that declines: {}", lacking.join(", "));
}

#[test]
fn each_folder_of_cases_is_a_pass() {
    let known: Vec<&str> = transforms::ALL.iter().map(|pass| pass.id).collect();
    for folder in folders(&repository("tests/cases")) {
        assert!(known.contains(&folder.as_str()), "tests/cases/{folder} belongs to no pass");
    }
}

#[test]
fn each_snapshot_has_its_case() {
    let known: Vec<String> =
        cases().iter().map(|case| format!("{}/{}.snap", case.pass.id, case.name)).collect();
    let root = repository("snapshots/cases");
    for folder in folders(&root) {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            let is_pending = path.ends_with(".snap.new");
            assert!(is_pending || known.contains(&path), "snapshots/cases/{path} has no case");
        }
    }
}

fn check(case: &Case) {
    println!("case {}/{}", case.pass.id, case.name);
    let options = Options { only: vec![case.pass.id.to_owned()], ..options(&case.folder) };
    let plan = check_promises(&case.folder, &options);
    assert!(plan.steps.iter().all(|step| step.pass == case.pass.id));
    check_direction(&case.name, &plan);
    assert_snapshot(&format!("cases/{}", case.pass.id), &case.name, &shown(&plan));
}

/// Plans the project in `folder`, and requires what holds for every plan.
pub(crate) fn check_promises(folder: &Path, options: &Options) -> Plan {
    let plan = plan(folder, options);
    check_inputs(&plan);
    check_steps(&plan);
    check_outputs(&plan);
    for in_place in [false, true] {
        check_second_run(folder, &Options { in_place, ..options.clone() });
    }
    plan
}

/// The options of a case: its flags and its alpinist.yaml.
pub(crate) fn options(folder: &Path) -> Options {
    let flags = fs::read_to_string(folder.join(FLAGS)).unwrap_or_default();
    let line = ["alpinist", "optimize"].into_iter().chain(flags.lines());
    let Command::Optimize(arguments) = Cli::try_parse_from(line).unwrap().command else {
        panic!("{FLAGS} holds flags of optimize")
    };
    let mut options = optimize::options(&arguments);
    let config = Path::new("alpinist.yaml");
    if folder.join(config).exists() {
        config::apply(folder, config, &mut options).unwrap();
    }
    options
}

fn plan(folder: &Path, options: &Options) -> Plan {
    let loaded = load::load(folder, Path::new(".")).unwrap();
    let faults: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    pipeline::run(loaded.ws, loaded.documents, transforms::ALL, options)
}

fn check_inputs(plan: &Plan) {
    for file in plan.before.files.iter().filter(|file| file.kind == FileKind::Dockerfile) {
        assert_round_trips(&file.text);
    }
}

fn check_steps(plan: &Plan) {
    for step in &plan.steps {
        let pass = transforms::ALL.iter().find(|pass| pass.id == step.pass).unwrap();
        assert!(!matches!(step.outcome, Outcome::Rejected(_)), "{}: {:?}", step.title, step.outcome);
        assert!(step.risk <= pass.risk, "{} carries more risk than its pass declares", step.title);
        assert!(!step.title.ends_with('.'), "a title is no sentence: {}", step.title);
        assert!(is_sentence(&step.why), "no sentence: {}", step.why);
    }
    for record in &plan.declines {
        let heaviest = record.reasons.first().map(|weighed| weighed.weight);
        let is_settled = heaviest.is_none_or(|weight| weight == Weight::Breaks);
        assert!(is_settled, "a decline without what breaks: {}", record.sentence());
        let sentence = record.sentence();
        assert!(is_sentence(&sentence), "no sentence: {sentence}");
    }
    for finding in &plan.findings {
        assert!(is_sentence(&finding.what), "no sentence: {}", finding.what);
    }
}

fn is_sentence(text: &str) -> bool {
    text.ends_with(['.', '?', '`', ')', ':']) && !text.trim().is_empty()
}

/// The result parses, and holds every comment line of what it was made from.
fn check_outputs(plan: &Plan) {
    for output in &plan.outputs {
        let (from, before) = match &output.base {
            Base::Same(text) => (&output.path, text),
            Base::Copy { path, text } => (path, text),
            Base::New { .. } => (&output.path, &String::new()),
        };
        assert_ne!((from, before), (&output.path, &output.text), "an output without a change");
        assert_comments_kept(from, before, &output.text);
        let id = plan.after.find(from);
        if id.is_some_and(|id| plan.after.file(id).kind == FileKind::Dockerfile) {
            assert_round_trips(&output.text);
        }
    }
}

/// A case whose name starts with `declines-` changes nothing and says why; any other changes something.
fn check_direction(name: &str, plan: &Plan) {
    assert!(plan.conflicts.is_empty(), "{:?}", plan.conflicts);
    if name.starts_with("declines-") {
        assert!(plan.outputs.is_empty(), "a case that declines changes something:\n{}", shown(plan));
        assert!(!plan.declines.is_empty(), "a case that declines says nothing");
    } else {
        assert!(!plan.outputs.is_empty(), "nothing changes:\n{}", shown(plan));
    }
}

/// What a run writes is left alone by the next one.
fn check_second_run(folder: &Path, options: &Options) {
    let project = Project::copy_of(folder, "");
    let first = plan(project.path(), options);
    store::without_conflicts(&first.conflicts).unwrap();
    let roots = Request::new(project.path(), &[".".into()]).roots();
    let (base, outputs) = (project.path(), first.outputs.as_slice());
    let folders = BTreeSet::new();
    store::store(&Batch { base, roots: &roots, folders: &folders, outputs, force: false }).unwrap();
    let second = plan(project.path(), options);
    assert!(
        second.outputs.is_empty() && second.conflicts.is_empty(),
        "a second run (in place: {}) is not quiet:\n{}",
        options.in_place,
        shown(&second)
    );
}

/// What the program says: the summary, then the patch.
pub(crate) fn shown(plan: &Plan) -> String {
    let mut plain = anstream::StripStream::new(Vec::new());
    summary::write(plan, true, &mut plain).unwrap();
    let mut out = plain.into_inner();
    out.push(b'\n');
    diff::write(plan, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
