//! One function for each fuzz target: any bytes go in, and a broken promise is a panic.
//!
//! `fuzz/` runs them over inputs that it makes up, and the suite runs them over the seeds in `fuzz/seeds/`.

use std::path::Path;

use alpinist::{
    commands::config,
    compose::{
        Compose, NewValue, append_item, expand_build, insert_entry,
        node::{NodeId, NodeKind, Tree},
        set_scalar, verify,
    },
    docker::{self, ignore::Ignore},
    edit::{Edit, apply},
    manifest::{node_lock, package_json as npm, python_lock, python_project as python, requirements as pip},
    options::Options,
    shell::{Script, ShellWord},
    source::{FileId, Span},
};
use arbitrary::Unstructured;

use crate::{checks::assert_round_trips, pieces, promises::Files};

/// What a target does with its bytes.
type Entry = fn(&[u8]);

/// Every target with its name.
pub(crate) const ALL: &[(&str, Entry)] = &[
    ("dockerfile", dockerfile),
    ("shell", shell),
    ("compose", compose),
    ("requirements", requirements),
    ("python_project", python_project),
    ("package_json", package_json),
    ("config", config),
    ("dockerignore", dockerignore),
    ("pipeline", pipeline),
    ("structured", structured),
];

/// A Dockerfile round-trips, and an instruction put between two others moves the later ones and no more.
pub(crate) fn dockerfile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        let text = docker::bytes::marked(data);
        assert_eq!(docker::bytes::shown(&text).len(), text.len());
        return drop(docker::read_instructions(&text));
    };
    if docker::parse(text).is_err() {
        return;
    }
    let before = assert_round_trips(text);
    let line = "STOPSIGNAL 9\n";
    for (index, instruction) in before.instructions.iter().enumerate().skip(1).take(16) {
        let at = instruction.span.start();
        let edited = applied(text, vec![(Span::at(at), line.to_owned())]);
        // Before the first FROM only ARG may stand.
        let Ok(after) = docker::parse(&edited) else {
            assert!(before.stages.first().is_none_or(|stage| index <= stage.instructions.start));
            continue;
        };
        assert_eq!(after.instructions.len(), before.instructions.len() + 1, "{edited}");
        for (old, new) in before.instructions[index..].iter().zip(&after.instructions[index + 1..]) {
            assert_eq!(old.span.shifted(line.len()), new.span);
            assert_eq!(old.words.len(), new.words.len());
        }
    }
}

/// A script's places lie inside it, and another word for an argument leaves the commands as they are.
pub(crate) fn shell(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let script = Script::parse_str(text);
    let inside = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    script.items.iter().for_each(|item| inside(item.span));
    for command in &script.commands {
        inside(command.span);
        command.redirects.iter().copied().for_each(inside);
        assert!(command.item < script.items.len());
        for word in command.words.iter().chain(&command.assignments) {
            inside(word.span);
            assert!(!word.is_whole || word.span.of(text) == word.raw, "{word:?} in {text:?}");
        }
    }
    let arguments = script.commands.iter().flat_map(|command| command.words.iter().skip(1));
    // Without a bracket that it closes, the rest may be nested too deep; and the parser looks for the end of a
    // square one past the backquotes that enclose it, where it then finds no end of theirs.
    let is_plain = |word: &&ShellWord| {
        word.is_whole && word.literal.is_some() && !word.raw.contains(['}', ')', '[', ']'])
    };
    for word in arguments.filter(is_plain).take(16) {
        let edited = applied(text, vec![(word.span, "zz".to_owned())]);
        let after = Script::parse_str(&edited);
        assert_eq!(after.unreadable, None, "{edited:?}");
        assert_eq!(after.commands.len(), script.commands.len(), "{edited:?}");
    }
}

/// A compose file's places lie inside it, and every edit that is made changes what it says and no more.
pub(crate) fn compose(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(compose) = Compose::parse(text) else { return };
    for service in &compose.services {
        for span in [service.key, service.entry, service.span] {
            assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
        }
        if let Ok(edits) = expand_build(text, &compose, &service.name, &[]) {
            assert!(Compose::parse(&applied(text, edits)).is_ok());
        }
    }
    let mut all = Vec::new();
    compose.tree.root.into_iter().for_each(|root| paths(&compose.tree, root, &[], &mut all));
    for path in all.into_iter().take(24) {
        edit_compose(text, &compose, &path);
    }
}

fn edit_compose(text: &str, compose: &Compose, path: &[String]) {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let here = [path.to_vec()];
    if let Ok(edits) = set_scalar(text, compose, &keys, "no") {
        assert_eq!(verify(text, &applied(text, edits), &here), Ok(()));
    }
    if let Ok(edits) = append_item(text, compose, &keys, "x: y") {
        assert_eq!(verify(text, &applied(text, edits), &here), Ok(()));
    }
    let new = NewValue::Mapping(vec![("k".into(), NewValue::Sequence(vec!["1".into()]))]);
    if let Ok(edits) = insert_entry(text, compose, &keys, ("new", new)) {
        let changed = path.iter().cloned().chain(["new".to_owned()]).collect();
        assert_eq!(verify(text, &applied(text, edits), &[changed]), Ok(()));
    }
}

