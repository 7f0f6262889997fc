//! Install dependencies before the source is copied.
//!
//! ## Why
//!
//! After `COPY . .` every change of the source makes the installation run again. When only the manifests are
//! copied first, the installed layer stays cached until they change.
//!
//! ## Example
//!
//! ```dockerfile
//! COPY . .
//! RUN pip install -r requirements.txt
//! ```
//!
//! becomes
//!
//! ```dockerfile
//! COPY requirements.txt .
//! RUN pip install -r requirements.txt
//! COPY . .
//! ```
//!
//! ## Declines
//!
//! When an input of the installation is not known or cannot be copied alone: a requirements file that is not in the
//! build context, a package that is a folder of the project, instructions between the two that the installation may
//! depend on, files that options and variables such as `PIP_CONSTRAINT` name, npm scripts that run at installation.
//! When settings beside the manifests name further files, such as yarnPath, or binding.gyp says how to build.
//!
//! ## Risk
//!
//! Safe: the same commands run with the same inputs.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView,
        build_context::{self, Site, Steps},
        caches::{self, removal},
        contract::join_path,
        evidence, first_copy, node, node_inputs,
        python::{
            self,
            environment::Environment,
            inputs,
            project::{self, Action},
        },
        runtime::{State, Variables},
        sources,
    },
    pass::{Change, Pass, Proposal, Risk},
    shell::{Command, Script},
    source::Span,
    workspace::{Entry, path},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "layer-order",
    title: "Install dependencies before the source is copied",
    source: include_str!("layer_order.rs"),
    risk: Risk::Safe,
    alters: &[Aspect::Copied, Aspect::Owners],
    run,
};

fn run(cx: &Context) -> Vec<Proposal> {
    cx.images().filter_map(|image| propose(cx, &image)).collect()
}

fn propose(cx: &Context, image: &ImageView) -> Option<Proposal> {
    let instructions = image.instructions();
    let steps = Steps::of(cx, image);
    let install = instructions.iter().position(|i| i.keyword == Keyword::Run && is_install(image, i))?;
    let run = &instructions[install];
    let lookup = |path: &str| cx.files_of(image).entry(path).cloned();
    let context = &image.image.context;
    let copy =
        instructions[..install].iter().rposition(|i| build_context::copies_folder(i, context, &lookup))?;
    if let Some(between) = instructions[copy + 1..install].iter().find(|i| !is_harmless(i)) {
        let why = format!(
            "The installation in line {} may depend on line {}, which stands between it and the COPY.",
            image.line(run),
            image.line(between)
        );
        return Some(Proposal::decline(image.id, run.span, why));
    }
    match inputs(cx, image, (&steps, install), copy) {
        Err(why) => Some(Proposal::decline(image.id, run.span, why)),
        Ok(None) => None,
        Ok(Some(lines)) => Some(change(image, copy, run, &lines)),
    }
}

fn is_install(image: &ImageView, run: &Instruction) -> bool {
    let script = image.script(run);
    python::installs_more_than_tools(script) || node::installation(script).is_some()
}

/// Instructions that say nothing to a build step.
fn is_harmless(instruction: &Instruction) -> bool {
    matches!(instruction.keyword, Keyword::Expose | Keyword::Label | Keyword::Volume | Keyword::Healthcheck)
}

