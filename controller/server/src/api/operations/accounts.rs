//! Accounts of people: made, given roles, let in, disabled.

use cloister_api::limits::{ACCOUNT_ROLES_MAX, ACCOUNTS_MAX};
use cloister_api::{
    Account, AccountList, AccountRolesRequest, Changed, ChangedAccount, FleetRole, LoginLink,
    NewAccountRequest, ProblemKind,
};
use cloister_evidence::record::{Kind, Subject, SubjectKind};
use cloister_store::Change;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{Facts, changed_of, random_secret, secret_hash, subject, tenant_for};
use crate::api::auth::Caller;
use crate::api::{ApiError, ApiState, names};

/// Life of a login link.
const LINK_VALID_FOR: SignedDuration = SignedDuration::from_mins(15);

pub(in crate::api) async fn list(api: &ApiState, caller: &Caller) -> Result<AccountList, ApiError> {
    let now = Timestamp::now();
    let accounts = api.store().accounts().await?.into_iter().filter(|row| caller.sees(row.tenant.as_deref()));
    Ok(AccountList { accounts: accounts.map(|row| view(row, now)).collect() })
}

pub(in crate::api) async fn create(
    api: &ApiState,
    caller: &Caller,
    request: NewAccountRequest,
) -> Result<ChangedAccount, ApiError> {
    names::check("name", &request.name)?;
    let roles = checked(&request.roles)?;
    let tenant = tenant_for(caller, request.tenant)?;
    let known = api.store().accounts().await?;
    if known.iter().any(|account| account.name == request.name) {
        let detail = format!("an account called {:?} exists; choose another name", request.name);
        return Err(ApiError::new(ProblemKind::AlreadyExists, detail).with(|p| p.field = Some("name".into())));
    }
    if known.len() >= ACCOUNTS_MAX {
        let detail = format!("the fleet has {ACCOUNTS_MAX} accounts, the most that it keeps");
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    let row = cloister_store::Account {
        id: ulid::Ulid::new().to_string().to_lowercase(),
        name: request.name,
        roles,
        tenant,
        identity: None,
        password_hash: None,
        failed_logins: 0,
        locked_until: None,
        second_factor_at: None,
        created_at: Timestamp::now(),
        disabled_at: None,
    };
    let facts = Facts::from([("roles".to_owned(), row.roles.clone().into())]);
    let draft = changed_of(row.tenant.as_deref(), Kind::AccountCreated, caller, of(&row), facts);
    let record = api.ledger().change(vec![Change::AddAccount(row.clone())], draft).await?;
    Ok(ChangedAccount { account: view(row, Timestamp::now()), record_id: record.id })
}

pub(in crate::api) async fn set_roles(
    api: &ApiState,
    caller: &Caller,
    account: &str,
    request: AccountRolesRequest,
) -> Result<ChangedAccount, ApiError> {
    let mut row = find(api, caller, account).await?;
    is_local(&row, "its roles are those of its groups there")?;
    let roles = checked(&request.roles)?;
    let facts = Facts::from([
        ("roles".to_owned(), roles.clone().into()),
        ("roles_before".to_owned(), row.roles.clone().into()),
    ]);
    row.roles = roles;
    let draft = changed_of(row.tenant.as_deref(), Kind::AccountRolesChanged, caller, of(&row), facts);
    let change = Change::SetAccountRoles { id: row.id.clone(), roles: row.roles.clone() };
    let record = api.ledger().change(vec![change], draft).await?;
    Ok(ChangedAccount { account: view(row, Timestamp::now()), record_id: record.id })
}

/// A one-time way in. Whoever makes it could as well be whoever uses it: it is on record.
pub(in crate::api) async fn create_link(
    api: &ApiState,
    caller: &Caller,
    account: &str,
) -> Result<LoginLink, ApiError> {
    let row = find(api, caller, account).await?;
    is_local(&row, "it signs in there alone")?;
    let now = Timestamp::now();
    let expires_at = now.checked_add(LINK_VALID_FOR).unwrap_or(Timestamp::MAX);
    let token = random_secret()?;
    let link = cloister_store::LoginLink {
        secret_hash: secret_hash(token.expose_secret()),
        account_id: row.id.clone(),
        created_at: now,
        expires_at,
        used_at: None,
    };
    let facts = Facts::from([("expires_at".to_owned(), expires_at.to_string().into())]);
    let draft = changed_of(row.tenant.as_deref(), Kind::AccountLinkCreated, caller, of(&row), facts);
    let record = api.ledger().change(vec![Change::AddLoginLink(link)], draft).await?;
    let token = token.expose_secret().to_owned();
    Ok(LoginLink { token, expires_at: expires_at.to_string(), record_id: record.id })
}

/// It may not sign in any more, and its sessions end. The name stays taken: records speak of it.
pub(in crate::api) async fn disable(
    api: &ApiState,
    caller: &Caller,
    account: &str,
) -> Result<Changed, ApiError> {
    let row = find(api, caller, account).await?;
    if caller.signed_in().is_some_and(|signed_in| signed_in.account.id == row.id) {
        let detail = "this is your own account; another fleet admin can disable it";
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    let draft = changed_of(row.tenant.as_deref(), Kind::AccountDisabled, caller, of(&row), Facts::new());
    let change = Change::DisableAccount { id: row.id, at: Timestamp::now() };
    let record = api.ledger().change(vec![change], draft).await?;
    Ok(Changed { record_id: record.id })
}

/// For somebody who has lost app and recovery codes, or whose phone was stolen: the next sign-in asks for no code, and
/// whoever is signed in now is so no longer.
pub(in crate::api) async fn reset_second_factor(
    api: &ApiState,
    caller: &Caller,
    account: &str,
) -> Result<Changed, ApiError> {
    let row = find(api, caller, account).await?;
    // With a session alone nobody gets rid of one's own: that takes a code and the password.
    if caller.signed_in().is_some_and(|signed_in| signed_in.account.id == row.id) {
        let detail = "this is your own account; remove its second factor with a code and your password, or ask \
                      another fleet admin";
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    if row.second_factor_at.is_none() {
        let detail = format!("account {} has no second factor", row.name);
        return Err(ApiError::new(ProblemKind::Conflict, detail));
    }
    let draft =
        changed_of(row.tenant.as_deref(), Kind::AccountSecondFactorReset, caller, of(&row), Facts::new());
    let changes = vec![
        Change::RemoveSecondFactor { account_id: row.id.clone() },
        Change::EndSessionsOf { account_id: row.id, except: None, at: Timestamp::now() },
    ];
    let record = api.ledger().change(changes, draft).await?;
    Ok(Changed { record_id: record.id })
}

/// By name or id; one that may sign in.
async fn find(api: &ApiState, caller: &Caller, account: &str) -> Result<cloister_store::Account, ApiError> {
    let row = match api.store().account_by_name(account).await? {
        Some(row) => Some(row),
        None => api.store().account(account).await?,
    };
    match row.filter(|row| caller.sees(row.tenant.as_deref())) {
        None => Err(ApiError::not_found(format!(
            "there is no account {account:?}; list them (cloister account list)"
        ))),
        Some(row) => match row.disabled_at {
            Some(at) => {
                let detail = format!("account {} was disabled at {at}", row.name);
                Err(ApiError::new(ProblemKind::Conflict, detail))
            }
            None => Ok(row),
        },
    }
}

/// What the provider decides, nobody decides here.
fn is_local(row: &cloister_store::Account, because: &str) -> Result<(), ApiError> {
    let Some(identity) = &row.identity else { return Ok(()) };
    let detail = format!("{} vouches for account {}: {because}", identity.issuer, row.name);
    Err(ApiError::new(ProblemKind::Conflict, detail))
}

/// Each role once, in one order.
fn checked(roles: &[FleetRole]) -> Result<Vec<String>, ApiError> {
    if roles.is_empty() || roles.len() > ACCOUNT_ROLES_MAX {
        let words = FleetRole::ALL.map(FleetRole::as_str).join(", ");
        return Err(ApiError::invalid("roles", format!("roles needs at least one of: {words}")));
    }
    Ok(FleetRole::ALL
        .iter()
        .filter(|role| roles.contains(role))
        .map(|role| role.as_str().to_owned())
        .collect())
}

fn of(row: &cloister_store::Account) -> Subject {
    subject(SubjectKind::Account, row.id.as_str(), Some(&row.name))
}

fn view(row: cloister_store::Account, now: Timestamp) -> Account {
    Account {
        id: row.id,
        name: row.name,
        roles: row.roles.iter().filter_map(|role| FleetRole::parse(role)).collect(),
        tenant: row.tenant,
        has_password: row.password_hash.is_some(),
        issuer: row.identity.map(|identity| identity.issuer),
        second_factor_at: row.second_factor_at.map(|at| at.to_string()),
        created_at: row.created_at.to_string(),
        locked_until: row.locked_until.filter(|until| *until > now).map(|until| until.to_string()),
        disabled_at: row.disabled_at.map(|at| at.to_string()),
    }
}
