//! Signing in with an identity provider.

use std::time::Duration;

use cloister_api::FleetRole;
use cloister_api::limits::ACCOUNTS_MAX;
use cloister_evidence::record::{Draft, Kind, Outcome, SubjectKind};
use cloister_store::{Account, Change};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{How, Origin, Started, begin};
use crate::api::auth::{account_actor, anonymous};
use crate::api::operations::{Facts, subject};
use crate::api::{ApiError, ApiState};
use crate::oidc::{Attempt, Provider, ProviderError, Vouched};

/// Without a refresh token nobody can be asked for again: so long the provider's word holds.
const UNRENEWED_MAX: Duration = Duration::from_secs(3600);

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(in crate::api) enum NotSignedIn {
    /// The attempt is not this browser's, was used before or is too old.
    #[error("the attempt is not this browser's, was used before or is too old")]
    Expired,
    #[error(transparent)]
    Provider(ProviderError),
    /// The provider knows the person, and no group of the person has a role here.
    #[error("no group of the person has a role here")]
    NoRole,
    #[error("the tenant that the person's groups belong to does not exist")]
    NoTenant,
    #[error("the account is disabled")]
    Disabled,
    #[error(transparent)]
    Api(ApiError),
}

impl From<ApiError> for NotSignedIn {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl NotSignedIn {
    /// For the console's address, and for the record.
    pub(in crate::api) fn code(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Provider(error) => error.class(),
            Self::NoRole => "no_role",
            Self::NoTenant => "no_tenant",
            Self::Disabled => "disabled",
            Self::Api(_) => "unavailable",
        }
    }
}

/// What a browser brings back from a provider.
pub(in crate::api) struct Returned {
    /// Its cookie of the attempt.
    pub(in crate::api) attempt: Option<Attempt>,
    pub(in crate::api) state: Option<String>,
    pub(in crate::api) code: Option<String>,
    /// Who the provider is, where it says so (RFC 9207).
    pub(in crate::api) issuer: Option<String>,
}

pub(in crate::api) async fn finish(
    api: &ApiState,
    origin: &Origin,
    provider: &Provider,
    returned: Returned,
) -> Result<Started, NotSignedIn> {
    let ended = redeem(provider, returned).await;
    let signed_in = match ended {
        Ok(vouched) => settle(api, origin, provider, vouched).await,
        Err(why) => Err(why),
    };
    match &signed_in {
        // On record by `settle`, with a name.
        Ok(_) | Err(NotSignedIn::NoRole | NotSignedIn::NoTenant | NotSignedIn::Disabled) => {}
        Err(why) => {
            tracing::warn!(provider = provider.id(), reason = why.code(), detail = %why, "nobody was signed in");
            let class = format!("oidc_{}", why.code());
            api.denials().record(api, (anonymous(origin.address()), None), "session.start", &class).await;
        }
    }
    signed_in
}

async fn redeem(provider: &Provider, returned: Returned) -> Result<Vouched, NotSignedIn> {
    let state = returned.state.unwrap_or_default();
    let attempt = returned.attempt.filter(|attempt| attempt.has_state(&state));
    let attempt = attempt.ok_or(NotSignedIn::Expired)?;
    if returned.issuer.is_some_and(|issuer| issuer != provider.url()) {
        let why = "the answer is of another provider".to_owned();
        return Err(NotSignedIn::Provider(ProviderError::NotVerified(why)));
    }
    let Some(code) = returned.code else {
        let why = "it was cancelled, or the provider did not let the person in".to_owned();
        return Err(NotSignedIn::Provider(ProviderError::Refused(why)));
    };
    provider.redeem(&attempt, code).await.map_err(|error| match error {
        // It is the code that is refused, not a person: one that was used, or is of another attempt.
        ProviderError::Refused(why) => NotSignedIn::Provider(ProviderError::NotVerified(why)),
        other => NotSignedIn::Provider(other),
    })
}

/// What the provider says becomes an account with roles, and a session.
async fn settle(
    api: &ApiState,
    origin: &Origin,
    provider: &Provider,
    vouched: Vouched,
) -> Result<Started, NotSignedIn> {
    let known = api.store().account_of(&vouched.identity).await.map_err(ApiError::from)?;
    if vouched.roles.is_empty() {
        return Err(refuse(api, origin, known.as_ref(), (&vouched.name, NotSignedIn::NoRole)).await?);
    }
    if let Some(tenant) = &vouched.tenant
        && api.store().tenant(tenant).await.map_err(ApiError::from)?.is_none()
    {
        return Err(refuse(api, origin, known.as_ref(), (&vouched.name, NotSignedIn::NoTenant)).await?);
    }
    let account = match known {
        Some(account) if account.disabled_at.is_some() => {
            return Err(refuse(api, origin, Some(&account), (&vouched.name, NotSignedIn::Disabled)).await?);
        }
        Some(account) => follow(api, account, &vouched).await?,
        None => create(api, origin, &vouched).await?,
    };
    let without_refresh = vouched.tokens.refresh.is_none();
    let how = How {
        method: "oidc",
        changes: Vec::new(),
        code: None,
        lifetime_max: without_refresh.then_some(UNRENEWED_MAX),
        vouched: Some((vouched.tokens, provider.recheck())),
    };
    Ok(begin(api, origin, account, how).await?)
}

