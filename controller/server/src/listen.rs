//! Sockets: binding with an explanation, accepting with limits, TLS.

mod bind;
mod connection;
mod incoming;
mod port_holder;
mod tls;

pub use bind::{BindError, bind};
pub use connection::{Connection, Peer};
pub use incoming::Incoming;
pub use tls::{TlsError, operator_tls};
