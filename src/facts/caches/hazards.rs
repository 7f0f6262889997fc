//! What makes a mount lose or hide something: links into it, files below it, downloads that are needed later.

use super::Cache;
use crate::{
    docker::{Instruction, Keyword},
    facts::{
        Context, ImageView, build_context, commands,
        contract::join_path,
        evidence,
        programs::is_shell,
        runtime::{self, Variables},
        scripts, split, start_scripts,
        writers::is_below,
    },
    shell::Command,
    source::Span,
    workspace::path,
};

/// Folders of the system, which are nobody's cache.
const OF_THE_SYSTEM: [&str; 12] =
    ["/", "/bin", "/etc", "/home", "/lib", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/local", "/var"];

/// Why what is installed would not stay in the image, or what stands there would be hidden.
pub fn first(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<String> {
    caches
        .iter()
        .find_map(|cache| hidden(image, cache))
        .or_else(|| links(cx, image))
        .or_else(|| offline(image))
        .or_else(|| settings(cx, image, caches))
        .or_else(|| needed_by_npx(cx, image, caches))
        .or_else(|| frontend(image))
        .or_else(|| windows(image))
}

/// A folder that holds more than downloads.
fn hidden(image: &ImageView, cache: &Cache) -> Option<String> {
    let folder = cache.folder.trim_end_matches('/');
    let why = |what: String| Some(format!("A mount at {folder} would hide {what} (PIP-11)."));
    if OF_THE_SYSTEM.contains(&folder) || folder.is_empty() {
        return why("more than downloads".to_owned());
    }
    for stage in &image.dockerfile.stages {
        let view = image.at(stage.index);
        let states = runtime::states(&view);
        for (step, state) in view.instructions().iter().zip(&states) {
            if state.workdir.len() > 1 && is_below(&state.workdir, folder) {
                return why(format!("the working directory {}", state.workdir));
            }
            let target = build_context::local_copy(step)
                .map(|(_, target)| join_path(&state.workdir, &state.known(&target.text)));
            if target.is_some_and(|target| is_below(&target, folder)) {
                return why(format!("what line {} copies", image.line(step)));
            }
        }
        if let Some(name) = holds(&states[states.len() - 1].env, folder) {
            return why(format!("what {name} names"));
        }
    }
    None
}

/// A variable that names something in the folder, other than the cache itself.
fn holds<'e>(env: &'e Variables, folder: &str) -> Option<&'e String> {
    let is_cache = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["cache", "store", "pnpm_home", "xdg_"].iter().any(|part| name.contains(part))
    };
    let is_in = |value: &str| is_below(value, folder) && !value.contains(':');
    env.iter().find(|(name, value)| !is_cache(name) && is_in(value)).map(|(name, _)| name)
}

/// Packages that are links into the cache.
fn links(cx: &Context, image: &ImageView) -> Option<String> {
    const SIGNS: [&str; 7] = [
        "UV_LINK_MODE=symlink",
        "UV_LINK_MODE symlink",
        "--link-mode symlink",
        "--link-mode=symlink",
        "install.cache on",
        "install.cache true",
        "PDM_INSTALL_CACHE",
    ];
    const IN_SETTINGS: [&str; 4] = [
        "link-mode = \"symlink\"",
        "enableGlobalVirtualStore: true",
        "enable-global-virtual-store=true",
        "cache = true",
    ];
    let in_step = |step: &&Instruction| {
        let text = step.body.text.replace('"', "");
        SIGNS.iter().any(|sign| text.contains(sign))
    };
    if let Some(step) = image.dockerfile.instructions.iter().find(in_step) {
        let line = image.line(step);
        return Some(format!(
            "Line {line} makes packages links into the cache, which is no part of the image (PIP-11)."
        ));
    }
    let is_settings = |file: &str| {
        matches!(
            path::name(file),
            ".npmrc" | "pdm.toml" | "pnpm-workspace.yaml" | "pyproject.toml" | "uv.toml"
        )
    };
    let says = |file: &&String| {
        let signs = match path::name(file) {
            "pdm.toml" => &IN_SETTINGS[..],
            _ => &IN_SETTINGS[..3],
        };
        let text = cx.files_of(image).text(file);
        is_settings(file) && text.is_some_and(|text| signs.iter().any(|sign| text.contains(sign)))
    };
    let file = cx.files_of(image).paths().filter(|file| is_of(image, file)).find(says)?;
    Some(format!("{file} makes packages links into the cache, which is no part of the image (PIP-11)."))
}

/// A variable for which package managers take all from downloads that an earlier step left in the image.
fn offline(image: &ImageView) -> Option<String> {
    let is_such = |name: &str| {
        matches!(
            &*name.to_ascii_lowercase(),
            "npm_config_offline" | "npm_config_prefer_offline" | "uv_offline" | "yarn_offline"
        )
    };
    let steps = image.dockerfile.instructions.iter();
    let mut pairs =
        steps.filter(|step| matches!(step.keyword, Keyword::Env | Keyword::Arg)).flat_map(|step| &step.pairs);
    let pair = pairs.find(|pair| is_such(&pair.name))?;
    Some(format!(
        "{} counts on downloads that stay in the image, where a mount would hide them (PIP-11).",
        pair.name
    ))
}

/// Whether a file lies in the build context of the image.
fn is_of(image: &ImageView, file: &str) -> bool {
    let context = &image.image.context;
    context.is_empty() || is_below(file, context)
}

