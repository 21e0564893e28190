//! Rotary position embedding.

use super::math::{exp_f64, ln_f64, sin_cos_f64};
use crate::model::RopeConfig;

/// Cosines and sines of every position and pair, computed once in f64 and rounded once to f32.
#[derive(Debug, Clone)]
pub struct RopeTable {
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// Table for `positions` positions. `factors`, if the model has them, divide the frequency of each pair.
    ///
    /// Frequency of pair `i` is `exp(-(2i / dimensions) * ln(base)) / (scale * factor_i)`.
    pub fn new(config: &RopeConfig, factors: Option<&[f32]>, positions: u32) -> Self {
        let pairs = config.dimensions as usize / 2;
        let ln_base = ln_f64(config.base.into());
        let frequencies: Vec<f64> = (0..pairs)
            .map(|i| {
                let exponent = -((2 * i) as f64 / f64::from(config.dimensions)) * ln_base;
                let factor = factors.and_then(|f| f.get(i)).map_or(1.0, |&f| f64::from(f));
                exp_f64(exponent) / (f64::from(config.scale) * factor)
            })
            .collect();
        let angles = (0..positions).flat_map(|p| frequencies.iter().map(move |f| f64::from(p) * f));
        let (sin, cos) = angles.map(sin_cos_f64).map(|(s, c)| (s as f32, c as f32)).unzip();
        Self { pairs, cos, sin }
    }

    /// Positions in the table.
    pub fn positions(&self) -> usize {
        self.cos.len().checked_div(self.pairs).unwrap_or(0)
    }

    /// Cosines and sines of one position, one per pair.
    ///
    /// # Panics
    /// If `position` is beyond the table.
    pub fn at(&self, position: u32) -> (&[f32], &[f32]) {
        let range = position as usize * self.pairs..(position as usize + 1) * self.pairs;
        (&self.cos[range.clone()], &self.sin[range])
    }
}

/// Rotates the leading `2 * cos.len()` elements of one head: pairs `(x, y)` become
/// `(fma(x, c, -(y * s)), fma(y, c, x * s))`.
pub fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for (pair, (&c, &s)) in head.chunks_exact_mut(2).zip(cos.iter().zip(sin)) {
        let (x, y) = (pair[0], pair[1]);
        pair[0] = x.mul_add(c, -(y * s));
        pair[1] = y.mul_add(c, x * s);
    }
}
