//! `pyproject.toml`: the dependencies of a project, its groups and extras, and the tool that manages it.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::MarkerTree;
use toml::{Table, Value};

use super::{
    markers, normal_name,
    pep508::{self, Dependency508, Source},
};

/// What a `pyproject.toml` says about dependencies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PyProject {
    /// The project's own name in PyPI's normal form, if given.
    pub name: Option<String>,
    /// What it needs to run.
    pub dependencies: Vec<Dependency>,
    /// What extras and dependency groups need, by the name of the extra or group in normal form.
    pub optional: Vec<(String, Dependency)>,
    /// The tool that manages it.
    pub tool: Option<ProjectTool>,
    /// The Python versions that it allows, where they are written as PEP 440.
    pub requires_python: Option<VersionSpecifiers>,
    /// The backend that builds it, as `[build-system]` names it.
    pub build_backend: Option<String>,
    /// The programs that its installation makes.
    pub scripts: Vec<String>,
    /// Whether the backend computes the dependencies when it builds the project.
    pub is_dynamic: bool,
    /// Dependencies that are folders or archives of the project, by their names as written.
    pub local: Vec<String>,
    /// Entries that cannot be read, as written.
    pub unread: Vec<String>,
}

/// A dependency of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// The name in PyPI's normal form.
    pub name: String,
    /// The extras that are asked for, in normal form.
    pub extras: Vec<String>,
    /// The versions that are allowed; none when they are given in a way that PEP 440 does not know.
    pub specifiers: Option<VersionSpecifiers>,
    /// Whether it comes from a path, an address or a repository.
    pub is_direct: bool,
    /// The marker that limits it, where it is written in a form that is read.
    marker: Option<MarkerTree>,
}

impl Dependency {
    /// Whether it may apply to this Python on Linux.
    pub fn applies(&self, python: (u8, u8)) -> bool {
        self.marker.as_ref().is_none_or(|marker| markers::may_hold(marker, python))
    }
}

/// A tool that manages a Python project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectTool {
    /// poetry.
    Poetry,
    /// uv.
    Uv,
    /// pdm.
    Pdm,
}

