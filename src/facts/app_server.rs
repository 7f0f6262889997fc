//! uvicorn's command line, and what gunicorn calls the same things.
//!
//! Checked against uvicorn 0.54, gunicorn 27 and uvicorn-worker 0.4.

pub mod requirement;
pub mod surroundings;

/// A uvicorn command, cut into what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uvicorn {
    /// What stands before the program, such as `python -m`.
    pub starter: Vec<String>,
    /// The application, `module:name`.
    pub app: String,
    /// `--host`.
    pub host: Option<String>,
    /// `--port`.
    pub port: Option<String>,
    /// `--workers`.
    pub workers: Option<String>,
    /// gunicorn's words for the other options, a pair each.
    pub options: Vec<[String; 2]>,
    /// Whether `--limit-max-requests` is among them.
    pub has_max_requests: bool,
    /// Whether the access log is switched off.
    pub has_no_access_log: bool,
    /// The first option without a counterpart.
    pub obstacle: Option<String>,
}

/// uvicorn's option and gunicorn's.
const SAME: [(&str, &str); 11] = [
    ("--timeout-keep-alive", "--keep-alive"),
    ("--timeout-graceful-shutdown", "--graceful-timeout"),
    ("--limit-max-requests", "--max-requests"),
    ("--backlog", "--backlog"),
    ("--log-level", "--log-level"),
    ("--log-config", "--log-config"),
    ("--forwarded-allow-ips", "--forwarded-allow-ips"),
    ("--ssl-keyfile", "--keyfile"),
    ("--ssl-certfile", "--certfile"),
    ("--ssl-ca-certs", "--ca-certs"),
    ("--ssl-ciphers", "--ciphers"),
];

/// Reads the words of a command if it starts uvicorn, directly or by `python -m`.
pub fn uvicorn(words: &[String]) -> Option<Uvicorn> {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = match texts[..] {
        ["uvicorn", ..] => &words[1..],
        ["python" | "python3", "-m", "uvicorn", ..] => &words[3..],
        _ => return None,
    };
    let starter = words[..words.len() - rest.len() - 1].to_vec();
    let mut command = Uvicorn { starter, ..Uvicorn::default() };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let (flag, inline) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let mut value = || inline.clone().or_else(|| rest.next().cloned()).unwrap_or_default();
        match flag {
            "--host" => command.host = Some(value()),
            "--port" => command.port = Some(value()),
            "--workers" => command.workers = Some(value()),
            "--access-log" | "--proxy-headers" => {}
            "--no-access-log" => command.has_no_access_log = true,
            "--uds" => command.options.push(["--bind".to_owned(), format!("unix:{}", value())]),
            _ if flag.starts_with('-') => match SAME.iter().find(|(known, _)| *known == flag) {
                Some((_, same)) => {
                    command.has_max_requests |= *same == "--max-requests";
                    let value = value();
                    if means_something_else(same, &value) {
                        command.obstacle.get_or_insert_with(|| format!("{flag} {value}"));
                    }
                    command.options.push([(*same).to_owned(), value]);
                }
                None => drop(command.obstacle.get_or_insert_with(|| flag.to_owned())),
            },
            _ if command.app.is_empty() => command.app = word.clone(),
            _ => drop(command.obstacle.get_or_insert_with(|| word.clone())),
        }
    }
    Some(command)
}

/// Whether gunicorn understands a value of an option that both have in another way, or not at all.
///
/// A log configuration is JSON, YAML or INI to uvicorn, by its ending, and always INI to gunicorn; of the log
/// levels gunicorn does not know `trace`.
fn means_something_else(option: &str, value: &str) -> bool {
    match option {
        "--log-config" => ![".ini", ".conf"].iter().any(|ending| value.ends_with(ending)),
        "--log-level" => value == "trace",
        _ => false,
    }
}

