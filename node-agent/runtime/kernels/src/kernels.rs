//! The table of functions, one per instruction set, chosen once.

use crate::activations::QuantizedRows;
use crate::error::KernelError;
use crate::isa::{ISA_VARIABLE, Isa};
use crate::scalar;
use runtime_formats::memory::TILE_OUTPUTS;
use runtime_formats::numerics::activations::{Int8Block32, Int8Block256};
use runtime_formats::numerics::attention::Running;
use runtime_formats::quant::TensorType;

/// Rows of activations that a tile kernel takes at once, sharing the unpacked weights.
pub(crate) const TILE_ROWS: usize = 4;

/// What a tile kernel computes: [`TILE_OUTPUTS`] outputs for up to [`TILE_ROWS`] rows.
pub(crate) type TileOut = [[f32; TILE_OUTPUTS]; TILE_ROWS];

/// The rows of activations that one call of a tile kernel takes.
#[derive(Clone, Copy)]
pub(crate) struct TileRows<'a> {
    pub(crate) x: &'a QuantizedRows,
    pub(crate) first: usize,
    /// 1..=TILE_ROWS.
    pub(crate) count: usize,
}

/// Computes one packed tile for some rows; elements of rows beyond `count` are left alone.
pub(crate) type TileFn = fn(tile: &[u8], rows: TileRows<'_>, out: &mut TileOut);

/// Queries that attend to a block together, sharing its keys and values.
pub(crate) const QUERY_TILE: usize = 4;

/// One block of keys and values, and the queries that attend to it.
pub(crate) struct AttendBlock<'a> {
    /// Scaled queries, one after the other.
    pub(crate) queries: &'a [f32],
    pub(crate) head_dim: usize,
    /// `[head_dim][BLOCK]`, f16 bits.
    pub(crate) keys: &'a [u16],
    /// `[BLOCK][head_dim]`, f16 bits.
    pub(crate) values: &'a [u16],
    /// Positions that each query sees, 1..=BLOCK; one per query.
    pub(crate) visible: &'a [usize],
}

pub(crate) type AttendFn = fn(block: &AttendBlock<'_>, running: &mut [Running]);

/// The kernels of one instruction set.
pub struct Kernels {
    pub(crate) isa: Isa,
    /// Indexed by [`tile_index`].
    pub(crate) tiles: [TileFn; 7],
    pub(crate) quantize_32: fn(&[f32], &mut [Int8Block32]),
    pub(crate) quantize_256: fn(&[f32], &mut [Int8Block256]),
    pub(crate) rmsnorm: fn(&[f32], &[f32], f32, &mut [f32]),
    pub(crate) silu_mul: fn(&[f32], &[f32], &mut [f32]),
    pub(crate) rotate: fn(&mut [f32], &[f32], &[f32]),
    pub(crate) to_half: fn(&[f32], &mut [u16]),
    pub(crate) attend: AttendFn,
}

pub(crate) const fn tile_index(ty: TensorType) -> usize {
    match ty {
        TensorType::F32 => 0,
        TensorType::F16 => 1,
        TensorType::Q4_0 => 2,
        TensorType::Q4_1 => 3,
        TensorType::Q8_0 => 4,
        TensorType::Q4K => 5,
        TensorType::Q6K => 6,
    }
}

impl Kernels {
    /// The kernels of the best instruction set this CPU has, or of the one that [`ISA_VARIABLE`] names. Call once,
    /// at start.
    ///
    /// # Errors
    /// When the variable names no instruction set, or one this CPU lacks.
    pub fn select() -> Result<&'static Self, KernelError> {
        let forced = std::env::var_os(ISA_VARIABLE).map(|v| v.to_string_lossy().into_owned());
        Isa::choose(forced.as_deref()).map(Self::of_checked)
    }

    /// The kernels of one instruction set, if this CPU has it: for tests that compare them.
    pub fn of(isa: Isa) -> Option<&'static Self> {
        isa.available().then(|| Self::of_checked(isa))
    }

    /// The instruction set in use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    fn of_checked(isa: Isa) -> &'static Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &crate::avx2::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => &crate::avx512::KERNELS,
            _ => &scalar::KERNELS,
        }
    }
}
