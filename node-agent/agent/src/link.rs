//! The connection to a controller, and what its failures mean.

mod diagnosis;

use std::error::Error;
use std::time::Duration;

use secrecy::ExposeSecret;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

pub(crate) use diagnosis::diagnose;

use crate::address::Target;
use crate::identity::Identity;
use crate::limits::{CALL_TIMEOUT, CONNECT_TIMEOUT};

/// Why a call to the controller failed, as far as it matters for what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not there, or not answering. Worth another attempt.
    #[error("the controller at {url} cannot be reached: {reason}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// Whoever answers is not the controller that the fleet's authority vouches for.
    #[error(
        "whoever answers at {url} is not this fleet's controller ({reason}). Check the address, and that the join \
         token is of this fleet"
    )]
    WrongAuthority {
        /// Where it was tried.
        url: String,
        /// What TLS said.
        reason: String,
    },
    /// This node's certificate is not, or no longer, accepted.
    #[error(
        "the controller does not accept this node's certificate ({reason}). The node may have been revoked, or was \
         away for too long. To join again, start the agent with a new token (`cloister nodes join-token`)"
    )]
    Rejected {
        /// What was said.
        reason: String,
        /// Who said it.
        judge: Judge,
    },
}

/// Who turned this node away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// A controller that looked the node up: it speaks for the fleet.
    Fleet,
    /// A TLS handshake, or somebody's clock: it speaks for one controller.
    Handshake,
}

impl LinkError {
    /// Whether trying again can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether one controller's word is enough, whatever the others say.
    pub fn speaks_for_the_fleet(&self) -> bool {
        matches!(self, Self::Rejected { judge: Judge::Fleet, .. })
    }

    /// Reads what a failed call means.
    pub fn from_status(url: &str, status: &tonic::Status) -> Self {
        if let Some(error) = find_tls_error(status) {
            return Self::from_tls(url, error);
        }
        match status.code() {
            tonic::Code::PermissionDenied => {
                Self::Rejected { reason: status.message().to_owned(), judge: Judge::Fleet }
            }
            tonic::Code::Unauthenticated => {
                Self::Rejected { reason: status.message().to_owned(), judge: Judge::Handshake }
            }
            _ => Self::Unreachable { url: url.to_owned(), reason: describe(status) },
        }
    }

    fn from_transport(url: &str, error: &tonic::transport::Error) -> Self {
        match find_tls_error(error) {
            Some(tls) => Self::from_tls(url, tls),
            None => Self::Unreachable { url: url.to_owned(), reason: innermost(error) },
        }
    }

    fn from_tls(url: &str, error: &rustls::Error) -> Self {
        use rustls::AlertDescription as Alert;
        let reason = error.to_string();
        match error {
            rustls::Error::AlertReceived(
                Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::CertificateUnknown
                | Alert::CertificateRequired
                | Alert::BadCertificate
                // Signed by an authority of the same name with another key.
                | Alert::DecryptError
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => Self::Rejected { reason, judge: Judge::Handshake },
            rustls::Error::InvalidCertificate(_) => Self::WrongAuthority { url: url.to_owned(), reason },
            _ => Self::Unreachable { url: url.to_owned(), reason },
        }
    }
}

/// Connects with this node's certificate.
///
/// # Errors
///
/// [`LinkError`], sorted by what can be done about it.
pub(crate) async fn connect(target: &Target, identity: &Identity) -> Result<Channel, LinkError> {
    let pair = tonic::transport::Identity::from_pem(
        &identity.certificate_pem,
        identity.key_pem.expose_secret().as_bytes(),
    );
    dial(target, tls(target, &identity.authority_pem).identity(pair)).await
}

/// Connects as a stranger, who can do nothing but enrol.
///
/// # Errors
///
/// As [`connect`].
pub(crate) async fn connect_anonymously(target: &Target, authority_pem: &str) -> Result<Channel, LinkError> {
    dial(target, tls(target, authority_pem)).await
}

fn tls(target: &Target, authority_pem: &str) -> ClientTlsConfig {
    ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority_pem))
        .domain_name(target.server_name())
        .timeout(CONNECT_TIMEOUT)
}

async fn dial(target: &Target, tls: ClientTlsConfig) -> Result<Channel, LinkError> {
    const KEEP_ALIVE: Duration = Duration::from_secs(15);
    const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
    let failed = |error: tonic::transport::Error| LinkError::from_transport(&target.to_string(), &error);
    let endpoint = Endpoint::from_shared(format!("https://{}", target.address))
        .and_then(|endpoint| endpoint.tls_config(tls))
        .map_err(failed)?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        // A dead path is noticed within half a minute although nothing is sent on it.
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(CALL_TIMEOUT)
        .keep_alive_while_idle(true)
        // Model bytes share the connection with tokens: one must not use up the other's window.
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(STREAM_WINDOW_BYTES * 8);
    endpoint.connect().await.map_err(failed)
}

/// The TLS library's own error, if one is at the bottom. `io::Error` hides what it wraps from `source()`.
fn find_tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn describe(status: &tonic::Status) -> String {
    match status.source() {
        Some(source) => innermost(source),
        None => format!("{}: {}", status.code(), status.message()),
    }
}

fn innermost(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text
}
