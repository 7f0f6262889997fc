//! Build dependencies in a stage of their own, and leave the compilers there.
//!
//! ## Why
//!
//! A compiler in the image is of no use to the running service and of much use to an intruder. Dependencies are
//! installed into a virtual environment in a builder stage; the final stage copies it and keeps everything else,
//! in its order and with its comments.
//!
//! ## Example
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache gcc musl-dev curl
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! CMD ["python", "-m", "shop"]
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! FROM python:3.11-alpine3.24 AS builder
//! RUN apk add --no-cache gcc musl-dev
//!
//! RUN python -m venv --without-pip /opt/venv
//! COPY requirements.txt .
//! RUN pip --python /opt/venv install -r requirements.txt
//!
//! FROM python:3.11-alpine3.24
//! RUN apk add --no-cache curl
//!
//! COPY --from=builder /opt/venv /opt/venv
//! ENV PATH="/opt/venv/bin:$PATH"
//! CMD ["python", "-m", "shop"]
//! ```
//!
//! Projects of poetry, uv, pipenv and pdm are split likewise; the tool stays in the builder, and `uv run app`
//! becomes `app`. An environment that the author makes stays where it is.
//!
//! ## Declines
//!
//! When nothing would be left behind (no compiler, no headers, no installer) there is nothing to gain. Refused is what
//! is known to break: an installation that cannot be told apart from the rest, such as one in a condition, for a user
//! alone (`pip install --user`) or into several folders; a path such as `/usr/local/bin/gunicorn`, a login shell or a
//! PATH of its own, which would miss the packages; a later step, script or service that calls what would be left
//! behind; a package that compiles when it runs; a project installed in place without a build backend; ONBUILD; a
//! Python without venv; a start that needs a development dependency of Node.
//!
//! Asked is what may be: an image that starts nothing or a shell, a script that nobody can look into, a step between
//! two installations that may prepare the later one, what `uv run` and its like do besides starting a program, program
//! text that imports a development dependency, a file that a build may write beside the source.
//!
//! What stands before the installation and may prepare it is done in both stages. Headers stay in both where the
//! package that runs what they build is not known. Where something calls pip or imports pkg_resources later, the
//! environment is made with pip. A `node_modules` or `.venv` that a COPY might bring along gets an entry in the ignore
//! file that the build reads. What a user installed belongs to that user.
//!
//! ## Risk
//!
//! Review: packages live in `/opt/venv` instead of `/usr/local`.

use crate::{
    docker::{self, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView, evidence,
        python::project::Tool,
        split::{self, Ecosystem, Part, Side, Split},
    },
    overlays,
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    source::Span,
    stages::{self, Builder, half, merged, obstacles, runners},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "multi-stage",
    title: "Install dependencies in a builder stage and leave the compilers there",
    source: include_str!("multi_stage.rs"),
    risk: Risk::Review,
    alters: &[
        Aspect::Steps,
        Aspect::Stages,
        Aspect::Copied,
        Aspect::Owners,
        Aspect::Env("PATH"),
        Aspect::Command,
        Aspect::Entrypoint,
        Aspect::Healthcheck,
    ],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let from = &image.instructions()[0];
    if image.dockerfile.stages.len() > 1 {
        return Some(Proposal::nothing(image.id, from.span, "The file has several stages already."));
    }
    let split = match image.stage().base.official_name() {
        Some("python") => split::split(cx, image),
        Some("node") => split::node::split(cx, image),
        _ => {
            let why = "Only images of Python and Node are split so far.";
            return Some(Proposal::nothing(image.id, from.span, why));
        }
    };
    match split {
        Ok(None) => None,
        Ok(Some(split)) => Some(split_image(cx, image, &stages::prepares::shared(image, split))),
        Err(reason) => Some(Proposal::refuse(image.id, reason.span, [reason])),
    }
}

