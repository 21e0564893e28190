//! A fleet on this machine: where its files are, its two processes, and the story on top of it.

pub(crate) mod children;
pub(crate) mod files;
pub(crate) mod fleet;
pub(crate) mod layout;
pub(crate) mod story;