/// The COPY lines that bring every input of the installation; `None` when they are copied already.
fn inputs(
    cx: &Context,
    image: &ImageView,
    (steps, install): (&Steps, usize),
    copy: usize,
) -> Result<Option<Vec<String>>, String> {
    let state = &steps.states[install];
    let script = image.script(&image.instructions()[install]);
    let installs = python::pip_installs(script);
    // What empties a cache reads no source.
    let downloads = caches::of_script(script, &state.env);
    let emptied = removal::of_script(script, state, &downloads).unwrap_or_default().items;
    let belongs = |(index, command): (usize, &Command)| {
        is_part_of_installing((index, command)) || emptied.contains(&command.item)
    };
    if !script.is_plain_list() || !script.commands.iter().enumerate().all(belongs) {
        return Err("The RUN does more than install; its other commands may read the source.".to_owned());
    }
    if let Some(local) = installs.iter().flat_map(|install| &install.local).next() {
        return Err(format!("The installation of {local} needs the source itself (MS-09)."));
    }
    if !installs.is_empty()
        && script
            .commands
            .iter()
            .flat_map(Command::arguments)
            .any(|word| word.split('=').next() == Some("--group"))
    {
        return Err("--group reads pyproject.toml, which is not copied alone (ORD-01).".to_owned());
    }
    if let Some((name, path)) = first_copy::comes_with_source(cx, (steps, install), copy, script) {
        return Err(format!("{name} names {path}, which comes with the source (ORD-01)."));
    }
    if let Some(manifests) = manifests(cx, image, (&steps.site(install), script), &state.env)? {
        return alone(cx, image, (steps, &manifests), (copy, state));
    }
    let mut files: Vec<(String, String)> = Vec::new();
    for operand in installs.iter().flat_map(|install| install.requirements.iter().chain(&install.constraints))
    {
        let wanted = join_path(&state.workdir, operand);
        if steps.origin(cx, 0..copy, &wanted).is_some() {
            continue;
        }
        let origin = steps.origin(cx, 0..copy + 1, &wanted).map(|(_, path)| path);
        let origin = origin.filter(|path| matches!(cx.files_of(image).entry(path), Some(Entry::File(_))));
        let origin = origin.ok_or_else(|| format!("{operand} is not in the build context (MS-14)."))?;
        files.extend(first_copy::closure(cx, image, (&origin, &wanted))?);
    }
    if !files.is_empty() && installs.iter().any(|install| install.is_uv) {
        files.extend(first_copy::settings(cx, image, (steps, script), (copy, state)));
    }
    files.dedup();
    Ok((!files.is_empty()).then(|| copy_lines(image, &files, &image.instructions()[copy], &state.workdir)))
}

/// Whether a command installs, sets an installer up, or empties its cache.
fn is_part_of_installing((index, command): (usize, &Command)) -> bool {
    let is_pip = python::pip_word(command).is_some() || matches!(command.name(), "set");
    let is_uv_pip = command.name() == "uv" && command.words.get(1).is_some_and(|word| word.text() == "pip");
    let is_tool = matches!(
        project::action(index, command),
        Some((_, Action::Installs(_) | Action::Prepares | Action::Configures(..)))
    );
    let is_node = matches!(
        node::action(command),
        Some((
            _,
            node::Action::Installs { .. }
                | node::Action::InstallsGlobally(_)
                | node::Action::Prepares
                | node::Action::ClearsCache(_)
        ))
    );
    is_pip || is_uv_pip || is_tool || is_node || caches::is_purge(command, &Variables::new())
}

/// The files that a tool or a package manager of Node reads, those first that have to be there; none for pip.
///
/// # Errors
/// Why the installation reads more than its manifests.
fn manifests(
    cx: &Context,
    image: &ImageView,
    (site, script): (&Site, &Script),
    env: &Variables,
) -> Result<Option<Vec<&'static str>>, String> {
    if let Some(install) = project::installs(script).first() {
        let name = install.tool.name();
        if let Some(what) = inputs::elsewhere(cx, image, site, script) {
            return Err(format!("{what}, which is not copied alone (ORD-01)."));
        }
        return match install.installs_project {
            true => Err(format!("{name} installs the project itself, whose source it needs (MS-09).")),
            false => match evidence::local_package(cx, image, site, install.tool) {
                Some(package) => Err(format!(
                    "{name} installs {package} from a folder of the project, whose source it needs (MS-09)."
                )),
                None => Ok(Some([&install.tool.files()[..], install.tool.settings()].concat())),
            },
        };
    }
    if node::installation(script).is_none() {
        return Ok(None);
    }
    let project = match evidence::node_project(cx, image) {
        Some(Ok(project)) => project,
        Some(Err(why)) => return Err(format!("What is installed is not known: {why}.")),
        None => return Err("package.json is not in the build context (MS-14).".to_owned()),
    };
    match node_inputs::beyond_manifests(cx, image, (site, script), (&project.package, env)) {
        Some(what) => Err(format!("{what}, so the installation may need more than its manifests (ORD-01).")),
        None => Ok(Some(node::MANIFESTS.to_vec())),
    }
}

