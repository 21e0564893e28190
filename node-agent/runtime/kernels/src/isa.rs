//! Instruction sets, from the least to the most capable.

use crate::error::KernelError;

/// Environment variable that forces a lower instruction set, for tests and for comparing nodes.
pub const ISA_VARIABLE: &str = "CLOISTER_ISA";

/// An instruction set for which kernels exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Portable code: the specification itself. Slow.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL and VNNI, besides all of the above.
    Avx512Vnni,
}

impl Isa {
    /// Every instruction set, least capable first.
    pub const ALL: [Isa; 3] = [Self::Scalar, Self::Avx2, Self::Avx512Vnni];

    /// The name used in inventories and in [`ISA_VARIABLE`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512Vnni => "avx512-vnni",
        }
    }

    /// Whether this CPU has it.
    pub fn available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The most capable one this CPU has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|isa| isa.available()).unwrap_or(Self::Scalar)
    }

    /// The best one, or the one `forced` names.
    ///
    /// # Errors
    /// When `forced` names none, or one this CPU lacks.
    pub fn choose(forced: Option<&str>) -> Result<Self, KernelError> {
        let Some(value) = forced.filter(|v| !v.is_empty()) else { return Ok(Self::best()) };
        let wanted = Self::ALL
            .into_iter()
            .find(|isa| isa.name() == value)
            .ok_or_else(|| KernelError::UnknownIsa { value: value.chars().take(40).collect() })?;
        if !wanted.available() {
            let best = Self::best().name();
            return Err(KernelError::IsaUnavailable { wanted: wanted.name(), best });
        }
        Ok(wanted)
    }
}
