//! What the reader makes of requirements files.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn kinds(text: &str) -> Vec<ItemKind> {
    read(text).items.into_iter().map(|item| item.kind).collect()
}

fn package(text: &str) -> Package {
    match kinds(text).as_slice() {
        [ItemKind::Package(package)] => package.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn reads_packages() {
    let plain = package("Flask_SQLAlchemy[Async] >= 3.0, <4 ; python_version < '3.12'  # why\n");
    assert_eq!(plain.name, "flask-sqlalchemy");
    assert_eq!(plain.extras, ["async"]);
    assert_eq!(plain.specifiers.to_string(), ">=3.0, <4");
    assert!(plain.applies((3, 11)));
    assert!(!plain.applies((3, 12)));
    assert!(!package("pywin32; sys_platform == 'win32'").applies((3, 11)));
    assert!(package("async-timeout; python_full_version < '3.11.3'").applies((3, 11)));
    assert_eq!(package("numpy==1.26.4").exact_version().map(ToString::to_string).as_deref(), Some("1.26.4"));
}

#[test]
fn joins_continued_lines_and_keeps_spans() {
    let text =
        "# head\r\n\r\nrequests==2.31.0 \\\r\n    --hash=sha256:aa \\\r\n    --hash sha256:bb\r\nflask";
    let items = read(text).items;
    let ItemKind::Package(requests) = &items[0].kind else { panic!("{items:?}") };
    assert_eq!(requests.hashes, ["sha256:aa", "sha256:bb"]);
    assert_eq!(
        items[0].span.of(text),
        "requests==2.31.0 \\\r\n    --hash=sha256:aa \\\r\n    --hash sha256:bb"
    );
    assert_eq!(items[1].span.of(text), "flask");
}

#[test]
fn reads_options_and_includes() {
    let include = |path: &str, is_constraint| ItemKind::Include { path: path.to_owned(), is_constraint };
    assert_eq!(
        kinds("-r base.txt\n-rdev.txt\n--requirement=a.txt\n-c c.txt"),
        [
            include("base.txt", false),
            include("dev.txt", false),
            include("a.txt", false),
            include("c.txt", true)
        ]
    );
    assert_eq!(
        kinds("-i https://a/simple --extra-index-url=https://b\n--pre"),
        [
            ItemKind::Option { name: "--index-url", value: Some("https://a/simple".to_owned()) },
            ItemKind::Option { name: "--extra-index-url", value: Some("https://b".to_owned()) },
            ItemKind::Option { name: "--pre", value: None },
        ]
    );
    assert_eq!(kinds("-e ."), [ItemKind::Editable { target: ".".to_owned() }]);
}

#[test]
fn reads_addresses_and_paths() {
    let vcs =
        |url: &str, name: Option<&str>| ItemKind::Vcs { url: url.to_owned(), name: name.map(str::to_owned) };
    let path = |path: &str| ItemKind::LocalPath { path: path.to_owned() };
    assert_eq!(
        kinds("git+https://x/y.git@v1#egg=Some_Name"),
        [vcs("git+https://x/y.git@v1#egg=Some_Name", Some("some-name"))]
    );
    assert_eq!(kinds("some.name[x] @ git+ssh://git@x/y"), [vcs("git+ssh://git@x/y", Some("some-name"))]);
    assert_eq!(
        kinds("a @ https://x/a.whl ; python_version > '3'"),
        [ItemKind::Url { url: "https://x/a.whl".to_owned(), name: Some("a".to_owned()) }]
    );
    assert_eq!(
        kinds("./pkg[extra]\nwheels/a-1-py3-none-any.whl\nfile:///srv/a"),
        [path("./pkg"), path("wheels/a-1-py3-none-any.whl"), path("/srv/a")]
    );
}

#[test]
fn names_what_pip_refuses() {
    for text in [
        "foo===",
        "n.",
        "n-[a]==1",
        "a[b-]",
        "a; 'x' ~= os_name",
        "é==1",
        "foo bar",
        "${NAME}==1",
        "--no-such-option",
        "foo==1 --hash 'x",
        "-r",
    ] {
        assert!(matches!(kinds(text).as_slice(), [ItemKind::Invalid { .. }]), "{text}: {:?}", kinds(text));
    }
    assert_eq!(kinds("\n  # only\n\\\n"), []);
}

#[test]
fn follows_includes_once() {
    let files = |path: &str| {
        let text = match path {
            "app/requirements.txt" => {
                "-r ../base.txt\n-c limits.txt\n-r https://x/r.txt\n-r ../../up.txt\nflask\n"
            }
            "base.txt" => "-r app/requirements.txt\nnumpy\n-r gone.txt\n-e ./lib\n",
            "app/limits.txt" => "numpy<1.25\n",
            _ => return None,
        };
        Some(Arc::from(text))
    };
    let closure = closure("app/requirements.txt", &files);
    assert_eq!(closure.files, ["app/requirements.txt", "base.txt", "app/limits.txt"]);
    assert_eq!(closure.missing, ["gone.txt"]);
    assert_eq!(closure.outside, ["https://x/r.txt", "../../up.txt"]);
    let names: Vec<&str> = closure.packages.iter().map(|found| found.value.name.as_str()).collect();
    assert_eq!(names, ["flask", "numpy"]);
    assert_eq!(closure.specifiers((3, 11))["numpy"].to_string(), "<1.25");
    assert_eq!(closure.others.len(), 1);
}

proptest! {
    #[test]
    fn every_marker_has_a_reading(
        parts in proptest::collection::vec("python_version|os_name|sys_platform|extra|platform_machine| *(==|>=|<|!=|~=|in|not in) *| and | or |'[a-z0-9.*-]{0,6}'|\"3\\.1[0-9]\"|[()]", 0..12)
    ) {
        let text = format!("a>=1 ; {}", parts.concat());
        for item in read(&text).items {
            if let ItemKind::Package(package) = item.kind {
                package.applies((3, 11));
            }
        }
    }

    #[test]
    fn every_text_has_a_reading(text in "(?s)[-a-z=<>~!;@#$\\\\{}\\[\\]'\"./: \r\n\t0-9é*,()]{0,80}") {
        for item in read(&text).items {
            prop_assert!(text.get(item.span.range()).is_some());
        }
    }
}
