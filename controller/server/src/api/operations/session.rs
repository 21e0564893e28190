//! Signing in and out.

mod code;
mod lockout;
mod password;
pub(in crate::api) mod provider;
pub(in crate::api) mod recheck;
pub(in crate::api) mod second_factor;

use std::net::SocketAddr;
use std::time::Duration;

use cloister_api::{
    Changed, NewSession, OpenSession, ProblemKind, Session, SessionAccount, SessionList, SessionMethods,
    SignInIssuer, SignedOut,
};
use cloister_evidence::record::{Actor, Draft, Kind, Outcome, SubjectKind};
use cloister_store::{Account, Change};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

pub(in crate::api) use password::set_password;
use password::{by_password, needs_current_password};

use super::{Facts, random_secret, secret_hash, subject};
use crate::api::access::Action;
use crate::api::auth::{Caller, SignedIn, account_actor, anonymous};
use crate::api::{ApiError, ApiState};
use crate::oidc::{self, Provider, Tokens};

/// As sessions and records name it.
const LINK: &str = "link";
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
    pub(in crate::api) secret: SecretString,
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
        NewSession::Link { token, code } => by_link(api, &origin, &token, code.map(Into::into)).await,
        NewSession::Password { name, password, code } => {
            by_password(api, &origin, &name, password.into(), code.map(Into::into)).await
        }
    }
}

/// A link proves that somebody has the link: whoever has a second factor shows that, too. Until then the link stays
/// good, and wrong codes are counted.
async fn by_link(
    api: &ApiState,
    origin: &Origin,
    token: &str,
    code: Option<SecretString>,
) -> Result<Started, ApiError> {
    let now = Timestamp::now();
    let hash = secret_hash(token);
    let link = match token.len() <= TOKEN_MAX_BYTES {
        true => api.store().login_link(&hash).await?,
        false => None,
    };
    let link = link.filter(|link| link.used_at.is_none() && link.expires_at > now);
    let Some(link) = link else {
        api.denials().record(api, (anonymous(origin.address()), None), "session.start", "link_invalid").await;
        let detail = "the link was used before, has expired or is not whole; ask for a new one \
                      (cloister account link NAME)";
        return Err(ApiError::new(ProblemKind::Unauthenticated, detail));
    };
    let account = api.store().account(&link.account_id).await?;
    let account = account.ok_or_else(|| ApiError::not_found("the link's account is gone"))?;
    // The ledger decides: of two that use the link at once, one gets in.
    let changes = vec![Change::UseLoginLink { secret_hash: hash, at: now }];
    begin(api, origin, account, How::local(LINK, changes, code)).await
}

/// How a session comes to begin.
struct How {
    method: &'static str,
    /// What lets it begin.
    changes: Vec<Change>,
    /// Of a second factor, as somebody typed it.
    code: Option<SecretString>,
    /// Shorter than the configured one, if it must be.
    lifetime_max: Option<Duration>,
    /// A provider's tokens, and how often it is to be asked.
    vouched: Option<(Tokens, Duration)>,
}

impl How {
    fn local(method: &'static str, changes: Vec<Change>, code: Option<SecretString>) -> Self {
        Self { method, changes, code, lifetime_max: None, vouched: None }
    }
}

async fn begin(api: &ApiState, origin: &Origin, account: Account, how: How) -> Result<Started, ApiError> {
    let How { method, mut changes, code, lifetime_max, vouched } = how;
    let typed = code.as_ref().map(|code| code.expose_secret());
    let proof = code::demand(api, anonymous(origin.address()), &account, typed).await?;
    let mut facts = Facts::from([("method".to_owned(), method.into())]);
    if let Some(proof) = proof {
        facts.insert("second_factor".to_owned(), proof.by.into());
        changes.push(proof.used);
    }
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
        tenant: account.tenant.clone(),
        intent: None,
        inference: None,
        change: Some(facts),
        reason: None,
    };
    changes.push(Change::StartSession(row.clone()));
    if let Some((tokens, interval)) = vouched.filter(|(tokens, _)| tokens.refresh.is_some()) {
        let vouching = recheck::vouching(&row.id, secret.expose_secret(), (&tokens, interval))?;
        changes.push(Change::AddVouching(vouching));
    }
    api.ledger().change(changes, draft).await.map_err(code::not_committed)?;
    let signed_in = SignedIn::new(row, account, secret.expose_secret(), api.sessions());
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
    let who = (caller.actor(), signed_in.account.tenant.as_deref());
    let ended = commit_end(api, who, &signed_in.session.id, reason).await?;
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
    let session = open.into_iter().find(|session| session.id == id);
    let account = match session {
        Some(session) => api.store().account(&session.account_id).await?,
        None => None,
    };
    let Some(account) = account.filter(|account| caller.sees(account.tenant.as_deref())) else {
        return Err(ApiError::not_found(format!("there is no open session {id:?}")));
    };
    commit_end(api, (caller.actor(), account.tenant.as_deref()), id, "ended_by_another").await
}