fn split_image(cx: &Context, image: &ImageView, split: &Split) -> Proposal {
    let run = &image.instructions()[split.first];
    let mut left_behind = stages::left_behind(image, split);
    left_behind.extend(stages::tools_left_behind(image, split).iter().map(|tool| (*tool).to_owned()));
    if left_behind.is_empty() && split.epilogue.is_none() {
        let why = "A builder stage would leave nothing behind: no compiler, no headers, no installer.";
        return Proposal::nothing(image.id, run.span, why);
    }
    if image.root().is_full() && split.epilogue.is_none() {
        let why = format!(
            "{} is the full image, which has compilers and headers itself; a slim one leaves more behind.",
            image.base_word().text
        );
        return Proposal::nothing(image.id, image.base_word().span, why);
    }
    change(cx, image, split, &left_behind)
}

fn change(cx: &Context, image: &ImageView, split: &Split, left_behind: &[String]) -> Proposal {
    let has_git = match evidence::node_project(cx, image) {
        Some(Ok(project)) => evidence::fetches_with_git(&project),
        _ => evidence::needs_git(cx, image),
    };
    let equipped = stages::equipped::who(cx, image, split);
    let builder = Builder { name: stages::free_name(image), has_git, has_pip: equipped.is_some(), split };
    let from = &image.instructions()[0];
    let mut edits = vec![Edit::insert(image.id, from.span.start(), builder.text(image))];
    for (index, instruction) in image.instructions().iter().enumerate() {
        match final_edit(image, &builder, index) {
            Ok(edit) => edits.extend(edit),
            Err(tool) => {
                let reason = runners::still_calls(tool, instruction.span);
                return Proposal::refuse(image.id, instruction.span, [reason]);
            }
        }
    }
    if let Some(comment) = lost_comment(image, &edits) {
        let what = format!("the comment `{comment}` would have no place in either stage");
        return Proposal::refuse(image.id, from.span, [Reason::known("ORD-11", from.span, what)]);
    }
    let why = why(cx, image, split, left_behind);
    let title = format!("Install dependencies in a stage called {}", builder.name);
    let mut change = Change::new(image.id, from.span, Risk::Review, title, why)
        .with(edits)
        .against(obstacles::all(cx, image, split))
        .or_else("Stays in one stage");
    change.notes.extend(headers_note(image, split));
    let change = overlays::settle(cx, image, change, merged::all(cx, image, split));
    match (split.environment.is_authors, &split.epilogue, equipped) {
        (_, Some(_), _) => change.noting(PRUNED).propose(),
        (true, None, _) => change.propose(),
        (false, None, Some(who)) => {
            let path = &split.environment.path;
            change
                .noting(format!("{who}: {path} is made with pip, and with what comes along (MS-33)."))
                .propose()
        }
        (false, None, None) => change.noting(setuptools_note(image)).propose(),
    }
}

const PRUNED: &str = "A module that the service loads when it runs has to be among the dependencies, not the \
                      devDependencies, of package.json (MS-20).";

fn why(cx: &Context, image: &ImageView, split: &Split, left_behind: &[String]) -> String {
    let mut what: Vec<String> = left_behind.to_vec();
    if split.epilogue.is_some()
        && let Some(Ok(project)) = evidence::node_project(cx, image)
    {
        what.push(match project.package.dev_dependencies.len() {
            1 => "one development dependency".to_owned(),
            count => format!("{count} development dependencies"),
        });
    }
    let is_one = what.len() == 1 && !what[0].ends_with("dependencies");
    let is = if is_one { "is" } else { "are" };
    match split.ecosystem {
        Ecosystem::Python => format!(
            "{} {is} needed to install, not to run. The packages go to {}, at the same path in both stages.",
            what.join(", "),
            split.environment.path
        ),
        Ecosystem::Node => format!(
            "{} {is} needed to install and build, not to run. The result stands in {} in both stages.",
            what.join(", "),
            split.environment.path
        ),
    }
}

