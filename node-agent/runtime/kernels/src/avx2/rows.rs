//! Row operations. Each follows its scalar twin operation for operation; remainders are the twin itself.

use super::math::{exp, largest};
use super::view::store;
use half::f16;
use runtime_formats::numerics::activations::{AMAX_FLOOR, Int8Block32, Int8Block256};
use runtime_formats::numerics::lanes::{LANES, tree};
use runtime_formats::numerics::{rope, rows};
use runtime_formats::quant::blocks::{SMALL_BLOCK, SUPER_BLOCK};
use std::arch::x86_64::*;

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load(x: &[f32; 8]) -> __m256 {
    // SAFETY: eight elements; the load needs no alignment.
    unsafe { _mm256_loadu_ps(x.as_ptr()) }
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantize_32(x: &[f32], out: &mut [Int8Block32]) {
    for (x, block) in x.as_chunks::<SMALL_BLOCK>().0.iter().zip(out) {
        let amax = largest(magnitudes(x, _mm256_setzero_ps()));
        block.d = scale(amax);
        let [first, last] = quantize(x, inverse(amax), &mut block.q);
        block.sum = i32::from(first) + i32::from(last);
        block.s = block.d * block.sum as f32;
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantize_256(x: &[f32], out: &mut [Int8Block256]) {
    for (x, block) in x.as_chunks::<SUPER_BLOCK>().0.iter().zip(out) {
        let x = x.as_chunks::<SMALL_BLOCK>().0;
        let mut largest_seen = _mm256_setzero_ps();
        for x in x {
            largest_seen = magnitudes(x, largest_seen);
        }
        let amax = largest(largest_seen);
        block.d = scale(amax);
        let parts = block.q.as_chunks_mut::<SMALL_BLOCK>().0.iter_mut();
        for ((x, q), sums) in x.iter().zip(parts).zip(block.sums.as_chunks_mut::<2>().0) {
            *sums = quantize(x, inverse(amax), q);
        }
    }
}

fn scale(amax: f32) -> f32 {
    if amax < AMAX_FLOOR { 0.0 } else { amax / 127.0 }
}

/// `None` for a group that becomes zero.
fn inverse(amax: f32) -> Option<f32> {
    (amax >= AMAX_FLOOR).then(|| 127.0 / amax)
}

/// Largest magnitudes per lane, joined with `seen`; a NaN is passed over, as the operand order decides.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn magnitudes(x: &[f32; SMALL_BLOCK], seen: __m256) -> __m256 {
    let sign = _mm256_set1_ps(-0.0);
    x.as_chunks::<8>().0.iter().fold(seen, |seen, x| _mm256_max_ps(_mm256_andnot_ps(sign, load(x)), seen))
}

/// Quantizes 32 values; returns the sums of the first and last 16.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn quantize(x: &[f32; SMALL_BLOCK], inverse: Option<f32>, q: &mut [i8; SMALL_BLOCK]) -> [i16; 2] {
    let Some(inverse) = inverse else {
        *q = [0; SMALL_BLOCK];
        return [0; 2];
    };
    let inverse = _mm256_set1_ps(inverse);
    let (low, high) = (_mm256_set1_ps(-127.0), _mm256_set1_ps(127.0));
    let x = x.as_chunks::<8>().0;
    let v: [__m256i; 4] = std::array::from_fn(|i| {
        let v = _mm256_max_ps(_mm256_mul_ps(load(&x[i]), inverse), low);
        _mm256_cvtps_epi32(_mm256_min_ps(v, high))
    });
    let (first, last) = (_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    let packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, last), order);
    // SAFETY: `q` has 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(q.as_mut_ptr().cast(), packed) };
    [sum(first), sum(last)]
}

/// The sum of sixteen 16-bit integers, which fits.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum(v: __m256i) -> i16 {
    let v = _mm256_madd_epi16(v, _mm256_set1_epi16(1));
    let v = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let v = _mm_add_epi32(v, _mm_shuffle_epi32::<0b_00_00_11_10>(v));
    _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32::<1>(v))) as i16
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn rmsnorm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let factor = rows::rms_inverse(sum_of_squares(x), x.len(), epsilon);
    let inverse = _mm256_set1_ps(factor);
    let (chunks, rest) = x.as_chunks::<8>();
    let (weights, weight_rest) = weight.as_chunks::<8>();
    for (i, (x, w)) in chunks.iter().zip(weights).enumerate() {
        store(out, i * 8, _mm256_mul_ps(_mm256_mul_ps(load(x), inverse), load(w)));
    }
    for ((out, x), w) in out[chunks.len() * 8..].iter_mut().zip(rest).zip(weight_rest) {
        *out = (x * factor) * w;
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_of_squares(x: &[f32]) -> f32 {
    let (mut low, mut high) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    let (chunks, rest) = x.as_chunks::<LANES>();
    for x in chunks {
        let x = x.as_chunks::<8>().0;
        let (a, b) = (load(&x[0]), load(&x[1]));
        low = _mm256_fmadd_ps(a, a, low);
        high = _mm256_fmadd_ps(b, b, high);
    }
    let mut lanes = [0.0; LANES];
    store(&mut lanes, 0, low);
    store(&mut lanes, 8, high);
    lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane = x.mul_add(x, *lane));
    tree(lanes)
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) {
    let one = _mm256_set1_ps(1.0);
    let (gates, gate_rest) = gate.as_chunks::<8>();
    let (ups, up_rest) = up.as_chunks::<8>();
    for (i, (g, u)) in gates.iter().zip(ups).enumerate() {
        let g = load(g);
        let negated = _mm256_xor_ps(g, _mm256_set1_ps(-0.0));
        let silu = _mm256_div_ps(g, _mm256_add_ps(one, exp(negated)));
        store(out, i * 8, _mm256_mul_ps(silu, load(u)));
    }
    rows::silu_mul(gate_rest, up_rest, &mut out[gates.len() * 8..]);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (cosines, cos_rest) = cos.as_chunks::<4>();
    let (sines, sin_rest) = sin.as_chunks::<4>();
    let twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    let double = |x: &[f32; 4]| {
        // SAFETY: four elements; the load needs no alignment.
        let x = unsafe { _mm_loadu_ps(x.as_ptr()) };
        _mm256_permutevar8x32_ps(_mm256_castps128_ps256(x), twice)
    };
    let done = cosines.len() * 8;
    for ((pairs, c), s) in head.as_chunks_mut::<8>().0.iter_mut().zip(cosines).zip(sines) {
        let x = load(pairs);
        let crossed = _mm256_mul_ps(_mm256_permute_ps::<0b_10_11_00_01>(x), double(s));
        store(pairs, 0, _mm256_fmaddsub_ps(x, double(c), crossed));
    }
    rope::rotate(&mut head[done..], cos_rest, sin_rest);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn to_half(x: &[f32], out: &mut [u16]) {
    let (chunks, rest) = x.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    for (x, out) in chunks.iter().zip(outs) {
        let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(load(x));
        // SAFETY: eight elements of 16 bits; the store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), halves) };
    }
    out_rest.iter_mut().zip(rest).for_each(|(out, &x)| *out = f16::from_f32(x).to_bits());
}
