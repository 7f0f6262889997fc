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
//! When an input of the installation is not known or cannot be copied alone: a requirements file that is not in
//! the build context, one that installs a local project, instructions between the two that the installation may
//! depend on, npm scripts that run at installation.
//!
//! ## Risk
//!
//! Safe: the same commands run with the same inputs.

use crate::{
    docker::{Instruction, Keyword, write},
    edit::Edit,
    facts::{
        Aspect, Context, ImageView, build_context,
        contract::join_path,
        evidence, python,
        runtime::{self, State},
    },
    manifest::requirements::ItemKind,
    pass::{Change, Pass, Proposal, Risk},
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
    let states = runtime::states(image);
    let install = instructions.iter().position(|i| i.keyword == Keyword::Run && is_pip(image, i))?;
    let run = &instructions[install];
    let lookup = |path: &str| cx.ws.entry(path).cloned();
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
    match inputs(cx, image, run, (copy, &states[install])) {
        Err(why) => Some(Proposal::decline(image.id, run.span, why)),
        Ok(None) => None,
        Ok(Some(lines)) => Some(change(image, copy, run, &lines)),
    }
}

fn is_pip(image: &ImageView, run: &Instruction) -> bool {
    python::pip_installs(image.script(run)).iter().any(|install| !install.is_tooling())
}

/// Instructions that say nothing to a build step.
fn is_harmless(instruction: &Instruction) -> bool {
    matches!(instruction.keyword, Keyword::Expose | Keyword::Label | Keyword::Volume | Keyword::Healthcheck)
}

/// The COPY lines that bring every input of the installation; `None` when they are copied already.
fn inputs(
    cx: &Context,
    image: &ImageView,
    run: &Instruction,
    (copy, state): (usize, &State),
) -> Result<Option<Vec<String>>, String> {
    let script = image.script(run);
    let installs = python::pip_installs(script);
    if !script.is_plain_list() || installs.len() != script.items.len() {
        return Err("The RUN does more than install; its other commands may read the source.".to_owned());
    }
    if let Some(local) = installs.iter().flat_map(|install| &install.local).next() {
        return Err(format!("The installation of {local} needs the source itself (MS-09)."));
    }
    let mut files: Vec<(String, String)> = Vec::new();
    for operand in installs.iter().flat_map(|install| install.requirements.iter().chain(&install.constraints))
    {
        let wanted = join_path(&state.workdir, operand);
        let lookup = |path: &str| cx.ws.entry(path).cloned();
        let context = &image.image.context;
        if build_context::origin(&image.instructions()[..copy], context, &wanted, &lookup).is_some() {
            continue;
        }
        let origin = build_context::origin(&image.instructions()[..=copy], context, &wanted, &lookup);
        let origin = origin.filter(|path| matches!(cx.ws.entry(path), Some(Entry::File(_))));
        let origin = origin.ok_or_else(|| format!("{operand} is not in the build context (MS-14)."))?;
        files.extend(closure(cx, image, &origin, &wanted)?);
    }
    files.dedup();
    Ok((!files.is_empty()).then(|| copy_lines(image, &files, &image.instructions()[copy], &state.workdir)))
}

/// The context path and the image path of a requirements file and of all that it includes.
fn closure(
    cx: &Context,
    image: &ImageView,
    origin: &str,
    wanted: &str,
) -> Result<Vec<(String, String)>, String> {
    let manifests = evidence::manifests(cx, image);
    let found = manifests.closures.iter().find(|(path, _)| path == origin);
    let (_, closure) = found.ok_or_else(|| format!("{origin} cannot be read."))?;
    if let Some(missing) = closure.missing.iter().chain(&closure.outside).next() {
        return Err(format!("{origin} includes {missing}, which is not in the build context (PIP-12)."));
    }
    for other in &closure.others {
        if matches!(other.value, ItemKind::Editable { .. } | ItemKind::LocalPath { .. }) {
            return Err(format!("{} installs a local project (MS-09).", other.file));
        }
    }
    let (from, to) = (path::parent(origin), path::parent(wanted));
    Ok(closure.files.iter().map(|file| (file.clone(), join_path(to, &path::relative(from, file)))).collect())
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
    let line = |(folder, sources): &(String, Vec<String>)| {
        let target = match (folder.is_empty(), sources.len()) {
            (true, 1) => ".".to_owned(),
            (true, _) => "./".to_owned(),
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
    let comments = Span::new(run.lead.start, run.span.start).of(image.text).trim_start_matches(['\r', '\n']);
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
    let removed = Span::new(run.lead.start, run.end);
    Change::new(image.id, run.span, Risk::Safe, "Install dependencies before the source is copied", why)
        .with([Edit::insert(image.id, first.lead.start, text), Edit::delete(image.id, removed)])
        .propose()
}

fn own_lines<'t>(text: &'t str, instruction: &Instruction) -> &'t str {
    &text[instruction.span.start..instruction.end]
}
