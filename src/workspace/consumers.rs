//! Who else names a Dockerfile: workflows, makefiles, scripts and the like, which are read and never edited.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Workspace,
    build_args::{self, BuildArgument},
    disk::Disk,
    merges::{self, Listed, Merge},
    path::{join, name, parent},
    run_mounts::{self, RunMount},
};
use crate::{
    knowledge::consumers::{self, Mark, Names},
    source::{FileId, FileKind},
};

/// A line of another file that names a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// The Dockerfile.
    pub dockerfile: FileId,
    /// The file that names it.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The line that says that it is built without BuildKit, and what builds it.
    pub without_buildkit: Option<(usize, &'static str)>,
}

const FOLDERS: [&str; 5] = ["", ".circleci", ".devcontainer", ".github/workflows", "scripts"];
const MOST_FOLDERS: usize = 64;
const MOST_FILES: usize = 256;
const LARGEST: usize = 256 << 10;

/// The files that may name the Dockerfiles of a run; each folder is looked at once, whichever project asks.
#[derive(Debug, Default)]
pub struct Neighbours(Mutex<BTreeMap<String, Arc<Vec<Neighbour>>>>);

impl Neighbours {
    /// Those in `folder`.
    fn of(&self, disk: &Disk, folder: &str) -> Arc<Vec<Neighbour>> {
        // A thread that panicked while it held the lock left a whole map behind: only whole entries go in.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || Arc::new(neighbours(disk, folder));
        known.entry(folder.to_owned()).or_insert_with(read).clone()
    }
}

fn neighbours(disk: &Disk, folder: &str) -> Vec<Neighbour> {
    let names = disk.names(folder).into_iter();
    let mut files: Vec<String> = names.map(|name| join(folder, &name)).collect();
    files.retain(|path| consumers::names(path).is_some());
    files.sort();
    files.truncate(MOST_FILES);
    let texts = files.into_iter().filter_map(|path| Some((disk.small_text(&path, LARGEST)?, path)));
    texts.map(|(text, path)| Neighbour::read(path, &text)).filter(Neighbour::says_something).collect()
}

/// Puts into `ws` who else names its Dockerfiles, and what they pass and mount.
pub(super) fn find(disk: &Disk, ws: &mut Workspace, neighbours: &Neighbours) {
    let dockerfiles = Dockerfiles::of(ws);
    let here: Vec<_> =
        folders(ws, FileKind::Dockerfile).into_iter().map(|folder| neighbours.of(disk, folder)).collect();
    for neighbour in here.iter().flat_map(|here| here.iter()) {
        ws.consumers.extend(neighbour.consumers(&dockerfiles));
        if neighbour.mounts.is_empty() && neighbour.arguments.is_empty() {
            continue;
        }
        if let Some(id) = neighbour.started(&dockerfiles) {
            ws.run_mounts.entry(id).or_default().extend(neighbour.mounts.iter().cloned());
            ws.build_arguments.entry(id).or_default().extend(neighbour.arguments.iter().cloned());
        }
    }
    ws.consumers.sort_by(|a, b| a.path.cmp(&b.path));
}

/// The compose files of `ws` that something in the project has compose read together.
pub(super) fn find_merges(disk: &Disk, ws: &Workspace, neighbours: &Neighbours) -> Vec<Merge> {
    let composes = ws.files.iter().filter(|file| file.kind == FileKind::Compose);
    let composes: Vec<&str> = composes.map(|file| file.path.as_str()).collect();
    if composes.len() < 2 {
        return Vec::new();
    }
    let here = folders(ws, FileKind::Compose).into_iter().map(|folder| neighbours.of(disk, folder));
    let resolved = |neighbour: &Neighbour| {
        let lists = neighbour.lists.iter();
        lists.filter_map(|list| list.resolved(&neighbour.path, &composes)).collect::<Vec<_>>()
    };
    here.flat_map(|neighbours| neighbours.iter().flat_map(resolved).collect::<Vec<_>>()).collect()
}

/// The folders in which something may name the files of `ws` of this kind.
fn folders(ws: &Workspace, kind: FileKind) -> BTreeSet<&str> {
    let files = ws.files.iter().filter(|file| file.kind == kind);
    let own: BTreeSet<&str> = files.map(|file| parent(&file.path)).collect();
    FOLDERS.into_iter().chain(own.into_iter().take(MOST_FOLDERS)).collect()
}

/// The Dockerfiles of a project, by path.
struct Dockerfiles(BTreeMap<String, FileId>);

