use super::*;

/// Whether the rules, one a word, keep `path` out.
fn hides(rules: &str, path: &str) -> bool {
    let text = rules.replace(' ', "\n");
    Ignore::parse(&text).unwrap_or_else(|error| panic!("{error}")).hides(path).is_some()
}

#[test]
fn the_last_rule_that_fits_decides() {
    assert!(hides("*.md", "a.md"));
    assert!(!hides("*.md !a.md", "a.md"));
    assert!(hides("*.md !a.md a*", "a.md"));
    assert!(hides("!a.md *.md", "a.md"));
}

#[test]
fn a_folder_takes_what_is_in_it_along() {
    assert!(hides("build", "build/a/b"));
    assert!(!hides("build", "builder"));
    assert!(!hides("** !src", "src/a"));
    assert!(hides("** !src src/a", "src/a"));
}

#[test]
fn an_exception_for_a_folder_does_not_reach_a_file_hidden_by_name() {
    assert!(hides("a/x !a", "a/x"), "BuildKit asks for `a` before anything has hidden it");
    assert!(!hides("a !a/x", "a/x"));
    assert!(hides("a !a/x", "a/y"));
}

#[test]
fn patterns_are_anchored_at_the_top() {
    assert!(hides("node_modules", "node_modules/x"));
    assert!(!hides("node_modules", "web/node_modules/x"));
}

#[test]
fn slashes_at_the_ends_do_not_count() {
    for rule in ["/build", "build/", "./build", "/build/", "x/../build"] {
        assert!(hides(rule, "build"), "{rule}");
    }
    assert!(!hides("/", "build"));
    assert!(!hides(".", "build"));
}

#[test]
fn one_star_stays_in_its_folder() {
    assert!(hides("a/*.txt", "a/b.txt"));
    assert!(!hides("a/*.txt", "a/b/c.txt"));
    assert!(hides("*", "a/b"), "through the folder a");
    assert!(hides("a*/b", "abc/b"));
    assert!(!hides("a*/b", "a/c/b"));
}

#[test]
fn two_stars_cross_folders() {
    for (rule, path) in [
        ("**", "a"),
        ("**/", "a/b"),
        ("**/x.log", "x.log"),
        ("**/x.log", "a/b/x.log"),
        ("**x.log", "a/bx.log"),
        ("**/*.log", "x.log"),
        ("**/*.log", "a/b/x.log"),
        ("a/**", "a/b/c"),
        ("a**/*.txt", "a/b/c/d.txt"),
        ("**/cache/*", "a/cache/b"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
    ] {
        assert!(hides(rule, path), "{rule} {path}");
    }
    assert!(!hides("a/**", "a"));
    assert!(!hides("**/.env", "a.env"));
    assert!(!hides("**/x.log", "ax.log"));
}

#[test]
fn one_character_and_classes() {
    assert!(hides("a?c", "abc"));
    assert!(!hides("a?c", "a/c"));
    assert!(hides("a[b-d]e", "ace"));
    assert!(!hides("a[^b-d]e", "ace"));
    assert!(hides("a\\*b", "a*b"));
    assert!(!hides("a\\*b", "axb"));
    assert!(!hides("a.c", "abc"));
}

#[test]
fn comments_start_the_line() {
    assert!(!hides("#a", "#a"));
    assert_eq!(Ignore::parse(" # no comment\n\n a \n").map(|ignore| ignore.rules.len()), Ok(2));
    assert!(Ignore::parse("\u{feff}# comment\r\na\r\n").is_ok_and(|ignore| ignore.hides("a").is_some()));
}

#[test]
fn what_is_not_understood_is_an_error() {
    for text in ["!", "!/", "!../../a", "a[", "a[b", "a]", "a\\", "a[*]", "[c-a]", "\\d", "*^"] {
        let error = Ignore::parse(&format!("x\n{text}\n")).expect_err(text);
        assert_eq!((error.line, error.text.as_str()), (2, text));
    }
}

#[test]
fn the_rule_is_named() {
    let ignore = Ignore::parse("# top\n*.md\n\n  dist/ \n").expect("parses");
    let rule = ignore.hides("dist/app.js").expect("hidden");
    assert_eq!((rule.line, rule.text.as_str()), (4, "dist/"));
}

#[test]
fn exceptions_may_show_something_in_a_hidden_folder() {
    let below = |rules: &str| Ignore::parse(rules).is_ok_and(|ignore| ignore.may_show_below("a/b"));
    for rules in ["!a/b/c", "!a/b/*", "!a/*/c", "!**/c", "!**", "!a/**", "!a*"] {
        assert!(below(rules), "{rules}");
    }
    for rules in ["a/b/c", "!a/x", "!a/b", "!x*", "!a/bc/**"] {
        assert!(!below(rules), "{rules}");
    }
}
