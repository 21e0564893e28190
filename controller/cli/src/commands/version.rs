//! `cloister version`

use clap::Args;
use cloister_api::paths;
use serde::Serialize;

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::{dash, pairs};

#[derive(Debug, Args)]
pub(crate) struct Version {}

#[derive(Debug, Serialize)]
struct Versions {
    client: &'static str,
    controller: Option<String>,
}

impl Version {
    pub(crate) async fn run(
        self,
        client: impl FnOnce() -> Result<Client, CliError>,
        output: &Output,
    ) -> Result<(), CliError> {
        // Without a controller the client's own version is still an answer.
        let controller = match client() {
            Ok(client) => client.get::<cloister_api::Version>(paths::VERSION).await.ok().map(|v| v.version),
            Err(_) => None,
        };
        let versions = Versions { client: env!("CARGO_PKG_VERSION"), controller };
        output.data(&versions, |_| {
            pairs([
                ("client", versions.client.to_string()),
                ("controller", dash(versions.controller.as_ref())),
            ])
        })
    }
}
