//! What is accepted as a signed model, and every reason for which one is not.

mod bundles;
mod directories;
mod forge;
mod keys;
mod mutations;
mod reports;
mod statements;
