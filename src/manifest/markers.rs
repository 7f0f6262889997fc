//! Markers, evaluated for CPython on Linux.

use std::str::FromStr;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};

/// Whether `marker` holds on Linux for some processor and some patch level of this Python.
///
/// musl has no marker of its own: `sys_platform` is `linux` on both C libraries.
pub(super) fn may_hold(marker: &MarkerTree, python: (u8, u8)) -> bool {
    if marker.is_true() {
        return true;
    }
    ["x86_64", "aarch64"]
        .into_iter()
        .flat_map(|machine| ["0", "99"].map(|patch| (machine, patch)))
        .filter_map(|(machine, patch)| environment(python, machine, patch))
        .any(|environment| marker.evaluate(&environment, &[]))
}

/// As [`may_hold`], for a marker as text; one that cannot be read may hold.
pub(super) fn text_may_hold(marker: &str, python: (u8, u8)) -> bool {
    let is_sound = marker.len() <= 4096 && marker.is_ascii() && super::pep508::depth(marker) <= 32;
    !is_sound
        || !super::pep508::compatible_operators_are_sound(marker)
        || MarkerTree::from_str(marker).map_or(true, |marker| may_hold(&marker, python))
}

fn environment(python: (u8, u8), machine: &str, patch: &str) -> Option<MarkerEnvironment> {
    let short = format!("{}.{}", python.0, python.1);
    let full = format!("{short}.{patch}");
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full,
        os_name: "posix",
        platform_machine: machine,
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system: "Linux",
        platform_version: "",
        python_full_version: &full,
        python_version: &short,
        sys_platform: "linux",
    })
    .ok()
}
