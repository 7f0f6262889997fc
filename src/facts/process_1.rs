//! Who looks at process 1 of the container, which an init takes over.

use super::{Context, ImageView, start_scripts};
use crate::{
    docker::{Instruction, Keyword},
    reason::{Reason, Surety},
};

/// A step, a service or a script that one of them starts, each time it looks at process 1.
pub fn watched(cx: &Context, image: &ImageView) -> Option<Reason> {
    let start = image.base_word().span;
    let reason = |span, who: &str, surety| {
        let what = format!("{who}looks at process 1, which would be tini");
        Reason { surety, ..Reason::known("HC-12", span, what) }
    };
    let is_start = |step: &&Instruction| {
        matches!(step.keyword, Keyword::Healthcheck | Keyword::Cmd | Keyword::Entrypoint)
    };
    let steps = image.lineage().into_iter().filter(is_start);
    let step = steps.into_iter().find_map(|step| Some(reason(step.span, "", look(&step.body.text)?)));
    let of_services = || {
        cx.services_of(image.image).into_iter().find_map(|view| {
            let surety = look(view.service.span.of(view.text))?;
            let who = format!("the service {} ", view.service.name);
            let check = view.service.healthcheck.as_ref().and_then(|check| check.test.as_ref());
            let span = check.filter(|check| look(check.span.of(view.text)).is_some());
            let span = span.map_or(view.service.key, |check| check.span);
            Some(reason(span, &who, surety).within(view.id))
        })
    };
    let of_scripts = || {
        let scripts = start_scripts::known(cx, image);
        scripts.into_iter().find_map(|(name, text)| Some(reason(start, "", look(text)?).from(name)))
    };
    step.or_else(of_services).or_else(of_scripts)
}

/// Whether a text looks at process 1, and whether it is known to read more of it than that it is there.
fn look(text: &str) -> Option<Surety> {
    // What is written to its output goes where it went.
    let mut of_proc = text.match_indices("/proc/1/").map(|(at, part)| &text[at + part.len()..]);
    if of_proc.any(|rest| !rest.starts_with("fd/")) {
        return Some(Surety::Known);
    }
    let ends = |c: char| c.is_whitespace() || "\"',;&|()[]".contains(c);
    let words: Vec<&str> = text.split(ends).filter(|word| !word.is_empty()).collect();
    let looks = |at: usize| {
        let rest = &words[at + 1..];
        match words[at] {
            "ps" => (0..rest.len().min(6)).any(|at| names_it(rest[at], rest.get(at + 1).unwrap_or(&""))),
            "kill" => rest.starts_with(&["-0", "1"]),
            "pgrep" => rest.first() == Some(&"-o"),
            "pidof" => rest.first() == Some(&"-s"),
            "--pid" => rest.first() == Some(&"1"),
            _ => false,
        }
    };
    let at = (0..words.len()).find(|at| looks(*at))?;
    // What its name is matters where it is told, or sought in what is told.
    let is_named =
        |word: &&str| matches!(*word, "grep" | "comm" | "comm=" | "cmd" | "cmd=" | "args" | "args=");
    Some(if words[at + 1..].iter().any(is_named) { Surety::Known } else { Surety::Doubt })
}

/// `-p 1`, `--pid 1`, or the two in one word.
fn names_it(option: &str, value: &str) -> bool {
    (matches!(option, "-p" | "--pid" | "-q") && value == "1") || matches!(option, "-p1" | "--pid=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_look_at_process_1() {
        for text in ["grep -q x /proc/1/cmdline", "cat </proc/1/status", "ps -p 1 -o comm= | grep x"] {
            assert_eq!(look(text), Some(Surety::Known), "{text}");
        }
        for text in ["ps -o etimes= -p 1", "kill -0 1", "ps -p1", "pgrep -o python"] {
            assert_eq!(look(text), Some(Surety::Doubt), "{text}");
        }
        for text in ["ps aux", "echo x >/proc/1/fd/1", "mkdir -p 1", "ps -p 12", "kill -0 10"] {
            assert_eq!(look(text), None, "{text}");
        }
    }
}
