//! Paths that packages of Debian have and those of Alpine have not.

use super::{stage::Translated, texts::words};
use crate::{
    docker::{Instruction, Keyword},
    facts::ImageView,
    reason::Reason,
    source::Span,
};

/// Folders that exist on Debian alone, or that its programs read and those of Alpine do not.
///
/// nginx reads http.d on Alpine, for example, and supervisord /etc/supervisord.conf.
const OF_DEBIAN: [&str; 23] = [
    "/etc/ImageMagick-6/",
    "/etc/apache2/conf-",
    "/etc/apache2/mods-",
    "/etc/apache2/sites-",
    "/etc/apt/",
    "/etc/bash.bashrc",
    "/etc/default/",
    "/etc/locale.gen",
    "/etc/memcached.conf",
    "/etc/mysql/",
    "/etc/nginx/sites-",
    "/etc/php/",
    "/etc/postgresql/",
    "/etc/redis/",
    "/etc/supervisor/",
    "/usr/lib/jvm/default-java",
    "/usr/lib/postgresql/",
    "/usr/lib/python3/dist-packages",
    "/usr/share/fonts/opentype/",
    "/usr/share/fonts/truetype/",
    "/usr/share/i18n/",
    "/usr/share/java/",
    "/usr/share/tesseract-ocr/",
];

/// Adds to `out` that an instruction names such a path.
pub(super) fn look(image: &ImageView, instruction: &Instruction, out: &mut Translated) {
    let named = match instruction.keyword {
        Keyword::Copy | Keyword::Add => instruction.words.last().and_then(|word| of_debian(&word.text)),
        Keyword::From | Keyword::Label | Keyword::Maintainer => None,
        _ => of_debian(&instruction.body.text),
    };
    let is_told = out.reasons.iter().any(|known| instruction.span.contains(known.span));
    if let Some(path) = named.filter(|path| !is_told && !is_handed_over(image, path)) {
        out.reasons.push(foreign(path, instruction.span));
    }
}

/// That a step names such a path.
pub(super) fn foreign(path: &str, span: Span) -> Reason {
    Reason::known("FILE-09", span, "a place that Alpine does not have").about(path)
}

/// Whether a file is copied to the path and the command that the image starts names it: then no default counts.
fn is_handed_over(image: &ImageView, path: &str) -> bool {
    let of = |wanted: &[Keyword]| {
        let wanted = wanted.to_vec();
        image.instructions().iter().filter(move |step| wanted.contains(&step.keyword))
    };
    let is_named = of(&[Keyword::Cmd, Keyword::Entrypoint])
        .any(|step| step.body.text.contains(path.trim_end_matches('/')));
    let mut targets = of(&[Keyword::Copy, Keyword::Add]).filter_map(|step| step.words.last());
    is_named && targets.any(|target| path.starts_with(target.text.trim_end_matches('/')))
}

/// The first path in a text of command lines, or of words, that Alpine does not have.
///
/// What a command removes does not count: it removes nothing then.
pub(super) fn of_debian(text: &str) -> Option<&str> {
    let parts = text.split(['&', ';', '|', '\n']).filter(|part| !part.trim_start().starts_with('#'));
    let kept = parts.filter(|part| words(part).next() != Some("rm") && words(part).nth(1) != Some("rm"));
    kept.flat_map(words).flat_map(|word| word.split(':')).find(|path| is_of_debian(path))
}

fn is_of_debian(path: &str) -> bool {
    let path = path.trim_matches('"');
    let has_processor = || ["-amd64", "-arm64"].iter().any(|end| path.contains(end));
    OF_DEBIAN.iter().any(|folder| path.starts_with(folder) || folder.strip_suffix('/') == Some(path))
        || (path.starts_with("/usr/lib/jvm/") && has_processor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_debian_are_found_among_words() {
        for text in [
            "JAVA_HOME=/usr/lib/jvm/java-21-openjdk-amd64 PATH=/bin",
            "A=/bin:/usr/lib/jvm/default-java/bin",
            "grep -rl deb /etc/apt/ | xargs sed -i s/a/b/",
            "echo 'A=1' >> /etc/default/locale",
            "cp a /etc/nginx/sites-enabled/a",
            "FONT=\"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf\"",
        ] {
            assert!(of_debian(text).is_some(), "{text}");
        }
        for text in [
            "rm -rf /etc/apt/sources.list.d/x",
            "a && rm /etc/default/a",
            "/etc/nginx/conf.d/a.conf",
            "/usr/lib/jvm/java-17-openjdk",
            "/etc/defaults /my/etc/apt/",
        ] {
            assert_eq!(of_debian(text), None, "{text}");
        }
    }
}
