//! Binds a listener, or says in a sentence why not.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::port_holder::port_holder;

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("port {port} is taken{holder}; stop that process, or choose another port with {flag} {ip}:PORT")]
    Taken { flag: &'static str, ip: std::net::IpAddr, port: u16, holder: String },
    #[error("{flag} {address}: this machine has no such address; use one of its own, or 127.0.0.1")]
    NoSuchAddress { flag: &'static str, address: SocketAddr },
    #[error("{flag} {address}: {source}; ports below 1024 need a privilege, others do not")]
    Other { flag: &'static str, address: SocketAddr, source: io::Error },
}

/// Listens on `address`; port 0 takes any free port. `flag` is the option an error names.
///
/// # Errors
/// [`BindError`]; when the port is taken, with the process that holds it if that can be told.
pub async fn bind(flag: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
            let port = address.port();
            let holder = tokio::task::spawn_blocking(move || port_holder(port)).await.unwrap_or_default();
            let holder = holder.map_or_else(String::new, |h| format!(" by {h}"));
            Err(BindError::Taken { flag, ip: address.ip(), port, holder })
        }
        Err(e) if e.kind() == io::ErrorKind::AddrNotAvailable => {
            Err(BindError::NoSuchAddress { flag, address })
        }
        Err(source) => Err(BindError::Other { flag, address, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_explained_with_flag_and_holder() {
        let first = bind("--http", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = first.local_addr().unwrap();
        let refused = bind("--http", address).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("port {} is taken", address.port())), "{refused}");
        assert!(refused.contains("--http 127.0.0.1:PORT"), "{refused}");
        // The holder is this very test process, whose sockets we may look at.
        assert!(refused.contains(&format!("(pid {})", std::process::id())), "{refused}");
    }
}
