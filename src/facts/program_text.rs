//! Files that program text tells of: absolute paths that it names, and calls that write.

use std::{cell::LazyCell, collections::BTreeSet};

/// A line of program text that tells of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The absolute path as the text has it; empty for a call that writes to a path of which nothing is known.
    pub path: String,
    /// The call that writes, such as `makedirs`; empty where only a path is named.
    pub call: &'static str,
    /// The line, from 1.
    pub line: usize,
}

impl Told {
    /// Whether it tells of a file, and not of something else.
    pub fn is_of_file(&self) -> bool {
        !matches!(self.call, ABOVE | LOGS_OF_UVICORN | LOOP_AT_IMPORT | UPLOADS)
    }
}

/// A line of JavaScript or TypeScript that imports a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The package: `@scope/name` or `name`, without the file in it.
    pub package: String,
    /// The line, from 1.
    pub line: usize,
}

/// Told in place of a call: messages under the name of the server itself.
pub const LOGS_OF_UVICORN: &str = "logs of uvicorn";

/// Told in place of a call: a running event loop is needed when the file is imported.
pub const LOOP_AT_IMPORT: &str = "loop at import";

/// Told in place of a call: files that are sent to the service, which wait in the folder for temporary files.
pub const UPLOADS: &str = "uploads";

/// More folders than a path has.
const MOST_LEVELS: usize = 32;

/// Told in place of a call: what only root may do.
pub const NEEDS_ROOT: &str = "needs root";

/// Told in place of a call: a place as many folders above the file as the path has parts.
pub const ABOVE: &str = "above";

/// Endings of files that are read.
const ENDINGS: [&str; 7] = [".py", ".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"];

/// Folders that a program names as files, never as addresses.
const OF_FILES: [&str; 3] = ["/root", "/srv", "/var"];

/// Folders whose bare names are addresses, and what is in the others for reading.
const NEVER: [&str; 4] = ["/home", "/run", "/run/secrets", "/var/run/secrets"];

/// Folders that may be part of an address, too.
const OF_BOTH: [&str; 17] = [
    "/cache",
    "/data",
    "/database",
    "/db",
    "/downloads",
    "/files",
    "/home",
    "/logs",
    "/media",
    "/mnt",
    "/models",
    "/output",
    "/results",
    "/run",
    "/storage",
    "/uploads",
    "/workspace",
];

/// Folders whose files are read more than written: a name that a service gives to what it writes has to follow.
const OF_THE_SYSTEM: [&str; 4] = ["/etc", "/opt", "/usr", "/lib"];

/// Endings of what a service writes.
const WRITTEN: [&str; 7] = [".db", ".lock", ".log", ".pid", ".sock", ".sqlite", ".sqlite3"];

/// Parts of a line that speaks of addresses.
const OF_ADDRESSES: [&str; 18] = [
    "://", "@app", "@router", "@bp", ".all(", ".delete(", ".get(", ".patch(", ".post(", ".put(", ".route(",
    ".use(", "fetch(", "href", "prefix", "redirect", "URL", "url",
];

/// Calls that write a file, of Python and of Node.
const CALLS: [&str; 22] = [
    "FileHandler(",
    "appendFile",
    "createWriteStream",
    "makedirs(",
    "mkdirSync(",
    "mkdir(",
    "multer(",
    "savefig(",
    "shelve.open(",
    "shutil.copy",
    "shutil.move(",
    "sqlite3.connect(",
    "sqlite:///",
    "to_csv(",
    "to_excel(",
    "to_json(",
    "to_parquet(",
    "to_pickle(",
    "urlretrieve(",
    "writeFile",
    "write_bytes(",
    "write_text(",
];

/// Modes of `open` that write.
const MODES: [&str; 8] = ["\"w", "'w", "\"a", "'a", "\"x", "'x", "\"r+", "'r+"];

/// Whether the file called `name` is program text that is read.
pub fn is_read(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    let is_test = own.starts_with("test_")
        || own == "conftest.py"
        || ["_test.py", ".test.", ".spec."].iter().any(|part| own.contains(part));
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        && !name.ends_with(".min.js")
        && !name.ends_with(".d.ts")
        && !is_test
}

/// Endings of settings, whose values may be paths without quotes.
const SETTINGS: [&str; 7] = [".cfg", ".ini", ".json", ".prisma", ".toml", ".yaml", ".yml"];

/// Settings that say nothing of what a service writes: those of builds, packages and other services.
const OF_OTHERS: [&str; 9] =
    ["compose", "docker-compose", "jsconfig", "lerna", "openapi", "package", "pnpm", "swagger", "tsconfig"];

/// Whether the file called `name` holds settings that are read.
pub fn is_settings(name: &str) -> bool {
    SETTINGS.iter().any(|ending| name.ends_with(ending))
        && !OF_OTHERS.iter().any(|start| name.starts_with(start))
        && !name.contains("lock")
}

