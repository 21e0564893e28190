//! Sockets: binding with an explanation, accepting with limits, TLS.

mod bind;
mod certificate;
mod connection;
mod incoming;
mod port_holder;
mod tls;

pub use bind::{BindError, bind};
pub(crate) use certificate::CurrentCertificate;
pub use connection::{Connection, Peer};
pub use incoming::Incoming;
pub(crate) use tls::server_config;
pub use tls::{TlsError, operator_tls};
