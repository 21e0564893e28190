//! One replica's inference engine: tokens in, tokens out, the same tokens whatever else is running.
//!
//! The engine is synchronous and runs on a thread of its own. It knows no sockets and no async; the worker
//! process around it does. Its modules in the order a request crosses them:
//!
//! * [`template`] and [`tokenizer`]: a conversation or a text becomes token ids;
//! * `batcher`: which sequences compute how many tokens in the next step;
//! * `kv`: the paged cache of keys and values, granted in whole at admission;
//! * `models`: the forward pass over a batch step, on `runtime-kernels`;
//! * [`sampler`]: logits become the next token, by a counter-based generator.
#![forbid(unsafe_code)]

pub mod batcher;
pub mod engine;
pub mod kv;
pub mod limits;
pub mod quality;
pub mod sampler;
pub mod sequence;
pub mod stop;
pub mod template;
pub mod tokenizer;

mod decoding;
mod models;

#[cfg(test)]
mod testing;

pub use engine::{Engine, EngineHandle, EngineOptions, EngineThread, Load};
pub use models::LoadError;
