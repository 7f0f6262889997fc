//! From words to what is started: through wrappers, shells, package managers and the scripts of the image.

use crate::{
    facts::{Context, ImageView, node, scripts, start_scripts::Finder},
    knowledge::{
        commands::{self, Kind, Starter},
        long_running,
    },
    manifest::package_json,
    shell::Script,
    source::{FileId, Span},
    workspace::{Entry, path},
};

/// Where a command comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file whose line starts it all.
    pub file: FileId,
    /// The place there.
    pub span: Span,
    /// The place in a script on the way, such as `start.sh:3`.
    pub script: Option<String>,
}

/// One command that runs; what starts another is one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The words, the program first.
    pub words: Vec<String>,
    /// `NAME=value` before them.
    pub assignments: Vec<String>,
    /// The files that its redirections write.
    pub writes: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A command of which it is not known what it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is not known, as a clause.
    pub what: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// All that a command line starts, each before what it starts in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The commands.
    pub runs: Vec<Run>,
    /// Those of which more is not known.
    pub gaps: Vec<Gap>,
}

/// How many commands may start each other.
const DEEPEST: usize = 12;

/// Follows the commands of one image.
#[derive(Debug)]
pub struct Machine<'x, 'a> {
    cx: &'x Context<'a>,
    image: &'x ImageView<'a>,
    finder: Finder<'x, 'a>,
}

impl Run {
    /// The name of its program, without folder and version.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", |word| program_name(word))
    }

    fn starter(&self) -> Option<Starter> {
        commands::starter(self.program(), self.words.get(1).map(String::as_str))
    }

    /// Whether it changes users before it goes on.
    pub fn changes_user(&self) -> bool {
        self.starter().is_some_and(|starter| matches!(starter.kind, Kind::Switches | Kind::Changes))
    }

    /// Whether it hands on to another command, and does nothing itself.
    pub fn hands_on(&self) -> bool {
        self.starter().is_some_and(|starter| starter.kind != Kind::Interpreter)
    }

    /// Whether it is a shell, or hands a text to one.
    pub fn is_shell(&self) -> bool {
        self.starter().is_some_and(|starter| matches!(starter.kind, Kind::Shell | Kind::Changes))
    }

    /// Whether it runs until it is stopped, by the tables.
    pub fn is_long_running(&self) -> bool {
        long_running::is_known(self.program())
    }
}

/// A program's name without folder and version: `/usr/bin/python3.12` is `python`.
pub fn program_name(word: &str) -> &str {
    let name = path::name(word);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if matches!(bare, "python" | "pypy") { bare } else { name }
}

impl<'x, 'a> Machine<'x, 'a> {
    /// For commands of `image` that run in `workdir`.
    pub fn of(cx: &'x Context<'a>, image: &'x ImageView<'a>, workdir: &str) -> Self {
        Self { cx, image, finder: Finder::of(cx, image, workdir.into()) }
    }

    /// All that these words start.
    pub fn trace(&self, words: Vec<String>, origin: Origin) -> Trace {
        let mut trace = Trace::default();
        if !words.is_empty() {
            self.follow(Run { words, assignments: Vec::new(), writes: Vec::new(), origin }, 0, &mut trace);
        }
        trace
    }

    fn follow(&self, run: Run, depth: usize, trace: &mut Trace) {
        let origin = run.origin.clone();
        let next = match depth < DEEPEST {
            true => self.next(&run),
            false => Err("its scripts start each other".to_owned()),
        };
        trace.runs.push(run);
        match next {
            Ok(runs) => runs.into_iter().for_each(|inner| self.follow(inner, depth + 1, trace)),
            Err(what) => trace.gaps.push(Gap { what, origin }),
        }
    }

