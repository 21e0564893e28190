//! Signing in and out.

pub(in crate::api) mod provider;
pub(in crate::api) mod recheck;

use std::net::SocketAddr;
use std::time::Duration;

use cloister_api::limits::PASSWORD_MAX_CHARS;
use cloister_api::{
    Changed, FleetRole, NewPasswordRequest, NewSession, OpenSession, ProblemKind, Session, SessionAccount,
    SessionList, SessionMethods, SignInIssuer, SignedOut,
};
use cloister_evidence::record::{Actor, Draft, Kind, Outcome, SubjectKind};
use cloister_store::{Account, Change};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{Facts, changed, random_secret, secret_hash, subject};
use crate::api::access::{self, Action};
use crate::api::auth::{Caller, SignedIn, account_actor, anonymous};
use crate::api::{ApiError, ApiState, names, passwords};
use crate::oidc::{self, Provider, Tokens};

/// As sessions and records name it.
const LINK: &str = "link";
/// Failures in a row that are forgiven.
const FAILURES_FREE: u32 = 4;
/// The first lock-out; each further failure doubles it.
const LOCK_FIRST: Duration = Duration::from_secs(30);
const LOCK_LONGEST: Duration = Duration::from_secs(15 * 60);
/// Of what a browser calls itself, so much is kept.
const CLIENT_MAX_CHARS: usize = 120;
/// Longest token of a login link that is looked at.
const TOKEN_MAX_BYTES: usize = 256;

/// Where a sign-in comes from.
#[derive(Debug)]
pub(in crate::api) struct Origin {
    pub(in crate::api) address: Option<SocketAddr>,
    pub(in crate::api) client: String,
}

impl Origin {
    fn address(&self) -> Option<String> {
        self.address.map(|address| address.ip().to_string())
    }
}

/// A session, and the value of its cookie.
pub(in crate::api) struct Started {
    pub(in crate::api) session: Session,
    pub(in crate::api) secret: secrecy::SecretString,
}

pub(in crate::api) fn methods(api: &ApiState) -> SessionMethods {
    let issuer =
        |provider: &Provider| SignInIssuer { id: provider.id().to_owned(), name: provider.name().to_owned() };
    SessionMethods { local: true, issuers: api.oidc().all().map(issuer).collect() }
}

/// How the session stands that the call came with.
pub(in crate::api) fn own(api: &ApiState, caller: &Caller) -> Result<Session, ApiError> {
    Ok(view(api, signed_in(caller)?))
}

pub(in crate::api) async fn start(
    api: &ApiState,
    origin: Origin,
    request: NewSession,
) -> Result<Started, ApiError> {
    match request {
        NewSession::Link { token } => by_link(api, &origin, &token).await,
        NewSession::Password { name, password } => by_password(api, &origin, &name, password.into()).await,
    }
}

async fn by_link(api: &ApiState, origin: &Origin, token: &str) -> Result<Started, ApiError> {
    let now = Timestamp::now();
    let hash = secret_hash(token);
    let link = match token.len() <= TOKEN_MAX_BYTES {
        true => api.store().login_link(&hash).await?,
        false => None,
    };
    let link = link.filter(|link| link.used_at.is_none() && link.expires_at > now);
    let Some(link) = link else {
        api.denials().record(api, anonymous(origin.address()), "session.start", "link_invalid").await;
        let detail = "the link was used before, has expired or is not whole; ask for a new one \
                      (cloister account link NAME)";
        return Err(ApiError::new(ProblemKind::Unauthenticated, detail));
    };
    let account = api.store().account(&link.account_id).await?;
    let account = account.ok_or_else(|| ApiError::not_found("the link's account is gone"))?;
    // The ledger decides: of two that use the link at once, one gets in.
    let changes = vec![Change::UseLoginLink { secret_hash: hash, at: now }];
    begin(api, origin, account, How::local(LINK, changes)).await
}

