//! The build context: which file of it stands where in the image.

use super::{Context, ImageView, contract::join_path};
use crate::{
    docker::{Instruction, Keyword, Word, instruction::unquoted},
    workspace::{Entry, path},
};

/// Answers what stands at a path of the context; `None` where nobody looked.
pub type Lookup<'l> = dyn Fn(&str) -> Option<Entry> + 'l;

/// Sources and destination of a COPY or ADD from the build context.
pub fn local_copy(instruction: &Instruction) -> Option<(&[Word], &Word)> {
    let is_copy = matches!(instruction.keyword, Keyword::Copy | Keyword::Add);
    if !is_copy || instruction.flag("from").is_some() || !instruction.heredocs.is_empty() {
        return None;
    }
    let (target, sources) = instruction.words.split_last()?;
    let is_remote = |word: &Word| word.text.contains("://") || word.text.starts_with("git@");
    (!sources.iter().any(is_remote)).then_some((sources, target))
}

/// The context path of a COPY source.
pub fn context_path(context: &str, source: &str) -> String {
    path::join(context, source.trim_start_matches('/'))
}

/// Whether a source holds a wildcard or a variable.
pub fn is_pattern(source: &str) -> bool {
    source.contains(['*', '?', '[', '$'])
}

/// Whether `source` names the whole context.
pub fn is_whole_context(source: &str) -> bool {
    matches!(source.trim_start_matches('/').trim_end_matches('/'), "" | "." | "./.")
}

/// Whether a COPY brings a folder with source code, rather than single files.
pub fn copies_folder(instruction: &Instruction, context: &str, lookup: &Lookup) -> bool {
    let Some((sources, _)) = local_copy(instruction) else { return false };
    sources.iter().any(|source| {
        is_whole_context(&source.text)
            || source.text.ends_with('/')
            || lookup(&context_path(context, &source.text)) == Some(Entry::Folder)
    })
}

/// The context path of the file that stands at `wanted` in the image, after these instructions.
pub fn origin(instructions: &[Instruction], context: &str, wanted: &str, lookup: &Lookup) -> Option<String> {
    origin_in(instructions, context, (wanted, "/"), lookup)
}

/// As [`origin`], for instructions that start in the folder `workdir`.
pub fn origin_in(
    instructions: &[Instruction],
    context: &str,
    (wanted, workdir): (&str, &str),
    lookup: &Lookup,
) -> Option<String> {
    let mut workdir = workdir.to_owned();
    let mut found = None;
    for instruction in instructions {
        if instruction.keyword == Keyword::Workdir {
            workdir = join_path(&workdir, &unquoted(&instruction.body.text));
        }
        let Some((sources, target)) = local_copy(instruction) else { continue };
        let to = join_path(&workdir, &target.text);
        for source in sources {
            let into_folder = target.text.ends_with('/')
                || sources.len() > 1
                || to.trim_end_matches('/') == workdir.trim_end_matches('/');
            let candidate =
                copied_as(&source.text, context, to.trim_end_matches('/'), into_folder, wanted, lookup);
            found = candidate.or(found);
        }
    }
    found
}

fn copied_as(
    source: &str,
    context: &str,
    to: &str,
    into_folder: bool,
    wanted: &str,
    lookup: &Lookup,
) -> Option<String> {
    let from = context_path(context, source);
    let is_folder = is_whole_context(source) || lookup(&from) == Some(Entry::Folder);
    if is_folder {
        let rest = wanted.strip_prefix(to)?.strip_prefix('/')?;
        let candidate = path::join(&from, rest);
        return matches!(lookup(&candidate), Some(Entry::File(_)) | None).then_some(candidate);
    }
    if is_pattern(source) {
        let (folder, name) = (path::parent(&from), path::name(wanted));
        let fits = path::parent(wanted) == to && matches_glob(path::name(source), name);
        return fits.then(|| path::join(folder, name));
    }
    let stands_at = if into_folder { format!("{to}/{}", path::name(source)) } else { to.to_owned() };
    (stands_at == wanted).then_some(from)
}

