//! What an installation reads beside its manifests: settings of its tools, and files that variables and options name.

use super::{
    super::{Context, ImageView, build_context::Site, runtime::Variables},
    pip_installs,
    project::{self, Tool},
};
use crate::shell::Script;

/// Variables that name a file or folder which an installer reads.
const VARIABLES: [&str; 19] = [
    "PIP_CONFIG_FILE",
    "PIP_CONSTRAINT",
    "PIP_BUILD_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_FIND_LINKS",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "UV_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_BUILD_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_FIND_LINKS",
    "UV_ENV_FILE",
    "UV_PROJECT",
    "UV_WORKING_DIRECTORY",
    "POETRY_CONFIG_DIR",
    "PIPENV_PIPFILE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
];

/// What names a file or folder, and its path as written.
pub type Named = (String, String);

/// The files and folders that the variables and options of a script's installations name.
pub fn named(script: &Script, env: &Variables) -> Vec<Named> {
    let own = script.commands.iter().flat_map(|command| &command.assignments);
    let own =
        own.filter_map(|word| word.text().split_once('=').map(|(name, value)| (name.to_owned(), value)));
    let set = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), env.get(*name)?.as_str())));
    let all: Vec<(String, &str)> = own.filter(|(name, _)| VARIABLES.contains(&&**name)).chain(set).collect();
    let mut found: Vec<Named> = Vec::new();
    for (name, value) in all {
        found.extend(value.split_whitespace().map(|path| (name.clone(), path.to_owned())));
    }
    for (option, path) in pip_installs(script).into_iter().flat_map(|install| install.files) {
        found.push((option, path));
    }
    found.retain(|(_, path)| !path.contains("://") && path != "/dev/null");
    found
}

/// The files with settings that the installers of a script read in their working directory, where they exist.
pub fn settings(script: &Script) -> Vec<&'static str> {
    let mut tools: Vec<Tool> = project::installs(script).into_iter().map(|install| install.tool).collect();
    if pip_installs(script).iter().any(|install| install.is_uv) {
        tools.push(Tool::Uv);
    }
    tools.into_iter().flat_map(|tool| tool.settings()).copied().collect()
}

/// What makes a tool read another folder, or files that its manifest names, in words.
pub fn elsewhere(cx: &Context, image: &ImageView, site: &Site, script: &Script) -> Option<String> {
    const FOLDERS: [&str; 5] = ["-C", "--directory", "--project", "--project-dir", "-p"];
    let commands = script.commands.iter().enumerate();
    let of_tools = commands.filter(|(index, command)| project::action(*index, command).is_some());
    let mut words = of_tools.flat_map(|(_, command)| command.arguments());
    if let Some(word) = words.find(|word| FOLDERS.contains(&word.split('=').next().unwrap_or(word))) {
        return Some(format!("{word} names another folder"));
    }
    let text = site.file(cx, image, "pyproject.toml").and_then(|path| cx.files_of(image).text(&path))?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let names_files = |line: &&str| {
        line.contains("find-links") || ["\"file:", "\"./", "\"../"].iter().any(|start| line.contains(start))
    };
    let is_source =
        |line: &&str| line.contains("url") || line.contains("find-links") || line.contains("index");
    let line = lines.filter(is_source).find(names_files)?;
    Some(format!("`{}` in pyproject.toml names a place of the project", line.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_options_name_files() {
        let env = Variables::new()
            .insert("PIP_CONSTRAINT".to_owned(), "a.txt b.txt".to_owned())
            .insert("PIP_FIND_LINKS".to_owned(), "https://h/x".to_owned());
        let script = Script::parse_str("UV_OVERRIDE=o.txt X=y pip install -f wheels --cert=ca.pem -r r.txt");
        let found = named(&script, &env);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, path)| (&**name, &**path)).collect();
        assert_eq!(
            found,
            [
                ("UV_OVERRIDE", "o.txt"),
                ("PIP_CONSTRAINT", "a.txt"),
                ("PIP_CONSTRAINT", "b.txt"),
                ("-f", "wheels"),
                ("--cert", "ca.pem"),
            ]
        );
    }
}
