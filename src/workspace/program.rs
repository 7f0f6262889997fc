//! What the first bytes of a file tell of how it is started.

/// How many bytes of a file are looked at: linkers put the headers and the name of the loader at its front.
pub(super) const LOOKED_AT: u64 = 4096;

/// What a file is to the kernel that starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Nothing compiled: a script, or data.
    Text,
    /// A compiled file that asks for no loader.
    Static,
    /// A compiled program that asks for this loader.
    Linked(String),
    /// It cannot be told: a damaged program, a stand-in for a file that is kept elsewhere, or unreadable.
    Unknown,
}

impl Program {
    /// What a file is that starts with `head`.
    pub fn of(head: &[u8]) -> Self {
        if head.starts_with(b"version https://git-lfs.github.com/") {
            return Self::Unknown;
        }
        if !head.starts_with(b"\x7fELF") {
            return Self::Text;
        }
        match Elf::new(head).and_then(|elf| elf.loader()) {
            Some(Some(loader)) => Self::Linked(loader),
            Some(None) => Self::Static,
            None => Self::Unknown,
        }
    }

    /// The loader that the program asks for, when it is not that of musl.
    pub fn foreign_loader(&self) -> Option<&str> {
        match self {
            Self::Linked(loader) if !loader.contains("ld-musl") => Some(loader),
            _ => None,
        }
    }
}

/// Where the fields of an ELF header and of a program header stand, and how wide they are.
struct Layout {
    /// The width of an offset or a size.
    wide: usize,
    headers_at: usize,
    header_size_at: usize,
    header_count_at: usize,
    offset_at: usize,
    size_at: usize,
}

const ELF32: Layout =
    Layout { wide: 4, headers_at: 28, header_size_at: 42, header_count_at: 44, offset_at: 4, size_at: 16 };
const ELF64: Layout =
    Layout { wide: 8, headers_at: 32, header_size_at: 54, header_count_at: 56, offset_at: 8, size_at: 32 };

/// The type of the program header that names the loader.
const PT_INTERP: usize = 3;

/// The front of an ELF file.
struct Elf<'b> {
    bytes: &'b [u8],
    layout: Layout,
    is_little: bool,
}

impl<'b> Elf<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let layout = match bytes.get(4)? {
            1 => ELF32,
            2 => ELF64,
            _ => return None,
        };
        let is_little = match bytes.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        Some(Self { bytes, layout, is_little })
    }

    /// The loader that is asked for, if any; `None` where that lies beyond what was read.
    fn loader(&self) -> Option<Option<String>> {
        let layout = &self.layout;
        let first = self.number(layout.headers_at, layout.wide)?;
        let size = self.number(layout.header_size_at, 2)?;
        for index in 0..self.number(layout.header_count_at, 2)? {
            let header = first.checked_add(index.checked_mul(size)?)?;
            if self.number(header, 4)? == PT_INTERP {
                let at = self.number(header.checked_add(layout.offset_at)?, layout.wide)?;
                let length = self.number(header.checked_add(layout.size_at)?, layout.wide)?;
                let name = self.bytes.get(at..at.checked_add(length)?)?;
                let name = String::from_utf8_lossy(name);
                return Some(Some(name.trim_end_matches('\0').to_owned()));
            }
        }
        Some(None)
    }

    fn number(&self, at: usize, width: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        let number = match self.is_little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        };
        usize::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";

    /// An ELF64 file with one program header of type `kind`, for what stands at its end.
    fn elf64(kind: u8, name: &str) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[32], bytes[54], bytes[56]) = (64, 56, 1);
        (bytes[64], bytes[64 + 8]) = (kind, 120);
        bytes[64 + 32] = u8::try_from(name.len() + 1).expect("it is short");
        bytes.extend(name.bytes().chain([0]));
        bytes
    }

    #[test]
    fn tells_the_loader() {
        assert_eq!(Program::of(&elf64(3, GLIBC)), Program::Linked(GLIBC.to_owned()));
        assert_eq!(Program::of(&elf64(1, GLIBC)), Program::Static);
        assert_eq!(Program::of(&elf64(3, GLIBC)).foreign_loader(), Some(GLIBC));
        assert_eq!(Program::of(&elf64(3, "/lib/ld-musl-x86_64.so.1")).foreign_loader(), None);
    }

    #[test]
    fn tells_the_loader_of_the_other_width_and_order() {
        let mut bytes = vec![0; 52 + 32];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x02");
        (bytes[31], bytes[43], bytes[45]) = (52, 32, 1);
        (bytes[52 + 3], bytes[52 + 7], bytes[52 + 19]) = (3, 84, 12);
        bytes.extend(b"/lib/ld.so.1");
        assert_eq!(Program::of(&bytes), Program::Linked("/lib/ld.so.1".to_owned()));
    }

    #[test]
    fn tells_what_is_not_compiled() {
        assert_eq!(Program::of(b"#!/bin/sh\n"), Program::Text);
        assert_eq!(Program::of(b""), Program::Text);
    }

    #[test]
    fn says_when_it_cannot_tell() {
        let whole = elf64(3, GLIBC);
        assert!((4..whole.len()).all(|end| Program::of(&whole[..end]) == Program::Unknown));
        let mut far = whole.clone();
        far[32..40].fill(0xff);
        assert_eq!(Program::of(&far), Program::Unknown);
        assert_eq!(Program::of(b"version https://git-lfs.github.com/spec/v1\noid"), Program::Unknown);
    }
}