/// Every path of the document that is not behind an alias.
fn paths(tree: &Tree, id: NodeId, here: &[String], out: &mut Vec<Vec<String>>) {
    if out.len() > 64 {
        return;
    }
    out.push(here.to_vec());
    let below = |key: &str| here.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
    match &tree.node(id).kind {
        NodeKind::Mapping(mapping) => {
            mapping.entries.iter().for_each(|entry| paths(tree, entry.value, &below(tree.key(*entry)), out));
        }
        NodeKind::Sequence(sequence) => {
            let items = sequence.items.iter().enumerate();
            items.for_each(|(at, item)| paths(tree, *item, &below(&at.to_string()), out));
        }
        _ => {}
    }
}

/// A requirements file is read line by line: a further line adds what it says and no more.
pub(crate) fn requirements(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = pip::read(text);
    for item in &read.items {
        assert!(text.get(item.span.range()).is_some(), "{:?} in {text:?}", item.span);
    }
    assert!(
        read.items
            .windows(2)
            .all(|pair| pair[0].span == pair[1].span || pair[0].span.end() <= pair[1].span.start())
    );
    let head = "left-of==1.0\n";
    let longer = pip::read(&format!("{head}{text}"));
    assert_eq!(longer.items.len(), read.items.len() + 1, "{text:?}");
    for (old, new) in read.items.iter().zip(&longer.items[1..]) {
        assert_eq!((old.span.shifted(head.len()), &old.kind), (new.span, &new.kind));
    }
    let own = |path: &str| (path == "requirements.txt").then(|| text.into());
    let closure = pip::closure("requirements.txt", &own);
    assert!(closure.files.len() <= 1);
}

/// `pyproject.toml` and the lock files of Python are read or refused.
pub(crate) fn python_project(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = python::read(text);
    let _ = python_lock::read(text);
    let _ = python_lock::read_pipfile(text);
}

/// `package.json` and the lock files of npm, yarn and pnpm are read or refused.
pub(crate) fn package_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = npm::read(text);
    let _ = npm::locked_without_musl(text);
    let _ = node_lock::read_npm(text);
    let _ = node_lock::read_yarn(text);
    let _ = node_lock::read_pnpm(text);
}

/// `alpinist.yaml` is taken over or refused at a place inside it.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut options = Options::default();
    if let Err(error) = config::take(text, Path::new("alpinist.yaml"), &mut options) {
        let span = error.span.unwrap_or_default();
        assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
        assert!(!error.what.is_empty());
    }
}

/// An ignore file is read or refused; a comment above it changes nothing, and the last rule decides.
pub(crate) fn dockerignore(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(ignore) = Ignore::parse(text) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let ending = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let longer =
        |head: &str, tail: &str| Ignore::parse(&format!("{head}{text}{ending}{tail}")).expect("rules");
    let (below, all, none) = (longer("# x\n", ""), longer("", "**\n"), longer("", "!**\n"));
    let names = text.lines().map(|line| line.trim_start_matches(['!', '/', ' ']).trim_end());
    for path in names.filter(|name| !name.is_empty() && !name.contains("//") && name.len() < 200).take(8) {
        let rule = ignore.hides(path);
        assert!(
            rule.is_none_or(|rule| text
                .lines()
                .nth(rule.line - 1)
                .is_some_and(|line| line.trim() == rule.text))
        );
        assert_eq!(
            rule.map(|rule| rule.line + 1),
            below.hides(path).map(|rule| rule.line),
            "{path:?} in {text:?}"
        );
        assert!(all.hides(path).is_some(), "{path:?} in {text:?}");
        assert!(none.hides(path).is_none(), "{path:?} in {text:?}");
        ignore.may_show_below(path);
    }
}

/// A Dockerfile, a compose file, `requirements.txt` and `package.json`, with a zero byte between them.
pub(crate) fn pipeline(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let files = Files { dockerfile: next(), compose: next(), requirements: next(), package_json: next() };
    if docker::parse(files.dockerfile).is_ok() {
        files.assert_promises(&[]);
    }
}

/// A project of known lines in an order that the bytes choose.
pub(crate) fn structured(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(project) = pieces::project(&mut choices) else { return };
    let files = Files {
        dockerfile: &project.dockerfile,
        compose: &project.compose,
        requirements: &project.requirements,
        package_json: "",
    };
    if docker::parse(files.dockerfile).is_ok() {
        files.assert_promises(&[]);
    }
}

fn applied(text: &str, edits: Vec<(Span, String)>) -> String {
    let edits: Vec<Edit> = edits.into_iter().map(|(span, new)| Edit::replace(FileId(0), span, new)).collect();
    apply(text, &edits).expect("the edits of one change do not overlap")
}
