//! Deployments: which model, how many replicas, where. The reconciler does the rest.

mod history;

use std::collections::HashMap;

use cloister_api::limits::{CONTEXT_LENGTH_DEFAULT_MAX, REPLICAS_MAX, SEQUENCES_DEFAULT, SEQUENCES_MAX};
use cloister_api::{Changed, DeployRequest, Deployment, DeploymentList, ProblemKind};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::Change;
use jiff::Timestamp;

use super::{Facts, changed_of, commit, models, subject, tenant_for};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};
use crate::reconcile::{Explanation, ReplicaSpec};

pub(in crate::api) use history::{events, restart, return_to, revisions};

pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<DeploymentList, ApiError> {
    let around = Surroundings::read(api).await?;
    let rows = api.store().deployments().await?;
    let rows = rows.into_iter().filter(|row| caller.sees(row.tenant.as_deref()));
    Ok(DeploymentList { deployments: rows.map(|row| around.view(row)).collect() })
}

pub(in crate::api) async fn get(api: &ApiState, caller: &Caller, name: &str) -> Result<Deployment, ApiError> {
    let row = find(api, caller, name).await?;
    view(api, row).await
}

/// Creates or changes a deployment. With `expected_revision` only if it is at that one; 0 stands for
/// "does not exist yet".
pub(in crate::api) async fn put(
    api: &ApiState,
    caller: &Caller,
    name: &str,
    request: DeployRequest,
    expected_revision: Option<u64>,
) -> Result<Deployment, ApiError> {
    names::check_deployment("name", name)?;
    check(&request)?;
    let before = api.store().deployment(name).await?;
    let tenant = tenant_of(caller, before.as_ref(), request.tenant.clone())?;
    check_revision(before.as_ref(), expected_revision)?;
    let (model, context_length) = resolve(api, &request).await?;
    let row = cloister_store::Deployment {
        id: before
            .as_ref()
            .map_or_else(|| ulid::Ulid::new().to_string().to_lowercase(), |row| row.id.clone()),
        name: name.to_owned(),
        model_digest: model.digest.clone(),
        replicas: request.replicas,
        context_length,
        max_sequences: if request.max_sequences == 0 { SEQUENCES_DEFAULT } else { request.max_sequences },
        kv_tokens: kv_tokens(context_length),
        node_selector: request.node_selector,
        jurisdiction: request.jurisdiction,
        tenant,
        revision: before.as_ref().map_or(1, |row| row.revision.saturating_add(1)),
        restarts: before.as_ref().map_or(0, |row| row.restarts),
        created_at: before.as_ref().map_or_else(Timestamp::now, |row| row.created_at),
    };
    if let Some(same) = before.as_ref().filter(|before| same_intent(before, &row)) {
        return view(api, same.clone()).await;
    }
    check_approval(&model, before.as_ref(), &row)?;
    let change = Accepted { row, model_name: model.name, returned_to: None, more: Facts::new() };
    change.commit(api, caller).await
}

/// A change that passed every check.
struct Accepted {
    row: cloister_store::Deployment,
    model_name: String,
    returned_to: Option<u64>,
    /// What the record says besides the intent.
    more: Facts,
}

impl Accepted {
    /// State, history and record in one.
    async fn commit(self, api: &ApiState, caller: &Caller) -> Result<Deployment, ApiError> {
        let Self { row, model_name, returned_to, more } = self;
        let kind = if row.revision == 1 { Kind::DeploymentCreated } else { Kind::DeploymentChanged };
        let mut facts = facts(&row);
        facts.extend(more);
        let draft = changed_of(row.tenant.as_deref(), kind, caller, of(&row), facts);
        let record_id = api.ledger().new_record_id();
        let kept = history::kept(&row, model_name, returned_to, &draft.actor, &record_id);
        let changes = vec![Change::PutDeployment(row.clone()), Change::KeepRevision(kept)];
        api.ledger().change_as(record_id.clone(), changes, draft).await?;
        api.fleet().wake_and_settle().await;
        Ok(Deployment { record_id: Some(record_id), ..view(api, row).await? })
    }
}

pub(in crate::api) async fn remove(api: &ApiState, caller: &Caller, name: &str) -> Result<Changed, ApiError> {
    let row = find(api, caller, name).await?;
    let draft = changed_of(row.tenant.as_deref(), Kind::DeploymentRemoved, caller, of(&row), Facts::new());
    let record_id = commit(api, vec![Change::RemoveDeployment { id: row.id }], draft).await?;
    Ok(Changed { record_id })
}

/// What belongs to another tenant is not there.
async fn find(api: &ApiState, caller: &Caller, name: &str) -> Result<cloister_store::Deployment, ApiError> {
    let found = api.store().deployment(name).await?.filter(|row| caller.sees(row.tenant.as_deref()));
    found.ok_or_else(|| {
        ApiError::not_found(format!("there is no deployment {name:?}; list them (cloister ps)"))
    })
}

/// A deployment stays where it was made.
fn tenant_of(
    caller: &Caller,
    before: Option<&cloister_store::Deployment>,
    asked: Option<String>,
) -> Result<Option<String>, ApiError> {
    let Some(before) = before else { return tenant_for(caller, asked) };
    if !caller.sees(before.tenant.as_deref()) {
        let detail = "this name is taken in the fleet; choose another one";
        return Err(ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into())));
    }
    match asked.is_none() || asked == before.tenant {
        true => Ok(before.tenant.clone()),
        false => Err(ApiError::invalid("tenant", "a deployment's tenant does not change; make another one")),
    }
}

