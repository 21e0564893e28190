//! Numbers with units.

use jiff::Timestamp;

/// `1.4 GiB`, `512 B`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// `134.5 M`, `8.0 B` (thousand millions), as model sizes are spoken of.
pub(crate) fn parameters(count: u64) -> String {
    match count {
        0..1_000_000 => count.to_string(),
        1_000_000..1_000_000_000 => format!("{:.1} M", count as f64 / 1e6),
        _ => format!("{:.1} B", count as f64 / 1e9),
    }
}

/// How long ago, in the largest unit that says enough: `12s`, `5m`, `3h`, `9d`.
pub(crate) fn age(time: &str, now: Timestamp) -> String {
    let Ok(then) = time.parse::<Timestamp>() else { return "-".into() };
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The first hexadecimal digits of a digest, enough to tell two apart.
pub(crate) fn short_digest(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// A span of time as people write it: `90`, `90s`, `15m`, `12h`, `30d`. In seconds.
pub(crate) fn parse_duration_s(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(format!("{unit:?} is no unit of time: use s, m, h or d, as in 12h")),
    };
    let number: u64 = number.parse().map_err(|_| "write a number and a unit, as in 12h".to_string())?;
    number.checked_mul(factor).ok_or_else(|| "that is too long".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (count, text) in [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (98_362_432, "93.8 MiB")] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes(u64::MAX), "16384.0 PiB");
        assert_eq!(parameters(134_515_008), "134.5 M");
    }

    #[test]
    fn ages() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        for (then, text) in [
            ("2026-01-01T23:59:50Z", "10s"),
            ("2026-01-01T23:50:00Z", "10m"),
            ("2026-01-01T12:00:00Z", "12h"),
            ("2025-12-01T00:00:00Z", "32d"),
            ("2026-01-03T00:00:00Z", "0s"),
            ("nonsense", "-"),
        ] {
            assert_eq!(age(then, now), text, "{then}");
        }
    }

    #[test]
    fn spans_of_time() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(parse_duration_s(text), Ok(seconds));
        }
        for wrong in ["", "h", "1w", "-5s", "99999999999999999999d", "18446744073709551615d"] {
            assert!(parse_duration_s(wrong).is_err(), "{wrong}");
        }
    }
}
