//! Programs that only the builder would have, and that something calls in the final stage.

use super::{later, left_behind};
use crate::{
    docker::Keyword,
    facts::{
        Context, ImageView,
        commands::Standing,
        programs, runtime, scripts,
        split::{Part, Split},
        start_scripts,
    },
    source::Span,
    workspace::path,
};

/// Compilers and what drives them, by the packages that bring them.
const BRING: [(&[&str], &[&str]); 6] = [
    (&["build-base", "build-essential"], &["make", "gcc", "g++", "cc", "c++", "ld", "ar", "patch"]),
    (&["gcc", "clang"], &["gcc", "cc", "clang"]),
    (&["g++"], &["g++", "c++", "gcc", "cc"]),
    (&["npm"], &["npm", "npx"]),
    (&["nodejs"], &["node", "npm", "npx"]),
    (&["cargo", "rust", "rustc"], &["cargo", "rustc"]),
];

/// Programs that compile, whichever package has them.
const COMPILE: [&str; 16] = [
    "configure",
    "autogen.sh",
    "bootstrap.sh",
    "setup.py",
    "cmake",
    "meson",
    "ninja",
    "scons",
    "bazel",
    "qmake",
    "cython",
    "cythonize",
    "mypyc",
    "node-gyp",
    "nuitka",
    "pyinstaller",
];

/// The first such call: its place and a sentence.
pub(super) fn first(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let packages = left_behind(image, split);
    let programs: Vec<&str> = packages.iter().flat_map(|name| programs_of(name)).collect();
    let called = |later: &later::Later| {
        let words = later.words();
        let name = words.iter().map(|word| path::name(word)).find(|name| programs.contains(name))?;
        Some((
            later.span,
            format!("{} calls {name}, which would be left behind in the builder (MS-08).", later.who),
        ))
    };
    later::of(cx, image, split).iter().find_map(called).or_else(|| compiled(cx, image, split))
}

/// The programs of a package; it is called like its program where nothing else is known.
fn programs_of(name: &str) -> Vec<&str> {
    let known = BRING.iter().find(|(names, _)| names.contains(&name)).map(|(_, programs)| programs.to_vec());
    known.unwrap_or_else(|| if name.ends_with("-dev") { Vec::new() } else { vec![name] })
}

/// A later step that compiles, or runs a script that nobody can look into: it may need what is left behind.
fn compiled(cx: &Context, image: &ImageView, split: &Split) -> Option<(Span, String)> {
    let standing = Standing::of(cx, image);
    let states = runtime::states(image);
    let steps = image.instructions().iter().enumerate().skip(split.first + 1);
    let stays = steps.filter(|(index, _)| matches!(split.parts[*index], Part::Stays | Part::Apart(_)));
    for (index, step) in stays.filter(|(_, step)| step.keyword == Keyword::Run) {
        let words = later::words_of(&step.body.text);
        if let Some(name) = words.iter().map(|word| path::name(word)).find(|name| COMPILE.contains(name)) {
            let line = image.line(step);
            let why = format!("Line {line} calls {name}, which may need what would be left behind (MS-08).");
            return Some((step.span, why));
        }
        let unseen = |word: &&&str| {
            scripts::is_script(word) && standing.script(word, &states[index].workdir).is_none()
        };
        let starts = |word: &&str| word.starts_with("./") || word.starts_with('/');
        if let Some(script) =
            words.iter().find(|word| unseen(word) && (starts(word) || follows_shell(&words, word)))
        {
            let why = format!("What {script} runs in line {} is not known (MS-25).", image.line(step));
            return Some((step.span, why));
        }
    }
    None
}

/// Whether the word stands right after a shell.
fn follows_shell(words: &[&str], wanted: &str) -> bool {
    words.windows(2).any(|pair| pair[1] == wanted && (programs::is_shell(pair[0]) || pair[0] == "source"))
}

/// A script that the image starts and that nobody can look into.
pub(super) fn unseen_start(cx: &Context, image: &ImageView) -> Option<String> {
    let script = start_scripts::of(cx, image).into_iter().find(|script| script.text.is_none())?;
    Some(format!("What {} runs is not known, so it may need what would be left behind (MS-25).", script.name))
}
