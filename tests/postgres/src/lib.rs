//! A real PostgreSQL for tests. It runs as an unprivileged user on a Unix socket in a folder of its
//! own, and ends when the process that started it ends, however that happens.

mod command;
mod error;
mod server;

pub use error::StartError;
pub use server::{Durability, Server};
