//! The ledger on real databases, as the rest of the controller uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod crash;
mod damage;
mod drafts;
mod grouping;
mod outage;
mod records;
mod rig;
mod searching;
mod together;
mod writing;