/// Why a TOML manifest cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it is not valid TOML")]
pub struct TomlError(#[from] toml::de::Error);

/// Reads the text of a `pyproject.toml`: PEP 621, PEP 735 and poetry's own tables.
///
/// # Errors
/// When it is no TOML.
pub fn read(text: &str) -> Result<PyProject, TomlError> {
    let root: Table = text.trim_start_matches('\u{feff}').parse()?;
    let mut project = PyProject { tool: tool(&root), ..PyProject::default() };
    let poetry = table(&root, &["tool", "poetry"]);
    let named =
        table(&root, &["project"]).or(poetry).and_then(|table| table.get("name")).and_then(Value::as_str);
    project.name = named.map(normal_name);
    let backend = table(&root, &["build-system"]).and_then(|table| table.get("build-backend"));
    project.build_backend = backend.and_then(Value::as_str).map(str::to_owned);
    let has_own_list = table(&root, &["project"]).is_some() || poetry.is_some();
    project.is_dynamic = !has_own_list;
    if let Some(pep621) = table(&root, &["project"]) {
        let requires = pep621.get("requires-python").and_then(Value::as_str);
        project.requires_python = requires.and_then(|text| VersionSpecifiers::from_str(text).ok());
        let dynamic = pep621.get("dynamic").and_then(Value::as_array).into_iter().flatten();
        project.is_dynamic =
            dynamic.filter_map(Value::as_str).any(|key| key == "dependencies") && poetry.is_none();
        project.dependencies = project.requirements(pep621.get("dependencies"));
        project.optional = project.groups(pep621.get("optional-dependencies"));
    }
    project.scripts = [["project", "scripts"].as_slice(), &["tool", "poetry", "scripts"]]
        .into_iter()
        .filter_map(|keys| table(&root, keys))
        .flat_map(|scripts| scripts.keys().cloned())
        .collect();
    project.local = local(&root);
    let groups = project.groups(root.get("dependency-groups"));
    project.optional.extend(groups);
    if let Some(poetry) = poetry {
        project.dependencies.extend(poetry_dependencies(poetry.get("dependencies")));
        let dev = poetry_dependencies(poetry.get("dev-dependencies"));
        project.optional.extend(dev.into_iter().map(|found| ("dev".to_owned(), found)));
        for (name, group) in poetry.get("group").and_then(Value::as_table).into_iter().flatten() {
            let found = poetry_dependencies(group.get("dependencies"));
            project.optional.extend(found.into_iter().map(|found| (normal_name(name), found)));
        }
    }
    Ok(project)
}

/// Reads the text of a `Pipfile`, whose tables are written as poetry's are.
///
/// # Errors
/// When it is no TOML.
pub fn read_pipfile(text: &str) -> Result<PyProject, TomlError> {
    let root: Table = text.trim_start_matches('\u{feff}').parse()?;
    let dev = poetry_dependencies(root.get("dev-packages"));
    let tables = ["packages", "dev-packages"].into_iter().filter_map(|key| root.get(key)?.as_table());
    Ok(PyProject {
        local: tables.flat_map(with_path).collect(),
        dependencies: poetry_dependencies(root.get("packages")),
        optional: dev.into_iter().map(|found| ("dev".to_owned(), found)).collect(),
        ..PyProject::default()
    })
}

/// The dependencies of a `pyproject.toml` that come from the project itself.
fn local(root: &Table) -> Vec<String> {
    let mut found: Vec<String> =
        table(root, &["tool", "uv", "sources"]).into_iter().flat_map(with_path).collect();
    let members = table(root, &["tool", "uv", "workspace"]);
    found.extend(members.map(|_| "a member of the workspace".to_owned()));
    if let Some(poetry) = table(root, &["tool", "poetry"]) {
        let groups = poetry.get("group").and_then(Value::as_table).into_iter().flatten();
        let groups = groups.filter_map(|(_, group)| group.get("dependencies"));
        let own = ["dependencies", "dev-dependencies"].into_iter().filter_map(|key| poetry.get(key));
        found.extend(own.chain(groups).filter_map(Value::as_table).flat_map(with_path));
    }
    // PEP 508, and pdm's lists of what is installed in place.
    let pdm = table(root, &["tool", "pdm", "dev-dependencies"]);
    let lists =
        [table(root, &["project", "optional-dependencies"]), table(root, &["dependency-groups"]), pdm];
    let lists = lists.into_iter().flatten().flat_map(|table| table.iter().map(|(_, list)| list));
    let own = table(root, &["project"]).and_then(|project| project.get("dependencies"));
    let texts = lists.chain(own).filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    found.extend(texts.filter(|text| text.contains("file:")).map(str::to_owned));
    found
}

/// The names of the entries, one table or several each, that come from a path or a workspace.
fn with_path(entries: &Table) -> impl Iterator<Item = String> {
    let is_local = |table: &Value| ["path", "workspace"].iter().any(|key| table.get(key).is_some());
    let has_path =
        move |value: &Value| is_local(value) || value.as_array().is_some_and(|all| all.iter().any(is_local));
    entries.iter().filter(move |(_, value)| has_path(value)).map(|(name, _)| name.clone())
}

fn tool(root: &Table) -> Option<ProjectTool> {
    let tools = table(root, &["tool"])?;
    [("poetry", ProjectTool::Poetry), ("uv", ProjectTool::Uv), ("pdm", ProjectTool::Pdm)]
        .into_iter()
        .find_map(|(name, tool)| tools.contains_key(name).then_some(tool))
}

fn table<'t>(root: &'t Table, path: &[&str]) -> Option<&'t Table> {
    path.iter().try_fold(root, |table, key| table.get(*key)?.as_table())
}

impl PyProject {
    /// The dependencies in a list of PEP 508 texts; what cannot be read is noted.
    fn requirements(&mut self, list: Option<&Value>) -> Vec<Dependency> {
        let mut found = Vec::new();
        for text in list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            match pep508::parse(text) {
                Ok(parsed) => found.push(dependency(parsed)),
                Err(_) => self.unread.push(text.to_owned()),
            }
        }
        found
    }

    fn groups(&mut self, groups: Option<&Value>) -> Vec<(String, Dependency)> {
        let mut found = Vec::new();
        for (name, list) in groups.and_then(Value::as_table).into_iter().flatten() {
            let name = normal_name(name);
            found.extend(self.requirements(Some(list)).into_iter().map(|entry| (name.clone(), entry)));
        }
        found
    }
}

fn dependency(parsed: Dependency508) -> Dependency {
    let (specifiers, is_direct) = match parsed.source {
        Source::Index(specifiers) => (Some(specifiers), false),
        Source::Address(_) => (None, true),
    };
    Dependency {
        name: parsed.name,
        extras: parsed.extras,
        specifiers,
        is_direct,
        marker: Some(parsed.marker),
    }
}

fn poetry_dependencies(entries: Option<&Value>) -> Vec<Dependency> {
    let entries = entries.and_then(Value::as_table).into_iter().flatten();
    let packages = entries.filter(|(name, _)| *name != "python");
    packages
        .map(|(name, value)| {
            let is_direct = ["path", "git", "url"].iter().any(|key| value.get(key).is_some());
            let version = value.as_str().or_else(|| value.get("version").and_then(Value::as_str));
            let specifiers = version.and_then(poetry_specifiers);
            let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
            let extras = extras.filter_map(Value::as_str).map(normal_name).collect();
            Dependency { name: normal_name(name), extras, specifiers, is_direct, marker: None }
        })
        .collect()
}

/// poetry's version text as PEP 440: `^1.2` is `>=1.2,<2`, a bare version is `==`.
fn poetry_specifiers(text: &str) -> Option<VersionSpecifiers> {
    let parts: Option<Vec<String>> = text.split(',').map(|part| poetry_part(part.trim())).collect();
    VersionSpecifiers::from_str(&parts?.join(",")).ok()
}

