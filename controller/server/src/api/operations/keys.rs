//! API keys: made, listed, revoked. A secret is returned once and never stored.

use std::collections::HashMap;

use cloister_api::limits::{KEY_MODELS_MAX, KEY_VALID_FOR_MAX_S};
use cloister_api::{Changed, Key, KeyList, NewKey, NewKeyRequest, ProblemKind, Role};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::{Change, KeyRole};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{Facts, already_revoked, changed_of, commit, random_secret, secret_hash, subject, tenant_for};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};

const SECRET_PREFIX: &str = "clk_";

pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<KeyList, ApiError> {
    let asked: HashMap<_, _> = api.store().keys_last_asked().await?.into_iter().collect();
    let keys = api.store().keys().await?.into_iter().filter(|key| caller.sees(key.tenant.as_deref()));
    let keys = keys.map(|key| {
        let last_used_at = key.last_used_at.max(asked.get(&key.id).copied());
        view(cloister_store::Key { last_used_at, ..key })
    });
    Ok(KeyList { keys: keys.collect() })
}

pub(in crate::api) async fn create(
    api: &ApiState,
    caller: &Caller,
    request: NewKeyRequest,
) -> Result<NewKey, ApiError> {
    let now = Timestamp::now();
    check(&request)?;
    let tenant = tenant_for(caller, request.tenant)?;
    let keys = api.store().keys().await?;
    let same = |key: &cloister_store::Key| key.name == request.name && key.tenant == tenant;
    if keys.iter().any(|key| same(key) && key.revoked_at.is_none()) {
        let detail =
            format!("a key called {:?} exists; revoke it first or choose another name", request.name);
        return Err(ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into())));
    }
    let secret = format!("{SECRET_PREFIX}{}", random_secret()?.expose_secret());
    let row = cloister_store::Key {
        id: ulid::Ulid::new().to_string().to_lowercase(),
        secret_hash: secret_hash(&secret),
        role: role_row(request.role),
        created_at: now,
        expires_at: expiry(request.valid_for_s, now)?,
        revoked_at: None,
        last_used_at: None,
        tenant,
        name: request.name,
        models: request.models,
    };
    let draft = changed_of(row.tenant.as_deref(), Kind::KeyCreated, caller, of(&row), facts(&row));
    let record_id = commit(api, vec![Change::AddKey(row.clone())], draft).await?;
    Ok(NewKey { key: view(row), secret, record_id })
}

pub(in crate::api) async fn revoke(api: &ApiState, caller: &Caller, id: &str) -> Result<Changed, ApiError> {
    let key = api.store().key(id).await?.filter(|key| caller.sees(key.tenant.as_deref()));
    let Some(key) = key else {
        return Err(ApiError::not_found(format!("there is no key {id:?}; list them (cloister key list)")));
    };
    if let Some(at) = key.revoked_at {
        return Err(already_revoked(&format!("key {}", key.name), at));
    }
    let draft = changed_of(key.tenant.as_deref(), Kind::KeyRevoked, caller, of(&key), Facts::new());
    let change = Change::RevokeKey { id: key.id, at: Timestamp::now() };
    commit(api, vec![change], draft).await.map(|record_id| Changed { record_id })
}

fn check(request: &NewKeyRequest) -> Result<(), ApiError> {
    names::check("name", &request.name)?;
    if request.models.len() > KEY_MODELS_MAX {
        let detail = format!(
            "models names {} deployments; at most {KEY_MODELS_MAX} are allowed, or none for all",
            request.models.len()
        );
        return Err(ApiError::invalid("models", detail));
    }
    if request.role == Role::Admin && !request.models.is_empty() {
        let detail = "an admin key is not limited to models; leave models empty, or create an inference key";
        return Err(ApiError::invalid("models", detail));
    }
    request.models.iter().try_for_each(|model| names::check_deployment("models", model))
}

fn expiry(valid_for_s: u64, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let out_of_range = || {
        let detail =
            format!("valid_for_s must be at most {KEY_VALID_FOR_MAX_S} (ten years), or 0 for no expiry");
        ApiError::invalid("valid_for_s", detail)
    };
    if valid_for_s == 0 {
        return Ok(None);
    }
    let seconds = i64::try_from(valid_for_s).ok().filter(|_| valid_for_s <= KEY_VALID_FOR_MAX_S);
    let seconds = seconds.ok_or_else(out_of_range)?;
    now.checked_add(SignedDuration::from_secs(seconds)).map(Some).map_err(|_| out_of_range())
}

fn facts(key: &cloister_store::Key) -> Facts {
    let mut facts = Facts::from([
        ("role".to_owned(), key.role.as_str().into()),
        ("models".to_owned(), key.models.iter().take(MODELS_ON_RECORD_MAX).cloned().collect()),
        ("models_count".to_owned(), key.models.len().into()),
    ]);
    if let Some(expires_at) = key.expires_at {
        facts.insert("expires_at".to_owned(), expires_at.to_string().into());
    }
    facts
}

/// Models named in the record of a key; a record has a bounded size.
const MODELS_ON_RECORD_MAX: usize = 32;

fn of(key: &cloister_store::Key) -> Subject {
    subject(SubjectKind::Key, key.id.as_str(), Some(&key.name))
}

fn role_row(role: Role) -> KeyRole {
    match role {
        Role::Admin => KeyRole::Admin,
        Role::Inference => KeyRole::Inference,
    }
}

fn view(row: cloister_store::Key) -> Key {
    Key {
        id: row.id,
        name: row.name,
        role: match row.role {
            KeyRole::Admin => Role::Admin,
            KeyRole::Inference => Role::Inference,
        },
        models: row.models,
        tenant: row.tenant,
        last_used_at: row.last_used_at.map(|at| at.to_string()),
        created_at: row.created_at.to_string(),
        expires_at: row.expires_at.map(|at| at.to_string()),
        revoked_at: row.revoked_at.map(|at| at.to_string()),
    }
}
