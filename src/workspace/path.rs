//! Paths as text: `/` between parts, relative to one folder, no `.` and no needless `..`.

/// `path` seen from the folder `from`, in the simplest form; it may start with `..`.
pub fn join(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder that holds `path`; empty at the top.
pub fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

/// The last part of `path`.
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `path` relative to the folder `from`; with `..` where it lies outside.
pub fn relative(from: &str, path: &str) -> String {
    let from: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let ups = std::iter::repeat_n("..", from.len() - shared);
    ups.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// The name of the optimized sibling of a Dockerfile: `flavour` is `alpine` or `slim`.
pub fn sibling(path: &str, flavour: &str) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) if ["dockerfile", "containerfile"].contains(&&*ending.to_ascii_lowercase()) => {
            format!("{stem}.{flavour}.{ending}")
        }
        _ => format!("{path}.{flavour}"),
    }
}

/// The Dockerfiles whose optimized sibling `path` may be, each with the flavour.
pub fn originals(path: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for flavour in ["alpine", "slim"] {
        let (inner, last) = (format!(".{flavour}."), format!(".{flavour}"));
        let candidates = [path.replacen(&inner, ".", 1), path.strip_suffix(&last).unwrap_or(path).to_owned()];
        let originals = candidates.into_iter().filter(|original| original != path);
        found.extend(
            originals.filter(|original| sibling(original, flavour) == path).map(|path| (flavour, path)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain_text() {
        assert_eq!(join("a/b", "../c/./d"), "a/c/d");
        assert_eq!(join("", "../x"), "../x");
        assert_eq!(relative("a/b", "a/c/d"), "../c/d");
        assert_eq!(relative("", "a"), "a");
        assert_eq!(parent("a/b"), "a");
    }

    #[test]
    fn siblings_stand_beside_the_original() {
        assert_eq!(
            sibling("docker/backend.staging.Dockerfile", "alpine"),
            "docker/backend.staging.alpine.Dockerfile"
        );
        assert_eq!(sibling("Dockerfile", "alpine"), "Dockerfile.alpine");
        assert_eq!(sibling("a/web.DockerFile", "slim"), "a/web.slim.DockerFile");
        assert_eq!(sibling("x/Dockerfile.prod", "slim"), "x/Dockerfile.prod.slim");
    }
}