fn poetry_part(part: &str) -> Option<String> {
    if part.is_empty() || part == "*" {
        return Some(String::new());
    }
    let bare = |operator: char| part.strip_prefix(operator).map(str::trim);
    if let Some(version) = bare('^') {
        let release = Version::from_str(version).ok()?.release().to_vec();
        let kept = release.iter().position(|part| *part > 0).unwrap_or(release.len() - 1);
        return Some(format!(">={version},<{}", next(&release[..=kept])));
    }
    if let Some(version) = bare('~').filter(|_| !part.starts_with("~=")) {
        let release = Version::from_str(version).ok()?.release().to_vec();
        return Some(format!(">={version},<{}", next(&release[..release.len().min(2)])));
    }
    let is_bare = part.starts_with(|c: char| c.is_ascii_digit());
    Some(if is_bare { format!("=={part}") } else { part.to_owned() })
}

/// The release after all that start with `release`.
fn next(release: &[u64]) -> String {
    let last = release.len().saturating_sub(1);
    let parts =
        release.iter().enumerate().map(|(at, part)| if at == last { part.saturating_add(1) } else { *part });
    parts.map(|part| part.to_string()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(dependencies: &[Dependency]) -> Vec<String> {
        let show = |found: &Dependency| match &found.specifiers {
            Some(specifiers) => format!("{} {specifiers}", found.name),
            None => format!("{} ?", found.name),
        };
        dependencies.iter().map(show).collect()
    }

    #[test]
    fn the_largest_number_has_no_next() {
        assert_eq!(next(&[0, u64::MAX]), format!("0.{}", u64::MAX));
    }

    #[test]
    fn reads_pep_621() {
        let text = "[project]\nname = 'My_App'\ndependencies = ['Flask>=3', 'x @ https://h/x.whl', '!']\n\
            [project.optional-dependencies]\npg = ['psycopg2']\n[dependency-groups]\ndev = ['ruff', {include-group = 'a'}]\n\
            [tool.uv]\n";
        let project = read(text).expect("valid");
        assert_eq!(project.name.as_deref(), Some("my-app"));
        assert_eq!(shown(&project.dependencies), ["flask >=3", "x ?"]);
        let optional = |project: &PyProject| -> Vec<String> {
            let show = |(group, found): &(String, Dependency)| format!("{group}: {}", found.name);
            project.optional.iter().map(show).collect()
        };
        assert_eq!(optional(&project), ["pg: psycopg2", "dev: ruff"]);
        assert_eq!((project.tool, project.unread.as_slice()), (Some(ProjectTool::Uv), &["!".to_owned()][..]));
    }

    #[test]
    fn reads_a_pipfile() {
        let text = "[packages]\nflask = '*'\nnumpy = '==1.26.4'\nx = {git = 'https://h/x'}\n[dev-packages]\nruff = '*'\n";
        let project = read_pipfile(text).expect("valid");
        let mut found = shown(&project.dependencies);
        found.sort();
        assert_eq!(found, ["flask ", "numpy ==1.26.4", "x ?"]);
        assert_eq!(project.optional[0].1.name, "ruff");
    }

    #[test]
    fn finds_what_the_project_holds_itself() {
        let local = |text: &str| read(text).expect("valid").local;
        assert_eq!(
            local("[tool.uv.sources]\na = {path = 'x'}\nb = {git = 'h'}\nc = [{workspace = true}]\n"),
            ["a", "c"]
        );
        assert_eq!(local("[tool.poetry.group.dev.dependencies]\nlib = {path = 'x'}\nsix = '*'\n"), ["lib"]);
        assert_eq!(local("[project]\ndependencies = ['six', 'x @ file:///w/x']\n"), ["x @ file:///w/x"]);
        assert_eq!(read_pipfile("[packages]\nown = {path = '.'}\n").expect("valid").local, ["own"]);
    }

    #[test]
    fn reads_poetry() {
        let text = "[tool.poetry.dependencies]\npython = '^3.11'\nnumpy = '^1.21'\nsix = '~1.2.3'\nzero = '^0.0.3'\n\
            any = '*'\nexact = '1.0'\nlocal = {path = '../x'}\n[tool.poetry.group.dev.dependencies]\nruff = '>=0.1'\n";
        let project = read(text).expect("valid");
        let wanted = [
            "any ",
            "exact ==1.0",
            "local ?",
            "numpy >=1.21, <2",
            "six >=1.2.3, <1.3",
            "zero >=0.0.3, <0.0.4",
        ];
        let mut found = shown(&project.dependencies);
        found.sort();
        assert_eq!(found, wanted);
        assert_eq!((project.optional[0].0.as_str(), project.optional[0].1.name.as_str()), ("dev", "ruff"));
        assert!(read("[").is_err());
    }
}
