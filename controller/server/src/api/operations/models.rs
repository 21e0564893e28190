//! Models: read and removed here; [`import`](super::models::import) lets new ones in, [`approval`] lets them be
//! deployed.

mod approval;
mod import;

use cloister_api::{Changed, Model, ModelDetail, ModelFacts, ModelFile, ModelList, ProblemKind};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::Change;

use super::{Facts, blocking, changed, commit, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState};
use crate::trust::Trust;

pub(super) use approval::not_approved;
pub(in crate::api) use approval::{approve, retire};
pub(in crate::api) use import::{Import, ImportFailure, acceptance, import, record_refusal};

pub(in crate::api) async fn list(api: &ApiState) -> Result<ModelList, ApiError> {
    let trust = Trust::read(api.store()).await?;
    let rows = api.store().models().await?;
    let models = rows.iter().map(|row| view(row, &trust)).collect::<Result<_, _>>()?;
    Ok(ModelList { models })
}

pub(in crate::api) async fn get(api: &ApiState, name_or_digest: &str) -> Result<ModelDetail, ApiError> {
    let row = find(api, name_or_digest).await?;
    detail(api, &row, None).await
}

/// Removes a model and its files; refused while deployments use it.
pub(in crate::api) async fn remove(
    api: &ApiState,
    caller: &Caller,
    name_or_digest: &str,
) -> Result<Changed, ApiError> {
    let row = find(api, name_or_digest).await?;
    let used_by = deployments_of(api, &row.digest).await?;
    if !used_by.is_empty() {
        let detail = format!("model {} is deployed as {}; undeploy it first", row.name, used_by.join(", "));
        return Err(ApiError::new(ProblemKind::InUse, detail).with(|problem| problem.deployments = used_by));
    }
    let draft = changed(Kind::ModelRemoved, caller, of(&row), Facts::new());
    let record_id = commit(api, vec![Change::RemoveModel { digest: row.digest.clone() }], draft).await?;
    let folder = api.models().clone();
    // The model is gone whether or not this succeeds; what is left is cleared at the next start.
    if let Err(error) = blocking(move || folder.remove(&row.digest)).await? {
        tracing::warn!(%error, "the files of a removed model could not be deleted");
    }
    Ok(Changed { record_id })
}

/// The model of that name or digest.
pub(super) async fn find(api: &ApiState, name_or_digest: &str) -> Result<cloister_store::Model, ApiError> {
    let found = api.store().model(name_or_digest).await?;
    found.ok_or_else(|| {
        ApiError::not_found(format!("there is no model {name_or_digest:?}; list them (cloister model list)"))
    })
}

/// What was read from its weights when it was imported.
pub(super) fn facts(row: &cloister_store::Model) -> Result<ModelFacts, ApiError> {
    serde_json::from_value(row.facts.clone())
        .map_err(|error| ApiError::internal("the stored facts of a model cannot be read", &error))
}

/// Why the model may not run, if its signer is not trusted now for a model of its name.
pub(super) async fn distrust(
    api: &ApiState,
    row: &cloister_store::Model,
) -> Result<Option<String>, ApiError> {
    let decision = Trust::read(api.store()).await?.decide(&row.name, &row.signer_key_id);
    Ok((!decision.admitted).then(|| decision.reason.to_string()))
}

async fn deployments_of(api: &ApiState, digest: &str) -> Result<Vec<String>, ApiError> {
    let deployments = api.store().deployments().await?;
    let using = deployments.into_iter().filter(|deployment| deployment.model_digest == digest);
    Ok(using.map(|deployment| deployment.name).collect())
}

async fn detail(
    api: &ApiState,
    row: &cloister_store::Model,
    record_id: Option<String>,
) -> Result<ModelDetail, ApiError> {
    let files = row.files.iter().map(|file| ModelFile {
        name: file.name.clone(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
    });
    Ok(ModelDetail {
        model: view(row, &Trust::read(api.store()).await?)?,
        files: files.collect(),
        facts: facts(row)?,
        checks: checks(row),
        deployments: deployments_of(api, &row.digest).await?,
        record_id,
    })
}

/// Kept beside the facts; see [`import`].
fn checks(row: &cloister_store::Model) -> Vec<String> {
    let stored = row.facts.get(import::CHECKS).and_then(|checks| checks.as_array());
    stored.into_iter().flatten().filter_map(|check| check.as_str().map(str::to_owned)).collect()
}

fn of(row: &cloister_store::Model) -> Subject {
    subject(SubjectKind::Model, row.digest.as_str(), Some(&row.name))
}

fn view(row: &cloister_store::Model, trust: &Trust) -> Result<Model, ApiError> {
    let facts = facts(row)?;
    let signer = trust.key(&row.signer_key_id);
    Ok(Model {
        name: row.name.clone(),
        digest: row.digest.clone(),
        architecture: facts.architecture,
        quantization: facts.quantization,
        size_bytes: row.size_bytes,
        parameters: facts.parameters,
        context_length: facts.context_length,
        signer_key_id: row.signer_key_id.clone(),
        signer_name: signer.map(|signer| signer.name.clone()).unwrap_or_default(),
        trusted: trust.admits(row),
        imported_at: row.imported_at.to_string(),
        approval: approval::view(row),
        license: facts.license,
    })
}
