//! The lane structure of every f32 sum.

/// Partial sums of a reduction: element `i` belongs to lane `i % LANES`.
pub const LANES: usize = 16;

/// Adds the lanes as a fixed tree: 16 to 8, 8 to 4, 4 to 2, 2 to 1, each lane with the one half the width above.
pub fn tree(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}
