//! The evidence for images of other languages and of distributions.

use super::{
    super::{Context, ImageView, build_context::Steps, commands, packages, programs as programs_of},
    Evidence, NOWHERE,
};
use crate::{
    docker::{Instruction, Keyword},
    knowledge::programs,
    reason::Reason,
    shell::Command,
    workspace::path,
};

/// The evidence for the stage in view from its base: a distribution, Ruby, PHP or Java.
pub fn others(cx: &Context, image: &ImageView) -> Evidence {
    let mut evidence = Evidence::default();
    let set_up_otherwise = match image.root().official_name() {
        Some("debian" | "ubuntu" | "buildpack-deps") => programs::set_up_otherwise,
        _ => programs::service_set_up_otherwise,
    };
    installed(image, set_up_otherwise, &mut evidence);
    evidence.reasons.extend(super::java::fetched(cx, image));
    match image.root().official_name() {
        Some("ruby") => ruby(cx, image, &mut evidence),
        Some("php") => php(image, &mut evidence),
        Some("postgres") => evidence.reasons.push(Reason::known(
            "BASE-31",
            NOWHERE,
            "a data volume that was written under glibc sorts text in another order under musl",
        )),
        Some(name @ ("redis" | "rabbitmq" | "influxdb")) => evidence.reasons.push(Reason::known(
            "BASE-32",
            NOWHERE,
            format!("{name} keeps data in a volume, whose files belong to another user id on Alpine"),
        )),
        // Those of Temurin bring both: 21/jre/alpine of <https://github.com/adoptium/containers>.
        Some("openjdk" | "amazoncorretto" | "tomcat" | "maven" | "gradle") => {
            evidence.notes.push(
                "An application that draws text needs fonts: add fontconfig and ttf-dejavu (BASE-28)"
                    .to_owned(),
            );
        }
        _ => {}
    }
    evidence
}

/// Images that start a shell or an interpreter when nothing else is said.
const WITHOUT_SERVICE: [&str; 14] = [
    "amazoncorretto",
    "buildpack-deps",
    "debian",
    "eclipse-temurin",
    "gcc",
    "golang",
    "gradle",
    "maven",
    "node",
    "openjdk",
    "python",
    "ruby",
    "rust",
    "ubuntu",
];

/// Programs that make other programs of what they are given.
const COMPILERS: [&str; 10] = ["cargo", "cc", "cmake", "g++", "gcc", "go", "gradle", "make", "mvn", "rustc"];

/// Why it is not known what the final stage is for, so that its C library may be what others count on.
pub fn purpose(cx: &Context, image: &ImageView) -> Option<Reason> {
    let name = image.root().official_name().filter(|name| WITHOUT_SERVICE.contains(name))?;
    if !commands::is_any(cx, image) {
        let what = format!("nothing says what runs in this image of {name}, nor what that needs");
        return Some(Reason::doubt("BASE-43", NOWHERE, what));
    }
    let started = commands::run_by(cx, image);
    let mut programs = started.iter().flat_map(|words| programs_of::started(words));
    let compiler = programs.find(|program| COMPILERS.contains(&path::name(program)))?;
    let what = format!("{compiler} makes programs of what it is given, which then need musl");
    Some(Reason::known("BASE-43", NOWHERE, what))
}

fn steps<'a>(image: &ImageView<'a>) -> impl Iterator<Item = (usize, &'a Instruction)> {
    image.instructions().iter().enumerate().filter(|(_, step)| step.keyword == Keyword::Run)
}

/// The packages that Alpine has in another version, or set up in another way.
fn installed(image: &ImageView, otherwise: fn(&str) -> Option<&'static str>, evidence: &mut Evidence) {
    let installs = steps(image).flat_map(|(_, step)| packages::installs(image.script(step)));
    for package in installs.flat_map(|install| install.packages) {
        if let Some(what) = otherwise(&package.name) {
            // A server may be told where its settings are; a runtime is another one.
            let is_server = programs::service_set_up_otherwise(&package.name).is_some();
            let reason = if is_server { Reason::doubt } else { Reason::known };
            let what = format!("Alpine has {what}");
            evidence.reasons.push(reason("BASE-16", package.span, what).about(&package.name));
        }
    }
}

/// Bundler installs only what the lock lists a platform for.
fn ruby(cx: &Context, image: &ImageView, evidence: &mut Evidence) {
    let bundles =
        |command: &Command| command.name() == "bundle" && command.arguments().next() == Some("install");
    let Some((index, _)) = steps(image).find(|(_, step)| image.script(step).commands.iter().any(bundles))
    else {
        return;
    };
    let lock = Steps::of(cx, image)
        .site(index)
        .file(cx, image, "Gemfile.lock")
        .and_then(|path| cx.files_of(image).text(&path));
    if lock.is_some_and(|text| needs_time_zones(text)) {
        evidence.runtime.insert(("tzdata", "tzinfo".to_owned()));
    }
    match lock.map(|text| platforms(text)) {
        None => evidence.reasons.push(Reason::doubt(
            "BASE-30",
            NOWHERE,
            "Gemfile.lock is not in the build context, so which gems have native code is not known",
        )),
        Some(platforms) if platforms.iter().any(|name| *name == "ruby" || name.ends_with("-linux-musl")) => {}
        Some(platforms) => evidence.reasons.push(Reason::known(
            "BASE-30",
            NOWHERE,
            format!(
                "Gemfile.lock is for {}; run `bundle lock --add-platform ruby` first",
                platforms.join(", ")
            ),
        )),
    }
}

/// Whether a gem reads the time zones of the system: tzinfo does where no tzinfo-data is installed.
///
/// Source: <https://github.com/tzinfo/tzinfo#data-sources>.
fn needs_time_zones(lock: &str) -> bool {
    let has = |gem: &str| lock.lines().any(|line| line.trim_start().starts_with(&format!("{gem} (")));
    has("tzinfo") && !has("tzinfo-data")
}

/// The entries below `PLATFORMS`.
fn platforms(lock: &str) -> Vec<&str> {
    let below = lock.lines().skip_while(|line| line.trim_end() != "PLATFORMS").skip(1);
    below.take_while(|line| line.starts_with(' ')).map(str::trim).collect()
}

fn php(image: &ImageView, evidence: &mut Evidence) {
    evidence.notes.push(
        "iconv of musl knows neither //TRANSLIT nor //IGNORE, and GLOB_BRACE is missing (BASE-25)".to_owned(),
    );
    for (_, step) in steps(image) {
        if image.script(step).commands.iter().any(|command| command.name() == "pecl") {
            let line = image.line(step);
            evidence.reasons.push(Reason::doubt("BASE-25", NOWHERE, format!(
                "pecl in line {line} compiles, for which Alpine's image needs $PHPIZE_DEPS installed first"
            )));
        }
    }
}
