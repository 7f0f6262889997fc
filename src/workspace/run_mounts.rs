//! Mounts of `docker run` in makefiles, scripts and workflows: where an image keeps files outside of compose.

/// A mount that a line gives to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMount {
    /// The file and the line, as `Makefile:5`.
    pub origin: String,
    /// What is mounted, as written.
    pub source: String,
    /// The path in the container.
    pub target: String,
}

/// The mounts of the containers that the file `path` starts, without those that are only read.
pub(super) fn read(path: &str, text: &str) -> Vec<RunMount> {
    let mut found = Vec::new();
    let mut is_run = false;
    for (index, line) in text.lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let starts =
            ["docker run", "podman run", "docker container run"].iter().any(|call| line.contains(call));
        is_run = !is_comment && (is_run || starts);
        if is_run {
            found.extend(of_line(line).map(|(source, target)| RunMount {
                origin: format!("{path}:{}", index + 1),
                source: source.to_owned(),
                target: target.to_owned(),
            }));
        }
        is_run &= line.trim_end().ends_with('\\');
    }
    found
}

/// The sources and targets of `-v` and `--volume`.
fn of_line(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let values = (0..words.len()).filter_map(move |at| match words[at] {
        "-v" | "--volume" => words.get(at + 1).copied(),
        word => word.strip_prefix("--volume=").or_else(|| word.strip_prefix("-v=")),
    });
    values.filter_map(|value| {
        let value = value.trim_matches(['"', '\'']);
        // The source may hold a colon in `${NAME:-default}`, the target never does.
        let value = value.strip_suffix(":rw").or_else(|| value.strip_suffix(":z")).unwrap_or(value);
        let (source, target) = value.rsplit_once(':')?;
        (target.starts_with('/') && !target.ends_with(".sock")).then_some((source.trim_matches('"'), target))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_a_run() {
        let text = "run:\n\tdocker run --rm \\\n\t  -v $(PWD)/data:/data -v conf:/etc/x:ro \\\n\t  shop\n\t-v a:/b\n";
        let found = read("Makefile", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (&*found[0].origin, &*found[0].source, &*found[0].target),
            ("Makefile:3", "$(PWD)/data", "/data")
        );
    }
}
