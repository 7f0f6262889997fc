//! Edits on the shapes that real files have.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::{
    compose::{
        Compose, NewValue, Obstacle, append_item, edit::Edits, expand_build, insert_at, insert_entry,
        set_scalar, verify,
    },
    edit::{Edit, apply},
    source::FileId,
};

fn parse(text: &str) -> Compose {
    Compose::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn applied(text: &str, edits: &Edits) -> String {
    let edits: Vec<Edit> =
        edits.iter().map(|(span, new)| Edit::replace(FileId(0), *span, new.as_str())).collect();
    apply(text, &edits).unwrap()
}

fn keys(path: &str) -> Vec<&str> {
    path.split('.').filter(|key| !key.is_empty()).collect()
}

fn scalar(text: &str) -> NewValue {
    NewValue::Scalar(text.to_owned())
}

fn set(text: &str, path: &str, value: &str) -> String {
    applied(text, &set_scalar(text, &parse(text), &keys(path), value).unwrap())
}

fn insert(text: &str, path: &str, value: NewValue) -> String {
    applied(text, &insert_at(text, &parse(text), &keys(path), value).unwrap())
}

fn append(text: &str, path: &str, item: &str) -> String {
    applied(text, &append_item(text, &parse(text), &keys(path), item).unwrap())
}

fn build(text: &str, service: &str) -> String {
    let further = [("dockerfile", scalar("Dockerfile.alpine"))];
    applied(text, &expand_build(text, &parse(text), service, &further).unwrap())
}

fn set_obstacle(text: &str, path: &str, value: &str) -> Obstacle {
    set_scalar(text, &parse(text), &keys(path), value).unwrap_err().obstacle
}

fn insert_obstacle(text: &str, path: &str) -> Obstacle {
    insert_at(text, &parse(text), &keys(path), scalar("1")).unwrap_err().obstacle
}

#[test]
fn scalars_keep_their_quotes() {
    for (old, value, new) in [
        ("memory: 512M  # tight\n", "256M", "memory: 256M  # tight\n"),
        ("memory: \"512M\"\n", "256M", "memory: \"256M\"\n"),
        ("memory: '512M' # x\n", "256M", "memory: '256M' # x\n"),
        ("memory: '1'\n", "it's", "memory: 'it''s'\n"),
        ("memory: '0.5'\n", "0.4", "memory: '0.4'\n"),
        ("memory: 0.5\n", "0.4", "memory: 0.4\n"),
        ("memory: 2G\n", "1024", "memory: \"1024\"\n"),
        ("memory: always\n", "no", "memory: \"no\"\n"),
        ("memory: yes\n", "no", "memory: no\n"),
        ("memory: a\n", "b: c", "memory: \"b: c\"\n"),
        ("memory: a\n", "", "memory: \"\"\n"),
        ("memory: a", "b", "memory: b"),
        ("memory:\n", "b", "memory: b\n"),
        ("memory: # later\n", "b", "memory: b # later\n"),
        ("memory:\r\nx: 1\r\n", "b", "memory: b\r\nx: 1\r\n"),
        ("\u{feff}memory: a\n", "b", "\u{feff}memory: b\n"),
        ("{memory: a, b: 1}", "c", "{memory: c, b: 1}"),
        ("{\"memory\": \"a\"}", "c", "{\"memory\": \"c\"}"),
        ("\"memory\" : a\n", "c", "\"memory\" : c\n"),
        ("memory: é # ü\n", "ö", "memory: ö # ü\n"),
        ("memory:\n  a\n  b\nc: 1\n", "d", "memory:\n  d\nc: 1\n"),
        ("memory: &m a\n", "b", "memory: &m b\n"),
    ] {
        assert_eq!(set(old, "memory", value), new);
    }
}

#[test]
fn scalars_that_are_not_changed() {
    let shared = "x: &m 512M\na:\n  memory: *m\nb: &b\n  c: 1\nd: *b\n";
    assert_eq!(set_obstacle(shared, "x", "1"), Obstacle::Shared);
    assert_eq!(set_obstacle(shared, "a.memory", "1"), Obstacle::Inherited);
    assert_eq!(set_obstacle(shared, "b.c", "1"), Obstacle::Shared);
    assert_eq!(set_obstacle(shared, "d.c", "1"), Obstacle::Inherited);
    assert_eq!(set_obstacle("x: &x {m: 1}\na:\n  <<: *x\n", "a.m", "2"), Obstacle::Inherited);
    assert_eq!(set_obstacle("m: ${M:-512M}\n", "m", "2"), Obstacle::Interpolated);
    assert_eq!(set_obstacle("m: 1\n---\nm: 2\n", "m", "2"), Obstacle::Documents);
    assert_eq!(set_obstacle("m: [1]\n", "m", "2"), Obstacle::Form);
    assert_eq!(set_obstacle("m: |\n  a\n", "m", "2"), Obstacle::Form);
    assert_eq!(set_obstacle("m: !!str 1\n", "m", "2"), Obstacle::Form);
    assert_eq!(set_obstacle("m: 1\n", "k", "2"), Obstacle::Missing);
    assert_eq!(set_obstacle("", "k", "2"), Obstacle::Missing);
    assert!(set_scalar("m: 1\n", &parse("m: 1\n"), &["m"], "1").unwrap().is_empty());
}

#[test]
fn items_of_lists_are_scalars_too() {
    let text = "a:\n- '22:22'\n- [x, \"y\"]\n";
    assert_eq!(set(text, "a.0", "2222:22"), "a:\n- '2222:22'\n- [x, \"y\"]\n");
    assert_eq!(set(text, "a.1.1", "z"), "a:\n- '22:22'\n- [x, \"z\"]\n");
}

#[test]
fn entries_go_to_the_end_of_their_mapping() {
    for (old, path, new) in [
        ("a:\n  b: 1\n", "a.k", "a:\n  b: 1\n  k: 1\n"),
        ("a:\n    b: 1  # c\n\n# d\ne: 1\n", "a.k", "a:\n    b: 1  # c\n    k: 1\n\n# d\ne: 1\n"),
        (
            "a:\n  b: 1\n  # own\n  # own\n# next\nc: 1\n",
            "a.k",
            "a:\n  b: 1\n  # own\n  # own\n  k: 1\n# next\nc: 1\n",
        ),
        ("a:\n  b: 1", "a.k", "a:\n  b: 1\n  k: 1"),
        ("a:\r\n  b: 1", "a.k", "a:\r\n  b: 1\r\n  k: 1"),
        ("a:\r\n  b: 1\r\nc: 1\r\n", "a.k", "a:\r\n  b: 1\r\n  k: 1\r\nc: 1\r\n"),
        ("a:\n  b:\n    - 1\n    - 2\n\nc: 1\n", "a.k", "a:\n  b:\n    - 1\n    - 2\n  k: 1\n\nc: 1\n"),
        (
            "a:\n  b:\n  - 1\n  - x: 1\n    y: 2\nc: 1\n",
            "a.b.1.k",
            "a:\n  b:\n  - 1\n  - x: 1\n    y: 2\n    k: 1\nc: 1\n",
        ),
        (
            "a:\n  b: |\n    x\n\n    y  \n\n\nc: 1\n",
            "a.k",
            "a:\n  b: |\n    x\n\n    y  \n  k: 1\n\n\nc: 1\n",
        ),
        ("a:\n  b: |+\n    x\n\nc: 1\n", "a.k", "a:\n  b: |+\n    x\n\n  k: 1\nc: 1\n"),
        ("a:\n  b: >- # | no\n    x\n", "a.k", "a:\n  b: >- # | no\n    x\n  k: 1\n"),
        ("a:\n  b:\nc: 1\n", "a.k", "a:\n  b:\n  k: 1\nc: 1\n"),
        ("a:\n  b: &x\nc: 1\n", "a.k", "a:\n  b: &x\n  k: 1\nc: 1\n"),
        ("a:\n  b: !reset\nc: 1\n", "a.k", "a:\n  b: !reset\n  k: 1\nc: 1\n"),
        ("a: # c\nb: 1\n", "a.k", "a: # c\n  k: 1\nb: 1\n"),
        ("a:\n  # b: 1\n", "a.k", "a:\n  # b: 1\n  k: 1\n"),
        ("a: 1\n...\n", "k", "a: 1\nk: 1\n...\n"),
        ("---\na: 1\n", "k", "---\na: 1\nk: 1\n"),
        ("\u{feff}a: 1", "k", "\u{feff}a: 1\nk: 1"),
        ("'a':\n  \"b\": 1\n", "a.k", "'a':\n  \"b\": 1\n  k: 1\n"),
        ("? a\n: b: 1\n", "a.k", "? a\n: b: 1\n  k: 1\n"),
        ("x: &x {p: 1}\na:\n  b: 1\n  <<: *x\n", "a.k", "x: &x {p: 1}\na:\n  b: 1\n  <<: *x\n  k: 1\n"),
    ] {
        assert_eq!(insert(old, path, scalar("1")), new);
    }
}

#[test]
fn entries_go_into_braces() {
    for (old, path, new) in [
        ("a: {}\n", "a.k", "a: {k: 1}\n"),
        ("a: {b: 1} # c\n", "a.k", "a: {b: 1, k: 1} # c\n"),
        ("a: { b: 1 }\n", "a.k", "a: { b: 1, k: 1 }\n"),
        ("a: { b: 1, }\n", "a.k", "a: { b: 1, k: 1 }\n"),
        ("a: {\n  b: 1\n}\n", "a.k", "a: {\n  b: 1,\n  k: 1\n}\n"),
        ("a: {\n  b: 1,\n}\n", "a.k", "a: {\n  b: 1,\n  k: 1,\n}\n"),
        ("a: {\n  b: 1 # c\n}\n", "a.k", "a: {\n  b: 1, # c\n  k: 1\n}\n"),
        ("a: {\n  b: 1, # c\n}\n", "a.k", "a: {\n  b: 1, # c\n  k: 1,\n}\n"),
        ("{\"a\": {\"b\": [1, 2]}}", "a.k", "{\"a\": {\"b\": [1, 2], k: 1}}"),
        ("{}", "a.k", "{a: {k: 1}}"),
    ] {
        assert_eq!(insert(old, path, scalar("1")), new);
    }
}

#[test]
fn missing_mappings_are_made_in_the_steps_of_the_file() {
    let two = "services:\n  a:\n    image: x\n    ports:\n      - 1\n";
    assert_eq!(
        insert(two, "services.a.deploy.resources.limits.memory", scalar("1G")),
        format!("{two}    deploy:\n      resources:\n        limits:\n          memory: 1G\n")
    );
    let four = "services:\n    a:\n        image: x\n        ports:\n        - 1\n";
    let list = NewValue::Sequence(vec!["ALL".into(), "\"b c\"".into()]);
    assert_eq!(
        insert(four, "services.a.cap_drop", list.clone()),
        format!("{four}        cap_drop:\n        - ALL\n        - \"b c\"\n")
    );
    assert_eq!(
        insert(two, "services.a.cap_drop", list),
        format!("{two}    cap_drop:\n      - ALL\n      - \"b c\"\n")
    );
    assert_eq!(insert("a: {}", "a.b", NewValue::Sequence(vec!["x".into()])), "a: {b: [x]}");
    assert_eq!(insert("a:\n  b: 1\n", "a.on", NewValue::Mapping(vec![])), "a:\n  b: 1\n  \"on\": {}\n");
}

#[test]
fn entries_that_are_not_inserted() {
    let merged = "x-b: &b\n  deploy:\n    c: 1\nservices:\n  a:\n    <<: *b\n    image: x\n  d: *b\n";
    assert_eq!(insert_obstacle(merged, "services.a.deploy"), Obstacle::Inherited);
    assert_eq!(insert_obstacle(merged, "services.a.deploy.resources.limits.memory"), Obstacle::Inherited);
    assert_eq!(insert_obstacle(merged, "services.d.init"), Obstacle::Inherited);
    assert_eq!(insert_obstacle(merged, "x-b.init"), Obstacle::Shared);
    assert_eq!(insert_obstacle(merged, "x-b.deploy.d"), Obstacle::Shared);
    assert_eq!(insert_obstacle(merged, "services.a.image"), Obstacle::Present);
    assert_eq!(insert_obstacle(merged, "services.a.image.x"), Obstacle::Form);
    assert_eq!(insert_obstacle("a: 1\n---\nb: 1\n", "c"), Obstacle::Documents);
    assert_eq!(insert_obstacle("a: [b: 1]\n", "a.0.c"), Obstacle::Form);
    assert_eq!(insert_obstacle("a: {b}\n", "a.b.c"), Obstacle::Form);
    assert_eq!(insert_obstacle("a: { # c\n}\n", "a.c"), Obstacle::Form);
    assert_eq!(insert_obstacle("- 1\n", "a"), Obstacle::Form);
    let text = "a:\n  b: 1\n";
    for bad in ["x: y: z", "[", "1\nc: 2", "\"", "*z", "a\nb"] {
        let refusal = insert_entry(text, &parse(text), &["a"], ("k", scalar(bad)));
        assert_eq!(refusal.unwrap_err().obstacle, Obstacle::Unsafe, "{bad}");
    }
}

#[test]
fn items_are_appended() {
    for (old, new) in [
        ("a:\n  - 1 # one\n  # more\n\nb: 1\n", "a:\n  - 1 # one\n  # more\n  - 9\n\nb: 1\n"),
        ("a:\n- 1\n- 2\nb: 1\n", "a:\n- 1\n- 2\n- 9\nb: 1\n"),
        ("a:\n  - x: 1\n    y: 2", "a:\n  - x: 1\n    y: 2\n  - 9"),
        ("a: [1, 2]\n", "a: [1, 2, 9]\n"),
        ("a: []\n", "a: [9]\n"),
        ("a: [\n  1,\n  2 # c\n]\n", "a: [\n  1,\n  2, # c\n  9\n]\n"),
        ("a:\nb:\n- 1\n", "a:\n- 9\nb:\n- 1\n"),
        ("a:\r\n  - 1\r\n", "a:\r\n  - 1\r\n  - 9\r\n"),
        ("a:\n  -\n", "a:\n  -\n  - 9\n"),
        ("a:\n  - - 1\n", "a:\n  - - 1\n  - 9\n"),
    ] {
        assert_eq!(append(old, "a", "9"), new);
    }
    let shared = "a: &a [1]\nb: *a\nc: {d: 1}\n";
    for (path, obstacle) in [("a", Obstacle::Shared), ("b", Obstacle::Inherited), ("c", Obstacle::Form)] {
        assert_eq!(append_item(shared, &parse(shared), &[path], "9").unwrap_err().obstacle, obstacle);
    }
}

#[test]
fn a_short_build_becomes_long() {
    let long = "\n      context: ./api\n      dockerfile: Dockerfile.alpine";
    for (old, new) in [
        ("    build: ./api\n    image: x\n", format!("    build:{long}\n    image: x\n")),
        ("    build: ./api  # here\n", format!("    build:  # here{long}\n")),
        ("    build: ./api", format!("    build:{long}")),
        (
            "    build: ./api  \r\n",
            format!("    build:{long}\r\n").replace('\n', "\r\n").replace("\r\r", "\r"),
        ),
        ("    \"build\" : './api'\n", format!("    \"build\" :{long}\n").replace("./api", "'./api'")),
        ("    build: ${D:-.}\n", format!("    build:{long}\n").replace("./api", "${D:-.}")),
    ] {
        let start = "services:\n  a:\n";
        let start = if old.contains('\r') { start.replace('\n', "\r\n") } else { start.to_owned() };
        assert_eq!(build(&format!("{start}{old}"), "a"), format!("{start}{new}"));
    }
    assert_eq!(
        build("services: {a: {build: .}}\n", "a"),
        "services: {a: {build: {context: ., dockerfile: Dockerfile.alpine}}}\n"
    );
    for text in
        ["build: {context: .}", "build:\n      .", "build: |\n      .", "build: &b .", "build:", "image: x"]
    {
        let text = format!("services:\n  a:\n    {text}\n");
        assert!(expand_build(&text, &parse(&text), "a", &[]).is_err(), "{text}");
    }
}

#[test]
fn differences_outside_the_path_are_found() {
    let before = "x: &x {m: 1}\na:\n  <<: *x\n  n: '1'\nl: [1, 2]\n";
    let allowed = [vec!["a".to_owned(), "k".to_owned()]];
    assert_eq!(verify(before, &before.replace("l: [1, 2]", "l:\n- 1\n- 2"), &[]), Ok(()));
    assert_eq!(verify(before, &before.replace("n: '1'", "k: 2\n  n: \"1\""), &allowed), Ok(()));
    for (from, to) in
        [("m: 1", "m: 2"), ("'1'", "1"), ("[1, 2]", "[1]"), ("<<: *x", "m: 3"), ("l: ", "k: "), ("*x", "{}")]
    {
        assert!(verify(before, &before.replacen(from, to, 1), &allowed).is_err(), "{to}");
    }
    let deep = [vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]];
    assert_eq!(verify("a:\n", "a: {b: {c: 1}}\n", &deep), Ok(()));
    assert!(verify("a:\n", "a: {b: {c: 1, d: 1}}\n", &deep).is_err());
    assert!(verify("a: {m: &m {d: 1}}\n", "a: {m: {d: 1}, b: {d: 1}}\n", &deep).is_err());
}
