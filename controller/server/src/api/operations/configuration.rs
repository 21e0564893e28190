//! How the controller runs: for people who look after the fleet, and for those who help them.

use cloister_api::{Configuration, DatabaseInForce, DatabaseKind};
use cloister_store::Backend;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::{blocking, deployments, fleet, models, nodes, replicas};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};

pub(in crate::api) fn read(api: &ApiState) -> Configuration {
    let kind = match api.store().backend() {
        Backend::Sqlite => DatabaseKind::Sqlite,
        Backend::Postgres => DatabaseKind::Postgres,
    };
    Configuration {
        version: fleet::version().version,
        started_at: api.started_at().to_string(),
        controller_id: api.ledger().controller_id().to_owned(),
        database: DatabaseInForce { kind, schema_version: cloister_store::SCHEMA_VERSION },
        options: api.options().to_vec(),
        identity_providers: api.oidc().all().map(crate::oidc::Provider::in_force).collect(),
    }
}

/// A gzipped tar archive of what helps to find a fault: no secret, no account, and no text of a question or answer.
pub(in crate::api) async fn diagnostics(api: &ApiState, caller: &Caller) -> Result<Vec<u8>, ApiError> {
    let files = [
        ("version.json", json(&fleet::version())?),
        ("configuration.json", json(&read(api))?),
        ("status.json", json(&fleet::status(api, caller).await?)?),
        ("nodes.json", json(&nodes::list(api).await?)?),
        ("models.json", json(&models::list(api).await?)?),
        ("deployments.json", json(&deployments::list(api, caller).await?)?),
        ("replicas.json", json(&replicas::list(api, caller, None).await?)?),
    ];
    blocking(move || packed(&files))
        .await?
        .map_err(|error| ApiError::internal("the archive cannot be made", &error))
}

fn packed(files: &[(&str, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default());
        archive.append_data(&mut header, format!("cloister-diagnostics/{name}"), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec_pretty(value)
        .map_err(|error| ApiError::internal("an answer cannot be written", &error))
}