/// Which headers stay in the final stage, since the package that runs what they build is not known.
fn headers_note(image: &ImageView, split: &Split) -> Option<String> {
    let names = stages::headers_of_unknown_twins(image, split);
    let (stay, they) = if names.len() == 1 { ("stays", "it builds") } else { ("stay", "they build") };
    (!names.is_empty()).then(|| {
        format!(
            "{} {stay} in both stages: which package runs what {they} is not known (PKG-05).",
            names.join(", ")
        )
    })
}

/// What becomes of an instruction in the final stage; none when it stays as it is.
///
/// # Errors
/// The tool that it still calls.
fn final_edit(image: &ImageView, builder: &Builder, index: usize) -> Result<Option<Edit>, Tool> {
    let (split, instruction) = (builder.split, &image.instructions()[index]);
    let whole = Span::new(instruction.lead.start(), instruction.end);
    let newline = write::newline_of(image.text);
    let arrival = if index == split.first { arrival(builder, newline) } else { String::new() };
    match &split.parts[index] {
        Part::Stays => runners::without(image, instruction, &split.tools),
        Part::Both => Ok(None),
        Part::Moves if arrival.is_empty() => Ok(Some(Edit::delete(image.id, whole))),
        Part::Moves => Ok(Some(Edit::replace(image.id, whole, arrival))),
        part @ Part::Apart(_) => {
            let rest = half::for_final(image, instruction, (part, split))?;
            Ok(match (rest, arrival.is_empty()) {
                (Some(text), true) if text == instruction.span.of(image.text) => None,
                (Some(text), true) => Some(Edit::replace(image.id, instruction.span, text)),
                (None, true) => Some(Edit::delete(image.id, whole)),
                (None, false) => Some(Edit::replace(image.id, whole, arrival)),
                (Some(text), false) => {
                    let lead = instruction.lead.of(image.text);
                    let end = if instruction.end > instruction.span.end() { newline } else { "" };
                    // Packages of the system change less often than those that arrive.
                    let is_packages = matches!(part, Part::Apart(sides) if !has_others(sides));
                    let both = match is_packages {
                        true => format!("{lead}{text}{newline}{arrival}"),
                        false => format!("{arrival}{lead}{text}{end}"),
                    };
                    Some(Edit::replace(image.id, whole, both))
                }
            })
        }
    }
}

/// Whether the final stage keeps more of a RUN than packages.
fn has_others(sides: &[Side]) -> bool {
    sides.iter().any(|side| matches!(side, Side::Final | Side::Shared))
}

/// The lines that bring the environment into the final stage.
fn arrival(builder: &Builder, newline: &str) -> String {
    let environment = &builder.split.environment;
    let path = &environment.path;
    let owner = builder.split.owner.as_ref().map(|owner| format!(" --chown={owner}")).unwrap_or_default();
    let copy = format!("{newline}COPY --from={}{owner} {path} {path}{newline}", builder.name);
    match environment.is_on_path {
        true => copy,
        false => format!("{copy}ENV PATH=\"{path}/bin:$PATH\"{newline}"),
    }
}

/// A comment of the author's that stands in neither stage.
fn lost_comment(image: &ImageView, edits: &[Edit]) -> Option<String> {
    let after = crate::edit::apply(image.text, edits.iter()).ok()?;
    let kept = docker::parse(&after).ok()?;
    let lost = docker::lost_comment(&image.dockerfile.comments(image.text), &kept.comments(&after));
    lost.map(str::to_owned)
}

fn setuptools_note(image: &ImageView) -> String {
    let tag = image.stage().base.tag.as_deref().unwrap_or_default();
    match evidence::python_version(tag) {
        Some(version) if version < (3, 12) => {
            "The base image has setuptools, the virtual environment does not: \
             a package that imports pkg_resources has to require it."
                .to_owned()
        }
        _ => "Packages that the base image has in /usr/local are not seen from the virtual environment."
            .to_owned(),
    }
}