/// The paths that settings name and that a service writes to, by their folder or ending.
pub fn told_by_settings(text: &str) -> Vec<Told> {
    // A manifest of Kubernetes speaks of other containers, too.
    if text.lines().any(|line| line.starts_with("apiVersion:")) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with(['#', ';', '/']) {
            continue;
        }
        if line.contains("FileHandler") {
            found.push(Told { path: String::new(), call: "FileHandler", line: index + 1 });
        }
        let ends = |c: char| c.is_whitespace() || "\"'=:,()[]{}<>".contains(c);
        let words = line.split(ends).filter(|word| word.starts_with('/'));
        let written = words.filter(|word| may_be_written(word, &|| true));
        found.extend(written.map(|path| Told { path: path.to_owned(), call: "", line: index + 1 }));
    }
    found
}

/// Parts of a line that starts another program.
const STARTS: [&str; 6] = ["Popen", "check_", "exec", "os.system", "spawn", "subprocess"];

/// What only root may do, in a line that starts another program or by itself.
fn of_root(line: &str) -> Option<&'static str> {
    const STARTED: [&str; 6] = ["apk add", "apt-get", "iptables", "modprobe", "pip install", "useradd"];
    const ALONE: [&str; 7] = [
        "SOCK_RAW",
        "os.setgid(",
        "os.setuid(",
        "process.setgid(",
        "process.setuid(",
        "RPi.GPIO",
        "/dev/tty",
    ];
    const PORTS: [&str; 6] = ["listen(80", "listen(443", "port=80", "port=443", "|| 80", "|| 443"];
    let is_whole = |part: &&str| {
        let after = line.find(*part).map(|at| &line[at + part.len()..]);
        after.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let starts = || STARTS.iter().any(|part| line.contains(part));
    let plain = line.replace(['"', '\'', ','], "");
    STARTED
        .into_iter()
        .find(|part| plain.contains(*part) && starts())
        .or_else(|| ALONE.into_iter().find(|part| line.contains(part)))
        .or_else(|| PORTS.into_iter().find(is_whole))
}

/// What the lines of a program tell of, in their order.
pub fn told_of(text: &str) -> Vec<Told> {
    let mut found = Vec::new();
    let has_scheduler = text.contains("AsyncIOScheduler(");
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if ["#", "//", "*"].iter().any(|start| trimmed.starts_with(start)) {
            continue;
        }
        let (whole, line, at) = (line, trimmed, index + 1);
        let call = call(line);
        if let Some(sign) = of_root(line) {
            found.push(Told { path: sign.trim_end_matches('(').to_owned(), call: NEEDS_ROOT, line: at });
        }
        if line.contains("getLogger(\"uvicorn\")") || line.contains("getLogger('uvicorn')") {
            found.push(Told { path: String::new(), call: LOGS_OF_UVICORN, line: at });
        }
        if is_import_level(whole) && needs_loop(line, has_scheduler) {
            found.push(Told { path: String::new(), call: LOOP_AT_IMPORT, line: at });
        }
        if line.contains("UploadFile") && !line.contains("import") {
            found.push(Told { path: String::new(), call: UPLOADS, line: at });
        }
        let up = levels_up(line);
        if up > 1 {
            found.push(Told { path: vec![".."; up].join("/"), call: ABOVE, line: at });
        }
        let paths: Vec<String> = paths(line).collect();
        if let Some(call) = call.filter(|_| paths.is_empty()) {
            found.push(Told { path: String::new(), call, line: at });
        }
        found.extend(paths.into_iter().map(|path| Told { path, call: call.unwrap_or_default(), line: at }));
    }
    found
}

/// The packages that the lines of a program in JavaScript or TypeScript import, each once; types alone do not count.
pub fn imports(text: &str) -> Vec<Import> {
    let mut found: Vec<Import> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("//") || line.starts_with('*') || line.starts_with("import type ") {
            continue;
        }
        for package in imported(line) {
            if seen.insert(package) {
                found.push(Import { package: package.to_owned(), line: index + 1 });
            }
        }
    }
    found
}

/// What stands behind `from`, `import`, `import(` and `require(` in a line, where it names a package.
fn imported(line: &str) -> impl Iterator<Item = &str> {
    let starts = ["from ", "import ", "import(", "require(", "require.resolve("];
    starts.into_iter().flat_map(move |start| {
        line.match_indices(start).filter_map(move |(at, _)| {
            let is_word = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let rest = line[at + start.len()..].trim_start();
            let quote = rest.chars().next().filter(|c| is_word && matches!(c, '"' | '\'' | '`'))?;
            let module = &rest[1..][..rest[1..].find(quote)?];
            let is_own =
                module.starts_with(['.', '/', '#', '~']) || module.is_empty() || module.contains("${");
            (!is_own).then(|| package_of(module))
        })
    })
}