/// The COPY lines for manifests in the working directory; `None` when they are copied already.
fn alone(
    cx: &Context,
    image: &ImageView,
    (steps, manifests): (&Steps, &[&str]),
    (copy, state): (usize, &State),
) -> Result<Option<Vec<String>>, String> {
    let origin = |until: usize, name: &str| {
        let wanted = join_path(&state.workdir, name);
        let found = steps.origin(cx, 0..until, &wanted).map(|(_, path)| path);
        found.filter(|path| matches!(cx.files_of(image).entry(path), Some(Entry::File(_))))
    };
    let main = manifests[0];
    if origin(copy, main).is_some() {
        return Ok(None);
    }
    if origin(copy + 1, main).is_none() {
        return Err(format!("{main} is not in the build context (MS-14)."));
    }
    let found =
        manifests.iter().filter_map(|name| Some((origin(copy + 1, name)?, join_path(&state.workdir, name))));
    let files: Vec<(String, String)> =
        found.filter(|(origin, _)| !sources::is_kept_out(cx, image, origin)).collect();
    if files.first().is_none_or(|(_, target)| path::name(target) != main) {
        return Err(format!("{main} is not in the build context (MS-14)."));
    }
    if let Some(folder) = installed_beside(image, manifests, state)
        && !sources::is_kept_out(cx, image, &path::join(path::parent(&files[0].0), folder))
    {
        return Err(format!(
            "The COPY would then put the {folder} of the build context, if there is one, over the installed one; name \
             it in .dockerignore first (ORD-04)."
        ));
    }
    Ok(Some(copy_lines(image, &files, &image.instructions()[copy], &state.workdir)))
}

/// The folder beside the manifests that the installation fills, if it fills one.
fn installed_beside(image: &ImageView, manifests: &[&str], state: &State) -> Option<&'static str> {
    if manifests[0] == "package.json" {
        return Some("node_modules");
    }
    let environment = Environment::of(image).ok()?;
    (environment.path == join_path(&state.workdir, ".venv")).then_some(".venv")
}

fn copy_lines(
    image: &ImageView,
    files: &[(String, String)],
    copy: &Instruction,
    workdir: &str,
) -> Vec<String> {
    let mut folders: Vec<(String, Vec<String>)> = Vec::new();
    for (source, target) in files {
        let source = path::relative(&image.image.context, source);
        let folder = path::relative(workdir, path::parent(target));
        match folders.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, sources)) => sources.push(source),
            None => folders.push((folder, vec![source])),
        }
    }
    let keyword = copy.keyword_span.of(image.text);
    let flags: String = copy.flags.iter().map(|flag| format!(" {}", flag.span.of(image.text))).collect();
    let is_absolute = copy.words.last().is_some_and(|target| target.text.starts_with('/'));
    let line = |(folder, sources): &(String, Vec<String>)| {
        let target = match (folder.is_empty(), sources.len()) {
            _ if is_absolute => format!("{}/", join_path(workdir, folder).trim_end_matches('/')),
            (true, 1) => ".".to_owned(),
            (true, _) => "./".to_owned(),
            // What the variable holds may be absolute.
            _ if folder.starts_with('$') => format!("{folder}/"),
            (false, _) => format!("./{folder}/"),
        };
        format!("{keyword}{flags} {} {target}", sources.join(" "))
    };
    folders.iter().map(line).collect()
}

/// Moves the RUN, with the comments above it, in front of the COPY and its comments.
fn change(image: &ImageView, copy: usize, run: &Instruction, lines: &[String]) -> Proposal {
    let instructions = image.instructions();
    let newline = write::newline_of(image.text);
    let first = &instructions[copy];
    let mut block = own_lines(image.text, run).to_owned();
    if !block.ends_with('\n') {
        block.push_str(newline);
    }
    // Where the file ends in a continuation, that must not take in what stands below the new place.
    let is_last = image.dockerfile.instructions.last().is_some_and(|last| last.span == run.span);
    if let Some(tidied) = write::rewrite(image.text, run, &[], write::Comments::Keep).filter(|_| is_last) {
        block = format!("{tidied}{newline}");
    }
    let comments =
        Span::new(run.lead.start(), run.span.start()).of(image.text).trim_start_matches(['\r', '\n']);
    let head: String = lines.iter().map(|line| format!("{line}{newline}")).collect();
    let lead = first.lead.of(image.text);
    let blank: String = lead.split_inclusive('\n').take_while(|line| line.trim().is_empty()).collect();
    let text = match comments.trim().is_empty() {
        true => format!("{blank}{head}{block}"),
        false => format!("{blank}{comments}{head}{block}"),
    };
    let names: Vec<&str> = lines.iter().map(String::as_str).collect();
    let why = format!(
        "`{}` comes first, so a change of the source no longer makes the installation run again.",
        names.join("`, `")
    );
    let removed = Span::new(run.lead.start(), run.end);
    Change::new(image.id, run.span, Risk::Safe, "Install dependencies before the source is copied", why)
        .with([Edit::insert(image.id, first.lead.start(), text), Edit::delete(image.id, removed)])
        .propose()
}

fn own_lines<'t>(text: &'t str, instruction: &Instruction) -> &'t str {
    &text[instruction.span.start()..instruction.end]
}
