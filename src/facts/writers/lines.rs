//! Files that the command lines of a service write to: redirections, and options for logs and output.

use super::{super::service::Running, Writer, resolved};
use crate::{
    compose::{Field, command::Command},
    docker::Keyword,
    source::{FileId, Span},
};

/// Options whose value is a file that is written.
const OPTIONS: [&str; 8] = [
    "--access-logfile",
    "--error-logfile",
    "--log-file",
    "--logfile",
    "--output",
    "--pid",
    "--pidfile",
    "-o",
];

/// The files that the commands and health checks of a service write to.
pub(super) fn writers(running: &Running) -> Vec<Writer> {
    let mut found = Vec::new();
    for (text, file, span) in texts(running) {
        let written = redirected(&text).into_iter().chain(named(&text));
        found.extend(written.filter(|path| !path.starts_with("/dev/")).map(|path| Writer {
            path: if path.contains('$') { String::new() } else { resolved(&running.state, &path) },
            file,
            span,
            what: "the command".to_owned(),
        }));
    }
    found
}

fn texts(running: &Running) -> Vec<(String, FileId, Span)> {
    let service = running.service;
    let of_service =
        |field: &Field<Command>| (field.span.of(service.text).to_owned(), service.id, field.span);
    let own = [&service.service.command, &service.service.entrypoint].into_iter().flatten().map(of_service);
    let check = service.service.healthcheck.as_ref().and_then(|check| check.test.as_ref());
    let check = check.map(|field| (field.span.of(service.text).to_owned(), service.id, field.span));
    let image = running.image;
    let steps = image
        .lineage()
        .into_iter()
        .filter(|step| matches!(step.keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck));
    let of_image = steps.map(|step| (step.body.text.clone(), image.id, step.span));
    own.chain(check).chain(of_image).collect()
}

/// The targets of `> FILE` and `tee FILE`.
fn redirected(text: &str) -> Vec<String> {
    let word = |rest: &str| {
        let rest = rest.trim_start_matches(['>', '|', ' ']);
        let ends = |c: char| c.is_whitespace() || "\"';&|)]".contains(c);
        rest.split(ends).next().filter(|word| !word.is_empty() && !rest.starts_with('&')).map(str::to_owned)
    };
    let arrows = text.match_indices('>').filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        // `=>` and `->` are no redirections, and the second half of `>>` says nothing more.
        !matches!(before, Some('=' | '-' | '>' | '<'))
    });
    let tees = text.match_indices("tee ").filter(|(at, _)| text[..*at].ends_with([' ', '|', '\n']));
    let targets = arrows.filter_map(|(at, _)| word(&text[at + 1..]));
    targets.chain(tees.filter_map(|(at, _)| word(text[at + 4..].trim_start_matches("-a ")))).collect()
}

/// The values of options that name a file to write.
fn named(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || "\"',[]=".contains(c);
    let words: Vec<&str> = text.split(ends).filter(|word| !word.is_empty()).collect();
    let after = words.windows(2).filter(|pair| OPTIONS.contains(&pair[0]) && !pair[1].starts_with('-'));
    after.map(|pair| pair[1].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_behind_arrows_and_options() {
        assert_eq!(redirected("sh -c \"env > a.json && b >>/c/d 2>&1\""), ["a.json", "/c/d"]);
        assert_eq!(redirected("a | tee -a log/x | b"), ["log/x"]);
        assert_eq!(redirected("[\"node\", \"-e\", \"x => y\"]"), Vec::<String>::new());
        assert_eq!(
            named("[\"gunicorn\", \"--access-logfile\", \"-\", \"--pid=/run/a.pid\"]"),
            ["/run/a.pid"]
        );
    }
}
