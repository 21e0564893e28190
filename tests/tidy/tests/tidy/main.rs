//! One binary, one file per kind of rule.

mod dependencies;
mod documents;
mod sources;
mod tree;
mod walls;