    /// What a command starts.
    fn next(&self, run: &Run) -> Result<Vec<Run>, String> {
        let Some(first) = run.words.first() else { return Ok(Vec::new()) };
        if first.starts_with('$') {
            return Err(format!("what `{first}` starts is not known"));
        }
        let rest = |words: &[String]| match words.is_empty() {
            true => Vec::new(),
            false => vec![Run {
                words: words.to_vec(),
                assignments: Vec::new(),
                writes: Vec::new(),
                origin: run.origin.clone(),
            }],
        };
        let Some(starter) = run.starter() else { return self.script(run, first, &run.words[1..]) };
        match starter.kind {
            Kind::Wraps | Kind::Switches => Ok(rest(starter.rest(&run.words))),
            Kind::Interpreter => Ok(module(&run.words).map(rest).unwrap_or_default()),
            Kind::Shell | Kind::Changes => self.shell(run, &starter),
            Kind::Manager => self.manager(run),
        }
    }

    /// What a shell runs: the text behind `-c`, or a script.
    fn shell(&self, run: &Run, starter: &Starter) -> Result<Vec<Run>, String> {
        let is_text = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
        if let Some(at) = run.words.iter().position(is_text) {
            let Some(text) = run.words.get(at + 1) else { return Ok(Vec::new()) };
            let arguments = run.words.get(at + 3..).unwrap_or_default();
            return runs_in(text, arguments, &run.origin, None)
                .ok_or_else(|| format!("the shell command `{text}` cannot be read"));
        }
        match starter.rest(&run.words).split_first() {
            Some((script, arguments)) if starter.kind == Kind::Shell => {
                self.known_script(run, script, arguments).unwrap_or_else(|| Ok(Vec::new()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What a program starts that may be a script of the image.
    fn script(&self, run: &Run, name: &str, arguments: &[String]) -> Result<Vec<Run>, String> {
        let in_bin = path::parent(name).ends_with("bin");
        let is_read_in = matches!(name, "." | "source");
        match name {
            _ if is_read_in => {
                let inner = arguments.first().and_then(|file| self.known_script(run, file, &[]));
                Ok(inner.and_then(Result::ok).unwrap_or_default())
            }
            _ if scripts::is_script(name) || (name.contains('/') && !in_bin && !is_program_text(name)) => {
                self.known_script(run, name, arguments).unwrap_or_else(|| Ok(Vec::new()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What the script called `name` starts; of the entrypoint that a base image brings, the words after it.
    fn known_script(&self, run: &Run, name: &str, arguments: &[String]) -> Option<Result<Vec<Run>, String>> {
        let handed = |words: &[String]| {
            let origin = run.origin.clone();
            let run = Run { words: words.to_vec(), assignments: Vec::new(), writes: Vec::new(), origin };
            if run.words.is_empty() { Vec::new() } else { vec![run] }
        };
        // What stands behind `--` is what a script that waits starts in the end.
        if let Some(at) = arguments.iter().position(|word| word == "--") {
            return Some(Ok(handed(&arguments[at + 1..])));
        }
        let Some(script) = self.finder.script(name) else { return Some(Ok(handed(arguments))) };
        let Some(text) = script.text else {
            return Some(Err(format!("the text of {name} is not known")));
        };
        let is_other = text.starts_with("#!") && !first_line(text).contains("sh");
        if is_other {
            return None;
        }
        let runs = runs_in(text, arguments, &run.origin, Some(path::name(name)));
        Some(match runs {
            // A script that names itself does so in a message, or starts again what is known already.
            Some(mut runs) => {
                runs.retain(|inner| !inner.words.iter().any(|word| word == name));
                Ok(runs)
            }
            None => Err(format!("{name} cannot be read as a shell script")),
        })
    }

    /// What a package manager runs.
    fn manager(&self, run: &Run) -> Result<Vec<Run>, String> {
        let quoted: Vec<String> = run.words.iter().map(|word| format!("'{word}'")).collect();
        let call = Script::parse_str(&quoted.join(" "));
        let action = call.commands.first().and_then(node::action);
        let unknown = || format!("what `{}` runs is not known", run.words.join(" "));
        let name = match action {
            Some((_, node::Action::RunsScript(name))) => name,
            _ if run.words.iter().any(|word| word == "start" || word == "run") => return Err(unknown()),
            _ => return Ok(Vec::new()),
        };
        let file = self.manifest().ok_or_else(unknown)?;
        let text = self.cx.files_of(self.image).text(&file).ok_or_else(unknown)?;
        let manifest = self.cx.manifests.packages.get_or_read(&file, || package_json::read(text));
        let manifest = manifest.map_err(|_| unknown())?;
        let inner = |text: &str| {
            let origin = format!("package.json, script \"{name}\"");
            let runs = runs_in(text, &[], &run.origin, None).ok_or_else(unknown)?;
            Ok(runs.into_iter().map(|inner| inner.from(origin.clone())).collect())
        };
        match manifest.script(&name) {
            Some(text) => inner(text),
            None if name == "start" => inner("node server.js"),
            // yarn and pnpm start programs of the installed packages by their names alone.
            None if run.program() != "npm" => inner(&name),
            None => Err(unknown()),
        }
    }

    /// The package.json of the working directory, or else of the top of the build context.
    fn manifest(&self) -> Option<String> {
        let at_top = path::join(&self.image.image.context, "package.json");
        let is_there =
            |file: &String| matches!(self.cx.files_of(self.image).entry(file), Some(Entry::File(_)));
        self.finder.origin("package.json").or_else(|| Some(at_top).filter(is_there))
    }
}

impl Run {
    fn from(mut self, script: String) -> Self {
        self.origin.script = Some(script);
        self
    }
}

/// `mod` and its arguments of `python -m mod`.
fn module(words: &[String]) -> Option<&[String]> {
    let options = words.iter().skip(1).take_while(|word| word.starts_with('-') && *word != "-c");
    let at = 1 + options.clone().position(|word| word == "-m")?;
    words.get(at + 1..)
}

/// Whether a word names code that an interpreter of its own reads.
fn is_program_text(name: &str) -> bool {
    [".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php"].iter().any(|ending| name.ends_with(ending))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The commands of a shell text, with its arguments for `"$@"`; none where it cannot be read.
fn runs_in(text: &str, arguments: &[String], origin: &Origin, script: Option<&str>) -> Option<Vec<Run>> {
    let parsed = Script::parse_str(text);
    if parsed.unreadable.is_some() {
        return None;
    }
    let runs = parsed.commands.iter().map(|command| {
        let words = command.words.iter().flat_map(|word| match word.raw.trim_matches('"') {
            "$@" | "${@}" | "$*" => arguments.to_vec(),
            _ => vec![word.text().to_owned()],
        });
        let line = text[..command.span.start().min(text.len())].matches('\n').count() + 1;
        let place = script.map(|name| format!("{name}:{line}"));
        Run {
            words: words.collect(),
            assignments: command.assignments.iter().map(|word| word.text().to_owned()).collect(),
            writes: command
                .redirects
                .iter()
                .filter_map(|span| target(span.of(text)))
                .map(str::to_owned)
                .collect(),
            origin: Origin { script: place.or_else(|| origin.script.clone()), ..origin.clone() },
        }
    });
    Some(
        runs.filter(|run| !run.words.is_empty() || !run.writes.is_empty() || !run.assignments.is_empty())
            .collect(),
    )
}

/// The file that a redirection writes; none for input and for another descriptor.
fn target(redirect: &str) -> Option<&str> {
    let (_, target) = redirect.split_once('>')?;
    let target = target.trim_start_matches(['>', '|', '&']).trim().trim_matches(['"', '\'']);
    let is_descriptor = target == "-" || target.bytes().all(|byte| byte.is_ascii_digit());
    (!is_descriptor && !target.starts_with("/dev/")).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_name_files() {
        for (text, file) in
            [("> /a", Some("/a")), (">>b", Some("b")), ("2>&1", None), ("< x", None), ("&> \"c\"", Some("c"))]
        {
            assert_eq!(target(text), file, "{text}");
        }
    }

    #[test]
    fn modules_are_programs() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(module(&words("python -u -m uvicorn a:b")), Some(&words("uvicorn a:b")[..]));
        assert_eq!(module(&words("python main.py -m x")), None);
        assert_eq!(program_name("/usr/bin/python3.12"), "python");
        assert_eq!(program_name("php-fpm8.2"), "php-fpm8.2");
    }
}