/// A RUN step and what stands before it: what it can read.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The instructions of the stage before the step.
    pub before: &'a [Instruction],
    /// The step.
    pub step: &'a Instruction,
    /// The working directory that the step runs in.
    pub workdir: &'a str,
}

impl Site<'_> {
    /// The context path of the file that the step sees as `operand`: mounted or copied.
    pub fn file(&self, cx: &Context, image: &ImageView, operand: &str) -> Option<String> {
        let lookup = |path: &str| cx.ws.entry(path).cloned();
        self.find(&image.image.context, operand, &lookup)
    }

    /// As [`Site::file`], for a context folder and what stands in it.
    pub fn find(&self, context: &str, operand: &str, lookup: &Lookup) -> Option<String> {
        let wanted = join_path(self.workdir, operand);
        self.mounted(context, &wanted, lookup).or_else(|| origin(self.before, context, &wanted, lookup))
    }

    /// The context path of a file that a bind mount of the step brings to `wanted`.
    fn mounted(&self, context: &str, wanted: &str, lookup: &Lookup) -> Option<String> {
        bind_mounts(self.step).into_iter().find_map(|(source, target)| {
            let (from, to) = (context_path(context, source), join_path(self.workdir, target));
            if to == wanted {
                return Some(from);
            }
            let rest = wanted.strip_prefix(to.trim_end_matches('/'))?.strip_prefix('/')?;
            let candidate = path::join(&from, rest);
            matches!(lookup(&candidate), Some(Entry::File(_)) | None).then_some(candidate)
        })
    }
}

/// Source and target of the bind mounts of a RUN from the build context.
pub fn bind_mounts(step: &Instruction) -> Vec<(&str, &str)> {
    let mounts =
        step.flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref());
    mounts
        .filter_map(|mount| {
            let field = |keys: &[&str]| {
                let mut fields = mount.split(',').filter_map(|field| field.split_once('='));
                fields.find(|(key, _)| keys.contains(key)).map(|(_, value)| value)
            };
            let is_bind = field(&["type"]).is_none_or(|kind| kind == "bind") && field(&["from"]).is_none();
            let target = field(&["target", "dst", "destination"]).filter(|_| is_bind)?;
            Some((field(&["source", "src"]).unwrap_or("."), target))
        })
        .collect()
}

/// Whether `name` fits `pattern` with `*` and `?`.
pub fn matches_glob(pattern: &str, name: &str) -> bool {
    fn fits(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some(b'*'), _) => fits(&pattern[1..], name) || (!name.is_empty() && fits(pattern, &name[1..])),
            (Some(b'?'), Some(_)) => fits(&pattern[1..], &name[1..]),
            (Some(a), Some(b)) if a == b => fits(&pattern[1..], &name[1..]),
            _ => false,
        }
    }
    fits(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_copies_to_the_context() {
        let text = "FROM a\nWORKDIR /app\nCOPY docker/r.txt .\nCOPY src/ ./src/\nCOPY a*.txt ./\nCOPY x y\n";
        let dockerfile = crate::docker::parse(text).expect("parses");
        let lookup = |path: &str| Some(if path == "p/src" { Entry::Folder } else { Entry::File(None) });
        let origin = |wanted| origin(&dockerfile.instructions, "p", wanted, &lookup);
        assert_eq!(origin("/app/r.txt").as_deref(), Some("p/docker/r.txt"));
        assert_eq!(origin("/app/src/a/b.sh").as_deref(), Some("p/src/a/b.sh"));
        assert_eq!(origin("/app/abc.txt").as_deref(), Some("p/abc.txt"));
        assert_eq!(origin("/app/y").as_deref(), Some("p/x"));
        assert_eq!(origin("/other"), None);
    }
}
