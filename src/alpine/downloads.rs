//! What a build fetches from the network, and whether it may be a program for another C library.

use crate::{knowledge::installers, reason::Reason, shell::Command, source::Span};

/// Parts of addresses of programs that need glibc.
const FOR_GLIBC: [&str; 14] = [
    "awscli-exe",
    "google-cloud-sdk",
    "google-cloud-cli",
    "instantclient",
    "chromedriver",
    "chrome-for-testing",
    "geckodriver",
    "miniconda",
    "miniforge",
    "anaconda",
    "sonar-scanner",
    "newrelic",
    "linux-gnu",
    "nodejs.org/dist",
];

/// Endings of files that no C library reads: texts, scripts, keys, data, and what runs on a virtual machine.
const PLAIN: [&str; 44] = [
    "asc", "bpe", "conf", "cnf", "crt", "css", "csv", "db", "eot", "gpg", "gz.asc", "html", "ico", "ini",
    "jar", "js", "json", "key", "md", "md5", "model", "onnx", "pem", "phar", "php", "pl", "png", "pt", "pub",
    "py", "rb", "sha1", "sha256", "sha512", "sh", "sig", "sql", "svg", "toml", "ttf", "txt", "xml", "yaml",
    "yml",
];

/// Options of curl and wget whose next word is no address.
const WITH_VALUE: [&str; 26] = [
    "-A",
    "-H",
    "-O",
    "-P",
    "-T",
    "-X",
    "-b",
    "-c",
    "-d",
    "-e",
    "-m",
    "-o",
    "-t",
    "-u",
    "-w",
    "--cacert",
    "--connect-timeout",
    "--data",
    "--header",
    "--max-time",
    "--output",
    "--output-document",
    "--retry",
    "--retry-delay",
    "--timeout",
    "--user",
];

/// Why a program from this address does not run on musl, or may not; `None` where the address does not tell of one.
pub(super) fn program(url: &str) -> Option<Reason> {
    let lower = url.to_ascii_lowercase();
    if is_for_musl(&lower) {
        return None;
    }
    let name = url.rsplit('/').next().unwrap_or(url);
    if FOR_GLIBC.iter().any(|known| lower.contains(known)) {
        return Some(Reason::known("BASE-03", Span::at(0), "a program that needs glibc").about(name));
    }
    let is_program = lower.contains("linux") || lower.contains("amd64") || lower.contains("x86_64");
    let is_archive = [".deb", ".rpm", ".run", ".appimage"].iter().any(|ending| lower.ends_with(ending));
    (is_program || is_archive).then(|| unknown(name))
}

/// Why the file at this address may not run on musl; `None` for scripts, data and what is built for musl.
pub(super) fn file(url: &str) -> Option<Reason> {
    if let Some(installer) = installers::at(url) {
        return (!installer.works).then(|| Reason::known("PKG-20", Span::at(0), installer.what).about(url));
    }
    let lower = url.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default().trim_matches(['"', '\'']);
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_plain = name.rsplit_once('.').is_some_and(|(_, ending)| PLAIN.contains(&ending));
    if is_plain || is_for_musl(&lower) {
        return None;
    }
    program(url).or_else(|| {
        let name = url.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url);
        Some(unknown(name))
    })
}

fn unknown(name: &str) -> Reason {
    Reason::doubt("BASE-03", Span::at(0), "fetched by the build, and may hold a program for glibc")
        .about(name)
}

/// Why what curl or wget fetches may not run on musl.
pub(super) fn fetched(command: &Command) -> Option<Reason> {
    if !matches!(command.name(), "curl" | "wget") {
        return None;
    }
    let mut words = command.words.iter().skip(1).map(|word| &*word.raw);
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            // Of a variable nobody knows what it names.
            let is_address = word.contains("://") || word.contains('$') || word.contains('.');
            let what = if is_address { file(word) } else { None };
            if let Some(reason) = what {
                return Some(reason.at(command.span));
            }
        }
    }
    None
}

/// Whether the path of an address, in small letters, says so; a server may be called anything.
fn is_for_musl(lower: &str) -> bool {
    let rest = lower.split_once("://").map_or(lower, |(_, rest)| rest);
    let path = if rest.starts_with('$') { rest } else { rest.split_once('/').map_or("", |(_, path)| path) };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    path.contains("musl") || path.contains("alpine") || name.contains("static")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Script;

    #[test]
    fn what_is_fetched_may_be_a_program() {
        let obstacle = |text: &str| fetched(&Script::parse_str(text).commands[0]).is_some();
        for text in [
            "curl -fsSL \"$URL\" -o swift.tar.gz",
            "wget -qO /usr/local/bin/tool https://example.org/tool-$OS",
            "wget -nv -O app.tgz https://example.org/app.tgz",
            "curl -LO https://example.org/tool",
            "curl -L https://example.org/tool.zip?raw=true -o tool.zip",
            "curl example.org/tool",
            "curl -o tool https://static.example.org/tool-linux-amd64",
            "curl -o tool https://alpine.example.org/static/tool-linux-amd64?static",
        ] {
            assert!(obstacle(text), "{text}");
        }
        for text in [
            "curl -fsSL https://example.org/key.asc -o /etc/key.asc",
            "wget https://example.org/data/words.txt",
            "curl -L \"https://example.org/tool-$V-musl.tar.gz\"",
            "curl -L $MIRROR/tool-linux-static",
            "curl -H 'Accept: a/b' -o x.jar https://example.org/x.jar?download=1",
            "curl --version",
            "echo https://example.org/tool",
        ] {
            assert!(!obstacle(text), "{text}");
        }
    }
}
