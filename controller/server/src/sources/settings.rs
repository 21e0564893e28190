//! What an operator allows: flags, and what follows from them.

use std::path::PathBuf;
use std::sync::Arc;

use super::egress::{AllowedHost, Egress};

/// Flags about sources of models.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Sources of models")]
pub struct SourceOptions {
    /// A host that models may be fetched from, over OCI or HTTPS; none unless given. May be given
    /// several times. Registries that send on to other hosts (for tokens or blobs) need those, too.
    #[arg(
        long = "source-allow",
        env = "CLOISTER_SOURCE_ALLOW",
        value_delimiter = ',',
        value_name = "HOST[:PORT]"
    )]
    pub allow: Vec<AllowedHost>,
    /// Certificates (PEM) that HTTPS sources are trusted by, besides the system's.
    #[arg(long = "source-ca", env = "CLOISTER_SOURCE_CA", value_name = "PEM")]
    pub source_ca: Option<PathBuf>,
    /// Folder that models may be imported from by path.
    #[arg(long = "sources", env = "CLOISTER_SOURCES", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Credentials of registries, in the form of Docker's config.json; read at every use.
    #[arg(long, env = "CLOISTER_REGISTRY_AUTH", value_name = "FILE")]
    pub registry_auth: Option<PathBuf>,
    /// Certificates (PEM) that registries are trusted by, besides the system's.
    #[arg(long, env = "CLOISTER_REGISTRY_CA", value_name = "PEM")]
    pub registry_ca: Option<PathBuf>,
    /// A registry that is spoken to unencrypted. May be given several times; those on this machine's
    /// loopback always are.
    #[arg(long, env = "CLOISTER_REGISTRY_INSECURE", value_delimiter = ',', value_name = "HOST:PORT")]
    pub registry_insecure: Vec<AllowedHost>,
}

/// The same, ready for use. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SourceSettings {
    pub(super) options: Arc<SourceOptions>,
    pub(super) egress: Arc<Egress>,
}

impl SourceSettings {
    pub fn new(options: &SourceOptions) -> Self {
        let egress = Egress::new(options.allow.clone(), options.registry_insecure.clone());
        Self { options: Arc::new(options.clone()), egress: Arc::new(egress) }
    }
}
