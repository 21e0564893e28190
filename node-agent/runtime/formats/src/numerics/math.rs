//! Elementary functions with defined bits. No platform library is involved.

/// Below this `exp_f32` is zero.
pub const EXP_MIN: f32 = -87.0;
/// Above this `exp_f32` stays at its value here.
pub const EXP_MAX: f32 = 88.0;
/// High part of ln 2: 355/512, exact times any |n| < 2^15.
pub const LN2_HIGH: f32 = 355.0 / 512.0;
/// ln 2 minus its high part.
pub const LN2_LOW: f32 = -2.121_944_4e-4;
/// 1/k! for k = 7 down to 0.
pub const EXP_TERMS: [f32; 8] =
    [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// e^x to about 1 ulp, by argument reduction to |r| <= ln2/2 and the Taylor polynomial of degree 7, Horner with fma.
pub fn exp_f32(x: f32) -> f32 {
    // Written as selections so that a vector maximum and minimum give the same for every input.
    let low = if x > EXP_MIN { x } else { EXP_MIN };
    let bounded = if low < EXP_MAX { low } else { EXP_MAX };
    let n = (bounded * std::f32::consts::LOG2_E).round_ties_even();
    let r = n.mul_add(-LN2_HIGH, bounded);
    let r = n.mul_add(-LN2_LOW, r);
    let p = EXP_TERMS[1..].iter().fold(EXP_TERMS[0], |p, &c| p.mul_add(r, c));
    let scale = f32::from_bits(((n as i32 + 127) as u32) << 23);
    if x >= EXP_MIN { p * scale } else { 0.0 }
}

/// Natural logarithm of a positive finite number.
pub fn ln_f64(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = (0..14).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    2.0 * t * series + exponent as f64 * std::f64::consts::LN_2
}

/// e^x for |x| < 700.
pub fn exp_f64(x: f64) -> f64 {
    let n = (x * std::f64::consts::LOG2_E).round_ties_even();
    // ln 2 in two parts, the first with 32 bits, so that n times it is exact.
    let r = (x - n * 0.693_147_180_369_123_8) - n * 1.908_214_929_270_587_7e-10;
    let series = (1..=18).rev().fold(1.0, |sum, k| 1.0 + sum * r / f64::from(k));
    series * f64::from_bits(((n as i64 + 1023) as u64) << 52)
}

/// Sine and cosine of an angle in radians, for 0 <= angle < 2^24.
pub fn sin_cos_f64(angle: f64) -> (f64, f64) {
    // pi/2 in three parts of 33 bits: the products are exact for the quarter turns in range.
    const PARTS: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
    let quarter = (angle * std::f64::consts::FRAC_2_PI).round_ties_even();
    let r = PARTS.iter().fold(angle, |r, part| r - quarter * part);
    let square = -(r * r);
    let sin = r * (1..=9).rev().fold(1.0, |sum, k| 1.0 + sum * square / f64::from(2 * k * (2 * k + 1)));
    let cos = (1..=9).rev().fold(1.0, |sum, k| 1.0 + sum * square / f64::from(2 * k * (2 * k - 1)));
    match quarter as i64 % 4 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}
