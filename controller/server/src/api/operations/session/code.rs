//! Codes of a second factor: asked for at the door once password or link is right, and wherever one is to be removed.

use cloister_api::ProblemKind;
use cloister_evidence::record::Actor;
use cloister_ledger::LedgerError;
use cloister_store::{Account, Change, Entity, Refusal};
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::lockout::{locked, locked_until, note_failure};
use crate::api::{ApiError, ApiState};
use crate::second_factor::{Code, NotAccepted, RecoveryCode};

/// A code that was right. It counts once what it leads to is committed, together with its use.
pub(super) struct Proof {
    pub(super) used: Change,
    /// For the record: `app` or `recovery_code`.
    pub(super) by: &'static str,
}

/// Why a code does not let in, as records name it.
type Class = &'static str;

/// What somebody whose password or link is right must still show: nothing, or a code.
pub(super) async fn demand(
    api: &ApiState,
    actor: Actor,
    account: &Account,
    typed: Option<&str>,
) -> Result<Option<Proof>, ApiError> {
    if account.second_factor_at.is_none() {
        return Ok(None);
    }
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        let detail =
            "this account has a second factor: send a code of the authenticator app, or a recovery code";
        return Err(ApiError::new(ProblemKind::CodeNeeded, detail));
    };
    let now = Timestamp::now();
    if let Some(until) = locked_until(account, now) {
        api.denials()
            .record(api, (actor, account.tenant.as_deref()), "session.start", "account_locked")
            .await;
        return Err(locked(account, until, now));
    }
    prove(api, actor, account, typed).await.map(Some)
}

/// Whether it is a code of the account. Wrong ones count as wrong passwords do.
pub(super) async fn prove(
    api: &ApiState,
    actor: Actor,
    account: &Account,
    typed: &str,
) -> Result<Proof, ApiError> {
    let _turn = api.second_factors().turn().await;
    let now = Timestamp::now();
    // Read in turn: the failures of those who were before are counted.
    let account = api.store().account(&account.id).await?.unwrap_or_else(|| account.clone());
    if let Some(until) = locked_until(&account, now) {
        return Err(locked(&account, until, now));
    }
    match judge(api, &account, &Code::parse(typed), now).await? {
        Ok(proof) => Ok(proof),
        Err((class, wrong)) => Err(note_failure(api, actor, &account, class, wrong).await?),
    }
}

async fn judge(
    api: &ApiState,
    account: &Account,
    code: &Code,
    now: Timestamp,
) -> Result<Result<Proof, (Class, ApiError)>, ApiError> {
    Ok(match code {
        Code::App(digits) => of_app(api, account, digits, now).await?,
        Code::Recovery(code) => of_recovery(api, account, code, now).await?,
        Code::Unknown => Err(wrong()),
    })
}

async fn of_app(
    api: &ApiState,
    account: &Account,
    digits: &str,
    now: Timestamp,
) -> Result<Result<Proof, (Class, ApiError)>, ApiError> {
    let Some(stored) = api.store().second_factor(&account.id).await?.filter(|known| known.set_at.is_some())
    else {
        return Ok(Err(wrong()));
    };
    let Some(secret) = api.second_factors().sealing_key().open(&account.id, &stored.sealed_secret) else {
        let why = "it was sealed by a controller with another ca.key; a recovery code works, or a fleet admin resets it";
        return Err(ApiError::internal("the second factor of the account cannot be opened", &why));
    };
    Ok(match secret.step_of(digits, unix_s(now), stored.last_step) {
        Ok(step) => {
            let used = Change::UseSecondFactorStep { account_id: account.id.clone(), step };
            Ok(Proof { used, by: "app" })
        }
        Err(NotAccepted::Wrong) => Err(wrong()),
        Err(NotAccepted::UsedBefore) => Err(used_before()),
    })
}

async fn of_recovery(
    api: &ApiState,
    account: &Account,
    code: &RecoveryCode,
    at: Timestamp,
) -> Result<Result<Proof, (Class, ApiError)>, ApiError> {
    let code_hash = code.hash(&account.id);
    let left = api.store().recovery_codes_left(&account.id).await?;
    // All are compared, whichever it is.
    let known = left.iter().fold(0, |known, hash| known | hash.ct_eq(&code_hash).unwrap_u8());
    let used = Change::UseRecoveryCode { account_id: account.id.clone(), code_hash, at };
    Ok(if known == 1 { Ok(Proof { used, by: "recovery_code" }) } else { Err(wrong()) })
}

/// A commit was refused; perhaps because somebody else used the code at the same moment.
pub(super) fn not_committed(error: LedgerError) -> ApiError {
    match error {
        LedgerError::Refused(Refusal::AlreadyUsed {
            entity: Entity::SecondFactor | Entity::RecoveryCode,
            ..
        }) => used_before().1,
        other => other.into(),
    }
}

pub(super) fn unix_s(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or_default()
}

fn wrong() -> (Class, ApiError) {
    let detail =
        "the code is wrong; type the one that the app shows now, or a recovery code that was not used";
    ("code", refused(detail))
}

fn used_before() -> (Class, ApiError) {
    ("code_used_before", refused("this code was used before; wait for the app's next one"))
}

fn refused(detail: &str) -> ApiError {
    ApiError::new(ProblemKind::Unauthenticated, detail)
        .with(|problem| problem.field = Some("code".to_owned()))
}
