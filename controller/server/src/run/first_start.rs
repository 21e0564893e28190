//! What a first start makes: the fleet's identity and the first administrator's key. Every step may
//! be cut off by a crash and is taken up by the next start.

use base64::Engine as _;
use cloister_evidence::record::{Kind, Outcome, Subject, SubjectKind};
use cloister_ledger::{LedgerError, LedgerHandle};
use cloister_store::{Change, Key, KeyRole, Refusal, Store, StoreError};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, DataDirError, read_optional, write_atomically};
use crate::fleet::records::{draft, system};
use crate::options::Options;

const FLEET_ID: &str = "fleet_id";
const FLEET_NAME: &str = "fleet_name";
const ORIGIN_PREFIX: &str = "cloister/fleet-";
/// `clk_` and 32 random bytes in base64url.
const SECRET_CHARS: usize = 47;

#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] DataDirError),
    #[error("the fleet could not be put on record: {0}")]
    Ledger(#[from] LedgerError),
    #[error("the system's random number generator failed: {0}")]
    Random(getrandom::Error),
    #[error("{0} does not hold an API key; delete it if this fleet is new, or restore it from a backup")]
    AdminKey(String),
}

/// The fleet that the database belongs to; none before the first start.
#[cfg(feature = "kubernetes")]
pub(super) async fn fleet_id(store: &Store) -> Result<Option<String>, FirstStartError> {
    Ok(store.setting(FLEET_ID).await?)
}

/// Name of the audit log. The fleet's identifier is part of it and is decided here, once.
pub(super) async fn log_origin(data: &DataDir, store: &Store) -> Result<String, FirstStartError> {
    if let Some(id) = store.setting(FLEET_ID).await? {
        return Ok(format!("{ORIGIN_PREFIX}{id}"));
    }
    // A first start that was cut off between key and record: the key's name is the fleet's.
    let verifier = read_optional(&data.audit_vkey())?;
    let made = verifier.as_deref().and_then(|text| text.split('+').next()).filter(|o| fleet_of(o).is_some());
    let fresh = || format!("{ORIGIN_PREFIX}{}", ulid::Ulid::new().to_string().to_lowercase());
    Ok(made.map_or_else(fresh, str::to_owned))
}

fn fleet_of(origin: &str) -> Option<&str> {
    origin.strip_prefix(ORIGIN_PREFIX).filter(|id| !id.is_empty())
}

/// Puts the fleet on record if it is new, and makes its first administrator's key. Returns its id.
pub(super) async fn ensure_fleet(
    options: &Options,
    data: &DataDir,
    store: &Store,
    ledger: &LedgerHandle,
) -> Result<String, FirstStartError> {
    let fleet_id = fleet_of(ledger.origin()).unwrap_or_default().to_owned();
    if store.setting(FLEET_ID).await?.is_none() {
        let name = options.fleet_name.clone();
        let setting =
            |key: &str, value: &str| Change::AddSetting { name: key.to_owned(), value: value.to_owned() };
        let changes = vec![setting(FLEET_ID, &fleet_id), setting(FLEET_NAME, &name)];
        let mut record = draft(Kind::FleetCreated, Outcome::Success, system());
        record.subject = Some(Subject { kind: SubjectKind::Fleet, id: fleet_id.clone(), name: Some(name) });
        unless_another_did(ledger.change(changes, record).await)?;
    }
    if store.keys().await?.is_empty() {
        create_admin_key(data, ledger).await?;
    }
    Ok(fleet_id)
}

/// The name the fleet was created with.
pub(super) async fn fleet_name(store: &Store) -> Result<String, StoreError> {
    Ok(store.setting(FLEET_NAME).await?.unwrap_or_default())
}

/// Of several controllers that start at once on a new database, one is first; the others have the same to say.
fn unless_another_did<T>(changed: Result<T, LedgerError>) -> Result<(), LedgerError> {
    match changed {
        Ok(_) | Err(LedgerError::Refused(Refusal::AlreadyExists { .. })) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the secret of the first administrator's key, where there is none yet.
#[cfg(feature = "kubernetes")]
pub(super) fn ensure_admin_secret(data: &DataDir) -> Result<(), FirstStartError> {
    if read_optional(&data.admin_key())?.is_none() {
        new_secret(data)?;
    }
    Ok(())
}

/// The file first: a key on record whose secret nobody has would lock everybody out.
async fn create_admin_key(data: &DataDir, ledger: &LedgerHandle) -> Result<(), FirstStartError> {
    let secret = match read_optional(&data.admin_key())? {
        Some(secret) => Zeroizing::new(secret.trim().to_owned()),
        None => new_secret(data)?,
    };
    if !secret.starts_with("clk_") || secret.len() != SECRET_CHARS {
        return Err(FirstStartError::AdminKey(data.admin_key().display().to_string()));
    }
    let key = Key {
        id: ulid::Ulid::new().to_string().to_lowercase(),
        name: "admin".to_owned(),
        secret_hash: Sha256::digest(secret.as_bytes()).into(),
        role: KeyRole::Admin,
        models: Vec::new(),
        tenant: None,
        last_used_at: None,
        created_at: Timestamp::now(),
        expires_at: None,
        revoked_at: None,
    };
    let mut record = draft(Kind::KeyCreated, Outcome::Success, system());
    record.subject =
        Some(Subject { kind: SubjectKind::Key, id: key.id.clone(), name: Some(key.name.clone()) });
    record.change = Some([("role".to_owned(), key.role.as_str().into())].into());
    Ok(unless_another_did(ledger.change(vec![Change::AddKey(key)], record).await)?)
}

fn new_secret(data: &DataDir) -> Result<Zeroizing<String>, FirstStartError> {
    let mut random = Zeroizing::new([0u8; 32]);
    getrandom::fill(&mut *random).map_err(FirstStartError::Random)?;
    let text = Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*random));
    let secret = Zeroizing::new(format!("clk_{}", *text));
    write_atomically(&data.admin_key(), Zeroizing::new(format!("{}\n", *secret)).as_bytes(), 0o600)?;
    Ok(secret)
}
