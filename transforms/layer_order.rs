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
//! build context, a package that is a folder of the project, files that options and variables such as `PIP_CONSTRAINT`
//! name, npm scripts that run at installation, settings beside the manifests that name further files, such as
//! yarnPath, or a binding.gyp. When a step between the two reads the source. Where such a step only installs system
//! packages, makes accounts or sets variables, the COPY goes below the installation instead.
//!
//! A `node_modules` or `.venv` that the COPY might lay over the installed one gets an entry in the ignore file that the
//! build reads; it is asked about where that cannot be written.
//!
//! ## Risk
//!
//! Safe: the same commands run with the same inputs. Review where an ignore file gets an entry.

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
    overlays::{self, Overlay},
    pass::{Change, Pass, Proposal, Risk},
    reason::Reason,
    shell::{Command, Script},
    source::Span,
    stages::before_copy,
    workspace::{Entry, path},
};

/// The pass.
pub const PASS: Pass = Pass {
    id: "layer-order",
    title: "Install dependencies before the source is copied",
    source: include_str!("layer_order.rs"),
    risk: Risk::Review,
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
    let moves_copy = !instructions[copy + 1..install].iter().all(is_harmless);
    let keeps_place = |step: &&Instruction| !before_copy::may_be(image, &instructions[copy], step);
    if let Some(between) = instructions[copy + 1..install].iter().find(keeps_place) {
        let what = "stands between the COPY of the source and the installation, which may depend on it";
        return Some(Proposal::refuse(image.id, run.span, [Reason::known("ORD-14", between.span, what)]));
    }
    match inputs(cx, image, (&steps, install), copy) {
        Err((trap, what)) => {
            Some(Proposal::refuse(image.id, run.span, [Reason::known(trap, run.span, what)]))
        }
        Ok(None) => None,
        Ok(Some(lines)) => {
            let overlays = overlaid(cx, image, (&steps, install), copy).into_iter().collect();
            let edits = match moves_copy {
                true => before_copy::edits(image, &instructions[copy], run, &lines),
                false => edits(image, copy, run, &lines).into(),
            };
            let change = change(image, run, &lines).with(edits);
            Some(overlays::settle(cx, image, change, overlays).propose())
        }
    }
}

/// A trap and what there is, without its place.
type Why = (&'static str, String);

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
) -> Result<Option<Vec<String>>, Why> {
    let state = &steps.states[install];
    let why = |trap, what: &str| Err((trap, what.to_owned()));
    let script = image.script(&image.instructions()[install]);
    let installs = python::pip_installs(script);
    // What empties a cache reads no source.
    let downloads = caches::of_script(script, &state.env);
    let emptied = removal::of_script(script, state, &downloads).unwrap_or_default().items;
    let belongs = |(index, command): (usize, &Command)| {
        is_part_of_installing((index, command)) || emptied.contains(&command.item)
    };
    if !script.is_plain_list() || !script.commands.iter().enumerate().all(belongs) {
        return why("PKG-11", "the RUN does more than install, and its other commands may read the source");
    }
    if let Some(local) = installs.iter().flat_map(|install| &install.local).next() {
        return why("MS-09", &format!("the installation of {local} needs the source itself"));
    }
    if !installs.is_empty()
        && script
            .commands
            .iter()
            .flat_map(Command::arguments)
            .any(|word| word.split('=').next() == Some("--group"))
    {
        return why("ORD-01", "--group reads pyproject.toml, which is not copied alone");
    }
    if let Some((name, path)) = first_copy::comes_with_source(cx, (steps, install), copy, script) {
        return why("ORD-01", &format!("{name} names {path}, which comes with the source"));
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
        let origin = origin.ok_or_else(|| missing(cx, image, operand))?;
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
) -> Result<Option<Vec<&'static str>>, Why> {
    let why = |trap, what: String| Err((trap, what));
    if let Some(install) = project::installs(script).first() {
        let name = install.tool.name();
        if let Some(what) = inputs::elsewhere(cx, image, site, script) {
            return why("ORD-01", format!("{what}, which is not copied alone"));
        }
        return match install.installs_project {
            true => why("MS-09", format!("{name} installs the project itself, whose source it needs")),
            false => match evidence::local_package(cx, image, site, install.tool) {
                Some(package) => why(
                    "MS-09",
                    format!("{name} installs {package} from a folder of the project, whose source it needs"),
                ),
                None => Ok(Some([&install.tool.files()[..], install.tool.settings()].concat())),
            },
        };
    }
    if node::installation(script).is_none() {
        return Ok(None);
    }
    let project = match evidence::node_project(cx, image) {
        Some(Ok(project)) => project,
        Some(Err(what)) => return why("ORD-01", format!("what is installed is not known: {what}")),
        None => return Err(missing(cx, image, "package.json")),
    };
    match node_inputs::beyond_manifests(cx, image, (site, script), (&project.package, env)) {
        Some(what) => why("ORD-01", format!("{what}, so the installation needs more than its manifests")),
        None => Ok(Some(node::MANIFESTS.to_vec())),
    }
}

