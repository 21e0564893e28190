//! Where the controller listens, for people and for the programs that started it.

use std::io::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError, write_atomically};

/// `host:port` of each listener, as others reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub http: String,
    pub grpc: String,
    pub agents: String,
    /// Whether HTTP and gRPC are encrypted.
    #[serde(default)]
    pub tls: bool,
}

impl Endpoints {
    pub(super) fn write(&self, data: &DataDir) -> Result<(), DataDirError> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_atomically(&data.endpoints(), &json, 0o600)
    }

    /// One line per listener, on standard output.
    pub(super) fn announce(&self) -> io::Result<()> {
        let scheme = if self.tls { "https" } else { "http" };
        let mut out = io::stdout().lock();
        writeln!(out, "http    {scheme}://{}", self.http)?;
        writeln!(out, "grpc    {scheme}://{}", self.grpc)?;
        writeln!(out, "agents  https://{}", self.agents)?;
        out.flush()
    }
}
