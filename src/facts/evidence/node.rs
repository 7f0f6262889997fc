//! The evidence for the npm packages of a stage: what the lock file pins for the wrong C library.

use super::{
    super::{Context, ImageView, build_context, contract::join_path, runtime},
    Evidence,
};

/// The evidence for the npm packages of an image: what the lock file pins for the wrong C library.
pub fn node(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence::default();
    let lookup = |path: &str| cx.ws.entry(path).cloned();
    for wanted in ["package-lock.json", "package.json"] {
        let states = runtime::states(image);
        let workdir = &states[states.len() - 1].workdir;
        let path = build_context::origin(
            image.instructions(),
            &image.image.context,
            &join_path(workdir, wanted),
            &lookup,
        );
        let Some(text) = path.as_ref().and_then(|path| cx.ws.context_text(path)) else { continue };
        for name in GLIBC_ONLY.iter().filter(|name| text.contains(&format!("{name}\""))) {
            evidence.against.push(format!("{name} has no build for musl (BASE-04)"));
        }
        for name in NATIVE.iter().filter(|name| text.contains(&format!("{name}\""))) {
            evidence.unknown.push(format!(
                "{name} is a native module; whether it installs on musl is not known (BASE-04)"
            ));
        }
        evidence.against.extend(lock_without_musl(text));
    }
    evidence.tidy();
    evidence
}

const GLIBC_ONLY: [&str; 3] = ["\"uWebSockets.js", "\"playwright", "\"cypress"];
const NATIVE: [&str; 9] = [
    "\"bcrypt",
    "\"canvas",
    "\"argon2",
    "\"better-sqlite3",
    "\"grpc",
    "\"node-sass",
    "\"re2",
    "\"prisma",
    "\"puppeteer",
];

/// The optional packages that a lock file pins for glibc and not for musl.
fn lock_without_musl(text: &str) -> Option<String> {
    let ending = "-linux-x64-gnu\"";
    let at = text.find(ending)?;
    let start = text[..at].rfind('"')? + 1;
    let stem = &text[start..at];
    let twin = format!("{stem}-linux-x64-musl\"");
    (!text.contains(&twin)).then(|| {
        format!("the lock file pins {stem}-linux-x64-gnu without its musl twin: make it anew with a current npm (BASE-05)")
    })
}
