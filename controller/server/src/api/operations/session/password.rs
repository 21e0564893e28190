//! Passwords: at the door, and changed by those who are inside.

use cloister_api::limits::PASSWORD_MAX_CHARS;
use cloister_api::{Changed, NewPasswordRequest, ProblemKind};
use cloister_evidence::record::{Kind, SubjectKind};
use cloister_store::{Account, Change};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::lockout::{locked, locked_until, note_failure};
use super::{How, LINK, Origin, Started, begin, signed_in};
use crate::api::auth::{Caller, SignedIn, anonymous};
use crate::api::operations::{Facts, changed, subject};
use crate::api::{ApiError, ApiState, names, passwords};

/// As records of refused sign-ins name it.
const PASSWORD: &str = "password";

pub(super) async fn by_password(
    api: &ApiState,
    origin: &Origin,
    name: &str,
    password: secrecy::SecretString,
    code: Option<secrecy::SecretString>,
) -> Result<Started, ApiError> {
    let now = Timestamp::now();
    let account = match names::check("name", name) {
        Ok(()) => api.store().account_by_name(name).await?.filter(|account| account.disabled_at.is_none()),
        Err(_) => None,
    };
    if let Some((account, until)) = account.as_ref().and_then(|of| Some((of, locked_until(of, now)?))) {
        let actor = anonymous(origin.address());
        api.denials()
            .record(api, (actor, account.tenant.as_deref()), "session.start", "account_locked")
            .await;
        return Err(locked(account, until, now));
    }
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let too_long = password.expose_secret().chars().count() > PASSWORD_MAX_CHARS;
    let matches = !too_long && api.passwords().verify(password, hash).await?;
    let actor = anonymous(origin.address());
    match account {
        Some(account) if matches => {
            begin(api, origin, account, How::local("password", Vec::new(), code)).await
        }
        Some(account) => Err(note_failure(api, actor, &account, PASSWORD, wrong()).await?),
        None => {
            api.denials().record(api, (actor, None), "session.start", "account_unknown").await;
            Err(wrong())
        }
    }
}

fn wrong() -> ApiError {
    ApiError::new(ProblemKind::Unauthenticated, "name or password is wrong")
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
pub(super) async fn check_current(
    api: &ApiState,
    caller: &Caller,
    account: &Account,
    current: String,
) -> Result<(), ApiError> {
    let now = Timestamp::now();
    if let Some(until) = locked_until(account, now) {
        return Err(locked(account, until, now));
    }
    if api.passwords().verify(current.into(), account.password_hash.clone()).await? {
        return Ok(());
    }
    let wrong = ApiError::invalid("current_password", "the present password is wrong");
    Err(note_failure(api, caller.actor(), account, PASSWORD, wrong).await?)
}
