//! Where the controllers are: their names become addresses, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tonic::transport::Uri;

use crate::limits::{CONNECT_TIMEOUT, CONTROLLERS_MAX, RESOLVE_INTERVAL};
use crate::link::LinkError;

const HTTPS_PORT: u16 = 443;

/// One address of a controller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    /// `https://host:port`, as its operator wrote it: the host is the name that the controller has to prove.
    pub(crate) url: Arc<str>,
    pub(crate) address: SocketAddr,
}

impl Target {
    /// What the controller's certificate has to be for.
    pub(crate) fn server_name(&self) -> String {
        host_and_port(&self.url).map_or_else(|| self.address.ip().to_string(), |(host, _)| host)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.server_name().parse::<IpAddr>() {
            Ok(_) => formatter.write_str(&self.url),
            Err(_) => write!(formatter, "{} ({})", self.url, self.address.ip()),
        }
    }
}

/// Host (an IPv6 address without its brackets) and port.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((host, uri.port_u16().unwrap_or(HTTPS_PORT)))
}

/// Every address behind `url`, in a stable order; at most [`CONTROLLERS_MAX`], and at least one.
///
/// # Errors
///
/// [`LinkError::Unreachable`]: the name has no address, or none can be asked.
pub(crate) async fn resolve(url: &str) -> Result<Vec<Target>, LinkError> {
    let unreachable = |reason: String| LinkError::Unreachable { url: url.to_owned(), reason };
    let (host, port) = host_and_port(url).ok_or_else(|| unreachable("it is no address".to_owned()))?;
    let found = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host.as_str(), port))).await;
    let found = found
        .map_err(|_| unreachable(format!("its name {host} was not resolved in time")))?
        .map_err(|error| unreachable(format!("its name {host} was not resolved: {error}")))?;
    let addresses: BTreeSet<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(unreachable(format!("the name {host} has no address")));
    }
    let url: Arc<str> = url.into();
    let target = |address| Target { url: Arc::clone(&url), address };
    Ok(addresses.into_iter().take(CONTROLLERS_MAX).map(target).collect())
}

/// Keeps the receiver's set equal to what the names of `urls` say, until the receiver is dropped. A name that
/// cannot be resolved keeps the addresses that it had.
pub(crate) fn follow(urls: Vec<String>) -> watch::Receiver<BTreeSet<Target>> {
    let (sender, receiver) = watch::channel(BTreeSet::new());
    tokio::spawn(async move {
        let mut known = BTreeMap::<String, Vec<Target>>::new();
        let mut complaints = BTreeMap::<String, String>::new();
        loop {
            for url in &urls {
                match resolve(url).await {
                    Ok(targets) => {
                        complaints.remove(url);
                        known.insert(url.clone(), targets);
                    }
                    // Said once, not every few seconds.
                    Err(error) if complaints.get(url) == Some(&error.to_string()) => {}
                    Err(error) => {
                        tracing::warn!("{error}; replicas keep running");
                        complaints.insert(url.clone(), error.to_string());
                    }
                }
            }
            let listed: BTreeSet<Target> = known.values().flatten().take(CONTROLLERS_MAX).cloned().collect();
            sender.send_if_modified(|current| std::mem::replace(current, listed.clone()) != listed);
            tokio::select! {
                () = sender.closed() => return,
                () = tokio::time::sleep(RESOLVE_INTERVAL) => {}
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_has_every_address_and_keeps_its_name_for_tls() {
        let targets = resolve("https://127.0.0.1:7082").await.unwrap();
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].to_string(), "https://127.0.0.1:7082");
        let targets = resolve("https://localhost:7082").await.unwrap();
        assert!(
            targets.iter().all(|target| target.address.ip().is_loopback() && target.address.port() == 7082)
        );
        assert_eq!(targets[0].server_name(), "localhost");
        assert_eq!(resolve("https://[::1]:7082").await.unwrap()[0].server_name(), "::1");
        let error = resolve("https://no-such-name.invalid:7082").await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("no-such-name.invalid"), "{error}");
    }
}