async fn by_password(
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
        api.denials().record(api, actor, "session.start", "account_locked").await;
        return Err(locked(until, now));
    }
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let too_long = password.expose_secret().chars().count() > PASSWORD_MAX_CHARS;
    let matches = !too_long && api.passwords().verify(password, hash).await?;
    match account {
        Some(account) if matches => begin(api, origin, account, How::local("password", Vec::new())).await,
        Some(account) => Err(note_failure(api, anonymous(origin.address()), &account, now).await?),
        None => {
            api.denials().record(api, anonymous(origin.address()), "session.start", "account_unknown").await;
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

/// How a session comes to begin.
struct How {
    method: &'static str,
    /// What lets it begin.
    changes: Vec<Change>,
    /// Shorter than the configured one, if it must be.
    lifetime_max: Option<Duration>,
    /// A provider's tokens, and how often it is to be asked.
    vouched: Option<(Tokens, Duration)>,
}

impl How {
    fn local(method: &'static str, changes: Vec<Change>) -> Self {
        Self { method, changes, lifetime_max: None, vouched: None }
    }
}

async fn begin(api: &ApiState, origin: &Origin, account: Account, how: How) -> Result<Started, ApiError> {
    let How { method, mut changes, lifetime_max, vouched } = how;
    let now = Timestamp::now();
    let secret = random_secret()?;
    let lifetime = api.sessions().lifetime.min(lifetime_max.unwrap_or(Duration::MAX));
    let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
    let row = cloister_store::Session {
        id: ulid::Ulid::new().to_string().to_lowercase(),
        secret_hash: secret_hash(secret.expose_secret()),
        account_id: account.id.clone(),
        method: method.to_owned(),
        address: origin.address().unwrap_or_default(),
        client: origin.client.chars().filter(|c| !c.is_control()).take(CLIENT_MAX_CHARS).collect(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.checked_add(lifetime).unwrap_or(Timestamp::MAX),
        ended_at: None,
    };
    let draft = Draft {
        kind: Kind::SessionStarted,
        outcome: Outcome::Success,
        actor: account_actor(&account, origin.address()),
        subject: Some(subject(SubjectKind::Session, row.id.as_str(), None)),
        intent: None,
        inference: None,
        change: Some(Facts::from([("method".to_owned(), method.into())])),
        reason: None,
    };
    changes.push(Change::StartSession(row.clone()));
    if let Some((tokens, interval)) = vouched.filter(|(tokens, _)| tokens.refresh.is_some()) {
        let vouching = recheck::vouching(&row.id, secret.expose_secret(), (&tokens, interval))?;
        changes.push(Change::AddVouching(vouching));
    }
    api.ledger().change(changes, draft).await?;
    let signed_in = SignedIn::new(row, account, secret.expose_secret());
    Ok(Started { session: view(api, &signed_in), secret })
}

/// Signs out; `idle` if the console does it because nobody is there.
pub(in crate::api) async fn end(
    api: &ApiState,
    caller: &Caller,
    secret: Option<&str>,
    idle: bool,
) -> Result<SignedOut, ApiError> {
    let signed_in = signed_in(caller)?;
    let provider_logout_url = provider_logout_url(api, signed_in, secret).await?;
    let reason = if idle { "idle" } else { "signed_out" };
    let ended = commit_end(api, caller.actor(), &signed_in.session.id, reason).await?;
    Ok(SignedOut { record_id: ended.record_id, provider_logout_url })
}

/// Where the browser goes to be signed out at its provider, too.
async fn provider_logout_url(
    api: &ApiState,
    signed_in: &SignedIn,
    secret: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let identity = signed_in.account.identity.as_ref();
    let provider = identity.and_then(|identity| api.oidc().of_issuer(&identity.issuer));
    let (Some(provider), Some(secret)) = (provider, secret) else { return Ok(None) };
    let id = &signed_in.session.id;
    let Some(vouching) = api.store().vouching(id).await? else { return Ok(None) };
    match oidc::open(secret, id, &vouching.sealed_tokens) {
        Some(tokens) => Ok(provider.logout_url(&tokens.id).await),
        None => Ok(None),
    }
}

fn sealed_for(secret: &str, session_id: &str, tokens: &Tokens) -> Result<Vec<u8>, ApiError> {
    oidc::seal(secret, session_id, tokens)
        .ok_or_else(|| ApiError::new(ProblemKind::Internal, "the provider's tokens cannot be sealed"))
}

/// Ends somebody's session.
pub(in crate::api) async fn end_other(
    api: &ApiState,
    caller: &Caller,
    id: &str,
) -> Result<Changed, ApiError> {
    let open = api.store().open_sessions(Timestamp::now()).await?;
    if !open.iter().any(|session| session.id == id) {
        return Err(ApiError::not_found(format!("there is no open session {id:?}")));
    }
    commit_end(api, caller.actor(), id, "ended_by_another").await
}

/// One that was not used for too long.
pub(in crate::api) async fn end_idle(
    api: &ApiState,
    session: &cloister_store::Session,
    account: &Account,
) -> Result<(), ApiError> {
    let ended = commit_end(api, account_actor(account, None), &session.id, "idle").await;
    match ended {
        // Another call, or another controller, was faster.
        Err(error) if error.kind() == ProblemKind::NotFound => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn commit_end(api: &ApiState, actor: Actor, id: &str, reason: &str) -> Result<Changed, ApiError> {
    let draft = Draft {
        kind: Kind::SessionEnded,
        outcome: Outcome::Success,
        actor,
        subject: Some(subject(SubjectKind::Session, id, None)),
        intent: None,
        inference: None,
        change: None,
        reason: Some(reason.to_owned()),
    };
    let change = Change::EndSession { id: id.to_owned(), at: Timestamp::now() };
    let record = api.ledger().change(vec![change], draft).await?;
    Ok(Changed { record_id: record.id })
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
fn needs_current_password(signed_in: &SignedIn) -> bool {
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

/// Those that are open; of whom, from where, since when.
pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<SessionList, ApiError> {
    let now = Timestamp::now();
    let own = caller.signed_in().map(|signed_in| signed_in.session.id.as_str());
    let accounts = api.store().accounts().await?;
    let name_of = |id: &str| accounts.iter().find(|a| a.id == id).map(|a| a.name.clone()).unwrap_or_default();
    let idle = SignedDuration::try_from(api.sessions().idle).unwrap_or(SignedDuration::MAX);
    let open = api.store().open_sessions(now).await?;
    let sessions = open.into_iter().filter(|session| now.duration_since(session.last_seen_at) < idle);
    let sessions = sessions
        .map(|session| OpenSession {
            own: own == Some(session.id.as_str()),
            account_name: name_of(&session.account_id),
            id: session.id,
            account_id: session.account_id,
            method: session.method,
            address: session.address,
            client: session.client,
            created_at: session.created_at.to_string(),
            last_seen_at: session.last_seen_at.to_string(),
            absolute_expires_at: session.expires_at.to_string(),
        })
        .collect();
    Ok(SessionList { sessions })
}

fn signed_in(caller: &Caller) -> Result<&SignedIn, ApiError> {
    caller.signed_in().ok_or_else(|| {
        ApiError::new(
            ProblemKind::Forbidden,
            "this is for people who are signed in; an API key has no session",
        )
    })
}

fn view(api: &ApiState, signed_in: &SignedIn) -> Session {
    let SignedIn { session, account, roles, csrf_token } = signed_in;
    let idle = SignedDuration::try_from(api.sessions().idle).unwrap_or(SignedDuration::MAX);
    let idle_end = session.last_seen_at.checked_add(idle).unwrap_or(Timestamp::MAX);
    Session {
        id: session.id.clone(),
        account: SessionAccount {
            id: account.id.clone(),
            name: account.name.clone(),
            has_password: account.password_hash.is_some(),
            needs_current_password: needs_current_password(signed_in),
            issuer: account.identity.as_ref().map(|identity| identity.issuer.clone()),
        },
        roles: roles.clone(),
        actions: actions(roles),
        csrf_token: csrf_token.clone(),
        idle_expires_at: idle_end.min(session.expires_at).to_string(),
        absolute_expires_at: session.expires_at.to_string(),
    }
}

fn actions(roles: &[FleetRole]) -> Vec<String> {
    let may = |action: &&Action| roles.iter().any(|role| access::allows(*role, **action));
    Action::ALL.iter().filter(may).map(|action| action.as_str().to_owned()).collect()
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
