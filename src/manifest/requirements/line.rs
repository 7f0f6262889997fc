//! What one logical line of a requirements file says.

use super::{
    super::{
        normal_name,
        pep508::{self, Source},
    },
    ItemKind, Package,
};

const VCS: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];
const SCHEMES: [&str; 4] = ["http:", "https:", "file:", "ftp:"];
const ARCHIVES: [&str; 8] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz"];
/// Short name, long name, whether it takes a value.
const OPTIONS: [(&str, &str, bool); 19] = [
    ("-r", "--requirement", true),
    ("-c", "--constraint", true),
    ("-e", "--editable", true),
    ("-i", "--index-url", true),
    ("", "--pypi-url", true),
    ("", "--extra-index-url", true),
    ("", "--no-index", false),
    ("-f", "--find-links", true),
    ("", "--no-binary", true),
    ("", "--only-binary", true),
    ("", "--prefer-binary", false),
    ("", "--require-hashes", false),
    ("", "--pre", false),
    ("", "--trusted-host", true),
    ("", "--use-feature", true),
    ("", "--hash", true),
    ("", "--global-option", true),
    ("", "--install-option", true),
    ("-C", "--config-settings", true),
];

/// What `line` says; several options on one line are several things.
pub(super) fn kinds(line: &str) -> Vec<ItemKind> {
    let (requirement, rest) = split_options(line);
    let options = match options(rest) {
        Ok(options) => options,
        Err(why) => return vec![ItemKind::Invalid { why }],
    };
    if requirement.is_empty() {
        return options.into_iter().map(|(name, value)| option_kind(name, value)).collect();
    }
    let hashes =
        options.into_iter().filter(|(name, _)| *name == "--hash").filter_map(|(_, value)| value).collect();
    vec![requirement_kind(requirement, hashes)]
}

/// The requirement and the options after it: the first word with a leading dash starts them.
fn split_options(line: &str) -> (&str, &str) {
    let mut at = 0;
    for word in line.split([' ', '\t']) {
        if word.starts_with('-') {
            return (line[..at].trim(), &line[at..]);
        }
        at += word.len() + 1;
    }
    (line.trim(), "")
}

fn option_kind(name: &'static str, value: Option<String>) -> ItemKind {
    match (name, value) {
        ("--requirement", Some(path)) => ItemKind::Include { path, is_constraint: false },
        ("--constraint", Some(path)) => ItemKind::Include { path, is_constraint: true },
        ("--editable", Some(target)) => ItemKind::Editable { target },
        ("--pypi-url", value) => ItemKind::Option { name: "--index-url", value },
        (name, value) => ItemKind::Option { name, value },
    }
}

/// The options in `text` as long names with their values.
fn options(text: &str) -> Result<Vec<(&'static str, Option<String>)>, String> {
    let mut words = words(text)?.into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let (name, given) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        let attached = OPTIONS
            .iter()
            .find(|(short, ..)| !short.is_empty() && !word.starts_with("--") && word.starts_with(short))
            .map(|option| (option, Some(word[2..].to_owned()).filter(|value| !value.is_empty())));
        let long = OPTIONS.iter().find(|(_, long, _)| *long == name).map(|option| (option, given));
        let Some((&(_, long, takes_value), given)) = long.or(attached) else {
            return Err(format!("pip has no option {name} in a requirements file."));
        };
        let value = if takes_value { given.or_else(|| words.next()) } else { None };
        if takes_value && value.is_none() {
            return Err(format!("The option {long} needs a value."));
        }
        found.push((long, value));
    }
    Ok(found)
}

/// The words of `text` with quotes and backslashes resolved as in a shell.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("A quotation mark is not closed.".to_owned());
    }
    words.extend(word);
    Ok(words)
}

fn requirement_kind(text: &str, hashes: Vec<String>) -> ItemKind {
    let bare = text.split(';').next().unwrap_or(text).trim();
    if is_address(bare) {
        return address(text, None);
    }
    let is_file = bare.contains('/') || ARCHIVES.iter().any(|end| bare.ends_with(end));
    if bare.starts_with(['.', '/']) || bare.contains('\\') || (is_file && !bare.contains('@')) {
        return ItemKind::LocalPath { path: without_extras(bare).to_owned() };
    }
    if text.split('@').next().is_some_and(|head| head.contains("${")) {
        return ItemKind::Invalid { why: format!("{text} holds a variable.") };
    }
    match pep508::parse(text) {
        Err(why) => ItemKind::Invalid { why },
        Ok(dependency) => match dependency.source {
            Source::Address(url) if is_address(&url) => address(&url, Some(dependency.name)),
            Source::Address(path) => ItemKind::LocalPath { path },
            Source::Index(specifiers) => {
                let (name, extras, marker) = (dependency.name, dependency.extras, dependency.marker);
                ItemKind::Package(Package { name, specifiers, marker, extras, hashes })
            }
        },
    }
}

fn is_address(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    VCS.iter().chain(&SCHEMES).any(|scheme| lower.starts_with(scheme))
}

fn without_extras(text: &str) -> &str {
    match text.find('[') {
        Some(at) if text.ends_with(']') => text[..at].trim_end(),
        _ => text,
    }
}

/// A package from an address, which ends at a marker.
fn address(text: &str, name: Option<String>) -> ItemKind {
    let url = text.split("; ").next().unwrap_or(text).split(" ;").next().unwrap_or(text).trim().to_owned();
    let name = name.or_else(|| {
        let (_, egg) = url.split_once("#egg=").or_else(|| url.split_once("&egg="))?;
        let end = egg.find(['&', '[']).unwrap_or(egg.len());
        Some(normal_name(&egg[..end]))
    });
    if let Some(path) = url.strip_prefix("file:") {
        return ItemKind::LocalPath { path: path.trim_start_matches("//").to_owned() };
    }
    if VCS.iter().any(|scheme| url.starts_with(scheme)) {
        ItemKind::Vcs { url, name }
    } else {
        ItemKind::Url { url, name }
    }
}
