use super::{Effect, Finding, program::found_in};
use crate::knowledge::signs::Language;

fn all(text: &str, language: Language) -> Vec<Finding> {
    found_in(&"a".into(), language, text).0
}

/// Argument and sign of what a line of Python or JavaScript tells of these effects.
fn seen(text: &str, effects: &[Effect]) -> Vec<(String, &'static str)> {
    let language =
        if text.contains("const ") || text.contains("import {") { Language::Node } else { Language::Python };
    let found = all(text, language).into_iter().filter(|found| effects.contains(&found.effect));
    found.map(|found| (found.argument, found.sign)).collect()
}

#[test]
fn the_signs_of_every_language_can_be_sought() {
    for language in [Language::Node, Language::Python, Language::Settings] {
        assert_eq!(all("", language), [], "{language:?}");
    }
}

const OF_FILES: [Effect; 2] = [Effect::Names, Effect::Writes];

#[test]
fn paths_stand_in_quotes() {
    let of = |path: &str, call: &'static str| vec![(path.to_owned(), call)];
    let seen = |text| seen(text, &OF_FILES);
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
        ("const logs = path.join(__dirname, '..', '..', 'logs')", 3),
        ("const open = path.join(__dirname, 'public')", 0),
        ("x.parent.parent", 0),
    ] {
        let found = seen(line, &[Effect::Above]);
        assert_eq!(found.first().map_or(0, |(path, _)| path.split('/').count()), levels, "{line}");
    }
}

#[test]
fn what_only_root_may_do() {
    let needs = |text: &str| !seen(text, &[Effect::NeedsRoot]).is_empty();
    for text in [
        "subprocess.run([\"apt-get\", \"install\", \"x\"])",
        "execSync('apk add curl')",
        "socket.socket(AF_INET, socket.SOCK_RAW)",
    ] {
        assert!(needs(text), "{text}");
    }
    for text in ["raise ImportError('pip install x')", "app.listen(80)", "Client(port=443)"] {
        assert!(!needs(text), "{text}");
    }
}

#[test]
fn settings_name_paths_without_quotes() {
    let paths = |text: &str| -> Vec<String> {
        all(text, Language::Settings).into_iter().map(|found| found.argument).collect()
    };
    assert_eq!(paths("args=('/var/log/shop.log',)\nroot = /etc/x"), ["/var/log/shop.log"]);
    assert_eq!(paths("url = \"file:/data/shop.db\""), ["/data/shop.db"]);
    assert_eq!(paths("# /var/x\napiVersion: v1"), [""; 0]);
    assert_eq!(paths("root = /var/x\napiVersion: v1"), [""; 0]);
}

#[test]
fn imports_name_packages() {
    let packages = |text: &str| -> Vec<String> {
        let found = all(text, Language::Node).into_iter().filter(|found| found.effect == Effect::Imports);
        found.map(|found| found.argument).collect()
    };
    assert_eq!(packages("import { JSDOM } from 'jsdom';"), ["jsdom"]);
    assert_eq!(packages("import \"dotenv/config\""), ["dotenv"]);
    assert_eq!(packages("const x = require('@a/b/c'), y = await import(`d`);"), ["d", "@a/b"]);
    assert_eq!(packages("} from '@nestjs/core'\nexport * from \"x\""), ["@nestjs/core", "x"]);
    for text in ["import type { A } from 'a'", "import x from './x'", "// require('a')", "xrequire('a')"] {
        assert_eq!(packages(text), [""; 0], "{text}");
    }
    let imports = |text: &str| seen(text, &[Effect::Imports]).len();
    assert_eq!(imports("import pkg_resources"), 1);
    assert_eq!(imports("try:\n    from pkg_resources import x"), 1);
    assert_eq!(imports("text = 'import pkg_resources'"), 0);
    assert_eq!(imports("INSTALLED_APPS = [\n    \"django.contrib.gis\",\n]"), 1);
}

#[test]
fn calls_that_write() {
    let of = |call: &'static str| vec![(String::new(), call)];
    let seen = |text| seen(text, &OF_FILES);
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

#[test]
fn a_loop_is_needed_at_import() {
    let lines = |text: &str| -> Vec<usize> {
        let found = all(text, Language::Python).into_iter().filter(|found| found.effect == Effect::NeedsLoop);
        found.map(|found| found.line).collect()
    };
    assert_eq!(lines("import a\n\ntask = asyncio.get_running_loop().create_task(drain())"), [3]);
    assert_eq!(lines("try:\n    asyncio.create_task(drain())\nexcept X:\n    pass"), [2]);
    assert_eq!(lines("AsyncIOScheduler().start()"), [1]);
    assert_eq!(lines("jobs: S = AsyncIOScheduler()\n\njobs.add_job(f)\njobs.start()"), [1]);
    for text in [
        "async def main():\n    asyncio.create_task(drain())",
        "class A:\n    def f(\n        self,\n    ) -> None:\n        loop = asyncio.get_running_loop()",
        "async def f(\n    x,\n):\n    asyncio.create_task(x)",
        "class A:\n    def f(self):\n\n        loop = asyncio.get_running_loop()",
        "if __name__ == \"__main__\":\n    asyncio.create_task(drain())",
        "jobs = AsyncIOScheduler()\n\nasync def main():\n    jobs.start()",
        "jobs = AsyncIOScheduler()",
        "# asyncio.create_task(x)",
    ] {
        assert_eq!(lines(text), [0; 0], "{text}");
    }
}

#[test]
fn what_a_start_needs() {
    let arguments = |text: &str, effect| -> Vec<String> {
        seen(text, &[effect]).into_iter().map(|(argument, _)| argument).collect()
    };
    assert_eq!(arguments("p = ctypes.util.find_library(\"sodium\")", Effect::FindsLibrary), ["sodium"]);
    assert_eq!(arguments("p = find_library(name)", Effect::FindsLibrary), [""]);
    assert_eq!(
        arguments("a = os.environ[\"A\"] or os.environ.get('B', '')", Effect::ReadsVariable),
        ["A", "B"]
    );
    assert_eq!(arguments("a = os.getenv(\"C\")", Effect::ReadsVariable), ["C"]);
    assert_eq!(
        arguments("const a = process.env.D, b = process.env[\"E\"]", Effect::ReadsVariable),
        ["D", "E"]
    );
    assert_eq!(arguments("async def up(file: UploadFile):", Effect::Spools).len(), 1);
    assert_eq!(arguments("#!/usr/local/bin/python3\nx", Effect::RunsWith), ["/usr/local/bin/python3"]);
    assert_eq!(arguments("log = logging.getLogger(\"uvicorn\")", Effect::LogsAs), ["uvicorn"]);
}

#[test]
fn lines_are_counted() {
    let found = all("a\r\n\r\nopen(p, 'w')\r\nx\nopen(q, 'w')", Language::Python);
    assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [3, 5]);
    assert!(all("é open(", Language::Python).is_empty() && all("", Language::Python).is_empty());
}
