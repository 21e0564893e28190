//! A second factor of one's own: offered, confirmed by a first code, and removed.

use cloister_api::limits::RECOVERY_CODES;
use cloister_api::{
    Changed, ConfirmSecondFactorRequest, OfferedSecondFactor, ProblemKind, RecoveryCodes,
    RemoveSecondFactorRequest, SecondFactor,
};
use cloister_evidence::record::{Draft, Kind, SubjectKind};
use cloister_store::{Account, Change};
use jiff::{SignedDuration, Timestamp};

use super::code::{not_committed, prove, unix_s};
use super::password::{check_current, needs_current_password};
use super::signed_in;
use crate::api::auth::{Caller, SignedIn};
use crate::api::operations::{Facts, changed_of, subject};
use crate::api::{ApiError, ApiState};
use crate::second_factor::{Code, RecoveryCode, Secret};

/// So long a first code confirms what was offered.
const OFFER_VALID_FOR: SignedDuration = SignedDuration::from_mins(15);

pub(in crate::api) async fn state(api: &ApiState, caller: &Caller) -> Result<SecondFactor, ApiError> {
    let account = &signed_in(caller)?.account;
    let left = api.store().recovery_codes_left(&account.id).await?.len();
    Ok(SecondFactor {
        set_at: account.second_factor_at.map(|at| at.to_string()),
        recovery_codes_left: u32::try_from(left).unwrap_or(u32::MAX),
        is_required: api.sessions().second_factor_required,
    })
}

/// A secret for one's app. What was offered before is void; nothing else changes yet.
pub(in crate::api) async fn offer(api: &ApiState, caller: &Caller) -> Result<OfferedSecondFactor, ApiError> {
    let account = &signed_in(caller)?.account;
    may_have_one(account)?;
    let secret = Secret::generate().map_err(|error| no_random_numbers(&error))?;
    let now = Timestamp::now();
    let sealed_secret = api.second_factors().sealing_key().seal(&account.id, &secret);
    let offered = cloister_store::SecondFactor {
        account_id: account.id.clone(),
        sealed_secret: sealed_secret
            .ok_or_else(|| ApiError::new(ProblemKind::Internal, "the secret cannot be sealed"))?,
        offered_at: now,
        set_at: None,
        last_step: None,
    };
    let issuer = format!("Cloister {}", api.fleet_name());
    let uri = secret.to_uri(issuer.trim_end(), &account.name);
    let uri = uri.ok_or_else(|| ApiError::new(ProblemKind::Internal, "the account's name fits no app"))?;
    match api.store().offer_second_factor(&offered).await? {
        false => Err(is_set()),
        true => Ok(OfferedSecondFactor {
            secret: secret.to_base32().to_string(),
            uri: uri.to_string(),
            expires_at: now.saturating_add(OFFER_VALID_FOR).unwrap_or(Timestamp::MAX).to_string(),
        }),
    }
}

/// A first code is right: from now on one is asked for. The recovery codes are shown only here. Takes the password:
/// whoever finds a session that was left open would lock its owner out.
pub(in crate::api) async fn confirm(
    api: &ApiState,
    caller: &Caller,
    request: ConfirmSecondFactorRequest,
) -> Result<RecoveryCodes, ApiError> {
    let signed_in = signed_in(caller)?;
    let account = &signed_in.account;
    may_have_one(account)?;
    if needs_current_password(signed_in) {
        check_current(api, caller, account, request.current_password.unwrap_or_default()).await?;
    }
    let now = Timestamp::now();
    let is_fresh = |offered: &cloister_store::SecondFactor| {
        now.duration_since(offered.offered_at) < OFFER_VALID_FOR && offered.set_at.is_none()
    };
    let offered = api.store().second_factor(&account.id).await?.filter(is_fresh).ok_or_else(not_offered)?;
    let secret = api.second_factors().sealing_key().open(&account.id, &offered.sealed_secret);
    let secret = secret.ok_or_else(not_offered)?;
    let step = match Code::parse(&request.code) {
        Code::App(digits) => secret.step_of(&digits, unix_s(now), None).ok(),
        Code::Recovery(_) | Code::Unknown => None,
    };
    let step = step.ok_or_else(|| {
        let detail = "the code is not the one that the app shows now; check the clocks of the device and of the controller";
        ApiError::invalid("code", detail)
    })?;
    let (codes, hashes) = recovery_codes(&account.id)?;
    let set = Change::SetSecondFactor { offered, step, recovery_codes: hashes, at: now };
    let record_id = commit_set(api, caller, signed_in, set).await?;
    Ok(RecoveryCodes { recovery_codes: codes, record_id })
}

