//! How soon first tokens came, read from where they were counted.

use cloister_store::FirstTokens;

/// The time in ms within which `share` of all first tokens came, taken as evenly spread within an entry; `None` if
/// none came.
pub(super) fn quantile_ms(counts: &FirstTokens, share: f64) -> Option<u32> {
    let total: f64 = counts.0.iter().map(|count| *count as f64).sum();
    let wanted = total * share;
    let mut before = 0.0;
    for (entry, count) in counts.0.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = *count as f64;
        if before + count >= wanted {
            let (from, until) = (begins_at_ms(entry), begins_at_ms(entry + 1));
            // A float cast saturates.
            return Some((from + (until - from) * (wanted - before) / count).round() as u32);
        }
        before += count;
    }
    None
}

/// See `Work.first_token` in the agents' protocol.
fn begins_at_ms(entry: usize) -> f64 {
    let power = f64::from(2_u32).powi(i32::try_from(entry / 2).unwrap_or(i32::MAX));
    match entry {
        0 => 0.0,
        _ if entry.is_multiple_of(2) => power,
        _ => power * 1.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(usize, u64)]) -> FirstTokens {
        let mut counts = FirstTokens::default();
        of.iter().for_each(|(entry, count)| counts.0[*entry] = *count);
        counts
    }

    #[test]
    fn a_quantile_lies_within_the_entry_where_it_was_counted() {
        let cases = [
            (counts(&[]), 0.5, None),
            // 64 to 96 ms.
            (counts(&[(12, 1)]), 0.5, Some(80)),
            (counts(&[(12, 1)]), 0.95, Some(94)),
            // Nineteen soon, one of 1,024 to 1,536 ms.
            (counts(&[(12, 19), (20, 1)]), 0.5, Some(81)),
            (counts(&[(12, 19), (20, 1)]), 0.95, Some(96)),
            (counts(&[(12, 18), (20, 2)]), 0.95, Some(1_280)),
            (counts(&[(0, 4)]), 0.5, Some(1)),
            (counts(&[(39, 1)]), 1.0, Some(1 << 20)),
        ];
        for (counts, share, wanted) in cases {
            assert_eq!(quantile_ms(&counts, share), wanted, "{share} of {counts:?}");
        }
    }
}
