//! What makes the runtime fast: quantized matrix products, attention and row operations on every core.
//!
//! The public interface is safe. Each kernel exists once per instruction set behind the table that
//! [`Kernels::select`] chooses at start, and each gives the same bits as its scalar twin in
//! [`runtime_formats::numerics`], which is the specification. Threads only decide who computes an element, never in
//! which order its terms are added.

mod activations;
mod arena;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod error;
mod isa;
mod kernels;
mod kv;
mod matmul;
mod packed;
mod pool;
mod rows;
mod scalar;
mod shared;
#[cfg(test)]
mod testing;

pub use activations::QuantizedRows;
pub use arena::WeightArena;
pub use attention::{Attention, AttentionRow};
pub use error::{KernelError, PoolError};
pub use isa::{ISA_VARIABLE, Isa};
pub use kernels::Kernels;
pub use kv::{KvCache, KvShape, KvSlot};
pub use matmul::{Product, Write};
pub use packed::{PackedMatrix, PackedMatrixBuilder};
pub use pool::Pool;
pub use runtime_formats::numerics::matvec::ActivationFormat;
pub use runtime_formats::numerics::rope::RopeTable;