/// Host and port in one word; an IPv6 address stands in brackets.
fn address(host: &str, port: &str) -> String {
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

impl Uvicorn {
    /// gunicorn's words for the same service, in groups that read well on a line each; with `workers` the
    /// command itself tells their number.
    pub fn gunicorn(&self, worker_class: &str, workers: Option<&str>) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut kind = words(&["--worker-class", worker_class]);
        if let Some(workers) = workers {
            kind.extend(words(&["--workers", workers]));
        }
        let mut program = self.starter.clone();
        program.extend(words(&["gunicorn", &self.app]));
        let mut groups = vec![program, kind];
        let (unix, others): (Vec<_>, Vec<_>) = self.options.iter().partition(|pair| pair[0] == "--bind");
        match unix.first() {
            Some(pair) => groups.push(pair.to_vec()),
            None => {
                let host = self.host.as_deref().unwrap_or("127.0.0.1");
                let port = self.port.as_deref().unwrap_or("8000");
                groups.push(words(&["--bind", &address(host, port)]));
            }
        }
        let mut rest = Vec::new();
        if !self.has_no_access_log {
            rest.extend(words(&["--access-logfile", "-"]));
        }
        rest.extend(others.iter().filter(|pair| pair[0] != "--max-requests").flat_map(|pair| pair.to_vec()));
        if !others.iter().any(|pair| pair[0] == "--keep-alive") {
            // uvicorn's default; gunicorn's own is two seconds.
            rest.extend(words(&["--keep-alive", "5"]));
        }
        rest.extend(words(&["--timeout", "120"]));
        groups.push(rest);
        let given = self.options.iter().find(|pair| pair[0] == "--max-requests").map(|pair| pair[1].clone());
        let requests = given.unwrap_or_else(|| "1000".to_owned());
        let jitter = requests.parse::<u64>().map_or(100, |requests| (requests / 10).max(1)).to_string();
        groups.push(words(&["--max-requests", &requests, "--max-requests-jitter", &jitter]));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Uvicorn {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        uvicorn(&words).expect("uvicorn")
    }

    #[test]
    fn options_keep_their_meaning() {
        let command = read("uvicorn a:app --host 0.0.0.0 --port=80 --workers 4 --timeout-keep-alive 65");
        assert_eq!(command.workers.as_deref(), Some("4"));
        let words = command.gunicorn("w", None).concat().join(" ");
        assert_eq!(
            words,
            "gunicorn a:app --worker-class w --bind 0.0.0.0:80 --access-logfile - --keep-alive 65 --timeout 120 \
             --max-requests 1000 --max-requests-jitter 100"
        );
        assert!(
            !read("uvicorn a:app --no-access-log")
                .gunicorn("w", None)
                .concat()
                .contains(&"--access-logfile".to_owned())
        );
    }

    #[test]
    fn a_module_stays_one() {
        let words = read("python -m uvicorn a:app --workers 2").gunicorn("w", None);
        assert_eq!(words[0].join(" "), "python -m gunicorn a:app");
    }

    #[test]
    fn options_without_counterpart_are_named() {
        assert_eq!(read("python -m uvicorn a:app --reload").obstacle.as_deref(), Some("--reload"));
        assert_eq!(read("uvicorn a:app --root-path /x").obstacle.as_deref(), Some("--root-path"));
    }

    #[test]
    fn values_differ_where_the_option_is_the_same() {
        let obstacle = |options: &str| read(&format!("uvicorn a:app {options}")).obstacle;
        assert_eq!(obstacle("--log-config log.yaml").as_deref(), Some("--log-config log.yaml"));
        assert_eq!(obstacle("--log-level=trace").as_deref(), Some("--log-level trace"));
        assert_eq!(obstacle("--log-config log.ini --log-level debug"), None);
        for (host, bound) in [("::", "[::]:8000"), ("[::1]", "[::1]:8000"), ("localhost", "localhost:8000")] {
            let words = read(&format!("uvicorn a:app --host {host}")).gunicorn("w", Some("3")).concat();
            assert_eq!(words[4..8], ["--workers", "3", "--bind", bound].map(str::to_owned)[..]);
        }
    }
}