async fn create(api: &ApiState, origin: &Origin, vouched: &Vouched) -> Result<Account, ApiError> {
    let known = api.store().accounts().await?;
    if known.len() >= ACCOUNTS_MAX {
        let detail = format!("the fleet has {ACCOUNTS_MAX} accounts, the most that it keeps");
        return Err(ApiError::new(cloister_api::ProblemKind::Conflict, detail));
    }
    let taken = known.iter().any(|account| account.name == vouched.name);
    let account = Account {
        id: ulid::Ulid::new().to_string().to_lowercase(),
        name: if taken { distinguished(vouched) } else { vouched.name.clone() },
        roles: words(&vouched.roles),
        tenant: vouched.tenant.clone(),
        identity: Some(vouched.identity.clone()),
        password_hash: None,
        failed_logins: 0,
        locked_until: None,
        second_factor_at: None,
        created_at: Timestamp::now(),
        disabled_at: None,
    };
    let facts = Facts::from([
        ("roles".to_owned(), account.roles.clone().into()),
        ("issuer".to_owned(), vouched.identity.issuer.clone().into()),
    ]);
    let draft = of_account(Kind::AccountCreated, origin.address(), &account, facts);
    api.ledger().change(vec![Change::AddAccount(account.clone())], draft).await?;
    Ok(account)
}

/// The provider's groups decide anew each time.
pub(super) async fn follow(
    api: &ApiState,
    mut account: Account,
    vouched: &Vouched,
) -> Result<Account, ApiError> {
    let (roles, tenant) = (words(&vouched.roles), vouched.tenant.clone());
    if roles == account.roles && tenant == account.tenant {
        return Ok(account);
    }
    let before = std::mem::replace(&mut account.roles, roles.clone());
    let tenant_before = std::mem::replace(&mut account.tenant, tenant.clone());
    let mut facts =
        Facts::from([("roles".to_owned(), roles.clone().into()), ("roles_before".to_owned(), before.into())]);
    let mut changes = vec![Change::SetAccountRoles { id: account.id.clone(), roles }];
    if tenant != tenant_before {
        facts.insert("tenant_before".to_owned(), tenant_before.into());
        changes.push(Change::SetAccountTenant { id: account.id.clone(), tenant });
    }
    let draft = of_account(Kind::AccountRolesChanged, None, &account, facts);
    api.ledger().change(changes, draft).await?;
    Ok(account)
}

/// Two people may be called the same at one provider; their ids there differ.
fn distinguished(vouched: &Vouched) -> String {
    let hash = hex::encode(Sha256::digest(&vouched.identity.subject));
    format!("{}-{}", vouched.name, hash.get(..8).unwrap_or_default())
}

fn words(roles: &[FleetRole]) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}

fn of_account(kind: Kind, address: Option<String>, account: &Account, facts: Facts) -> Draft {
    Draft {
        kind,
        outcome: Outcome::Success,
        actor: account_actor(account, address),
        subject: Some(subject(SubjectKind::Account, account.id.as_str(), Some(&account.name))),
        tenant: account.tenant.clone(),
        intent: None,
        inference: None,
        change: Some(facts),
        reason: None,
    }
}

/// Puts on record that somebody whom the provider knows is not let in.
async fn refuse(
    api: &ApiState,
    origin: &Origin,
    account: Option<&Account>,
    (name, why): (&str, NotSignedIn),
) -> Result<NotSignedIn, ApiError> {
    let draft = Draft {
        kind: Kind::SessionRefused,
        outcome: Outcome::Denied,
        actor: anonymous(origin.address()),
        subject: account
            .map(|account| subject(SubjectKind::Account, account.id.as_str(), Some(&account.name))),
        tenant: account.and_then(|account| account.tenant.clone()),
        intent: None,
        inference: None,
        change: Some(Facts::from([("person".to_owned(), name.into())])),
        reason: Some(why.code().to_owned()),
    };
    api.ledger().record(api.ledger().new_record_id(), draft).await?;
    Ok(why)
}
