//! What an outsider needs to check the audit log: the record format, commitments, proofs and the
//! verifier. Pure: no sockets, no SQL, no clock.

pub mod record;