/// The package that a module belongs to: `@scope/name` of `@scope/name/file`.
pub fn package_of(module: &str) -> &str {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    module.match_indices('/').nth(parts - 1).map_or(module, |(at, _)| &module[..at])
}

/// The line of a Python program that imports pkg_resources, which belongs to setuptools.
pub fn imports_pkg_resources(text: &str) -> Option<Import> {
    let is_such = |line: &str| {
        let line = line.trim_start();
        line.starts_with("import pkg_resources") || line.starts_with("from pkg_resources")
    };
    let at = text.lines().position(is_such)?;
    Some(Import { package: "pkg_resources".to_owned(), line: at + 1 })
}

/// Whether the file called `name` is JavaScript or TypeScript.
pub fn is_script(name: &str) -> bool {
    is_read(name) && !name.ends_with(".py")
}

/// Whether a line of Python runs when its file is imported.
fn is_import_level(line: &str) -> bool {
    !line.starts_with([' ', '\t', '}', ')', ']'])
        && !line.starts_with("async def")
        && !line.starts_with("def ")
}

/// Whether a line asks for the running event loop; a scheduler of asyncio does so when it starts.
fn needs_loop(line: &str, has_scheduler: bool) -> bool {
    let asks = ["get_running_loop(", "asyncio.create_task(", "asyncio.ensure_future("];
    asks.iter().any(|call| line.contains(call)) || (has_scheduler && line.trim_end().ends_with(".start()"))
}

/// How many folders above its own file a line names: 1 is the folder of the file.
fn levels_up(line: &str) -> usize {
    if !line.contains("__file__") && !line.contains("__dirname") && !line.contains("import.meta") {
        return 0;
    }
    let parents = line
        .split_once("parents[")
        .and_then(|(_, rest)| rest.split(']').next()?.trim().parse::<usize>().ok());
    let of_python =
        [line.matches(".parent").count(), line.matches("dirname(").count()].into_iter().max().unwrap_or(0);
    let own = usize::from(line.contains("__dirname"));
    let dots = line.matches("..").count();
    parents.map_or(0, |index| index + 1).max(of_python + dots).max(own + dots).min(MOST_LEVELS)
}

/// The call of a line that writes a file.
fn call(line: &str) -> Option<&'static str> {
    if !line.contains('(') && !line.contains("sqlite") {
        return None;
    }
    // `request.files["x"].save("uploads/x")`; a model of a database is saved without a name.
    let saves = line.split_once(".save(").is_some_and(|(_, rest)| {
        rest.trim_start_matches(['f', 'r']).starts_with(['"', '\'', '`']) || rest.starts_with("os.path")
    });
    if saves {
        return Some("save");
    }
    if line.contains("git") && line.contains("clone") && STARTS.iter().any(|part| line.contains(part)) {
        return Some("git clone");
    }
    let named = CALLS.into_iter().find(|call| line.contains(call));
    named.map(|call| call.trim_end_matches('(')).or_else(|| {
        let (_, rest) = line.split_once("open(")?;
        let is_mode = |quoted: &str| {
            let before = rest[..rest.find(quoted).unwrap_or(0)].trim_end();
            rest.contains(quoted) && before.ends_with([',', '='])
        };
        MODES.into_iter().any(is_mode).then_some("open")
    })
}

/// The paths that a line names in quotes and that may be files of the service.
fn paths(line: &str) -> impl Iterator<Item = String> {
    let starts = line.match_indices(['"', '\'', '`']).filter(|(at, _)| line[at + 1..].starts_with('/'));
    let literals = starts.filter_map(|(at, quote)| {
        let rest = &line[at + 1..];
        let end = rest.find(|c: char| quote.starts_with(c) || c.is_whitespace() || "{$%".contains(c))?;
        Some(rest[..end].trim_end_matches('/'))
    });
    let speaks_of_addresses = LazyCell::new(|| OF_ADDRESSES.iter().any(|part| line.contains(part)));
    literals.filter(move |path| may_be_written(path, &|| *speaks_of_addresses)).map(str::to_owned)
}

