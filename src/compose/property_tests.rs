//! What holds for any text.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use crate::{
    compose::{
        Compose, NewValue, append_item,
        edit::Edits,
        expand_build, insert_entry,
        node::{NodeId, NodeKind, Tree},
        set_scalar, verify,
    },
    edit::{Edit, apply},
    source::FileId,
};

fn applied(text: &str, edits: &Edits) -> String {
    let edits: Vec<Edit> =
        edits.iter().map(|(span, new)| Edit::replace(FileId(0), *span, new.as_str())).collect();
    apply(text, &edits).unwrap()
}

/// Every path of the document that is not behind an alias.
fn paths(tree: &Tree, id: NodeId, here: &[String], out: &mut Vec<Vec<String>>) {
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

/// Makes every edit at every path and requires that each one that is made changes nothing else.
fn edit_everywhere(text: &str, value: &str) {
    let Ok(compose) = Compose::parse(text) else { return };
    let mut all = Vec::new();
    compose.tree.root.into_iter().for_each(|root| paths(&compose.tree, root, &[], &mut all));
    for path in all.into_iter().take(60) {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Ok(edits) = set_scalar(text, &compose, &keys, value) {
            assert_eq!(verify(text, &applied(text, &edits), std::slice::from_ref(&path)), Ok(()));
        }
        let new = NewValue::Mapping(vec![("k".into(), NewValue::Sequence(vec!["1".into()]))]);
        if let Ok(edits) = insert_entry(text, &compose, &keys, ("new", new)) {
            let changed: Vec<String> = path.iter().cloned().chain(["new".into()]).collect();
            assert_eq!(verify(text, &applied(text, &edits), &[changed]), Ok(()));
        }
        if let Ok(edits) = append_item(text, &compose, &keys, "x") {
            assert_eq!(verify(text, &applied(text, &edits), std::slice::from_ref(&path)), Ok(()));
        }
    }
    for service in &compose.services {
        if let Ok(edits) = expand_build(text, &compose, &service.name, &[]) {
            Compose::parse(&applied(text, &edits)).unwrap();
        }
    }
}

/// Lines that often stand in compose files, to be put together at random.
fn line() -> impl Strategy<Value = String> {
    let pieces: &'static [&str] = &[
        "services:",
        "a:",
        "b: 1",
        "- x",
        "- y: 2",
        "build: ./api # c",
        "<<: *x",
        "c: &x",
        "d: *x",
        "e: {f: 1, g: [h]}",
        "# note",
        "",
        "i: |",
        "j: 'k'",
        "l: \"m\"",
        "n: [",
        "]",
        "---",
        "? o",
        ": p",
        "q: >-",
        "\tr: 1",
        "s: !t",
        "é: ü",
        "- - z",
    ];
    let ending = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("  # c\n")];
    (0..4_usize, prop::sample::select(pieces).prop_map(str::to_owned), ending)
        .prop_map(|(indent, piece, ending)| format!("{}{piece}{ending}", "  ".repeat(indent)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        edit_everywhere(&text, "1");
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused(text in r##"[a-c:{}\[\]&*!|>'"#?\-,<~% \t\r\n\u{feff}é]{0,60}"##) {
        edit_everywhere(&text, "no");
    }

    #[test]
    fn any_lines_are_edited_or_refused(lines in prop::collection::vec(line(), 0..12), value in "[ -~é\n]{0,8}") {
        edit_everywhere(&lines.concat(), &value);
        edit_everywhere(lines.concat().trim_end(), &value);
    }

    #[test]
    fn any_value_can_be_set(value in any::<String>(), old in prop::sample::select(vec!["a", "'a'", "\"a\"", "1", "{k: a}"])) {
        let text = format!("services:\n  s: {old} # c\n  t: 1\n");
        let compose = Compose::parse(&text).unwrap();
        let path: &[&str] = if old.starts_with('{') { &["services", "s", "k"] } else { &["services", "s"] };
        let edits = set_scalar(&text, &compose, path, &value).unwrap();
        let after = applied(&text, &edits);
        let changed = path.iter().map(|key| (*key).to_owned()).collect();
        prop_assert_eq!(verify(&text, &after, &[changed]), Ok(()));
        prop_assert!(after.contains(" # c\n  t: 1\n"));
    }
}
