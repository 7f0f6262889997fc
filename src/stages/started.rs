//! What `uv run`, `poetry run` and `pipenv run` do besides starting a program: it would be missing without them.

use crate::{
    compose::mount::Mount,
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView,
        commands::Standing,
        evidence,
        python::project::{self, Action, Tool},
        runtime,
        split::{Ecosystem, Part, Split},
    },
    reason::Reason,
    shell::Script,
    workspace::path,
};

/// Programs that are started by the name of their package, or that every environment has.
const KNOWN: [&str; 8] = ["python", "python3", "sh", "bash", "env", "exec", "flask", "celery"];

/// All such things.
pub(super) fn all(cx: &Context, image: &ImageView, split: &Split) -> Vec<Reason> {
    if split.ecosystem != Ecosystem::Python {
        return Vec::new();
    }
    let steps = image.instructions().iter().zip(&split.parts);
    let later = steps.filter(|(step, part)| match step.keyword {
        Keyword::Run => matches!(part, Part::Stays | Part::Apart(_)),
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => true,
        _ => false,
    });
    let tools = later.into_iter().filter_map(|(step, _)| {
        let (tool, program) = program(image, step).filter(|(tool, _)| split.tools.contains(tool))?;
        let known = [
            variables(cx, image, tool),
            inline(cx, image, &program),
            hidden(cx, image, &split.environment.path),
        ];
        let known = known.into_iter().flatten().map(|what| Reason::known("MS-31", step.span, what));
        let entry = entry(cx, image, (tool, &program)).map(|what| Reason::doubt("MS-31", step.span, what));
        Some(known.chain(entry).collect::<Vec<_>>())
    });
    tools.flatten().collect()
}

/// The tool that starts a program in an instruction, and the program.
fn program(image: &ImageView, step: &Instruction) -> Option<(Tool, String)> {
    let line = match &step.json {
        Some(words) => words.iter().map(|word| format!("'{}'", word.text)).collect::<Vec<_>>().join(" "),
        None => step.body.text.clone(),
    };
    let own = Script::parse_str(&line);
    let script = if step.json.is_some() { &own } else { image.script(step) };
    script.commands.iter().enumerate().find_map(|(at, command)| match project::action(at, command) {
        Some((tool, Action::Runs(prefix))) => {
            let word = command.words.iter().find(|word| word.span.start() >= prefix.end())?;
            Some((tool, word.text().to_owned()))
        }
        _ => None,
    })
}

/// A name that the settings of the project may give to another command, or a group that is not installed.
fn entry(cx: &Context, image: &ImageView, (tool, program): (Tool, &str)) -> Option<String> {
    let is_path = program.contains('/') || program.ends_with(".py") || program == ".";
    if is_path || KNOWN.contains(&program) {
        return None;
    }
    let found = evidence::python(cx, image);
    let name = crate::manifest::normal_name(program);
    let is_installed = found.names().any(|installed| *installed == name);
    (!is_installed && !found.programs.contains(program)).then(|| {
        format!(
            "what `{} run {program}` starts is not known: no package that is installed is called so",
            tool.name()
        )
    })
}

/// A file with variables that the tool reads.
fn variables(cx: &Context, image: &ImageView, tool: Tool) -> Option<String> {
    let sets = |step: &Instruction| {
        step.keyword == Keyword::Env && step.pairs.iter().any(|pair| pair.name == "UV_ENV_FILE")
    };
    let of_uv = tool == Tool::Uv && image.lineage().into_iter().any(sets);
    let of_pipenv = tool == Tool::Pipenv
        && cx.files_of(image).entries().any(|(file, entry)| {
            path::name(file) == ".env" && matches!(entry, crate::workspace::Entry::File(_))
        });
    (of_uv || of_pipenv)
        .then(|| format!("{} reads variables from a file when it starts a program", tool.name()))
}

/// A script that names its own packages, for which uv makes an environment.
fn inline(cx: &Context, image: &ImageView, program: &str) -> Option<String> {
    let states = runtime::states(image);
    let standing = Standing::of(cx, image);
    let (_, text) = standing.script(program, &states[states.len() - 1].workdir)?;
    let names = text.lines().any(|line| line.trim_end() == "# /// script");
    names.then(|| format!("{program} names packages of its own, which uv installs when it starts it"))
}

/// A service that mounts something over the environment: the tool would make it again.
fn hidden(cx: &Context, image: &ImageView, environment: &str) -> Option<String> {
    let covers = |mount: &Mount| {
        let target = mount.target.trim_end_matches('/');
        !target.is_empty()
            && environment.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    cx.services_of(image.image).into_iter().find_map(|view| {
        let mut mounts = view.service.volumes.iter();
        mounts.any(|mount| covers(&mount.value)).then(|| {
            format!(
                "the service {} mounts something over {environment}, which the tool makes again when it starts",
                view.service.name
            )
        })
    })
}
