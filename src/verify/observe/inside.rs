//! Looking inside an image: programs, and whether declared packages load.

use serde_json::Value;

use super::{SHORT, Work, build::inspected};
use crate::{
    engine::{Call, Ended},
    shell::Script,
    verify::{
        step::{Observation, Seen, Step},
        words,
    },
};

const SHELL: &str = include_str!("../inside/look.sh");
const PYTHON: &str = include_str!("../inside/look.py");
const NODE: &str = include_str!("../inside/look.js");

/// Runs a script in the image that tells what is there.
pub(super) fn take(work: &Work, seen: &mut Observation) {
    let (side, settings) = (work.side, work.settings);
    let image = inspected(work);
    let mut call: Vec<String> =
        ["run", "--rm", "--network", "none", "--entrypoint", "/bin/sh"].map(str::to_owned).into();
    call.extend(["--name".into(), format!("{}-inside", side.tag), "--label".into(), settings.label.clone()]);
    call.extend(side.paths.iter().filter(|flag| flag.starts_with("--env-file")).cloned());
    call.push(format!("--env=ALPINIST_PACKAGES={}", settings.packages.join(" ")));
    call.push("--env=PYTHONDONTWRITEBYTECODE=1".to_owned());
    call.push(side.tag.clone());
    call.extend(["-c", SHELL, "look", PYTHON, NODE].map(str::to_owned));
    call.extend(programs(work, &image));
    let limit = settings.timeout.max(std::time::Duration::from_secs(SHORT));
    let answer = work.engine.call(&Call { words: call, limit, ..Call::default() });
    seen.steps.push(match answer.ended {
        Ended::Code(0) => {
            let mut step = Seen::passed(Step::Inside);
            let facts = answer.out.lines().filter_map(|line| line.split_once('\t'));
            let shown = |text: &str| words::masked(text, &settings.hidden);
            step.facts.extend(facts.map(|(what, state)| (shown(what), shown(state))));
            step
        }
        Ended::TimedOut => Seen::unseen(Step::Inside, "looking inside took too long"),
        _ => Seen::unseen(Step::Inside, "there is no shell in the image to look inside with"),
    });
}

/// The programs that the container starts with, and those of its health check.
fn programs(work: &Work, image: &Value) -> Vec<String> {
    let config = &image["Config"];
    let of_image = |key: &str| texts(&config[key]);
    let launch = &work.side.launch;
    let entrypoint = launch.entrypoint.clone().unwrap_or_else(|| of_image("Entrypoint"));
    let command = match (&launch.command, &launch.entrypoint) {
        (Some(command), _) => command.clone(),
        (None, Some(_)) => Vec::new(),
        (None, None) => of_image("Cmd"),
    };
    let line: Vec<String> = entrypoint.iter().chain(&command).cloned().collect();
    let mut found = named(&line);
    match &launch.health {
        Some(health) => found.extend(of_shell(health)),
        None => {
            let test = texts(&config["Healthcheck"]["Test"]);
            match test.split_first() {
                Some((kind, rest)) if kind == "CMD" => found.extend(named(rest)),
                Some((kind, rest)) if kind == "CMD-SHELL" => found.extend(of_shell(&rest.join(" "))),
                _ => {}
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The programs of a command line: the first word, what follows `--`, and those in the text for a shell.
fn named(line: &[String]) -> Vec<String> {
    let mut found: Vec<String> = line.first().cloned().into_iter().collect();
    let after = line.iter().position(|word| word == "--").and_then(|at| line.get(at + 1));
    found.extend(after.cloned());
    if let Some(at) = line.iter().position(|word| word == "-c") {
        found.extend(line.get(at + 1).into_iter().flat_map(|text| of_shell(text)));
    }
    found
}

fn of_shell(text: &str) -> Vec<String> {
    let script = Script::parse_str(text);
    let names = script.commands.iter().map(|command| command.words.first().map_or("", |word| word.text()));
    names.filter(|name| !name.is_empty() && !name.contains(['$', '`', '*'])).map(str::to_owned).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
