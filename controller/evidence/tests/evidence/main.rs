//! Evidence files, from the writer to every verifier.

mod audit_program;
mod golden;
mod independent;
mod sample;
mod stories;
mod tampering;
