//! Wheel file names: for which Python, C library and processor a wheel was built.

/// What a wheel's file name says, as PEP 427 writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName<'t> {
    /// Python tags, such as `cp311` or `py3`.
    pythons: Vec<&'t str>,
    /// ABI tags, such as `abi3` or `none`.
    abis: Vec<&'t str>,
    /// Platform tags, such as `musllinux_1_2_x86_64` or `any`.
    platforms: Vec<&'t str>,
}

/// A processor that images are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// amd64.
    X86,
    /// arm64.
    Arm,
}

impl Processor {
    fn suffix(self) -> &'static str {
        match self {
            Processor::X86 => "_x86_64",
            Processor::Arm => "_aarch64",
        }
    }
}

impl<'t> WheelName<'t> {
    /// Reads a file name; none when it is no wheel's.
    pub fn parse(file: &'t str) -> Option<Self> {
        let stem = file.strip_suffix(".whl")?;
        let mut parts = stem.rsplitn(4, '-');
        let platforms = parts.next()?.split('.').collect();
        let abis = parts.next()?.split('.').collect();
        let pythons = parts.next()?.split('.').collect();
        parts.next()?;
        Some(Self { pythons, abis, platforms })
    }

    /// Whether it installs on musl with this CPython on this processor.
    ///
    /// Images of today have musl 1.2, which takes wheels for `musllinux_1_1` and `musllinux_1_2`.
    pub fn fits_musl(&self, python: (u8, u8), processor: Processor) -> bool {
        let is_platform = |tag: &str| {
            tag == "any" || (tag.starts_with("musllinux_1_") && tag.ends_with(processor.suffix()))
        };
        self.platforms.iter().any(|tag| is_platform(tag)) && self.fits_python(python)
    }

    /// Whether it holds nothing that was compiled.
    pub fn is_pure(&self) -> bool {
        self.platforms == ["any"]
    }

    /// Whether it is for Linux with glibc.
    pub fn needs_glibc(&self) -> bool {
        self.platforms.iter().any(|tag| tag.starts_with("manylinux") || tag.starts_with("linux_"))
    }

    /// Whether it installs with this CPython, on some platform.
    pub fn fits_python(&self, python: (u8, u8)) -> bool {
        let is_stable = self.abis.contains(&"abi3");
        let has_no_abi = self.abis.contains(&"none");
        self.pythons.iter().any(|tag| {
            let (kind, digits) = tag.split_at(tag.len().min(2));
            let Some(built) = version(digits) else { return false };
            match kind {
                "py" => built.0 == python.0 && built.1.unwrap_or(0) <= python.1,
                "cp" if is_stable || has_no_abi => built.0 == python.0 && built.1.unwrap_or(0) <= python.1,
                "cp" => self.abis.contains(tag) && built == (python.0, Some(python.1)),
                _ => false,
            }
        })
    }
}

/// `311` as (3, 11), `3` as (3, none).
fn version(digits: &str) -> Option<(u8, Option<u8>)> {
    let major = digits.get(..1)?.parse().ok()?;
    let rest = digits.get(1..)?;
    Some((major, if rest.is_empty() { None } else { Some(rest.parse().ok()?) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(file: &str) -> bool {
        WheelName::parse(file).is_some_and(|wheel| wheel.fits_musl((3, 11), Processor::X86))
    }

    #[test]
    fn tags_decide() {
        assert!(fits("six-1.17.0-py2.py3-none-any.whl"));
        assert!(fits("numpy-1.26.4-cp311-cp311-musllinux_1_1_x86_64.whl"));
        assert!(fits("x-1-1-cp39-abi3-manylinux2014_x86_64.musllinux_1_2_x86_64.whl"));
        assert!(fits("uv-0.5-py3-none-musllinux_1_2_x86_64.whl"));
        assert!(!fits("numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl"));
        assert!(!fits("numpy-1.26.4-cp312-cp312-musllinux_1_1_x86_64.whl"));
        assert!(!fits("numpy-1.26.4-cp311-cp311-musllinux_1_1_aarch64.whl"));
        assert!(!fits("x-1-cp312-abi3-musllinux_1_2_x86_64.whl"));
        assert!(!fits("x-1-cp311-cp311t-musllinux_1_2_x86_64.whl"));
        assert!(!fits("x-1.tar.gz") && !fits("a.whl"));
    }

    #[test]
    fn pure_wheels_have_no_platform() {
        let is_pure = |file| WheelName::parse(file).is_some_and(|wheel| wheel.is_pure());
        assert!(is_pure("six-1-py3-none-any.whl"));
        assert!(!is_pure("six-1-py3-none-win32.whl"));
    }

    #[test]
    fn platforms_of_glibc() {
        let needs_glibc = |file| WheelName::parse(file).is_some_and(|wheel| wheel.needs_glibc());
        assert!(needs_glibc("x-1-cp311-cp311-manylinux2014_x86_64.whl"));
        assert!(!needs_glibc("x-1-cp311-cp311-macosx_11_0_arm64.whl"));
    }
}
