//! `exp` in eight lanes: the operations of `runtime_formats::numerics::exp_f32`, one for one.

use runtime_formats::numerics::math::{EXP_MAX, EXP_MIN, EXP_TERMS, LN2_HIGH, LN2_LOW};
use std::arch::x86_64::*;

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn exp(x: __m256) -> __m256 {
    let min = _mm256_set1_ps(EXP_MIN);
    // The operand order decides what a NaN gives: the bound, as in the specification.
    let bounded = _mm256_min_ps(_mm256_max_ps(x, min), _mm256_set1_ps(EXP_MAX));
    let n = _mm256_mul_ps(bounded, _mm256_set1_ps(std::f32::consts::LOG2_E));
    let n = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(n);
    let r = _mm256_fmadd_ps(n, _mm256_set1_ps(-LN2_HIGH), bounded);
    let r = _mm256_fmadd_ps(n, _mm256_set1_ps(-LN2_LOW), r);
    let mut p = _mm256_set1_ps(EXP_TERMS[0]);
    for term in &EXP_TERMS[1..] {
        p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(*term));
    }
    let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    let scale = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
    _mm256_and_ps(_mm256_mul_ps(p, scale), _mm256_cmp_ps::<_CMP_GE_OQ>(x, min))
}

/// `exp` of one number.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn exp_one(x: f32) -> f32 {
    _mm256_cvtss_f32(exp(_mm256_set1_ps(x)))
}

/// The largest lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn largest(v: __m256) -> f32 {
    let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_max_ss(v, _mm_shuffle_ps::<1>(v, v)))
}