impl Dockerfiles {
    fn of(ws: &Workspace) -> Self {
        let files = ws.files.iter().enumerate().filter(|(_, file)| file.kind == FileKind::Dockerfile);
        Self(files.map(|(index, file)| (file.path.clone(), FileId(index))).collect())
    }

    fn at(&self, path: &str) -> Option<FileId> {
        self.0.get(path).copied()
    }

    /// The Dockerfile that `word` means in a file of `folder`.
    fn named(&self, word: &str, folder: &str) -> Option<FileId> {
        let word = match word.strip_prefix('$') {
            Some(variable) => variable.split_once('/')?.1,
            None => word.trim_start_matches('/'),
        };
        let path = join("", word);
        let at = self.at(&join(folder, word)).or_else(|| self.at(&path));
        let is_telling = path.contains('/') || !matches!(name(&path), "Dockerfile" | "Containerfile");
        at.or_else(|| {
            let ending = format!("/{path}");
            let mut ends = self.0.iter().filter(|(known, _)| is_telling && known.ends_with(&ending));
            let only = *ends.next()?.1;
            ends.next().is_none().then_some(only)
        })
    }

    /// The Dockerfile that is built when only the context is named.
    fn default_of(&self, context: &str, folder: &str) -> Option<FileId> {
        let in_context = |from: &str| self.at(&join(&join(from, context), "Dockerfile"));
        in_context(folder).or_else(|| in_context(""))
    }
}

/// A file that may name Dockerfiles, reduced to what it says of them.
#[derive(Debug)]
struct Neighbour {
    path: String,
    mentions: Vec<(usize, Mention)>,
    lists: Vec<Listed>,
    without_buildkit: Option<(usize, &'static str)>,
    mounts: Vec<RunMount>,
    arguments: Vec<BuildArgument>,
}

/// What a line says.
#[derive(Debug)]
enum Mention {
    /// A word that looks like a Dockerfile.
    File(String),
    /// The context of a build of the default Dockerfile.
    Context(String),
}

impl Neighbour {
    fn read(path: String, text: &str) -> Self {
        let lists = merges::lists(text);
        if consumers::names(&path) == Some(Names::Stacks) {
            let (mentions, mounts, arguments) = (Vec::new(), Vec::new(), Vec::new());
            return Self { path, mentions, lists, without_buildkit: None, mounts, arguments };
        }
        let without_buildkit = consumers::without_buildkit(text).map(|Mark { line, what }| (line, what));
        let mut mentions = Vec::new();
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if line.trim_start().starts_with(['#', ';']) || line.trim_start().starts_with("//") {
                continue;
            }
            let files = words(line).filter(|word| is_dockerfile_word(word));
            mentions.extend(files.map(|word| (index + 1, Mention::File(word.to_owned()))));
            let context = context(&lines, index).map(|context| Mention::Context(context.to_owned()));
            mentions.extend(context.map(|context| (index + 1, context)));
        }
        let (mounts, arguments) = (run_mounts::read(&path, text), build_args::read(&path, text));
        Self { path, mentions, lists, without_buildkit, mounts, arguments }
    }

    fn says_something(&self) -> bool {
        let names = !self.mentions.is_empty() || !self.lists.is_empty();
        let starts = !self.mounts.is_empty() || !self.arguments.is_empty();
        names || starts || self.without_buildkit.is_some()
    }

    /// The Dockerfile whose image it builds with arguments or starts with mounts: the only one that it names, or else that of its folder.
    fn started(&self, dockerfiles: &Dockerfiles) -> Option<FileId> {
        let named: BTreeSet<FileId> =
            self.consumers(dockerfiles).iter().map(|consumer| consumer.dockerfile).collect();
        match named.len() {
            0 => dockerfiles.default_of("", parent(&self.path)),
            1 => named.first().copied(),
            _ => None,
        }
    }

    /// The consumers in it: a line each for every Dockerfile that it names.
    fn consumers(&self, dockerfiles: &Dockerfiles) -> Vec<Consumer> {
        let folder = parent(&self.path);
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (line, mention) in &self.mentions {
            let dockerfile = match mention {
                Mention::File(word) => dockerfiles.named(word, folder),
                Mention::Context(context) => dockerfiles.default_of(context, folder),
            };
            let new = dockerfile.filter(|id| seen.insert(*id));
            found.extend(new.map(|dockerfile| self.consumer(dockerfile, *line)));
        }
        if found.is_empty()
            && let Some((line, _)) = self.without_buildkit
        {
            found
                .extend(dockerfiles.default_of("", folder).map(|dockerfile| self.consumer(dockerfile, line)));
        }
        found
    }

