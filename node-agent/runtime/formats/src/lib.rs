//! What the bytes of a model mean, and what computing with them means.
//!
//! This crate is pure: no `unsafe`, no I/O beyond the [`source::ByteSource`] it is handed, no clock. It holds
//!
//! * [`gguf`]: a checked parser for GGUF files;
//! * [`model`]: the architecture facts an engine needs, with every tensor's shape verified;
//! * [`memory`]: one formula for the memory a replica needs, shared by scheduler and worker;
//! * [`quant`]: the quantized block formats;
//! * [`numerics`]: the scalar reference of the numerics contract. It *is* the specification: every fast kernel
//!   must give the same bits.
#![forbid(unsafe_code)]

pub mod gguf;
pub mod limits;
pub mod memory;
pub mod model;
pub mod numerics;
pub mod quant;
pub mod source;
pub mod summary;
pub mod testing;
