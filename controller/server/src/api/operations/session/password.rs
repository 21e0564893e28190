//! Passwords: at the door, and changed by those who are inside.

use std::time::Duration;

use cloister_api::limits::PASSWORD_MAX_CHARS;
use cloister_api::{Changed, NewPasswordRequest, ProblemKind};
use cloister_evidence::record::{Actor, Draft, Kind, Outcome, SubjectKind};
use cloister_store::{Account, Change};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::{How, LINK, Origin, Started, begin, signed_in};
use crate::api::auth::{Caller, SignedIn, anonymous};
use crate::api::operations::{Facts, changed, subject};
use crate::api::{ApiError, ApiState, names, passwords};

/// Failures in a row that are forgiven.
const FAILURES_FREE: u32 = 4;
/// The first lock-out; each further failure doubles it.
const LOCK_FIRST: Duration = Duration::from_secs(30);
const LOCK_LONGEST: Duration = Duration::from_secs(15 * 60);
pub(super) async fn by_password(
    api: &ApiState,
    origin: &Origin,
    name: &str,
    password: secrecy::SecretString,
) -> Result<Started, ApiError> {
    let now = Timestamp::now();
    let account = match names::check("name", name) {
        Ok(()) => api.store().account_by_name(name).await?.filter(|account| account.disabled_at.is_none()),
        Err(_) => None,
    };
    if let Some(until) =
        account.as_ref().and_then(|account| account.locked_until).filter(|until| *until > now)
    {
        let actor = anonymous(origin.address());
        let tenant = account.as_ref().and_then(|account| account.tenant.as_deref());
        api.denials().record(api, (actor, tenant), "session.start", "account_locked").await;
        return Err(locked(until, now));
    }
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let too_long = password.expose_secret().chars().count() > PASSWORD_MAX_CHARS;
    let matches = !too_long && api.passwords().verify(password, hash).await?;
    match account {
        Some(account) if matches => begin(api, origin, account, How::local("password", Vec::new())).await,
        Some(account) => Err(note_failure(api, anonymous(origin.address()), &account, now).await?),
        None => {
            api.denials()
                .record(api, (anonymous(origin.address()), None), "session.start", "account_unknown")
                .await;
            Err(wrong())
        }
    }
}

/// Puts the failure on record and counts it; what to answer.
async fn note_failure(
    api: &ApiState,
    actor: Actor,
    account: &Account,
    now: Timestamp,
) -> Result<ApiError, ApiError> {
    let lock = lock_after(account.failed_logins.saturating_add(1));
    let locked_until = lock.and_then(|lock| now.checked_add(lock).ok());
    let draft = Draft {
        kind: Kind::SessionRefused,
        outcome: Outcome::Denied,
        actor,
        subject: Some(subject(SubjectKind::Account, account.id.as_str(), Some(&account.name))),
        tenant: account.tenant.clone(),
        intent: None,
        inference: None,
        change: locked_until
            .map(|until| Facts::from([("locked_until".to_owned(), until.to_string().into())])),
        reason: Some("password".to_owned()),
    };
    let change = Change::NoteFailedLogin { account_id: account.id.clone(), locked_until };
    api.ledger().change(vec![change], draft).await?;
    Ok(locked_until.map_or_else(wrong, |until| locked(until, now)))
}

/// After so many failures in a row: how long nobody gets in by password.
fn lock_after(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(FAILURES_FREE + 1)?;
    let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
    Some(LOCK_FIRST.saturating_mul(factor).min(LOCK_LONGEST))
}

fn wrong() -> ApiError {
    ApiError::new(ProblemKind::Unauthenticated, "name or password is wrong")
}

fn locked(until: Timestamp, now: Timestamp) -> ApiError {
    let seconds = until.duration_since(now).as_secs().max(1);
    let detail = format!(
        "too many sign-ins of this account failed; try again in {seconds} s, or ask for a login link \
         (cloister account link NAME)"
    );
    ApiError::new(ProblemKind::TooManyRequests, detail)
        .with(|problem| problem.retry_after_s = u64::try_from(seconds).ok())
}

/// A new password for oneself.
pub(in crate::api) async fn set_password(
    api: &ApiState,
    caller: &Caller,
    request: NewPasswordRequest,
) -> Result<Changed, ApiError> {
    let signed_in = signed_in(caller)?;
    let account = &signed_in.account;
    if account.identity.is_some() {
        let detail = "an identity provider vouches for this account; change the password there";
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    passwords::check("new_password", &request.new_password)?;
    if needs_current_password(signed_in) {
        check_current(api, caller, account, request.current_password.unwrap_or_default()).await?;
    }
    let password_hash = api.passwords().hash(request.new_password.into()).await?;
    let id = account.id.clone();
    let draft = changed(
        Kind::AccountPasswordChanged,
        caller,
        subject(SubjectKind::Account, id.as_str(), Some(&account.name)),
        Facts::new(),
    );
    let except = Some(signed_in.session.id.clone());
    let changes = vec![
        Change::SetAccountPassword { id: id.clone(), password_hash },
        Change::EndSessionsOf { account_id: id, except, at: Timestamp::now() },
    ];
    let record = api.ledger().change(changes, draft).await?;
    Ok(Changed { record_id: record.id })
}

/// Whoever has come by a login link has lost the password, or never had one: the link is the proof.
pub(super) fn needs_current_password(signed_in: &SignedIn) -> bool {
    signed_in.account.password_hash.is_some() && signed_in.session.method != LINK
}

/// Guesses count as those at the door do.
async fn check_current(
    api: &ApiState,
    caller: &Caller,
    account: &Account,
    current: String,
) -> Result<(), ApiError> {
    let now = Timestamp::now();
    if let Some(until) = account.locked_until.filter(|until| *until > now) {
        return Err(locked(until, now));
    }
    if api.passwords().verify(current.into(), account.password_hash.clone()).await? {
        return Ok(());
    }
    let error = note_failure(api, caller.actor(), account, now).await?;
    Err(match error.kind() {
        ProblemKind::TooManyRequests => error,
        _ => ApiError::invalid("current_password", "the present password is wrong"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_failures_are_forgiven_and_each_further_one_doubles_the_wait() {
        let cases = [
            (1, None),
            (4, None),
            (5, Some(30)),
            (6, Some(60)),
            (7, Some(120)),
            (10, Some(900)),
            (99, Some(900)),
        ];
        for (failures, seconds) in cases {
            assert_eq!(lock_after(failures), seconds.map(Duration::from_secs), "{failures}");
        }
    }
}
