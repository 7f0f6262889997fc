//! Every example project through the real program: look, write, look again.

use std::path::Path;

use crate::{
    checks::assert_comments_kept,
    generated,
    project::{Project, Run, assert_snapshot, files, folders, repository, texts},
};

fn each_example(check: impl Fn(&str)) {
    let names = folders(&repository("examples"));
    assert!(!names.is_empty(), "there are no examples");
    names.iter().for_each(|name| {
        println!("example {name}");
        check(name);
    });
}

/// A copy of an example at its own path, in a fresh git repository.
fn copy(name: &str) -> Project {
    let path = format!("examples/{name}");
    let project = Project::copy_of(&repository(&path), &path);
    project.git(&["init", "--quiet", "."], "");
    project
}

fn optimize(project: &Project, name: &str, flags: &[&str]) -> Run {
    let path = format!("examples/{name}");
    project.run(&[&["optimize", path.as_str()], flags].concat())
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_is_in_the_snapshot() {
    each_example(|name| {
        let project = copy(name);
        let before = files(project.path());
        let run = optimize(&project, name, &[]);
        assert_eq!(run.code, 0);
        assert_eq!(files(project.path()), before);
        assert!(!run.err.contains("bug of alpinist"), "{}", run.err);
        assert_snapshot("examples", name, &run.transcript());
    });
}

#[test]
fn the_patch_and_write_give_the_same_files() {
    for flags in [[].as_slice(), &["--in-place"]] {
        each_example(|name| {
            let (patched, written) = (copy(name), copy(name));
            let run = optimize(&patched, name, flags);
            if !run.out.is_empty() {
                patched.git(&["apply", "--check", "--whitespace=nowarn", "-"], &run.out);
                patched.git(&["apply", "--whitespace=nowarn", "-"], &run.out);
            }
            let write = optimize(&written, name, &[flags, &["--write"]].concat());
            assert_eq!(write.code, 0, "{}", write.err);
            assert_eq!(texts(patched.path()), texts(written.path()));
        });
    }
}

#[test]
fn a_run_after_writing_has_nothing_to_write() {
    for flags in [[].as_slice(), &["--in-place"]] {
        each_example(|name| {
            let project = copy(name);
            assert_eq!(optimize(&project, name, &[flags, &["--check"]].concat()).code, 1);
            assert_eq!(optimize(&project, name, &[flags, &["--write"]].concat()).code, 0);
            let again = optimize(&project, name, flags);
            assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
            let check = optimize(&project, name, &[flags, &["--check"]].concat());
            assert_eq!(check.code, 0, "{}", check.err);
        });
    }
}

#[test]
fn every_comment_is_kept() {
    for flags in [["--write"].as_slice(), &["--write", "--in-place"]] {
        each_example(|name| {
            let project = copy(name);
            let before = texts(project.path());
            let patch = optimize(&project, name, &[]).out;
            optimize(&project, name, flags);
            let after = texts(project.path());
            for (path, text) in &before {
                assert_comments_kept(path, text, &after[path]);
                let sibling = copied_to(&patch, path).and_then(|sibling| after.get(sibling));
                if let Some(sibling) = sibling {
                    assert_comments_kept(path, text, sibling);
                }
            }
        });
    }
}

/// Where a patch copies `path` to.
fn copied_to<'p>(patch: &'p str, path: &str) -> Option<&'p str> {
    let head = format!("copy from {path}\ncopy to ");
    patch.split_once(&head)?.1.lines().next()
}

#[test]
fn what_is_written_is_sound() {
    for flags in [["--write"].as_slice(), &["--write", "--in-place"], &["--write", "--target", "alpine"]] {
        each_example(|name| {
            let project = copy(name);
            let before = texts(project.path());
            optimize(&project, name, flags);
            for (path, text) in texts(project.path()) {
                let is_new = before.get(&path) != Some(&text);
                if is_new && alpinist::workspace::discover::is_dockerfile(&path) {
                    generated::check(&path, &text);
                }
            }
        });
    }
}

#[test]
fn each_snapshot_has_its_example() {
    for entry in std::fs::read_dir(repository("snapshots/examples")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stem = name.trim_end_matches(".new").trim_end_matches(".snap");
        assert!(repository("examples").join(Path::new(stem)).is_dir(), "{name} has no example");
    }
}
