//! The numerics contract: what every kernel, on every instruction set, must compute bit for bit.
//!
//! These scalar functions are the specification; `docs/numerics.md` explains it and [`CONTRACT`] states it in the
//! few lines that are hashed into [`contract_id`]. Three rules make a sequence's bits independent of batch, chunk,
//! thread count, page placement and instruction set:
//!
//! 1. Inside a quant block everything is an exact integer, so any order of additions gives the same value.
//! 2. Outside, every f32 operation has one order, fixed by the position of its operands alone.
//! 3. No function comes from a platform's mathematics library.
//!
//! The contract covers finite inputs. A non-finite activation gives some deterministic, useless value and never
//! undefined behaviour; the engine refuses non-finite logits.

pub mod activations;
pub mod attention;
mod contract;
pub mod lanes;
pub mod math;
pub mod matvec;
pub mod rope;
pub mod rows;

pub use contract::{CONTRACT, contract_id};
pub use math::exp_f32;

#[cfg(test)]
mod tests;
