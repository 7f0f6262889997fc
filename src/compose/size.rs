//! Memory sizes and processor counts as Docker reads them.

const UNITS: [(char, u32); 5] = [('k', 10), ('m', 20), ('g', 30), ('t', 40), ('p', 50)];

/// The bytes of a memory size, by the rules of go-units' `RAMInBytes`: `512M` is 536,870,912.
///
/// <https://github.com/docker/go-units/blob/v0.5.0/size.go>
pub fn parse_memory(text: &str) -> Option<u64> {
    let split = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')?;
    let (number, suffix) = (&text[..=split], &text[split + 1..]);
    let number = number.strip_suffix(' ').unwrap_or(number);
    if !number.chars().all(|c| c.is_ascii_digit() || ".+-eE".contains(c)) {
        return None;
    }
    let size: f64 = number.parse().ok()?;
    let bytes = size * multiplier(suffix)?;
    // The upper bound is that of a signed number in Go.
    (size >= 0.0 && bytes < i64::MAX as f64).then_some(bytes as u64)
}

/// `bytes` as the author of `like` writes sizes: unit letter in the same case, same `b` or `ib`, same space.
///
/// The number is whole, so the unit may be a smaller one: half of `1G` is `512M`.
pub fn format_memory(bytes: u64, like: &str) -> String {
    let split = like.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').map_or(0, |at| at + 1);
    let suffix = &like[split..];
    let Some(letter) = suffix.chars().next() else { return bytes.to_string() };
    let space = if like[..split].ends_with(' ') { " " } else { "" };
    let is_bytes = letter.eq_ignore_ascii_case(&'b');
    let unit = UNITS.iter().rev().find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    match unit {
        Some((unit, shift)) if !is_bytes => {
            let unit = if letter.is_ascii_uppercase() { unit.to_ascii_uppercase() } else { *unit };
            format!("{}{space}{unit}{}", bytes >> shift, &suffix[letter.len_utf8()..])
        }
        _ => match suffix.chars().last().filter(|last| last.eq_ignore_ascii_case(&'b')) {
            Some(last) => format!("{bytes}{space}{last}"),
            None => bytes.to_string(),
        },
    }
}

/// A number of processors: `2`, `0.5`.
pub fn parse_cpus(text: &str) -> Option<f64> {
    if !text.chars().all(|c| c.is_ascii_digit() || ".+eE-".contains(c)) {
        return None;
    }
    text.parse().ok().filter(|cpus: &f64| cpus.is_finite() && *cpus >= 0.0)
}

/// `cpus` with at least as many decimals as `like` has, and at most nine.
pub fn format_cpus(cpus: f64, like: &str) -> String {
    let decimals = like.split_once('.').map_or(0, |(_, decimals)| decimals.len()).min(9);
    let text = format!("{cpus:.9}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let needed = fraction.trim_end_matches('0').len().max(decimals);
    if needed == 0 { whole.to_owned() } else { format!("{whole}.{}", &fraction[..needed]) }
}

fn multiplier(suffix: &str) -> Option<f64> {
    let lower = suffix.to_ascii_lowercase();
    if lower.is_empty() || lower == "b" {
        return Some(1.0);
    }
    let (unit, tail) = lower.split_at_checked(1)?;
    let (_, shift) = UNITS.iter().find(|(letter, _)| unit.starts_with(*letter))?;
    matches!(tail, "" | "b" | "ib").then(|| (1_u64 << shift) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_like_go_units() {
        let mebi = 1 << 20;
        for text in
            ["512M", "512m", "512mb", "512MB", "512MiB", "512 M", "512 mib", "0.5g", "0.5 GB", "524288k"]
        {
            assert_eq!(parse_memory(text), Some(512 * mebi), "{text}");
        }
        assert_eq!(parse_memory("512"), Some(512));
        assert_eq!(parse_memory("512b"), Some(512));
        assert_eq!(parse_memory("1.5"), Some(1));
        assert_eq!(parse_memory(".5g"), Some(512 * mebi));
        for text in
            ["", "M", "512Mi", "512 Gi", "-1", "1x", "1  m", " 1m", "1mm", "1kbb", "${M}", "1e999", "é", "1é"]
        {
            assert_eq!(parse_memory(text), None, "{text}");
        }
    }

    #[test]
    fn memory_is_written_like_the_author() {
        let mebi = 1 << 20;
        for (bytes, like, want) in [
            (512 * mebi, "2G", "512M"),
            (512 * mebi, "2g", "512m"),
            (512 * mebi, "2GB", "512MB"),
            (512 * mebi, "2 GiB", "512 MiB"),
            (1024 * mebi, "512m", "1g"),
            (1536 * mebi, "2G", "1536M"),
            (512 * mebi, "2147483648", "536870912"),
            (1000, "2gb", "1000b"),
            (1000, "2g", "1000"),
            (2048, "4096b", "2048b"),
            (0, "1g", "0"),
        ] {
            assert_eq!(format_memory(bytes, like), want);
            assert_eq!(parse_memory(want), Some(bytes));
        }
    }

    #[test]
    fn cpus_keep_their_decimals() {
        for (cpus, like, want) in
            [(0.25, "0.50", "0.25"), (1.0, "2.0", "1.0"), (1.0, "2", "1"), (0.4, "2", "0.4")]
        {
            assert_eq!(format_cpus(cpus, like), want);
        }
        assert_eq!(format_cpus(0.5, "1.00"), "0.50");
        assert_eq!(parse_cpus("0.50"), Some(0.5));
        for text in ["", "a", "-1", "inf", "${C}"] {
            assert_eq!(parse_cpus(text), None);
        }
    }
}
