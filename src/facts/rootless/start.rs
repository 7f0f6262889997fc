//! What the start of an image asks of root: a change of users, devices, what it downloads, and what nobody can tell.

use super::super::{Context, ImageView, evidence, node, service::Running};
use crate::{
    docker::Keyword,
    effects::{
        machine::{Run, Trace},
        start,
    },
    knowledge::{
        folders,
        package_effects::keeps_downloads,
        writers::{Kind, lookup},
    },
    reason::Reason,
    workspace::path,
};

/// What the image and its services start.
pub(super) fn reasons(cx: &Context, image: &ImageView) -> Vec<Reason> {
    let trace = start::of_image(cx, image);
    let mut found: Vec<Reason> = of_trace(&trace);
    found.extend(synced(cx, image, &trace));
    for view in cx.services_of(image.image) {
        if view.service.command.is_some() || view.service.entrypoint.is_some() {
            let trace = start::of_service(cx, &Running::of(view, *image));
            found.extend(of_trace(&trace));
            found.extend(synced(cx, image, &trace));
        }
    }
    found.extend(downloaded(cx, image));
    found.extend(of_modules(cx, image));
    found
}

fn of_trace(trace: &Trace) -> Vec<Reason> {
    let gaps = trace.gaps.iter().map(|gap| {
        let what = format!("{}, nor what it writes", gap.what);
        Reason::known("USER-28", gap.origin.span, what)
            .within(gap.origin.file)
            .perhaps_from(gap.origin.script.clone())
    });
    trace.runs.iter().filter_map(of_run).chain(gaps).collect()
}

fn of_run(run: &Run) -> Option<Reason> {
    let told = |trap, what: String| {
        let reason = Reason::known(trap, run.origin.span, what).within(run.origin.file);
        Some(reason.perhaps_from(run.origin.script.clone()))
    };
    let name = run.program();
    if run.changes_user() || (lookup(Kind::Switch, name).is_some() && name != "chown") {
        return told("USER-16", format!("the start changes users with {name}, for which it has to be root"));
    }
    if name == "chown" {
        return told("USER-16", "the start gives files away, for which it has to be root".to_owned());
    }
    if lookup(Kind::Root, name).is_some() {
        return told("USER-25", format!("it starts {name}, which needs root"));
    }
    let device = run.words.iter().skip(1).find(|word| is_device(word))?;
    told("USER-25", format!("it uses the device {device}"))
}

fn is_device(word: &str) -> bool {
    word.starts_with("/dev/")
        && word.len() > "/dev/".len()
        && !folders::that_are(folders::Trait::Device).any(|device| word.starts_with(device))
}

/// `uv run`, which installs what the build left out, into an environment that is root's.
fn synced(cx: &Context, image: &ImageView, trace: &Trace) -> Option<Reason> {
    let options = |run: &&Run| {
        let mut options = run.words.iter().skip(2).take_while(|word| word.starts_with('-'));
        options.any(|word| matches!(word.as_str(), "--no-sync" | "--no-dev"))
    };
    let is_start = |run: &&Run| run.program() == "uv" && run.words.get(1).is_some_and(|word| word == "run");
    let run = trace.runs.iter().filter(is_start).find(|run| !options(run))?;
    let state = start::last_state(image);
    if ["UV_NO_SYNC", "UV_NO_DEV"].into_iter().any(|name| state.env.get(name).is_some()) {
        return None;
    }
    let mut runs = image.instructions().iter().filter(|step| step.keyword == Keyword::Run);
    runs.find(|step| evidence::leaves_to_start(cx, image, step))?;
    let what =
        "`uv run` installs at the start what the build left out, into an environment that stays root's";
    let reason = Reason::known("USER-27", run.origin.span, what).within(run.origin.file);
    Some(reason.perhaps_from(run.origin.script.clone()))
}

/// A package manager that corepack fetches, and keeps in the home folder of root.
fn downloaded(cx: &Context, image: &ImageView) -> Option<Reason> {
    let trace = start::of_image(cx, image);
    let run = trace.runs.iter().find(|run| matches!(run.program(), "pnpm" | "yarn"))?;
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let mut commands = runs.flat_map(|step| &image.script(step).commands);
    let is_of_corepack = commands.any(|command| command.name() == "corepack");
    let what = format!(
        "corepack keeps {} in the home folder of root, and would fetch it at each start",
        run.program()
    );
    is_of_corepack.then(|| Reason::known("USER-27", run.origin.span, what))
}

/// A module of Node whose installation downloads something to the home folder.
fn of_modules(cx: &Context, image: &ImageView) -> Option<Reason> {
    let runs = image.lineage().into_iter().filter(|step| step.keyword == Keyword::Run);
    let install = runs.into_iter().find(|step| node::installation(image.script(step)).is_some())?;
    let project = evidence::node_project(cx, image)?.ok()?;
    let mut names = project.package.dependencies.iter().map(|(name, _)| name);
    let name = names.find(|name| keeps_downloads(path::name(name)))?;
    let what = format!("the installation of {name} leaves what it downloads in the home folder of root");
    Some(Reason::known("USER-27", install.span, what))
}
