//! Dependency manifests and lock files: what a project asks its package manager for.

mod markers;
pub mod node_lock;
pub mod package_json;
mod pep508;
pub mod python_lock;
pub mod python_project;
pub mod read_once;
pub mod requirements;
pub mod wheel_name;

/// Whether a marker may hold on Linux for this Python; one that cannot be read may.
pub fn marker_may_hold(marker: &str, python: (u8, u8)) -> bool {
    markers::text_may_hold(marker, python)
}

/// A Python package name in PyPI's normal form: lower case, with single dashes.
pub fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(c.to_lowercase()),
        }
    }
    normal
}
