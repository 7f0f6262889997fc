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
        writers::is_below,
    },
    reason::Reason,
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

/// All such calls.
pub(super) fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    let packages = left_behind(image, split);
    let programs: Vec<&str> = packages.iter().flat_map(|name| programs_of(name)).collect();
    let called = |later: &later::Later| {
        let words = later.words();
        let name = words.iter().map(|word| path::name(word)).find(|name| programs.contains(name))?;
        Some(later.reason("MS-25", format!("calls {name}, which would be left behind in the builder")))
    };
    let calls = later::of(cx, image, split).into_iter().chain(later::shared(image, split));
    let calls: Vec<Reason> = calls.filter_map(|later| called(&later)).collect();
    let calls = calls.into_iter();
    calls.chain(compiled(cx, image, split)).chain(unseen_start(cx, image, split)).collect()
}

/// The programs of a package; it is called like its program where nothing else is known.
fn programs_of(name: &str) -> Vec<&str> {
    let known = BRING.iter().find(|(names, _)| names.contains(&name)).map(|(_, programs)| programs.to_vec());
    known.unwrap_or_else(|| if name.ends_with("-dev") { Vec::new() } else { vec![name] })
}

/// A later step that compiles, or runs a script that nobody can look into: it may need what is left behind.
fn compiled(cx: &Context, image: &ImageView, split: &Split) -> Option<Reason> {
    let standing = Standing::of(cx, image);
    let states = runtime::states(image);
    let steps = image.instructions().iter().enumerate();
    let stays = steps.filter(|(index, _)| match &split.parts[*index] {
        Part::Stays | Part::Apart(_) if *index > split.first => true,
        part => later::is_shared(part) && *index <= split.first,
    });
    for (index, step) in stays.filter(|(_, step)| step.keyword == Keyword::Run) {
        let text = later::kept(image, step, &split.parts[index]);
        let words = later::words_of(&text);
        if let Some(name) = words.iter().map(|word| path::name(word)).find(|name| COMPILE.contains(name)) {
            let what = format!("calls {name}, which may need what would be left behind");
            return Some(Reason::known("MS-25", step.span, what));
        }
        let unseen = |word: &&&str| {
            scripts::is_script(word) && standing.script(word, &states[index].workdir).is_none()
        };
        let starts = |word: &&str| word.starts_with("./") || word.starts_with('/');
        if let Some(script) =
            words.iter().find(|word| unseen(word) && (starts(word) || follows_shell(&words, word)))
        {
            let what = format!("what {script} runs is not known, and it may need what is left behind");
            return Some(Reason::doubt("MS-25", step.span, what));
        }
    }
    None
}

/// Whether the word stands right after a shell.
fn follows_shell(words: &[&str], wanted: &str) -> bool {
    words.windows(2).any(|pair| pair[1] == wanted && (programs::is_shell(pair[0]) || pair[0] == "source"))
}

/// A script that the image starts and that nobody can look into.
///
/// What the system or the environment brings is no script of the project.
fn unseen_start(cx: &Context, image: &ImageView, split: &Split) -> Option<Reason> {
    let is_brought = |name: &str| {
        let folders = ["/usr", "/bin", "/sbin", "/etc/init.d", &split.environment.path];
        folders.iter().any(|folder| is_below(name, folder))
    };
    let mut scripts = start_scripts::of(cx, image).into_iter();
    let script = scripts.find(|script| script.text.is_none() && !is_brought(&script.name))?;
    let start =
        image.lineage().into_iter().rfind(|step| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint));
    let span = start.map_or(image.instructions()[0].span, |step| step.span);
    let what = format!("what {} runs is not known, and it may need what is left behind", script.name);
    Some(Reason::doubt("MS-25", span, what))
}