fn check(request: &DeployRequest) -> Result<(), ApiError> {
    if request.replicas > REPLICAS_MAX {
        let detail = format!("replicas is {}, and must be 0 to {REPLICAS_MAX}", request.replicas);
        return Err(ApiError::invalid("replicas", detail));
    }
    if request.max_sequences > SEQUENCES_MAX {
        let detail = format!(
            "max_sequences is {}, and must be 1 to {SEQUENCES_MAX}, or 0 for {SEQUENCES_DEFAULT}",
            request.max_sequences
        );
        return Err(ApiError::invalid("max_sequences", detail));
    }
    names::check_selector(&request.node_selector)?;
    names::check_jurisdiction(&request.jurisdiction)
}

fn check_revision(
    before: Option<&cloister_store::Deployment>,
    expected: Option<u64>,
) -> Result<(), ApiError> {
    let current = before.map_or(0, |row| row.revision);
    match expected {
        Some(expected) if expected != current => Err(ApiError::new(
            ProblemKind::RevisionMismatch,
            format!(
                "the deployment is at revision {current}, not {expected}; read it again and repeat the change"
            ),
        )),
        _ => Ok(()),
    }
}

/// The model, and the context length asked for or its default.
async fn resolve(api: &ApiState, request: &DeployRequest) -> Result<(cloister_store::Model, u32), ApiError> {
    let model = models::find(api, &request.model).await?;
    check_trust(api, &model).await?;
    let longest = models::facts(&model)?.context_length;
    match request.context_length {
        0 => Ok((model, longest.min(CONTEXT_LENGTH_DEFAULT_MAX))),
        asked if asked <= longest => Ok((model, asked)),
        asked => Err(ApiError::invalid(
            "context_length",
            format!(
                "context_length is {asked} tokens, and model {} was made for at most {longest}",
                model.name
            ),
        )),
    }
}

async fn check_trust(api: &ApiState, model: &cloister_store::Model) -> Result<(), ApiError> {
    let Some(why) = models::distrust(api, model).await? else { return Ok(()) };
    let detail = format!(
        "model {} cannot be deployed, because its signer is no longer trusted for it (key {}): {why}",
        model.name, model.signer_key_id
    );
    Err(ApiError::new(ProblemKind::Conflict, detail).with(|p| p.field = Some("model".into())))
}

/// The store asks again when it commits; here there is more to say.
fn check_approval(
    model: &cloister_store::Model,
    before: Option<&cloister_store::Deployment>,
    after: &cloister_store::Deployment,
) -> Result<(), ApiError> {
    match model.approval.allows(before, after) {
        true => Ok(()),
        false => Err(models::not_approved(model)),
    }
}

/// Room for two sequences of full length, or many shorter ones.
fn kv_tokens(context_length: u32) -> u64 {
    2 * u64::from(context_length)
}

fn same_intent(before: &cloister_store::Deployment, after: &cloister_store::Deployment) -> bool {
    let after = cloister_store::Deployment { revision: before.revision, ..after.clone() };
    *before == after
}

fn of(row: &cloister_store::Deployment) -> Subject {
    subject(SubjectKind::Deployment, row.id.as_str(), Some(&row.name))
}

fn facts(row: &cloister_store::Deployment) -> Facts {
    Facts::from([
        ("model_digest".to_owned(), row.model_digest.as_str().into()),
        ("replicas".to_owned(), row.replicas.into()),
        ("context_length".to_owned(), row.context_length.into()),
        ("max_sequences".to_owned(), row.max_sequences.into()),
        ("jurisdiction".to_owned(), row.jurisdiction.as_str().into()),
        ("node_selector_labels".to_owned(), row.node_selector.len().into()),
        ("revision".to_owned(), row.revision.to_string().into()),
    ])
}

async fn view(api: &ApiState, row: cloister_store::Deployment) -> Result<Deployment, ApiError> {
    Ok(Surroundings::read(api).await?.view(row))
}

/// What is told of deployments and is not in their rows: read once, however many are told of.
struct Surroundings {
    /// By digest.
    model_names: HashMap<String, String>,
    /// Ready replicas, by deployment id: what each was ordered to run.
    ready: HashMap<String, Vec<ReplicaSpec>>,
}

impl Surroundings {
    async fn read(api: &ApiState) -> Result<Self, ApiError> {
        let models = api.store().models().await?.into_iter().map(|model| (model.digest, model.name));
        let live = api.fleet().live();
        let mut ready: HashMap<String, Vec<ReplicaSpec>> = HashMap::new();
        for replica in api.store().replicas().await? {
            let node = replica.node_id.as_ref().and_then(|id| live.get(id));
            let explanation = Explanation::of(&replica);
            if node.is_some_and(|node| node.serves(&replica.id)) && !explanation.draining {
                ready.entry(replica.deployment_id).or_default().push(explanation.spec);
            }
        }
        Ok(Self { model_names: models.collect(), ready })
    }

    fn view(&self, row: cloister_store::Deployment) -> Deployment {
        let (ready, wanted) = (self.ready.get(&row.id).map_or(&[][..], Vec::as_slice), ReplicaSpec::of(&row));
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Deployment {
            ready_replicas: count(ready.len()),
            updated_replicas: count(ready.iter().filter(|spec| **spec == wanted).count()),
            name: row.name,
            model_name: self.model_names.get(&row.model_digest).cloned().unwrap_or_default(),
            model_digest: row.model_digest,
            replicas: row.replicas,
            context_length: row.context_length,
            max_sequences: row.max_sequences,
            kv_tokens: row.kv_tokens,
            node_selector: row.node_selector,
            jurisdiction: row.jurisdiction,
            revision: row.revision,
            tenant: row.tenant,
            restarts: row.restarts,
            created_at: row.created_at.to_string(),
            record_id: None,
        }
    }
}
