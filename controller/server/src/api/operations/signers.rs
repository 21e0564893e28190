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

pub(in crate::api) async fn list(api: &ApiState) -> Result<SignerList, ApiError> {
    let signers = api.store().signers().await?.into_iter().map(view).collect();
    Ok(SignerList { signers })
}

pub(in crate::api) async fn trust(
    api: &ApiState,
    caller: &Caller,
    request: TrustSignerRequest,
) -> Result<Signer, ApiError> {
    names::check("name", &request.name)?;
    let key = public_key(&request.public_key_pem)?;
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
    let Some(signer) = api.store().signer(key_id).await? else {
        return Err(ApiError::not_found(format!(
            "there is no signer with the key {key_id:?}; list them (cloister signer list)"
        )));
    };
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
const AFFECTED_ON_RECORD_MAX: usize = 32;

fn public_key(pem: &str) -> Result<PublicKey, ApiError> {
    if pem.len() > PUBLIC_KEY_PEM_MAX_BYTES {
        let detail = format!(
            "public_key_pem has {} bytes; a public key has at most {PUBLIC_KEY_PEM_MAX_BYTES}",
            pem.len()
        );
        return Err(ApiError::invalid("public_key_pem", detail));
    }
    PublicKey::from_pem(pem).map_err(|error| {
        ApiError::invalid("public_key_pem", format!("public_key_pem cannot be used: {error}"))
    })
}

fn of(signer: &cloister_store::Signer) -> Subject {
    subject(SubjectKind::Signer, signer.key_id.as_str(), Some(&signer.name))
}

fn view(row: cloister_store::Signer) -> Signer {
    Signer {
        key_id: row.key_id,
        name: row.name,
        trusted_at: row.trusted_at.to_string(),
        every_name: true,
        policies: Vec::new(),
        revoked_at: row.revoked_at.map(|at| at.to_string()),
    }
}
