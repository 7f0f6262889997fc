//! What a shell script starts or reads in: further scripts, as paths in the image.

use super::contract::join_path;
use crate::{shell::Script, workspace::path};

/// Whether a word of a command names a shell script.
pub fn is_script(word: &str) -> bool {
    [".sh", ".bash", "entrypoint"].iter().any(|ending| path::name(word).ends_with(ending))
}

/// A script that another one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Its path in the image.
    pub path: String,
    /// Whether it is read in with `.` or `source`, rather than started.
    pub is_sourced: bool,
}

/// The scripts that `text` names; `own` is the path of the script in the image, `workdir` where it runs.
pub fn called(text: &str, own: &str, workdir: &str) -> Vec<Called> {
    let mut found: Vec<Called> = Vec::new();
    for command in Script::parse_str(text).commands {
        let is_sourced = matches!(command.name(), "." | "source");
        let words = command.words.iter().skip(usize::from(is_sourced)).map(|word| word.raw.trim_matches('"'));
        let named = match is_sourced {
            true => words.take(1).collect::<Vec<_>>(),
            false => {
                words.enumerate().filter(|(at, word)| is_file(*at, word)).map(|(_, word)| word).collect()
            }
        };
        for path in named.into_iter().filter_map(|word| resolved(word, own, workdir)) {
            let called = Called { path, is_sourced };
            if !found.contains(&called) {
                found.push(called);
            }
        }
    }
    found
}

/// Whether a word of a command is a script: by its ending, or by its path where it is the command.
fn is_file(at: usize, word: &str) -> bool {
    word.ends_with(".sh")
        || word.ends_with(".bash")
        || (at == 0 && word.starts_with(['.', '/']) && word.len() > 2)
}

/// The paths in the image where a program of this name may stand: the one it names, or those of PATH.
pub fn places(name: &str, workdir: &str) -> Vec<String> {
    let own = join_path(workdir, name);
    match name.contains('/') {
        true => vec![own],
        false => on_path(name).chain([own]).collect(),
    }
}

/// The paths in the image where a program of this bare name is looked for.
pub fn on_path(name: &str) -> impl Iterator<Item = String> {
    PATH.iter().map(move |folder| join_path(folder, name))
}

const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The path of a word in the image; a word with a variable is known only when that is the script's own folder.
fn resolved(word: &str, own: &str, workdir: &str) -> Option<String> {
    let beside = ["$(dirname \"$0\")/", "$(dirname $0)/", "${0%/*}/", "$(dirname -- \"$0\")/"];
    if let Some(rest) = beside.iter().find_map(|prefix| word.strip_prefix(prefix)) {
        return Some(join_path(&format!("/{}", path::parent(own.trim_start_matches('/'))), rest));
    }
    (!word.contains(['$', '`', '*', '\''])).then(|| join_path(workdir, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_sourced_and_started() {
        let text = "#!/bin/sh\n. ./lib.sh\nsource \"$(dirname \"$0\")/env.sh\"\nif true; then /opt/wait.sh db; fi\n\
                    sh migrate.sh\n. \"$VENV/bin/activate\"\nexec \"$@\"\n";
        let found = called(text, "/usr/bin/start.sh", "/app");
        let paths: Vec<(&str, bool)> =
            found.iter().map(|called| (called.path.as_str(), called.is_sourced)).collect();
        assert_eq!(
            paths,
            [
                ("/app/lib.sh", true),
                ("/usr/bin/env.sh", true),
                ("/opt/wait.sh", false),
                ("/app/migrate.sh", false)
            ]
        );
    }
}
