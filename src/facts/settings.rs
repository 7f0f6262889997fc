//! Files of the build context that programs take their settings from.

use crate::workspace::path;

/// Where such a file stands in an image, whatever copied it.
pub const KNOWN: [&str; 1] = ["/etc/nginx/nginx.conf"];

const ENDINGS: [&str; 10] =
    ["conf", "ini", "cfg", "cnf", "toml", "yml", "yaml", "template", "tmpl", "service"];

/// Whether the name of a file tells that it holds settings.
pub fn is_settings(file: &str) -> bool {
    path::name(file).rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}
