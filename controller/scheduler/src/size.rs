//! Sizes as people read them.

use std::fmt;

/// Bytes, shown as GiB or MiB with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1 << 20;
        const GIB: u64 = 1 << 30;
        let (unit_bytes, unit) = if self.0 >= GIB { (GIB, "GiB") } else { (MIB, "MiB") };
        let (whole, rest) = (self.0 / unit_bytes, self.0 % unit_bytes);
        write!(f, "{whole}.{} {unit}", rest * 10 / unit_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSize;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (bytes, want) in
            [(0, "0.0 MiB"), (1 << 29, "512.0 MiB"), (3 << 29, "1.5 GiB"), (16 << 30, "16.0 GiB")]
        {
            assert_eq!(ByteSize(bytes).to_string(), want);
        }
    }
}
