//! Answers of an index on disk: a file a package, forgotten after a while.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::knowledge::{Answer, releases::Releases};

/// The answers of one index.
pub(super) struct Cache {
    folder: Option<PathBuf>,
    keep: Duration,
}

/// An answer as it is kept; `None` when the index does not have the package.
#[derive(Deserialize, Serialize)]
struct Kept {
    releases: Option<Releases>,
}

impl Cache {
    pub(super) fn of(settings: &Settings) -> Self {
        let folder = settings.cache.as_ref().map(|folder| folder.join(folder_name(&settings.url)));
        Self { folder, keep: settings.keep }
    }

    /// The answer for `name`, if there is one that is young enough.
    pub(super) fn read(&self, name: &str) -> Option<Answer> {
        let path = self.path(name)?;
        let age = SystemTime::now().duration_since(fs::metadata(&path).ok()?.modified().ok()?).ok()?;
        if age > self.keep {
            return None;
        }
        let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(kept.releases.map_or(Answer::Absent, Answer::Releases))
    }

    /// Keeps an answer; a folder that cannot be written to is no fault, the index is asked again next time.
    pub(super) fn write(&self, name: &str, answer: &Answer) {
        let releases = match answer {
            Answer::Releases(releases) => Some(releases.clone()),
            Answer::Absent => None,
            Answer::NotReached => return,
        };
        let Some(path) = self.path(name) else { return };
        let _ = write_whole(&path, &Kept { releases });
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let folder = self.folder.as_ref().filter(|_| is_plain)?;
        Some(folder.join(format!("{name}.json")))
    }
}

/// Writes through a temporary file, since another run may read or write at the same time.
fn write_whole(path: &std::path::Path, kept: &Kept) -> std::io::Result<()> {
    let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A name for the folder of an index: its address without user and password.
fn folder_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or(host);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("{host}/{path}").chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &std::path::Path, keep: u64) -> Cache {
        Cache { folder: Some(folder.to_owned()), keep: Duration::from_secs(keep) }
    }

    #[test]
    fn answers_are_kept_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let answer = Answer::Releases(Releases::default());
        cache(folder.path(), 60).write("a-b", &answer);
        cache(folder.path(), 60).write("gone", &Answer::Absent);
        cache(folder.path(), 60).write("c", &Answer::NotReached);
        assert_eq!(cache(folder.path(), 60).read("a-b"), Some(answer));
        assert_eq!(cache(folder.path(), 60).read("gone"), Some(Answer::Absent));
        assert_eq!(cache(folder.path(), 60).read("c"), None);
        assert_eq!(cache(folder.path(), 0).read("a-b"), None);
        assert_eq!(cache(folder.path(), 60).read("../a-b"), None);
    }

    #[test]
    fn an_address_is_named_without_its_password() {
        assert_eq!(
            folder_name("https://user:secret@index.example:8080/a/simple"),
            "index.example-8080-a-simple"
        );
    }
}