/// A setting of npm, pnpm or uv that says where downloads are kept.
fn settings(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<String> {
    let is_of_npm = caches.iter().any(|cache| matches!(cache.owner, "npm" | "pnpm"));
    let leads = |line: &str| {
        let key = line.split(['=', ':']).next().unwrap_or_default().trim();
        matches!(key, "cache" | "store-dir" | "storeDir" | "cache-dir" | "cacheDir")
    };
    let is_of_uv = caches.iter().any(|cache| cache.owner == "uv");
    let file = cx.files_of(image).paths().filter(|file| is_of(image, file)).find(|file| {
        let is_settings = match path::name(file) {
            ".npmrc" | "pnpm-workspace.yaml" => is_of_npm,
            "pyproject.toml" | "uv.toml" => is_of_uv,
            _ => false,
        };
        is_settings && cx.files_of(image).text(file).is_some_and(|text| text.lines().any(leads))
    })?;
    Some(format!("{file} says where downloads are kept, so a mount would be in another place (PIP-08)."))
}

/// A program that npx fetched into the cache at build, and that is started with npx later.
fn needed_by_npx(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<String> {
    let is_of_npm = caches.iter().any(|cache| cache.owner == "npm");
    let project = evidence::node_project(cx, image).and_then(Result::ok);
    let fetches = |command: &Command| {
        let name = command.arguments().find(|word| !word.starts_with('-'));
        let has_version = name.is_some_and(|name| name.trim_start_matches('@').contains('@'));
        let is_there = name.is_some_and(|name| {
            project.as_ref().is_some_and(|project| project.package.depends_on(split::node::owner(name)))
        });
        matches!(command.name(), "npx" | "pnpx") && (has_version || !is_there)
    };
    let mut runs = image.dockerfile.instructions.iter().filter(|step| step.keyword == Keyword::Run);
    let step = runs.find(|step| image.script(step).commands.iter().any(fetches)).filter(|_| is_of_npm)?;
    let started = commands::run_by(cx, image).concat().join(" ");
    started.split(|c: char| c.is_whitespace() || ";&|".contains(c)).any(|word| word == "npx").then(|| {
        format!("What npx fetches in line {} may be started with npx again, and has to stay in the image (PIP-11).", image.line(step))
    })
}

/// An image for Windows, whose folders are others.
fn windows(image: &ImageView) -> Option<String> {
    let stage = image.dockerfile.stages.iter().find(|stage| stage.base.is_windows())?;
    Some(format!("Where {} keeps downloads is not known (PIP-08).", stage.base.name))
}

/// Why a variable that switches the cache off has to stay: a step without a mount, or the start, installs as well.
pub fn needs_switch(cx: &Context, image: &ImageView, mounted: &[Span]) -> Option<String> {
    let is_switch = |step: &&Instruction| {
        matches!(step.keyword, Keyword::Env | Keyword::Arg)
            && step.pairs.iter().any(|pair| super::SWITCHES.contains(&pair.name.as_str()))
    };
    let switch = image.dockerfile.instructions.iter().find(is_switch)?;
    let is_mounted = |step: &Instruction| {
        let has_cache = step
            .flags
            .iter()
            .any(|flag| flag.value.as_deref().is_some_and(|value| value.contains("type=cache")));
        has_cache || mounted.contains(&step.span)
    };
    let is_run = |step: &&Instruction| matches!(step.keyword, Keyword::Run | Keyword::Onbuild);
    let runs = image.dockerfile.instructions.iter().filter(is_run);
    let step = runs.filter(|step| !is_mounted(step)).find(|step| {
        if step.keyword == Keyword::Onbuild {
            return installs_in_text(&step.body.text);
        }
        let script = image.script(step);
        script.unreadable.is_some()
            || script.commands.iter().any(may_install)
            || installs_in_text(step.span.of(image.text))
    });
    let who = match step {
        Some(step) => format!("line {}", image.line(step)),
        None => starting(cx, image)?,
    };
    Some(format!(
        "Line {} switches the cache off, also for {who}, which has no mount (PIP-02).",
        image.line(switch)
    ))
}

/// What is started and may install, in words.
fn starting(cx: &Context, image: &ImageView) -> Option<String> {
    let started = commands::run_by(cx, image).concat().join(" ");
    if installs_in_text(&started) {
        return Some("what the image starts".to_owned());
    }
    start_scripts::known(cx, image).into_iter().find(|(_, text)| installs_in_text(text)).map(|(name, _)| name)
}

/// Whether a command installs Python packages, or starts something that may.
fn may_install(command: &Command) -> bool {
    let name = path::name(command.name());
    let runs_files = is_shell(name) || name.starts_with("python") || matches!(name, "." | "source");
    let is_of_project =
        scripts::is_script(command.name()) || (runs_files && command.arguments().any(scripts::is_script));
    is_of_project || matches!(name, "conda" | "just" | "make" | "mamba" | "nox" | "task" | "tox")
}

fn installs_in_text(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || ";&|()\"'".contains(c));
    words.map(path::name).any(|word| matches!(word, "pip" | "pip3" | "poetry" | "uv" | "pipenv" | "pdm"))
}

/// A frontend of which it is not known that it carries cache mounts out.
fn frontend(image: &ImageView) -> Option<String> {
    let named = image.dockerfile.directives.iter().find(|directive| directive.name == "syntax")?;
    let value = named.value.as_str();
    let tag = value.split('@').next().unwrap_or_default();
    let (name, tag) = tag.rsplit_once(':').unwrap_or((tag, "latest"));
    let name = name.trim_start_matches("docker.io/");
    let is_dockers = matches!(name, "docker/dockerfile" | "docker/dockerfile-upstream" | "moby/dockerfile");
    let is_old = ["1.0", "1.1"]
        .iter()
        .any(|old| tag.strip_prefix(old).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())));
    let is_fit = is_dockers && (!is_old || tag.contains("experimental"));
    (!is_fit).then(|| format!("It is not known that {value} carries out cache mounts (PIP-06)."))
}