    fn consumer(&self, dockerfile: FileId, line: usize) -> Consumer {
        let without_buildkit = self.without_buildkit;
        Consumer { dockerfile, path: self.path.clone(), line, without_buildkit }
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '@' | '+' | '$' | '-');
    line.split(move |c| !is_part(c)).filter(|word| !word.is_empty())
}

fn is_dockerfile_word(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("dockerfile") || lower.contains("containerfile")
}

/// The context folder that a line names for a build of the default Dockerfile.
fn context<'t>(lines: &[&'t str], index: usize) -> Option<&'t str> {
    let line = lines[index].trim().trim_start_matches("- ");
    if let Some(rest) = line.strip_prefix("context") {
        let value = rest.trim_start().strip_prefix([':', '='])?.trim().trim_matches(['"', '\'', ',']);
        let near = &lines[index.saturating_sub(6)..lines.len().min(index + 7)];
        let names_a_file = |line: &&str| {
            let key = line.trim().trim_start_matches("- ");
            key.starts_with("file") || key.starts_with("dockerfile")
        };
        return (!value.contains(['$', ':']) && !near.iter().any(names_a_file)).then_some(value);
    }
    let at = ["docker build ", "buildx build ", "podman build "]
        .iter()
        .find_map(|command| line.find(command).map(|at| at + command.len()))?;
    let command = line[at..].split(['&', ';', '|', '#']).next()?.trim();
    let has_file =
        command.split_whitespace().any(|word| word.starts_with("-f") || word.starts_with("--file"));
    let last = command.split_whitespace().last()?.trim_matches(['"', '\'']);
    (!has_file && !last.starts_with('-') && !last.contains(['$', '\\', '='])).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(String, usize)> {
        let paths = ["Dockerfile", "api/Dockerfile", "docker/web.staging.Dockerfile"];
        let known = paths.iter().enumerate().map(|(id, path)| ((*path).to_owned(), FileId(id)));
        let known = Dockerfiles(known.collect());
        let consumers = Neighbour::read(path.to_owned(), text).consumers(&known);
        consumers.into_iter().map(|found| (paths[found.dockerfile.0].to_owned(), found.line)).collect()
    }

    fn one(path: &str, line: usize) -> Vec<(String, usize)> {
        vec![(path.to_owned(), line)]
    }

    #[test]
    fn paths_are_seen_from_the_top_and_from_the_file() {
        assert_eq!(
            found(".github/workflows/ci.yml", "x:\n  file: ./api/Dockerfile\n"),
            one("api/Dockerfile", 2)
        );
        assert_eq!(found("api/fly.toml", "dockerfile = \"Dockerfile\"\n"), one("api/Dockerfile", 1));
        assert_eq!(
            found(".devcontainer/devcontainer.json", "\"dockerfile\": \"../Dockerfile\","),
            one("Dockerfile", 1)
        );
    }

    #[test]
    fn a_name_of_its_own_needs_no_path() {
        assert_eq!(
            found("Makefile", "b:\n\tdocker build -f web.staging.Dockerfile docker\n"),
            one("docker/web.staging.Dockerfile", 2)
        );
        assert_eq!(found("run.sh", "hadolint other/Dockerfile\n"), []);
    }

    #[test]
    fn variables_in_front_do_not_matter() {
        for text in [
            "-f $CI_PROJECT_DIR/api/Dockerfile",
            "-f ${DIR}/api/Dockerfile",
            "file: ${{ github.workspace }}/api/Dockerfile",
        ] {
            assert_eq!(found("x.sh", text), one("api/Dockerfile", 1), "{text}");
        }
    }

    #[test]
    fn a_context_alone_means_its_dockerfile() {
        assert_eq!(
            found("a.sh", "cd x\ndocker build -t y ./api && docker push y\n"),
            one("api/Dockerfile", 2)
        );
        assert_eq!(
            found(".github/workflows/a.yml", "with:\n  context: .\n  push: true\n"),
            one("Dockerfile", 2)
        );
        assert_eq!(
            found(".github/workflows/a.yml", "with:\n  context: .\n  file: api/Dockerfile\n"),
            one("api/Dockerfile", 3)
        );
    }

    #[test]
    fn comments_name_nothing() {
        assert_eq!(found("a.sh", "# api/Dockerfile\n"), []);
    }

    #[test]
    fn a_builder_without_buildkit_builds_at_least_the_default() {
        let text = "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n";
        assert_eq!(found("api/cloudbuild.yaml", text), one("api/Dockerfile", 2));
        assert_eq!(found("deploy/cloudbuild.yaml", text), one("Dockerfile", 2));
    }
}
