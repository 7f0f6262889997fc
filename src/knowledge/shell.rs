//! Commands and options that busybox lacks, and the package that has them.

use super::table::{Row, Table};

const WORDS: Table = Table::new(include_str!("../../knowledge/shell-words.tsv"));

/// Alpine's packages for tools that every Debian and Ubuntu brings: those of the packages that are marked as
/// essential or required there (Packages index of Debian 12).
const OF_DEBIANS_BASE: [&str; 17] = [
    "bash",
    "coreutils",
    "coreutils-env",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "lsblk",
    "lscpu",
    "musl-locales",
    "openrc",
    "perl",
    "runuser",
    "sed",
    "setpriv",
    "shadow",
    "tar",
];

/// A package that a command line needs on Alpine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The package to install.
    pub package: &'static str,
    /// The option that busybox refuses; empty when the whole command is absent.
    pub option: &'static str,
    /// What does the same on busybox, or empty.
    pub instead: &'static str,
}

impl Need {
    /// Whether every Debian and Ubuntu brings the tool, so that nothing has to install it there.
    pub fn is_of_debians_base(&self) -> bool {
        OF_DEBIANS_BASE.contains(&self.package)
    }
}

/// The first thing that `command` with these words after it needs beyond busybox.
///
/// `command` is a bare name; `words` are the unquoted words of the command line.
pub fn missing(command: &str, words: &[&str]) -> Option<Need> {
    if let Some(row) = WORDS.row(command) {
        return Some(need(&row));
    }
    if matches!(command, "date" | "touch") && words_name_a_day(words) {
        return Some(Need { package: "coreutils", option: "-d", instead: "" });
    }
    let needs = |package, option| Some(Need { package, option, instead: "" });
    match command {
        "mktemp" if words.iter().any(|word| ends_behind_its_letters(word)) => {
            return needs("coreutils", "with an ending");
        }
        "sed" => {
            if let Some(part) = words.iter().find_map(|word| of_gnu_sed(word)) {
                return needs("sed", part);
            }
        }
        _ => {}
    }
    let options: Vec<Row> = WORDS.rows_with_prefix(&format!("{command} ")).collect();
    if options.is_empty() {
        return None;
    }
    let until_end = words.iter().take_while(|word| **word != "--");
    until_end.filter_map(|word| options.iter().find(|row| is_option(word, row.cell(2)))).map(need).next()
}

/// Whether a template of mktemp goes on behind its `XXX`, or has less than six of them.
fn ends_behind_its_letters(word: &str) -> bool {
    let last = word.rfind("XXX").map(|at| at + 3);
    last.is_some_and(|end| end < word.len() || !word.ends_with("XXXXXX"))
}

/// What an expression of sed has that busybox reads otherwise without a word: `0,/x/`, `1~2`, `\U`.
fn of_gnu_sed(word: &str) -> Option<&'static str> {
    const ADDRESSES: [&str; 3] = ["0,/", "0~", "1~"];
    const CASES: [&str; 4] = ["\\U", "\\L", "\\u", "\\l"];
    let word = word.trim_start();
    let address = ADDRESSES.into_iter().find(|start| word.starts_with(start));
    let case = || CASES.into_iter().find(|escape| word.starts_with(['s', '/']) && word.contains(escape));
    address.or_else(case)
}

/// Whether `date -d` gets words such as `yesterday`: busybox reads seconds and dates in figures alone.
fn words_name_a_day(words: &[&str]) -> bool {
    let mut values =
        words.iter().zip(words.iter().skip(1)).filter(|(flag, _)| matches!(**flag, "-d" | "--date"));
    let joined = words.iter().find_map(|word| word.strip_prefix("--date="));
    let value = values.next().map(|(_, value)| *value).or(joined);
    value.is_some_and(|value| {
        let value = value.trim_matches(['"', '\'']);
        !value.starts_with(['@', '$'])
            && value.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'T' | 'Z'))
    })
}

fn need(row: &Row) -> Need {
    Need { package: row.cell(3), option: row.cell(2), instead: row.cell(4) }
}

/// Whether `word` gives `option`: alone, with `=value`, or inside a cluster such as `-oP`.
fn is_option(word: &str, option: &str) -> bool {
    if word == option
        || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=') && option.starts_with("--"))
    {
        return true;
    }
    let mut letters = option.strip_prefix('-').unwrap_or("").chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return false };
    word.strip_prefix('-').is_some_and(|cluster| {
        !cluster.starts_with('-')
            && cluster.chars().all(|c| c.is_ascii_alphabetic())
            && cluster.contains(letter)
    }) && letter != '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(command: &str, words: &[&str]) -> Option<&'static str> {
        missing(command, words).map(|need| need.package)
    }

    #[test]
    fn finds_what_busybox_lacks() {
        assert_eq!(package("curl", &["-f", "http://x"]), Some("curl"));
        assert_eq!(package("grep", &["-oP", "\\d"]), Some("grep"));
        assert_eq!(package("grep", &["--include=*.py", "x"]), Some("grep"));
        assert_eq!(package("wget", &["--progress=dot:giga", "u"]), Some("wget"));
        assert_eq!(package("base64", &["--decode"]), Some("coreutils"));
        assert_eq!(package("useradd", &["app"]), Some("shadow"));
        assert_eq!(package("date", &["-d", "yesterday", "+%F"]), Some("coreutils"));
        assert_eq!(package("date", &["--date=7 days ago"]), Some("coreutils"));
        assert_eq!(package("date", &["-d", "@0", "+%F"]), None);
        assert_eq!(package("date", &["-d", "2024-01-01T00:00:00Z"]), None);
    }

    #[test]
    fn knows_what_debian_brings() {
        let is_of_base =
            |command, words: &[&str]| missing(command, words).map(|need| need.is_of_debians_base());
        assert_eq!(is_of_base("runuser", &["-u", "app"]), Some(true));
        assert_eq!(is_of_base("git", &["pull"]), Some(false));
    }

    #[test]
    fn leaves_busybox_alone_where_it_suffices() {
        assert_eq!(package("grep", &["-E", "-o", "P"]), None);
        assert_eq!(package("find", &[".", "-name", "x", "-delete"]), None);
        assert_eq!(package("wget", &["-q", "-O-", "--spider", "u"]), None);
        assert_eq!(package("base64", &["-d"]), None);
        assert_eq!(package("rm", &["--", "--force"]), None);
        assert_eq!(package("ls", &["-la"]), None);
    }
}
