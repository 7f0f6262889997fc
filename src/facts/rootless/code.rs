//! Paths outside the working directory that the program text names.

use super::super::{Context, ImageView, program_text::NEEDS_ROOT, writers};

/// Folders that everybody may write to.
const OF_EVERYBODY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The first path that the service may write to and that a user of its own may not.
pub(super) fn told_of(cx: &Context, (image, workdir): (&ImageView, &str)) -> Option<String> {
    let mut sources = cx.ws.code_of(image.id);
    let is_elsewhere = |path: &str| {
        let own = OF_EVERYBODY.iter().copied().chain([workdir]);
        !path.is_empty() && !own.into_iter().any(|folder| writers::is_below(path, folder))
    };
    sources.find_map(|code| {
        let found = code.told.iter().find(|(_, told)| is_elsewhere(&told.path));
        match found {
            Some((file, told)) if told.call == NEEDS_ROOT => {
                Some(format!("{} in line {} of {file}, which needs root", told.path, told.line))
            }
            Some((file, told)) => Some(format!("{}, which {file} names in line {}", told.path, told.line)),
            None => code.is_cut.then(|| "more program text than is read".to_owned()),
        }
    })
}
