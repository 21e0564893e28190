//! What an outsider needs to check the audit log: the record format, commitments, proofs, the evidence
//! file and its verifier. Pure: no sockets, no SQL, no clock; randomness comes in as an argument.
//!
//! A record becomes a leaf with [`record::Record::to_leaf`]; leaves form the tree of [`tree`]; its head
//! is signed as a log checkpoint ([`checkpoint`]); [`file`](mod@file) writes leaves and proofs to an evidence file;
//! [`verify`](mod@verify) checks one and says what it found.

pub mod checkpoint;
pub mod commitment;
pub mod file;
pub mod leaf;
pub mod limits;
pub mod record;
pub mod tell;
pub mod tree;
pub mod verify;
