//! What the agent's tests share: a scripted controller behind real TLS, and the real agent binary beside it.

pub(crate) mod agent;
pub(crate) mod authority;
pub(crate) mod controller;
pub(crate) mod model;
pub(crate) mod service;
