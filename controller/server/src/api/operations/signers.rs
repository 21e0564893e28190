//! Whose signatures are believed.

use cloister_api::limits::PUBLIC_KEY_PEM_MAX_BYTES;
use cloister_api::{Changed, Signer, SignerList, TrustSignerRequest};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_provenance::PublicKey;
use cloister_store::Change;
use jiff::Timestamp;

use super::{Facts, already_revoked, changed, commit, subject};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};
use crate::trust::{NamedKey, Trust};

pub(in crate::api) async fn list(api: &ApiState) -> Result<SignerList, ApiError> {
    let trust = Trust::read(api.store()).await?;
    let of_fleet = api.store().signers().await?;
    let by_policy = trust.keys().filter(|(key_id, _)| !of_fleet.iter().any(|row| row.key_id == **key_id));
    let by_policy: Vec<Signer> = by_policy.map(|(key_id, key)| view_by_policy(key_id, key)).collect();
    let mut signers: Vec<Signer> = of_fleet.into_iter().map(|row| with_policies(view(row), &trust)).collect();
    signers.extend(by_policy);
    Ok(SignerList { signers })
}

pub(in crate::api) async fn trust(
    api: &ApiState,
    caller: &Caller,
    request: TrustSignerRequest,
) -> Result<Signer, ApiError> {
    names::check("name", &request.name)?;
    let key = public_key("public_key_pem", &request.public_key_pem)?;
    let signers = api.store().signers().await?;
    let taken =
        |signer: &&cloister_store::Signer| signer.name == request.name && signer.key_id != key.key_id();
    if let Some(other) = signers.iter().filter(|signer| signer.revoked_at.is_none()).find(taken) {
        let detail = format!(
            "another signer is called {:?} (key {}); choose another name",
            request.name, other.key_id
        );
        return Err(ApiError::new(cloister_api::ProblemKind::AlreadyExists, detail)
            .with(|p| p.field = Some("name".into())));
    }
    let row = cloister_store::Signer {
        key_id: key.key_id(),
        name: request.name,
        // As the library writes it, so that the key id is the digest of the very text that is stored.
        public_key_pem: key.to_pem(),
        trusted_at: Timestamp::now(),
        revoked_at: None,
    };
    let draft = changed(Kind::SignerTrusted, caller, of(&row), Facts::new());
    commit(api, vec![Change::AddSigner(row.clone())], draft).await?;
    Ok(view(row))
}

/// From now on its models are no longer placed, and their replicas are drained.
pub(in crate::api) async fn revoke(
    api: &ApiState,
    caller: &Caller,
    key_id: &str,
) -> Result<Changed, ApiError> {
    let signer = find(api, key_id).await?;
    if let Some(at) = signer.revoked_at {
        return Err(already_revoked(&format!("signer {}", signer.name), at));
    }
    let affected =
        api.store().models().await?.into_iter().filter(|model| model.signer_key_id == signer.key_id);
    let digests: Vec<serde_json::Value> =
        affected.map(|model| model.digest.into()).take(AFFECTED_ON_RECORD_MAX).collect();
    let facts = Facts::from([("models_no_longer_trusted".to_owned(), digests.into())]);
    let draft = changed(Kind::SignerRevoked, caller, of(&signer), facts);
    let change = Change::RevokeSigner { key_id: signer.key_id, at: Timestamp::now() };
    commit(api, vec![change], draft).await.map(|record_id| Changed { record_id })
}

/// Models named in the record of a revocation; a record has a bounded size.
pub(super) const AFFECTED_ON_RECORD_MAX: usize = 32;

/// A signer of the fleet, or one that only trust policies name: both can be revoked.
async fn find(api: &ApiState, key_id: &str) -> Result<cloister_store::Signer, ApiError> {
    if let Some(signer) = api.store().signer(key_id).await? {
        return Ok(signer);
    }
    if !api.store().knows_key(key_id).await? {
        return Err(ApiError::not_found(format!(
            "there is no signer with the key {key_id:?}; list them (cloister signer list)"
        )));
    }
    let trust = Trust::read(api.store()).await?;
    let key = trust.key(key_id).cloned();
    Ok(cloister_store::Signer {
        key_id: key_id.to_owned(),
        // Of a key that a policy named once there is no name any more.
        name: key.as_ref().map(|key| key.name.clone()).unwrap_or_default(),
        public_key_pem: key.as_ref().map(|key| key.public_key_pem.clone()).unwrap_or_default(),
        trusted_at: key.map_or_else(Timestamp::now, |key| key.named_at),
        revoked_at: None,
    })
}

pub(super) fn public_key(field: &str, pem: &str) -> Result<PublicKey, ApiError> {
    if pem.len() > PUBLIC_KEY_PEM_MAX_BYTES {
        let detail =
            format!("{field} has {} bytes; a public key has at most {PUBLIC_KEY_PEM_MAX_BYTES}", pem.len());
        return Err(ApiError::invalid(field, detail));
    }
    PublicKey::from_pem(pem)
        .map_err(|error| ApiError::invalid(field, format!("{field} cannot be used: {error}")))
}

fn of(signer: &cloister_store::Signer) -> Subject {
    subject(SubjectKind::Signer, signer.key_id.as_str(), Some(&signer.name))
}

fn view(row: cloister_store::Signer) -> Signer {
    Signer {
        key_id: row.key_id,
        name: row.name,
        trusted_at: row.trusted_at.to_string(),
        every_name: row.revoked_at.is_none(),
        policies: Vec::new(),
        revoked_at: row.revoked_at.map(|at| at.to_string()),
    }
}

fn with_policies(signer: Signer, trust: &Trust) -> Signer {
    let policies = trust.key(&signer.key_id).map(|key| key.policies.clone()).unwrap_or_default();
    Signer { policies, ..signer }
}

fn view_by_policy(key_id: &str, key: &NamedKey) -> Signer {
    Signer {
        key_id: key_id.to_owned(),
        name: key.name.clone(),
        trusted_at: key.named_at.to_string(),
        every_name: false,
        policies: key.policies.clone(),
        revoked_at: None,
    }
}
