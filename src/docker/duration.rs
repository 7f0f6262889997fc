//! Durations as Go writes them: `1m30s`, `1.5h`, `0`; `us` in ASCII, as no other letters survive in a flag.

/// What Go counts up to: the smallest duration has as many nanoseconds below zero.
const MOST: u64 = 1 << 63;

/// The nanoseconds of `text`, as <https://pkg.go.dev/time#ParseDuration> counts them, with its rounding.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.as_bytes().first()? {
        sign @ (b'-' | b'+') => (*sign == b'-', &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = part(&mut rest)?;
    while !rest.is_empty() {
        // Two parts of the most that there is make nothing, in Go too.
        total = Some(total.wrapping_add(part(&mut rest)?)).filter(|total| *total <= MOST)?;
    }
    match is_negative {
        true => Some(0u64.wrapping_sub(total).cast_signed()),
        false => total.try_into().ok(),
    }
}

/// Takes a number and its unit from `text`.
fn part(text: &mut &str) -> Option<u64> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let unit = unit(&rest[..unit_end])?;
    *text = &rest[unit_end..];
    let whole = whole.bytes().try_fold(0, appended)?.checked_mul(unit).filter(|whole| *whole <= MOST)?;
    Some(whole + fraction_of(unit, fraction)).filter(|total| *total <= MOST)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// `value` with one more digit, unless that is more than Go counts.
fn appended(value: u64, digit: u8) -> Option<u64> {
    value.checked_mul(10)?.checked_add(u64::from(digit - b'0')).filter(|value| *value <= MOST)
}

/// So much of `unit`: Go leaves out the digits that are too many, and divides by a double.
fn fraction_of(unit: u64, digits: &str) -> u64 {
    let (mut value, mut scale) = (0, 1.0);
    for digit in digits.bytes() {
        let Some(next) = appended(value, digit) else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn unit(name: &str) -> Option<u64> {
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
        assert_eq!(nanoseconds("1.s"), Some(1_000_000_000));
        for text in ["", "30", "1d", "s", "-", ".s", "1s 2s", "999999999h", "$X", "1.2.3s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_doubles() {
        assert_eq!(nanoseconds("0.0009999999999999999s"), Some(1_000_000));
        assert_eq!(nanoseconds("0.99999999999999999999ns"), Some(1));
        assert_eq!(nanoseconds("0.3333333333333333333h"), Some(1_200_000_000_000));
        assert_eq!(nanoseconds(&format!("0.{}1h", "0".repeat(400))), Some(0));
    }

    #[test]
    fn numbers_end_where_those_of_go_do() {
        assert_eq!(nanoseconds("9223372036854775807ns"), Some(i64::MAX));
        assert_eq!(nanoseconds("-9223372036854775808ns"), Some(i64::MIN));
        assert_eq!(nanoseconds("9223372036854775808ns9223372036854775808ns"), Some(0));
        for text in ["9223372036854775808ns", "-9223372036854775809ns", "9223372036854.775808ms", "2562048h"]
        {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
