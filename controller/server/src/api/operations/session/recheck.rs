//! Whether the identity provider still stands behind somebody who is signed in.

use std::time::Duration;

use cloister_store::{Account, Session, Vouching};
use jiff::{SignedDuration, Timestamp};

use super::provider::follow;
use super::{commit_end, sealed_for};
use crate::api::auth::account_actor;
use crate::api::{ApiError, ApiState};
use crate::oidc::{self, Provider, ProviderError};

/// A provider that cannot be reached is tried again after this, or sooner if it is asked more often.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// So many intervals the provider's last word holds while it cannot be reached.
const INTERVALS_MAX: u32 = 2;

/// The account as it is now; `None` if the session has ended by this.
pub(in crate::api) async fn recheck(
    api: &ApiState,
    session: &Session,
    account: Account,
    secret: &str,
) -> Result<Option<Account>, ApiError> {
    let Some(identity) = account.identity.clone() else { return Ok(Some(account)) };
    let Some(provider) = api.oidc().of_issuer(&identity.issuer) else {
        return end(api, session, &account, "provider_removed").await;
    };
    let Some(vouching) = api.store().vouching(&session.id).await? else { return Ok(Some(account)) };
    let now = Timestamp::now();
    if now < vouching.recheck_at {
        return Ok(Some(account));
    }
    let interval = provider.recheck();
    let retry_at = after(now, interval.min(RETRY_AFTER));
    let asks = api.store().claim_recheck(&vouching, retry_at).await?;
    let is_stale = now >= after(vouching.vouched_at, interval.saturating_mul(INTERVALS_MAX));
    if !asks {
        // Somebody else asks at this moment; without a fresh word one waits for the answer by trying again.
        return Ok((!is_stale).then_some(account));
    }
    let Some(tokens) = oidc::open(secret, &session.id, &vouching.sealed_tokens) else {
        return end(api, session, &account, "provider_tokens_unreadable").await;
    };
    match provider.renew(&tokens, &identity.subject).await {
        Ok(vouched) if vouched.roles.is_empty() => end(api, session, &account, "provider_no_role").await,
        Ok(vouched) => {
            keep(api, &session.id, secret, (provider, &vouched.tokens)).await?;
            follow(api, account, &vouched).await.map(Some)
        }
        Err(ProviderError::Unavailable(why)) if !is_stale => {
            tracing::warn!(provider = provider.id(), why, "a person who is signed in could not be asked for");
            Ok(Some(account))
        }
        Err(error) => {
            tracing::warn!(provider = provider.id(), %error, "a session ends: its provider does not stand behind it");
            end(api, session, &account, &format!("provider_{}", error.class())).await
        }
    }
}

async fn keep(
    api: &ApiState,
    session_id: &str,
    secret: &str,
    (provider, tokens): (&Provider, &oidc::Tokens),
) -> Result<(), ApiError> {
    let vouching = vouching(session_id, secret, (tokens, provider.recheck()))?;
    Ok(api.store().renew_vouching(&vouching).await?)
}

/// What is kept of a provider's word that was given just now.
pub(super) fn vouching(
    session_id: &str,
    secret: &str,
    (tokens, interval): (&oidc::Tokens, Duration),
) -> Result<Vouching, ApiError> {
    let now = Timestamp::now();
    let (session_id, recheck_at) = (session_id.to_owned(), after(now, interval));
    let sealed_tokens = sealed_for(secret, &session_id, tokens)?;
    Ok(Vouching { session_id, sealed_tokens, vouched_at: now, recheck_at })
}

async fn end(
    api: &ApiState,
    session: &Session,
    account: &Account,
    reason: &str,
) -> Result<Option<Account>, ApiError> {
    let who = (account_actor(account, None), account.tenant.as_deref());
    match commit_end(api, who, &session.id, reason).await {
        // Another call was faster.
        Err(error) if error.kind() == cloister_api::ProblemKind::NotFound => Ok(None),
        other => other.map(|_| None),
    }
}

fn after(from: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    from.checked_add(time).unwrap_or(Timestamp::MAX)
}