/// The COPY lines for manifests in the working directory; `None` when they are copied already.
fn alone(
    cx: &Context,
    image: &ImageView,
    (steps, manifests): (&Steps, &[&str]),
    (copy, state): (usize, &State),
) -> Result<Option<Vec<String>>, Why> {
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
        return Err(missing(cx, image, main));
    }
    let found =
        manifests.iter().filter_map(|name| Some((origin(copy + 1, name)?, join_path(&state.workdir, name))));
    let files: Vec<(String, String)> =
        found.filter(|(origin, _)| !sources::is_kept_out(cx, image, origin)).collect();
    if files.first().is_none_or(|(_, target)| path::name(target) != main) {
        return Err(missing(cx, image, main));
    }
    Ok(Some(copy_lines(image, &files, &image.instructions()[copy], &state.workdir)))
}

/// That a manifest is not seen where the COPY would bring it from.
fn missing(cx: &Context, image: &ImageView, name: &str) -> Why {
    let is_there = |path: &&String| path::name(path) == path::name(name);
    let elsewhere = cx.files_of(image).entries().filter(|(_, entry)| matches!(entry, Entry::File(_)));
    match elsewhere.map(|(path, _)| path).find(is_there) {
        Some(path) => ("MS-14", format!("{name} is not where the COPY brings files from; there is {path}")),
        None => ("MS-14", format!("{name} is not in the build context")),
    }
}

/// That the COPY, which then comes last, may bring the installed folder from the host.
fn overlaid(
    cx: &Context,
    image: &ImageView,
    (steps, install): (&Steps, usize),
    copy: usize,
) -> Option<Overlay> {
    let (state, script) = (&steps.states[install], image.script(&image.instructions()[install]));
    let main = match project::installs(script).first() {
        Some(install) => install.tool.files()[0],
        None => node::installation(script).map(|_| node::MANIFESTS[0])?,
    };
    let folder = installed_beside(image, main, state)?;
    let (_, origin) = steps.origin(cx, 0..copy + 1, &join_path(&state.workdir, main))?;
    let path = path::join(path::parent(&origin), folder);
    let what = format!(
        "the COPY would put the {folder} of the build context, if there is one, over the installed one"
    );
    let is_out = sources::is_kept_out(cx, image, &path);
    let reason = Reason::doubt("ORD-13", image.instructions()[copy].span, what);
    (!is_out).then_some(Overlay { path, reason })
}

/// The folder beside the manifests that the installation fills, if it fills one.
fn installed_beside(image: &ImageView, main: &str, state: &State) -> Option<&'static str> {
    if main == "package.json" {
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

fn change(image: &ImageView, run: &Instruction, lines: &[String]) -> Change {
    let why = format!(
        "`{}` comes first, so a change of the source no longer makes the installation run again.",
        lines.join("`, `")
    );
    Change::new(image.id, run.span, Risk::Safe, "Install dependencies before the source is copied", why)
}

/// Moves the RUN, with the comments above it, in front of the COPY and its comments.
fn edits(image: &ImageView, copy: usize, run: &Instruction, lines: &[String]) -> [Edit; 2] {
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
    let removed = Span::new(run.lead.start(), run.end);
    [Edit::insert(image.id, first.lead.start(), text), Edit::delete(image.id, removed)]
}

fn own_lines<'t>(text: &'t str, instruction: &Instruction) -> &'t str {
    &text[instruction.span.start()..instruction.end]
}
