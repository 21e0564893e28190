//! Models as code: one file per architecture, readable from top to bottom.

mod llama;
mod scratch;
mod step;
mod weights;

#[cfg(test)]
mod tests;

pub(crate) use llama::Llama;
pub(crate) use scratch::ScratchRows;
pub(crate) use step::BatchStep;
pub use weights::LoadError;
