//! Which ranges of a file have arrived. Pure; the file beside a part holds its JSON.

use serde::{Deserialize, Serialize};

use crate::limits::RANGE_BYTES;

/// A file cut into ranges of equal length (the last one may be shorter).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ranges {
    /// Hex; a part of other content must not be continued.
    sha256: String,
    size_bytes: u64,
    range_bytes: u64,
    /// One bit per range, the lowest first, as hex.
    #[serde(with = "hex_bytes")]
    arrived: Vec<u8>,
}

/// One range of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) index: u64,
    pub(crate) offset_bytes: u64,
    pub(crate) length_bytes: u64,
}

impl Ranges {
    /// Nothing has arrived yet.
    pub(crate) fn new(sha256: &str, size_bytes: u64) -> Self {
        Self::with_range_bytes(sha256, size_bytes, RANGE_BYTES)
    }

    fn with_range_bytes(sha256: &str, size_bytes: u64, range_bytes: u64) -> Self {
        let bits = size_bytes.div_ceil(range_bytes);
        let bytes = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        Self { sha256: sha256.to_owned(), size_bytes, range_bytes, arrived: vec![0; bytes] }
    }

    /// Continues from `json` if that is about the very same file; else starts over.
    pub(crate) fn resume(json: &[u8], sha256: &str, size_bytes: u64) -> Self {
        let fresh = Self::new(sha256, size_bytes);
        match serde_json::from_slice::<Self>(json) {
            Ok(stored) if stored.describes(&fresh) => stored,
            _ => fresh,
        }
    }

    fn describes(&self, fresh: &Self) -> bool {
        self.sha256 == fresh.sha256
            && self.size_bytes == fresh.size_bytes
            && self.range_bytes == fresh.range_bytes
            && self.arrived.len() == fresh.arrived.len()
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn count(&self) -> u64 {
        self.size_bytes.div_ceil(self.range_bytes)
    }

    fn range(&self, index: u64) -> Range {
        let offset_bytes = index * self.range_bytes;
        Range { index, offset_bytes, length_bytes: self.range_bytes.min(self.size_bytes - offset_bytes) }
    }

    fn bit(index: u64) -> (usize, u8) {
        // An index is below count(), whose bytes fit into memory.
        (usize::try_from(index / 8).unwrap_or(usize::MAX), 1 << (index % 8))
    }

    fn has(&self, index: u64) -> bool {
        let (byte, mask) = Self::bit(index);
        self.arrived.get(byte).is_some_and(|bits| bits & mask != 0)
    }

    /// The range is on disk, whole.
    pub(crate) fn mark(&mut self, range: Range) {
        let (byte, mask) = Self::bit(range.index);
        if let Some(bits) = self.arrived.get_mut(byte) {
            *bits |= mask;
        }
    }

    /// What is still to be fetched, in order.
    pub(crate) fn missing(&self) -> Vec<Range> {
        (0..self.count()).filter(|index| !self.has(*index)).map(|index| self.range(index)).collect()
    }

    pub(crate) fn missing_bytes(&self) -> u64 {
        self.missing().iter().map(|range| range.length_bytes).sum()
    }
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_of_other_content_or_size_is_not_continued() {
        let mut ranges = Ranges::new("aa", 20 * 1024 * 1024);
        ranges.mark(ranges.range(1));
        let json = ranges.to_json();
        assert_eq!(Ranges::resume(&json, "aa", 20 * 1024 * 1024).missing().len(), 2);
        assert_eq!(Ranges::resume(&json, "bb", 20 * 1024 * 1024).missing().len(), 3);
        assert_eq!(Ranges::resume(&json, "aa", 21 * 1024 * 1024).missing().len(), 3);
        assert_eq!(Ranges::resume(b"{\"sha", "aa", 20 * 1024 * 1024).missing().len(), 3);
    }

    #[test]
    fn an_empty_file_has_arrived_at_once() {
        assert!(Ranges::new("aa", 0).missing().is_empty());
    }

    proptest! {
        /// Whatever has arrived in whatever order, what is missing is exactly the rest of the file.
        #[test]
        fn missing_and_arrived_cover_the_file_once(
            size_bytes in 0_u64..100_000,
            range_bytes in 1_u64..10_000,
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..50),
        ) {
            let mut ranges = Ranges::with_range_bytes("aa", size_bytes, range_bytes);
            let all = ranges.missing();
            let mut end = 0;
            for range in &all {
                prop_assert_eq!(range.offset_bytes, end);
                prop_assert!(range.length_bytes > 0);
                end += range.length_bytes;
            }
            prop_assert_eq!(end, size_bytes);
            let mut arrived = std::collections::BTreeSet::new();
            for pick in picks.iter().filter(|_| !all.is_empty()) {
                let range = all[pick.index(all.len())];
                ranges.mark(range);
                arrived.insert(range.index);
            }
            let left: Vec<_> = all.iter().copied().filter(|range| !arrived.contains(&range.index)).collect();
            prop_assert_eq!(ranges.missing(), left.clone());
            prop_assert_eq!(ranges.missing_bytes(), left.iter().map(|range| range.length_bytes).sum::<u64>());
            let stored: Ranges = serde_json::from_slice(&ranges.to_json()).unwrap();
            prop_assert_eq!(stored, ranges);
        }
    }
}
