//! Durations as Go writes them: `1m30s`, `1.5h`, `0`; `us` in ASCII, as no other letters survive in a flag.

/// The nanoseconds of `text`, as <https://pkg.go.dev/time#ParseDuration> counts them.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0i128;
    while !rest.is_empty() || total == 0 {
        let (part, after) = part(rest)?;
        total += part;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let longest = i128::from(i64::MAX);
    (total <= longest + i128::from(sign < 0)).then_some(sign * total)
}

fn part(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let unit = unit(&rest[..unit_end])?;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = &fraction[..fraction.len().min(18)];
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let total = whole.checked_mul(unit)? + part * unit / 10i128.pow(fraction.len() as u32);
    (total <= 1 << 64).then_some((total, &rest[unit_end..]))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn unit(name: &str) -> Option<i128> {
    Some(match name {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        assert_eq!(nanoseconds("1m30s"), Some(90_000_000_000));
        assert_eq!(nanoseconds("1.5s"), Some(1_500_000_000));
        assert_eq!(nanoseconds(".5ms"), Some(500_000));
        assert_eq!(nanoseconds("-2us"), Some(-2_000));
        assert_eq!(nanoseconds("0"), Some(0));
        for text in ["", "30", "1d", "s", "-", ".s", "1s 2s", "999999999h", "$X", "1.2.3s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
