//! The ledger on a real database, as the rest of the controller uses it.

mod drafts;
mod records;
mod rig;