async fn commit_set(
    api: &ApiState,
    caller: &Caller,
    SignedIn { session, account, .. }: &SignedIn,
    set: Change,
) -> Result<String, ApiError> {
    // They began without a code.
    let others = Change::EndSessionsOf {
        account_id: account.id.clone(),
        except: Some(session.id.clone()),
        at: Timestamp::now(),
    };
    let draft = of(Kind::AccountSecondFactorSet, caller, account, Facts::new());
    match api.ledger().change(vec![set, others], draft).await.map_err(ApiError::from) {
        Ok(record) => Ok(record.id),
        // Another was offered, or this one confirmed, at the same moment.
        Err(error) if error.kind() == ProblemKind::NotFound => Err(not_offered()),
        Err(error) => Err(error),
    }
}

/// Takes a code and the password: neither a session that was left open nor a phone that was found is enough.
pub(in crate::api) async fn remove(
    api: &ApiState,
    caller: &Caller,
    request: RemoveSecondFactorRequest,
) -> Result<Changed, ApiError> {
    let account = &signed_in(caller)?.account;
    if account.second_factor_at.is_none() {
        return Err(ApiError::new(ProblemKind::Conflict, "this account has no second factor"));
    }
    if account.password_hash.is_some() {
        check_current(api, caller, account, request.current_password.unwrap_or_default()).await?;
    }
    let proof = prove(api, caller.actor(), account, &request.code).await.map_err(in_session)?;
    let facts = Facts::from([("second_factor".to_owned(), proof.by.into())]);
    let draft = of(Kind::AccountSecondFactorRemoved, caller, account, facts);
    let changes = vec![proof.used, Change::RemoveSecondFactor { account_id: account.id.clone() }];
    let record = api.ledger().change(changes, draft).await;
    let record = record.map_err(|error| in_session(not_committed(error)))?;
    Ok(Changed { record_id: record.id })
}

/// Whoever is signed in stays so when a code is wrong: it is the field that is wrong.
fn in_session(error: ApiError) -> ApiError {
    match error.kind() {
        ProblemKind::Unauthenticated => ApiError::invalid("code", error.to_string()),
        _ => error,
    }
}

fn may_have_one(account: &Account) -> Result<(), ApiError> {
    if let Some(identity) = &account.identity {
        let detail =
            format!("{} vouches for this account; a second factor is asked for there", identity.issuer);
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    if account.second_factor_at.is_some() { Err(is_set()) } else { Ok(()) }
}

fn is_set() -> ApiError {
    ApiError::new(ProblemKind::Conflict, "this account has a second factor; remove it to set up another")
}

fn not_offered() -> ApiError {
    let detail =
        "nothing is waiting for a first code: it took too long, or it was begun again elsewhere; begin anew";
    ApiError::new(ProblemKind::Conflict, detail)
}

fn recovery_codes(account_id: &str) -> Result<(Vec<String>, Vec<[u8; 32]>), ApiError> {
    let made = (0..RECOVERY_CODES).map(|_| RecoveryCode::generate()).collect::<Result<Vec<_>, _>>();
    let made = made.map_err(|error| no_random_numbers(&error))?;
    Ok(made.iter().map(|code| (code.to_text().to_string(), code.hash(account_id))).unzip())
}

fn no_random_numbers(error: &getrandom::Error) -> ApiError {
    ApiError::internal("the system's random generator failed", error)
}

fn of(kind: Kind, caller: &Caller, account: &Account, facts: Facts) -> Draft {
    let whose = subject(SubjectKind::Account, account.id.as_str(), Some(&account.name));
    changed_of(account.tenant.as_deref(), kind, caller, whose, facts)
}