/// One that was not used for too long.
pub(in crate::api) async fn end_idle(
    api: &ApiState,
    session: &cloister_store::Session,
    account: &Account,
) -> Result<(), ApiError> {
    let who = (account_actor(account, None), account.tenant.as_deref());
    let ended = commit_end(api, who, &session.id, "idle").await;
    match ended {
        // Another call, or another controller, was faster.
        Err(error) if error.kind() == ProblemKind::NotFound => Ok(()),
        other => other.map(|_| ()),
    }
}

/// `who` ends it, and whose it is.
async fn commit_end(
    api: &ApiState,
    who: (Actor, Option<&str>),
    id: &str,
    reason: &str,
) -> Result<Changed, ApiError> {
    let draft = Draft {
        kind: Kind::SessionEnded,
        outcome: Outcome::Success,
        actor: who.0,
        subject: Some(subject(SubjectKind::Session, id, None)),
        tenant: who.1.map(str::to_owned),
        intent: None,
        inference: None,
        change: None,
        reason: Some(reason.to_owned()),
    };
    let change = Change::EndSession { id: id.to_owned(), at: Timestamp::now() };
    let record = api.ledger().change(vec![change], draft).await?;
    Ok(Changed { record_id: record.id })
}

/// Those that are open; of whom, from where, since when.
pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<SessionList, ApiError> {
    let now = Timestamp::now();
    let own = caller.signed_in().map(|signed_in| signed_in.session.id.as_str());
    let accounts = api.store().accounts().await?;
    let of = |id: &str| accounts.iter().find(|account| account.id == id);
    let visible = |id: &str| of(id).is_some_and(|account| caller.sees(account.tenant.as_deref()));
    let name_of = |id: &str| of(id).map(|account| account.name.clone()).unwrap_or_default();
    let idle = SignedDuration::try_from(api.sessions().idle).unwrap_or(SignedDuration::MAX);
    let open = api.store().open_sessions(now).await?;
    let sessions = open.into_iter().filter(|session| now.duration_since(session.last_seen_at) < idle);
    let sessions = sessions.filter(|session| visible(&session.account_id));
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
    let SignedIn { session, account, roles, csrf_token, .. } = signed_in;
    let idle = SignedDuration::try_from(api.sessions().idle).unwrap_or(SignedDuration::MAX);
    let idle_end = session.last_seen_at.checked_add(idle).unwrap_or(Timestamp::MAX);
    Session {
        id: session.id.clone(),
        account: SessionAccount {
            id: account.id.clone(),
            name: account.name.clone(),
            has_password: account.password_hash.is_some(),
            needs_current_password: needs_current_password(signed_in),
            has_second_factor: account.second_factor_at.is_some(),
            needs_second_factor: signed_in.needs_second_factor,
            issuer: account.identity.as_ref().map(|identity| identity.issuer.clone()),
            tenant: account.tenant.clone(),
        },
        roles: roles.clone(),
        actions: actions(signed_in),
        csrf_token: csrf_token.clone(),
        idle_expires_at: idle_end.min(session.expires_at).to_string(),
        absolute_expires_at: session.expires_at.to_string(),
    }
}

fn actions(signed_in: &SignedIn) -> Vec<String> {
    let may = |action: &&Action| signed_in.may(**action);
    Action::ALL.iter().filter(may).map(|action| action.as_str().to_owned()).collect()
}
