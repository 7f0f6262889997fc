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
    reason::Reason,
    shell::Command,
    source::Span,
    workspace::path,
};

/// Folders of the system, which are nobody's cache.
const OF_THE_SYSTEM: [&str; 12] =
    ["/", "/bin", "/etc", "/home", "/lib", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/local", "/var"];

/// Why what is installed would not stay in the image, or what stands there would be hidden.
pub fn all(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Vec<Reason> {
    let found = [
        links(cx, image),
        offline(image),
        settings(cx, image, caches),
        switched_off(cx, image, caches),
        needed_by_npx(cx, image, caches),
        frontend(image),
        windows(image),
    ];
    let hidden = caches.iter().filter_map(|cache| hidden(image, cache));
    hidden.chain(found.into_iter().flatten()).collect()
}

/// A folder that holds more than downloads.
fn hidden(image: &ImageView, cache: &Cache) -> Option<Reason> {
    let folder = cache.folder.trim_end_matches('/');
    let from = image.base_word().span;
    let why = |span, what: &str| {
        Some(Reason::known("PIP-11", span, format!("a mount at {folder} would hide {what}")))
    };
    if OF_THE_SYSTEM.contains(&folder) || folder.is_empty() {
        return why(from, "more than downloads");
    }
    for stage in &image.dockerfile.stages {
        let view = image.at(stage.index);
        let states = runtime::states(&view);
        for (step, state) in view.instructions().iter().zip(&states) {
            if state.workdir.len() > 1 && is_below(&state.workdir, folder) {
                return why(step.span, &format!("the working directory {}", state.workdir));
            }
            let target = build_context::local_copy(step)
                .map(|(_, target)| join_path(&state.workdir, &state.known(&target.text)));
            if target.is_some_and(|target| is_below(&target, folder)) {
                return why(step.span, "what is copied there");
            }
        }
        if let Some(name) = holds(&states[states.len() - 1].env, folder) {
            return why(from, &format!("what {name} names"));
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
fn links(cx: &Context, image: &ImageView) -> Option<Reason> {
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
        let what = "makes packages links into the cache, which is no part of the image";
        return Some(Reason::known("PIP-11", step.span, what));
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
    let what = format!("{file} makes packages links into the cache, which is no part of the image");
    Some(Reason::known("PIP-11", image.base_word().span, what))
}

/// A variable for which package managers take all from downloads that an earlier step left in the image.
fn offline(image: &ImageView) -> Option<Reason> {
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
    let what =
        format!("{} counts on downloads that stay in the image, where a mount would hide them", pair.name);
    Some(Reason::known("PIP-11", pair.span, what))
}

/// Whether a file lies in the build context of the image.
fn is_of(image: &ImageView, file: &str) -> bool {
    let context = &image.image.context;
    context.is_empty() || is_below(file, context)
}

/// A setting of npm, pnpm or uv that says where downloads are kept.
fn settings(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<Reason> {
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
    let what = format!("{file} says where downloads are kept, so a mount would be in another place");
    Some(Reason::known("PIP-08", image.base_word().span, what))
}

/// A file with settings of pip that is copied and keeps its cache empty.
fn switched_off(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<Reason> {
    caches.iter().find(|cache| cache.owner == "pip")?;
    let says = |text: &str| {
        text.lines().any(|line| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            key.trim() == "no-cache-dir" && !matches!(value.trim(), "false" | "no" | "off" | "0")
        })
    };
    let steps = image.dockerfile.instructions.iter();
    let copied = steps.filter_map(|step| Some((step, build_context::local_copy(step)?)));
    copied.into_iter().find_map(|(step, (sources, _))| {
        let files = sources.iter().map(|word| build_context::context_path(&image.image.context, &word.text));
        let mut settings = files.filter(|file| matches!(path::name(file), "pip.conf" | "pip.ini"));
        let file = settings.find(|file| cx.files_of(image).text(file).is_some_and(|text| says(text)))?;
        let what = format!("{} holds no-cache-dir, so a mount would stay empty", path::name(&file));
        Some(Reason::known("PIP-01", step.span, what))
    })
}

/// A program that npx fetched into the cache at build, and that is started with npx later.
fn needed_by_npx(cx: &Context, image: &ImageView, caches: &[&Cache]) -> Option<Reason> {
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
        let what = "what npx fetches may be started with npx again, and has to stay in the image";
        Reason::known("PIP-11", step.span, what)
    })
}

/// An image for Windows, whose folders are others.
fn windows(image: &ImageView) -> Option<Reason> {
    let stage = image.dockerfile.stages.iter().find(|stage| stage.base.is_windows())?;
    let what = format!("where {} keeps downloads is not known", stage.base.name);
    Some(Reason::known("PIP-08", image.base_word().span, what))
}

/// Why a variable that switches the cache off has to stay: a step without a mount, or the start, installs as well.
pub fn needs_switch(cx: &Context, image: &ImageView, mounted: &[Span]) -> Option<Reason> {
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
    let what = format!("the switch that keeps caches empty goes, also for {who}, which has no mount");
    Some(Reason::doubt("PIP-02", switch.span, what))
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
fn frontend(image: &ImageView) -> Option<Reason> {
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
    (!is_fit).then(|| {
        let (span, is_known) = (image.base_word().span, is_dockers && is_old);
        match is_known {
            true => Reason::known("PIP-06", span, format!("{value} carries out no cache mounts")),
            false => {
                let what = format!("it is not known that {value} carries out cache mounts");
                Reason::doubt("PIP-06", span, what)
            }
        }
    })
}