fn may_be_written(path: &str, speaks_of_addresses: &dyn Fn() -> bool) -> bool {
    let is_in = |folders: &[&str]| folders.iter().any(|folder| super::writers::is_below(path, folder));
    if NEVER.contains(&path) || is_in(&NEVER[2..]) {
        return false;
    }
    let is_data = WRITTEN.iter().any(|ending| path.ends_with(ending));
    is_in(&OF_FILES)
        || (is_in(&OF_BOTH) && (is_data || !speaks_of_addresses()))
        || (is_in(&OF_THE_SYSTEM) && is_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, &'static str)> {
        told_of(text).into_iter().map(|told| (told.path, told.call)).collect()
    }

    #[test]
    fn paths_stand_in_quotes() {
        let of = |path: &str, call: &'static str| vec![(path.to_owned(), call)];
        assert_eq!(seen("LOG = f\"/logs/sessions/{name}.jsonl\""), of("/logs/sessions", ""));
        assert_eq!(seen("const at = process.env.DB || '/etc/todos/todo.db';"), of("/etc/todos/todo.db", ""));
        assert_eq!(seen("os.makedirs('/var/lib/shop/')"), of("/var/lib/shop", "makedirs"));
        for text in [
            "@app.get(\"/data\")",
            "\"/home\",",
            "\"/run/secrets/password\"",
            "app.use('/uploads', files)",
            "MEDIA_URL = \"/media/\"",
            "open(\"/etc/hosts\")",
            "# open('/var/lib/x', 'w')",
            "\"/datasets/a\"",
            "ssl = '/etc/ssl/certs'",
        ] {
            assert_eq!(seen(text), [], "{text}");
        }
    }

    #[test]
    fn folders_above_are_counted() {
        for (line, levels) in [
            ("BASE = Path(__file__).resolve().parent.parent", 2),
            ("ROOT = Path(__file__).parents[2]", 3),
            ("os.path.dirname(os.path.dirname(os.path.abspath(__file__)))", 2),
            ("path.join(__dirname, '..', '..', 'logs')", 3),
            ("path.join(__dirname, 'public')", 1),
            ("x.parent.parent", 0),
        ] {
            assert_eq!(levels_up(line), levels, "{line}");
        }
    }

    #[test]
    fn what_only_root_may_do() {
        for text in [
            "subprocess.run([\"apt-get\", \"install\", \"x\"])",
            "execSync('apk add curl')",
            "socket.socket(AF_INET, socket.SOCK_RAW)",
            "app.listen(80, done)",
            "app.run(host='0.0.0.0', port=80)",
            "const port = process.env.PORT || 80;",
        ] {
            assert!(of_root(text).is_some(), "{text}");
        }
        for text in ["raise ImportError('pip install x')", "app.listen(8080)", "port=8000", "x || 801"] {
            assert_eq!(of_root(text), None, "{text}");
        }
    }

    #[test]
    fn settings_name_paths_without_quotes() {
        let paths = |text: &str| -> Vec<String> {
            told_by_settings(text).into_iter().map(|told| told.path).collect()
        };
        assert_eq!(paths("args=('/var/log/shop.log',)\nroot = /etc/x"), ["/var/log/shop.log"]);
        assert_eq!(paths("url = \"file:/data/shop.db\""), ["/data/shop.db"]);
        assert_eq!(paths("# /var/x\napiVersion: v1"), Vec::<String>::new());
        assert!(is_settings("logging.ini") && !is_settings("package.json") && !is_settings("poetry.lock"));
    }

    #[test]
    fn imports_name_packages() {
        let packages =
            |text: &str| -> Vec<String> { imports(text).into_iter().map(|import| import.package).collect() };
        assert_eq!(packages("import { JSDOM } from 'jsdom';"), ["jsdom"]);
        assert_eq!(packages("import \"dotenv/config\""), ["dotenv"]);
        assert_eq!(packages("const x = require('@a/b/c'), y = await import(`d`);"), ["d", "@a/b"]);
        assert_eq!(packages("} from '@nestjs/core'\nexport * from \"x\""), ["@nestjs/core", "x"]);
        for text in ["import type { A } from 'a'", "import x from './x'", "// require('a')", "xrequire('a')"]
        {
            assert_eq!(packages(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn modules_belong_to_packages() {
        for (module, package) in
            [("dotenv/config", "dotenv"), ("@a/b/c", "@a/b"), ("@a/b", "@a/b"), ("tsx", "tsx")]
        {
            assert_eq!(package_of(module), package);
        }
    }

    #[test]
    fn calls_that_write() {
        let of = |call: &'static str| vec![(String::new(), call)];
        assert_eq!(seen("with open(path, \"wb\") as file:"), of("open"));
        assert_eq!(seen("with open(path, mode='a') as file:"), of("open"));
        assert_eq!(seen("Path(a).mkdir(parents=True)"), of("mkdir"));
        assert_eq!(seen("fs.writeFileSync(name, text)"), of("writeFile"));
        assert_eq!(seen("request.files['x'].save(f\"uploads/{name}\")"), of("save"));
        assert_eq!(seen("order.save()"), []);
        for text in ["open(path)", "open(path, 'rb')", "opened(a, b)", "read_text()", "open('warehouse')"] {
            assert_eq!(seen(text), [], "{text}");
        }
    }
}
